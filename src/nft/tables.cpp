// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/tables.hpp"

#include <net/if.h>

#include <map>
#include <memory>
#include <string>

#include "model/error.hpp"

namespace vmac::nft {
namespace {

constexpr std::size_t kCheapInterfaces = 256;

/// Whether element (@p name, @p message) of @p present is the same in @p wanted, and so keeps its counter.
bool stays(const Ruleset &present, const Ruleset &wanted, const InterfaceName &name, Message message) {
    const auto wanted_verdicts = wanted.verdicts.find(name);
    if (wanted_verdicts == wanted.verdicts.end()) {
        return false;
    }
    const auto wanted_verdict = wanted_verdicts->second.find(message);
    return wanted_verdict != wanted_verdicts->second.end() &&
           wanted_verdict->second == present.verdicts.at(name).at(message);
}

bool any_leaves(const Ruleset &present, const Ruleset &wanted) {
    for (const auto &[name, verdicts] : present.verdicts) {
        for (const auto &[message, verdict] : verdicts) {
            if (!stays(present, wanted, name, message)) {
                return true;
            }
        }
    }
    return false;
}

/// What had been counted by elements that somebody else has removed, or removed and made again, since @p before.
Counters vanished(const Counters &before, const Counters &now) {
    Counters gone;
    for (const auto &[name, counts] : before) {
        const auto counts_now = now.find(name);
        for (const auto &[message, count] : counts) {
            const bool there = counts_now != now.end() && counts_now->second.contains(message);
            if (!there || counts_now->second.at(message).packets < count.packets) {
                gone[name][message] = count;
            }
        }
    }
    return gone;
}

/// Whether a device has a name that is not UTF-8. If an earlier run has put it into the map of parents, libnftables
/// ends the process over listing it. The tables that we make do not hold it.
bool any_device_is_unprintable() {
    const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> devices(if_nameindex(), if_freenameindex);
    for (const auto *device = devices.get(); device != nullptr && device->if_index != 0; ++device) {
        if (!is_utf8(device->if_name)) {
            return true;
        }
    }
    return false;
}

}  // namespace

bool Plan::is_done() const {
    return is_empty(commands);
}

Listing Tables::read() const {
    std::map<std::string, unsigned> seen;  // many interfaces have the same parent
    const auto index_of = [&seen](const std::string &name) {
        const auto [found, is_new] = seen.try_emplace(name);
        if (is_new) {
            found->second = if_nametoindex(name.c_str());
        }
        return found->second;
    };
    std::array<Listing, kFamilies.size()> listings;
    for (std::size_t i = 0; i < kFamilies.size(); ++i) {
        try {
            listings[i] = parse_listing(kFamilies[i], engine_.run(list_table(kFamilies[i]).dump()), index_of);
        } catch (const Error &error) {
            if (error.code() != Errc::KernelRejected) {
                throw;
            }
            listings[i].missing = true;
            listings[i].deviation = std::string("table ") + to_string(kFamilies[i]) + ' ' + kTable + " was missing";
        }
    }
    return merge(std::move(listings[0]), std::move(listings[1]));
}

Plan Tables::make_plan(const Ruleset &wanted, Read when) const {
    Plan plan{.wanted = wanted};
    if (when == Read::WhenNeeded && !doubtful_ && !any_leaves(*known_, wanted)) {
        plan.commands = change_elements(*known_, wanted);
        return plan;
    }
    if (!known_ && any_device_is_unprintable()) {
        plan.commands = replace_tables(wanted);
        return plan;
    }
    const Listing present = read();
    plan.read_back = true;
    plan.leaving = vanished(counters_, present.counters);
    for (const auto &[name, counts] : present.counters) {
        for (const auto &[message, count] : counts) {
            const bool kept = present.deviation.empty() && stays(present.ruleset, wanted, name, message);
            (kept ? plan.staying : plan.leaving)[name][message] += count;
        }
    }
    plan.commands = present.deviation.empty() ? change_elements(present.ruleset, wanted) : replace_tables(wanted);
    if (!present.deviation.empty()) {
        const bool first_start = !known_ && present.missing;
        plan.deviation = first_start ? "" : present.deviation;
    } else if (known_) {
        plan.deviation = difference_in_words(present.ruleset, *known_);
    }
    return plan;
}

void Tables::execute(const Plan &plan) {
    if (!plan.is_done()) {
        doubtful_ = true;
        engine_.run(plan.commands.dump());
    }
    known_ = plan.wanted;
    doubtful_ = false;
    if (plan.read_back) {
        counters_ = plan.staying;
    }
}

bool Tables::is_cheap_to_read(const Ruleset &ruleset) {
    return ruleset.verdicts.size() <= kCheapInterfaces;
}

nlohmann::json Tables::list() const {
    nlohmann::json objects = nlohmann::json::array();
    for (const Family family : kFamilies) {
        const auto listing = nlohmann::json::parse(engine_.run(list_table(family).dump()));
        for (const auto &object : listing.at("nftables")) {
            if (objects.empty() || !object.contains("metainfo")) {
                objects.push_back(object);
            }
        }
    }
    return {{"nftables", std::move(objects)}};
}

}  // namespace vmac::nft
