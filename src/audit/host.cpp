// SPDX-License-Identifier: GPL-2.0-or-later
// The state of the service itself: whether both lines of defence stand.
#include <algorithm>

#include "audit/examination.hpp"
#include "audit/ids.hpp"
#include "model/counted.hpp"

namespace vmac::audit {
namespace {

void examine_first_line(const Situation &situation, std::vector<Finding> &findings) {
    const auto say = [&](Severity severity, std::string_view id, const std::string &text) {
        findings.push_back({"", severity, std::string(id), text});
    };
    if (situation.is_protected) {
        std::vector<std::string> devices;
        std::ranges::transform(situation.guard.devices, std::back_inserter(devices),
                               [](const InterfaceName &device) { return device.str(); });
        say(Severity::Ok, id::kProtected,
            "The kernel holds the rules for " + counted(situation.entries.size(), "interface") +
                (devices.empty() ? "" : ", and the guard on " + list_of(devices)));
    } else if (situation.failure.empty()) {
        say(Severity::Warning, id::kNotProtected,
            "The kernel was not read back yet after a change; ask again in a second");
    } else {
        say(Severity::Critical, id::kNotProtected,
            "The kernel does not hold the rules: " + situation.failure +
                ". The service keeps trying; see journalctl -u vmac-mldfilter");
    }
    const auto &[count, contested, cause] = situation.restorations;
    if (contested) {
        say(Severity::Critical, id::kRulesContested,
            "Another program keeps changing our tables, and messages get out in between: " + cause +
                ". Stop it, or have it leave the tables vmac_mldfilter alone: no flush ruleset");
    } else if (count > 0) {
        say(Severity::Warning, id::kRulesRestored,
            "Our tables were changed by somebody else and restored, " + counted(count, "time") +
                " since the service runs; messages may have got out in between. The last time: " + cause);
    }
}

/// Whether an interface under management is on @p device.
bool carries_entries(const Situation &situation, const std::string &device) {
    return std::ranges::any_of(situation.entries, [&](const auto &item) {
        const auto *link = situation.links.by_name(item.second.name.str());
        const auto *lower = link == nullptr ? nullptr : situation.links.lower_of(*link);
        return lower != nullptr && lower->name == device;
    });
}

void examine_guard(const Situation &situation, std::vector<Finding> &findings) {
    const GuardReport &guard = situation.guard;
    const auto warn = [&](const std::string &device, std::string_view id, const std::string &text) {
        findings.push_back({printable(device), Severity::Warning, std::string(id), text});
    };
    if (!guard.wanted) {
        warn("", id::kGuardOff,
             "The configuration turns the guard off: the first messages of a new VMAC get out before it is detected. "
             "Set guard = \"auto\"");
    } else if (!guard.supported) {
        warn("", id::kGuardUnsupported,
             "The kernel cannot do what the guard needs" + (guard.reason.empty() ? "" : " (" + guard.reason + ")") +
                 ", so the rules for each interface stand alone. It takes Linux 5.16");
    } else {
        for (const auto &[device, reason] : guard.impossible) {
            warn(device, id::kGuardInactive, "The guard is not on this device: " + reason);
        }
        if (!guard.active && (situation.is_protected || !guard.reason.empty())) {
            warn("", id::kGuardInactive,
                 "The guard is not in force" + (guard.reason.empty() ? "" : ": " + guard.reason) +
                     ". The service keeps trying; see journalctl -u vmac-mldfilter");
        }
    }
    for (const auto &[device, counts] : guard.wanted ? guard.slipped : Counters{}) {
        std::vector<std::string> caught;
        for (const auto &[message, count] : counts) {
            if (count.packets > 0) {
                caught.push_back(std::to_string(count.packets) + ' ' + std::string(to_string(message)));
            }
        }
        if (!caught.empty()) {
            const std::string elsewhere =
                "in another network namespace above " + device.str() + ", where the guard is all there is";
            warn(device.str(), id::kGuardCaught,
                 "The guard on this device has caught " + list_of(caught) + " since the entries changed last: " +
                     (carries_entries(situation, device.str())
                          ? "something gets past the entries, or there is a VMAC " + elsewhere
                          : "there is a VMAC that is not under management here, probably " + elsewhere));
        }
    }
}

}  // namespace

void examine_host(const Situation &situation, std::vector<Finding> &findings) {
    examine_first_line(situation, findings);
    examine_guard(situation, findings);
}

}  // namespace vmac::audit
