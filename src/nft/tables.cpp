// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/tables.hpp"

#include <algorithm>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "model/error.hpp"
#include "net/device.hpp"

namespace vmac::nft {

using nlohmann::json;

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

/// Whether a change would take something that counts out of the kernel.
bool any_leaves(const Ruleset &present, const Ruleset &wanted) {
    for (const auto &[device, mac] : present.guard.devices) {
        if (!keeps_chains(present.guard, wanted.guard, device)) {
            return true;
        }
    }
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

/// Sorts what was counted: @p stays tells for each interface and message whether what counts it will be there.
template <typename Stays>
Tally sort(const Counters &before, const Counters &now, Stays stays) {
    Tally tally{.leaving = vanished(before, now), .staying = {}};
    for (const auto &[name, counts] : now) {
        for (const auto &[message, count] : counts) {
            (stays(name, message) ? tally.staying : tally.leaving)[name][message] += count;
        }
    }
    return tally;
}

/// One transaction for all that a plan has to do.
json both_lines(const Plan &plan) {
    json commands = plan.first_line;
    const json &guard = plan.guard.at("nftables");
    commands["nftables"].insert(commands["nftables"].end(), guard.begin(), guard.end());
    return commands;
}

}  // namespace

bool Plan::is_done() const {
    return is_empty(first_line) && is_empty(guard);
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

void Tables::recall(Counters counters, Counters guard_counters) {
    counters_ = std::move(counters);
    guard_counters_ = std::move(guard_counters);
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

/// Runs one transaction. The kernel tells of it, and of nothing else unless somebody got in between.
void Tables::transact(const json &commands) {
    watch();
    try {
        engine_.run(commands.dump());
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

std::optional<std::string> Tables::list_or_nothing(Family family) const {
    try {
        return engine_.look(list_table(family).dump());
    } catch (const Error &error) {
        if (error.code() != Errc::KernelRejected) {
            throw;
        }
        return std::nullopt;
    }
}

Listing Tables::read_first_line() const {
    std::map<std::string, unsigned> seen;  // many interfaces have the same parent
    std::exception_ptr failure;            // a listing takes what is thrown for a strange element
    const auto remembered_index_of = [&](const std::string &name) {
        const auto [found, is_new] = seen.try_emplace(name);
        try {
            found->second = is_new ? net::index_of(name) : found->second;
        } catch (const Error &) {
            failure = std::current_exception();
        }
        return found->second;
    };
    std::array<Listing, kFirstLine.size()> listings;
    for (std::size_t i = 0; i < kFirstLine.size(); ++i) {
        if (const auto text = list_or_nothing(kFirstLine[i])) {
            listings[i] = parse_listing(kFirstLine[i], *text, remembered_index_of);
        } else {
            listings[i].missing = true;
            listings[i].deviation = in_words(kFirstLine[i]) + " was missing";
        }
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    return merge(std::move(listings[0]), std::move(listings[1]));
}

GuardListing Tables::read_guard() const {
    const auto text = list_or_nothing(Family::Netdev);
    return text ? parse_guard_listing(*text) : GuardListing{.missing = true};
}

/// Whether listing our tables could end the process of libnftables: if the map of parents holds a device whose name is
/// not UTF-8. An earlier version may have put it there; what is wanted never does.
bool Tables::must_not_read(const Ruleset &wanted) const {
    return (!known_ || known_->parents != wanted.parents) && net::is_any_device_unprintable();
}

Plan Tables::make_plan(const Ruleset &wanted, Read when) {
    watch();
    Plan plan{.wanted = wanted};
    if (!support_.egress) {
        plan.wanted.guard = {};
    }
    plan.wanted.owned &= can_own_;
    const bool is_known = known_ && !doubtful_;
    const bool reads =
        when == Read::Always || !is_known || known_->owned != plan.wanted.owned || any_leaves(*known_, plan.wanted);
    if (is_known && (!reads || must_not_read(plan.wanted))) {
        plan.first_line = change_elements(*known_, plan.wanted);
        plan.guard = change_guard(known_->guard, plan.wanted.guard, plan.wanted.owned);
        return plan;
    }
    plan.disturbed = std::exchange(disturbed_, false);  // but for what happens from now on
    plan.read_back = true;
    // What the kernel lists while it makes the table of a set larger may lack elements (lib/rhashtable.c). So what
    // nobody has touched is only believed to be wrong when it is so twice.
    const auto read = [&] {
        plan.deviation.clear();
        plan_first_line(plan);
        plan_guard(plan);
    };
    read();
    if (!plan.deviation.empty() && !plan.disturbed) {
        read();
    }
    if (untold_) {
        plan.deviation = *untold_;  // what is different now may be what we did ourselves
    }
    plan.changed_by = plan.deviation.empty() ? "" : suspect_;
    return plan;
}

void Tables::plan_first_line(Plan &plan) const {
    if (must_not_read(plan.wanted)) {
        plan.first_line = replace_tables(plan.wanted, can_own_);
        plan.counted.leaving = counters_;
        return;
    }
    const Listing present = read_first_line();
    const bool is_ours = present.deviation.empty();
    const bool keeps = is_ours && present.ruleset.owned == plan.wanted.owned;
    plan.counted = sort(counters_, present.counters, [&](const InterfaceName &name, Message message) {
        return keeps && stays(present.ruleset, plan.wanted, name, message);
    });
    plan.first_line = keeps ? change_elements(present.ruleset, plan.wanted) : replace_tables(plan.wanted, can_own_);
    if (!is_ours) {
        const bool first_start = !known_ && present.missing;
        plan.deviation = first_start ? "" : present.deviation;
    } else if (known_) {
        plan.deviation = difference_in_words(present.ruleset, *known_);
    }
}

void Tables::plan_guard(Plan &plan) const {
    const Guard &wanted = plan.wanted.guard;
    plan.guard = {{"nftables", json::array()}};
    const GuardListing present = support_.egress ? read_guard() : GuardListing{.missing = true};
    const bool is_ours = present.deviation.empty();
    const bool keeps = is_ours && !present.missing && present.owned == plan.wanted.owned;
    plan.counted_by_guard = sort(guard_counters_, present.counters, [&](const InterfaceName &device, Message) {
        return keeps && keeps_chains(present.guard, wanted, device);
    });
    if (!support_.egress) {
        return;
    }
    plan.guard = keeps ? change_guard(present.guard, wanted, plan.wanted.owned)
                       : replace_guard(wanted, !present.missing, plan.wanted.owned);
    const bool was_there = known_ && !known_->guard.devices.empty();
    if (!plan.deviation.empty() || device_is_gone()) {
        return;
    }
    if (present.missing) {
        plan.deviation = was_there ? in_words(Family::Netdev) + " was missing" : "";
    } else if (!is_ours) {
        plan.deviation = present.deviation;
    } else if (was_there) {
        plan.deviation = difference_in_words(present.guard, known_->guard);
    }
}

/// Whether the kernel itself has taken a chain of the guard away together with its device, as it does before 6.16.
bool Tables::device_is_gone() const {
    return !support_.absent_devices && known_ && std::ranges::any_of(known_->guard.devices, [](const auto &device) {
        return net::index_of(device.first.str()) == 0;
    });
}

void Tables::execute(const Plan &plan) {
    const auto failure = std::exchange(guard_failure_, {});
    const auto refused = std::exchange(refused_devices_, {});
    Ruleset done = plan.wanted;
    if (!plan.is_done()) {
        try {
            transact(both_lines(plan));
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
    doubtful_ = disturbed_ || !guard_failure_.empty();
    if (plan.read_back) {
        untold_.reset();
        suspect_ = disturbed_ ? suspect_ : "";
        counters_ = plan.counted.staying;
        guard_counters_ = plan.counted_by_guard.staying;
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
        transact(both_lines(less));
        guard_failure_ = "not on " + refused.begin()->first.str() + ": " + refused.begin()->second;
    } catch (const Error &error) {
        if (!is_empty(plan.first_line)) {
            transact(plan.first_line);
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
    for (const Family family : {Family::Ip6, Family::Ip, Family::Netdev}) {
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
