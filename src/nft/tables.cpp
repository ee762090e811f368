// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/tables.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "model/error.hpp"
#include "nft/element_lines.hpp"

namespace vmac::nft {

using nlohmann::json;

namespace {

constexpr std::size_t kCheapInterfaces = 256;

/// From here on it is faster to have the elements made by netlink after the rest than by libnftables together with it.
constexpr std::size_t kSomeElements = 64;

/// From here on libnftables should not be asked for the structure when they are there: it may read them all.
constexpr std::size_t kManyElements = 1024;

/// What says that a structure was found to be the one which this version makes.
std::string head_of_structure() {
    std::string objects;
    for (const Family family : kFirstLine) {
        objects += table_objects(family).dump();
    }
    return "made by " + std::to_string(std::hash<std::string>()(objects)) + '\n';
}

}  // namespace

Plan::Plan() : structure(no_commands()), guard(no_commands()) {}

bool Plan::is_first_line_done() const {
    return is_empty(structure) && elements.empty();
}

bool Plan::is_done() const {
    return is_first_line_done() && is_empty(guard);
}

/// Why the kernel refuses; empty when it does not.
std::string Tables::refusal(const json &commands) const {
    try {
        engine_.run(commands.dump());
        return {};
    } catch (const Error &error) {
        if (error.code() != Errc::KernelRejected) {
            throw;
        }
        return error.what();
    }
}

void Tables::probe() {
    GuardSupport support{.absent_devices = refusal(probe_guard("vmac-no-device")).empty()};
    support.reason = support.absent_devices ? "" : refusal(probe_guard("lo"));
    support.egress = support.reason.empty();
    can_own_ = find_ownership();
    support_ = std::move(support);
}

void Tables::recall(Counters counters, Counters guard_counters, std::string_view structure) {
    counters_ = std::move(counters);
    guard_counters_ = std::move(guard_counters);
    const std::string head = head_of_structure();
    if (!structure.starts_with(head)) {
        return;
    }
    try {
        proof_ = Proof{.structure = parse_reading(structure.substr(head.size())).structure};
    } catch (const Error &) {
        proof_.reset();  // somebody else has written it; libnftables is asked, as if there were none
    }
}

std::string Tables::structure() const {
    if (!proof_) {
        return {};
    }
    std::string text = head_of_structure();
    for (const auto &[family, bytes] : proof_->structure) {
        append_structure(text, family, bytes);
    }
    return text;
}

/// Success is not proof: libnftables 1.0 drops the flags on the floor.
bool Tables::find_ownership() const {
    if (!refusal(probe_ownership()).empty()) {
        return false;
    }
    bool is_owned = false;
    try {
        const json listing = json::parse(engine_.look(list_table(Family::Ip6, kProbeTable).dump()));
        is_owned = std::ranges::any_of(listing.at("nftables"), [](json object) { return take_ownership_out(object); });
    } catch (const Error &error) {
        if (error.code() != Errc::KernelRejected) {
            throw;
        }
    }
    return refusal(end_ownership_probe()).empty() && is_owned;
}

void Tables::blame(const Activity &activity) {
    doubtful_ = disturbed_ = true;
    const auto other =
        std::ranges::find_if(activity.transactions, [this](const auto &process) { return process != own_process_; });
    suspect_ = other == activity.transactions.end() ? "" : *other;
}

/// Takes in what others have done.
void Tables::watch() {
    if (const Activity activity = watcher_.take(); activity.any()) {
        blame(activity);
    }
}

bool Tables::is_disturbed() {
    watch();
    return disturbed_;
}

bool Tables::is_settled() {
    watch();
    return known_ && !doubtful_;
}

/// Makes one transaction. The kernel tells of it, and of nothing else unless somebody got in between.
template <typename Function>
void Tables::watched(Function function) {
    watch();
    try {
        function();
    } catch (const Error &) {
        doubtful_ = true;
        watch();
        throw;
    }
    const Activity activity = watcher_.take();
    if (!activity.lost && activity.transactions.size() == 1) {
        own_process_ = activity.transactions.front();
    } else if (activity.any()) {
        blame(activity);
    }
}

void Tables::transact_by_libnftables(const json &commands) {
    watched([&] { engine_.run(commands.dump()); });
}

void Tables::transact_by_netlink(const ElementChanges &changes) {
    watched([&] { engine_.change(to_lines(changes)); });
}

void Tables::transact(const Plan &plan) {
    if (is_empty(plan.structure) && is_empty(plan.guard)) {
        transact_by_netlink(plan.elements);
    } else if (plan.from_nothing && plan.elements.size() >= kSomeElements) {
        transact_by_libnftables(joined({plan.structure, plan.guard}));
        if (plan.elements.size() >= kManyElements) {
            watched([&] { judge(parse_reading(engine_.read(std::string(kQueryStructure))).structure); });
        }
        transact_by_netlink(plan.elements);
    } else {
        transact_by_libnftables(joined({plan.structure, commands_for(plan.elements), plan.guard}));
    }
}

void Tables::execute(const Plan &plan) {
    if (plan.is_delta) {
        execute_delta(plan);
        return;
    }
    const auto failure = std::exchange(guard_failure_, {});
    const auto refused = std::exchange(refused_devices_, {});
    Ruleset done = plan.wanted;
    if (!plan.is_done()) {
        try {
            transact(plan);
        } catch (const Error &error) {
            guard_failure_ = failure;
            refused_devices_ = refused;
            if (error.code() == Errc::EngineUnavailable) {
                untold_ = plan.deviation;
            }
            if (error.code() != Errc::KernelRejected || !plan.read_back || is_empty(plan.guard)) {
                throw;
            }
            done.guard = settle_for_less(plan, error.what());
        }
    }
    known_ = std::move(done);
    note_done(plan);
}

void Tables::execute_delta(const Plan &plan) {
    try {
        transact(plan);
    } catch (const Error &error) {
        if (error.code() == Errc::EngineUnavailable) {
            untold_ = plan.deviation;
        }
        throw;
    }
    doubtful_ = true;  // until that is known as a whole
    apply(plan.elements, *known_);
    note_done(plan);
}

void Tables::note_done(const Plan &plan) {
    doubtful_ = disturbed_ || !guard_failure_.empty();
    if (plan.read_back) {
        untold_.reset();
        suspect_ = disturbed_ ? suspect_ : "";
        counters_ = plan.counted.staying;
        guard_counters_ = plan.counted_by_guard.staying;
        return;
    }
    for (const auto &[name, message, verdict] : plan.elements.deleted_verdicts) {
        if (const auto counts = counters_.find(name); counts != counters_.end()) {
            counts->second.erase(message);
            if (counts->second.empty()) {
                counters_.erase(counts);
            }
        }
    }
}

/// The second line must not keep the first from working, nor one device the others.
/// @return the guard that the kernel holds then. @throws Error KernelRejected, EngineUnavailable
Guard Tables::settle_for_less(const Plan &plan, const std::string &why) {
    Plan less = plan;
    std::map<InterfaceName, std::string> refused;
    for (const auto &[device, mac] : plan.wanted.guard.devices) {
        if (const auto reason = refusal(probe_guard(device.str())); !reason.empty()) {
            refused.emplace(device, reason);
            less.wanted.guard.devices.erase(device);
        }
    }
    plan_guard(less);
    try {
        if (refused.empty()) {
            throw Error(Errc::KernelRejected, why);
        }
        transact(less);
        guard_failure_ = "not on " + refused.begin()->first.str() + ": " + refused.begin()->second;
    } catch (const Error &error) {
        less.guard = no_commands();
        if (!less.is_first_line_done()) {
            transact(less);
        }
        guard_failure_ = error.what();
        less.wanted.guard = {};
    }
    refused_devices_ = std::move(refused);
    return less.wanted.guard;
}

bool Tables::is_cheap_to_read(const Ruleset &ruleset) {
    return ruleset.verdicts.size() <= kCheapInterfaces;
}

json Tables::list() const {
    json objects = json::array();
    for (const Family family : kFamilies) {
        if (family == Family::Netdev && (!known_ || known_->guard.devices.empty())) {
            continue;
        }
        const auto listing = json::parse(engine_.look(list_table(family).dump()));
        for (const auto &object : listing.at("nftables")) {
            if (objects.empty() || !object.contains("metainfo")) {
                objects.push_back(object);
            }
        }
    }
    return {{"nftables", std::move(objects)}};
}

}  // namespace vmac::nft
