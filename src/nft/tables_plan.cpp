// SPDX-License-Identifier: GPL-2.0-or-later
// What our tables hold, and the way from there to what is wanted.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "model/error.hpp"
#include "net/device.hpp"
#include "nft/element_lines.hpp"
#include "nft/tables.hpp"

namespace vmac::nft {

using nlohmann::json;

namespace {

/// From here on one reading of everything takes less than one of each element.
constexpr std::size_t kManyKeys = 128;

/// What a map has for an interface, or what is the same as nothing.
template <typename Value>
Value value_in(const std::map<InterfaceName, Value> &map, const InterfaceName &name) {
    const auto found = map.find(name);
    return found == map.end() ? Value() : found->second;
}

/// Whether a change would take chains that count out of the kernel.
bool any_chain_leaves(const Guard &present, const Guard &wanted) {
    return std::ranges::any_of(present.devices,
                               [&](const auto &device) { return !keeps_chains(present, wanted, device.first); });
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

/// Sorts what was counted: @p stays tells for each name which of its messages are counted by what will be there.
template <typename Stays>
Tally sort(const Counters &before, const Counters &now, Stays stays) {
    Tally tally{.leaving = vanished(before, now), .staying = {}};
    for (const auto &[name, counts] : now) {
        MessageCounts staying;
        const auto stays_of_name = stays(name);
        for (const auto &[message, count] : counts) {
            if (stays_of_name(message)) {
                staying[message] = count;
            } else {
                tally.leaving[name][message] += count;
            }
        }
        if (!staying.empty()) {
            tally.staying.emplace_hint(tally.staying.end(), name, staying);
        }
    }
    return tally;
}

/// What an engine prints; nothing when the kernel refuses.
template <typename Look>
std::optional<std::string> unless_refused(Look look) {
    try {
        return look();
    } catch (const Error &error) {
        if (error.code() != Errc::KernelRejected) {
            throw;
        }
        return std::nullopt;
    }
}

/// What a reading says about the structure of the first line.
std::map<Family, std::string> first_line_of(std::map<Family, std::string> structure) {
    structure.erase(Family::Netdev);
    return structure;
}

}  // namespace

/// Whether the tables with this structure are ours. That is found out by libnftables, once. @return what is not, in
/// words; empty when all is
std::string Tables::judge(std::map<Family, std::string> structure) {
    constexpr int kTries = 3;
    structure = first_line_of(std::move(structure));
    std::string deviation;
    for (int i = 0; i < kTries; ++i) {
        if (proof_ && proof_->structure == structure) {
            return {};
        }
        deviation.clear();
        bool owned = true;
        for (const Family family : kFirstLine) {
            const auto text = unless_refused([&] { return engine_.outline(family); });
            const Structure one =
                text ? judge_structure(family, *text) : Structure{.deviation = in_words(family) + " was missing"};
            deviation = deviation.empty() ? one.deviation : deviation;
            owned = owned && one.owned;
        }
        if (!deviation.empty()) {
            return deviation;
        }
        // It may have been another one than that which was listed.
        auto again = first_line_of(parse_reading(engine_.read(std::string(kQueryStructure))).structure);
        if (again == structure) {
            proof_ = Proof{.structure = std::move(structure), .owned = owned};
            return {};
        }
        structure = std::move(again);
    }
    return "the tables were changed again and again";
}

Listing Tables::read_first_line() {
    Reading reading = parse_reading(engine_.read(std::string(kQueryAll)));
    may_have_guard_ = reading.structure.contains(Family::Netdev);
    auto structure = reading.structure;
    Listing listing = listing_of(std::move(reading));
    if (!listing.missing) {
        std::string deviation = judge(std::move(structure));
        listing.ruleset.owned = deviation.empty() && proof_->owned;
        listing.deviation = deviation.empty() ? listing.deviation : std::move(deviation);
    }
    return listing;
}

GuardListing Tables::read_guard() const {
    const auto text = may_have_guard_
                          ? unless_refused([this] { return engine_.look(list_table(Family::Netdev).dump()); })
                          : std::nullopt;
    return text ? parse_guard_listing(*text) : GuardListing{.missing = true};
}

/// Whether what was read of an interface is what is known, with counters that have not been made anew.
bool Tables::are_counts_of(const Reading &reading, const InterfaceName &name) const {
    const auto read = reading.verdicts.find(name);
    const auto known = known_->verdicts.find(name);
    if (read == reading.verdicts.end() || known == known_->verdicts.end()) {
        return read == reading.verdicts.end() && known == known_->verdicts.end();
    }
    const auto before = counters_.find(name);
    const auto now = reading.counters.find(name);
    return read->second == known->second && (before == counters_.end() || vanished({*before}, {*now}).empty());
}

bool Tables::read_counters(const InterfaceName &name) {
    if (!is_settled()) {
        return false;
    }
    const auto known = known_->verdicts.find(name);
    if (known == known_->verdicts.end()) {
        return true;
    }
    std::vector<ElementKey> keys;
    for (const auto &[message, verdict] : known->second) {
        keys.push_back({name, message});
    }
    const Reading reading = parse_reading(engine_.read(to_lines(keys)));
    if (!are_counts_of(reading, name)) {
        return false;
    }
    counters_.insert_or_assign(name, reading.counters.at(name));
    return true;
}

bool Tables::read_counters() {
    if (!is_settled()) {
        return false;
    }
    Reading reading = parse_reading(engine_.read(std::string(kQueryAll)));
    if (!proof_ || first_line_of(reading.structure) != proof_->structure || !reading.foreign.empty() ||
        reading.verdicts != known_->verdicts || reading.parents != known_->parents ||
        reading.parents_in_ip != known_->parents || !vanished(counters_, reading.counters).empty()) {
        return false;
    }
    counters_ = std::move(reading.counters);
    return true;
}

bool Tables::holds(const ElementChanges &changes) {
    if (!is_settled() || changes.size() >= kManyKeys) {
        return false;
    }
    std::vector<ElementKey> keys;
    for (const auto *list : {&changes.deleted_verdicts, &changes.added_verdicts}) {
        for (const auto &element : *list) {
            keys.push_back({element.name, element.message});
        }
    }
    for (const auto *list : {&changes.deleted_parents, &changes.added_parents}) {
        for (const auto &element : *list) {
            keys.push_back({element.name, std::nullopt});
        }
    }
    std::ranges::sort(keys);
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    const Reading reading = parse_reading(engine_.read(std::string(kQueryStructure) + to_lines(keys)));
    if (!judge(reading.structure).empty()) {
        return false;
    }
    const auto is_as_known = [&](const ElementKey &key) {
        if (!key.message) {
            const unsigned index = value_in(known_->parents, key.name);
            return value_in(reading.parents, key.name) == index && value_in(reading.parents_in_ip, key.name) == index;
        }
        const auto read = value_in(reading.verdicts, key.name);
        const auto known = value_in(known_->verdicts, key.name);
        return read.contains(*key.message) == known.contains(*key.message) &&
               (!known.contains(*key.message) || read.at(*key.message) == known.at(*key.message));
    };
    return reading.foreign.empty() && std::ranges::all_of(keys, is_as_known);
}

/// Reads what the elements have counted that leave with a plan. False where that takes another reading.
bool Tables::count_leaving(Plan &plan) {
    const auto &leaving = plan.elements.deleted_verdicts;
    if (leaving.empty() || leaving.size() >= kManyKeys) {
        return leaving.empty();
    }
    std::vector<ElementKey> keys;
    keys.reserve(leaving.size());
    for (const auto &[name, message, verdict] : leaving) {
        keys.push_back({name, message});
    }
    const Reading reading = parse_reading(engine_.read(to_lines(keys)));
    for (const auto &[name, message, verdict] : leaving) {
        const auto verdicts = reading.verdicts.find(name);
        if (verdicts == reading.verdicts.end() || !verdicts->second.contains(message) ||
            verdicts->second.at(message) != verdict) {
            return false;
        }
        const Count &now = reading.counters.at(name).at(message);
        if (const auto before = counters_.find(name); before != counters_.end() && before->second.contains(message) &&
                                                      before->second.at(message).packets > now.packets) {
            return false;
        }
    }
    plan.counted.leaving = reading.counters;
    return true;
}

Plan Tables::make_plan(const ElementChanges &changes) {
    if (is_settled()) {
        Plan plan;
        plan.is_delta = true;
        plan.elements = changes;
        if (count_leaving(plan)) {
            return plan;
        }
    }
    Ruleset wanted = known_.value();
    apply(changes, wanted);
    return make_plan(wanted, Read::Always);
}

Plan Tables::make_plan(const Ruleset &wanted, Read when) {
    watch();
    Plan plan;
    plan.wanted = wanted;
    if (!support_.egress) {
        plan.wanted.guard = {};
    }
    plan.wanted.owned &= can_own_;
    const bool reads = when == Read::Always || !known_ || doubtful_ || known_->owned != plan.wanted.owned ||
                       any_chain_leaves(known_->guard, plan.wanted.guard);
    if (!reads) {
        plan.elements = difference(*known_, plan.wanted);
        if (count_leaving(plan)) {
            plan.guard = change_guard(known_->guard, plan.wanted.guard, plan.wanted.owned);
            return plan;
        }
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

void Tables::plan_first_line(Plan &plan) {
    const Listing present = read_first_line();
    const bool is_ours = present.deviation.empty();
    const bool keeps = is_ours && present.ruleset.owned == plan.wanted.owned;
    plan.counted = sort(counters_, present.counters, [&](const InterfaceName &name) {
        return [keeps, is = value_in(present.ruleset.verdicts, name), will_be = value_in(plan.wanted.verdicts, name)](
                   Message of) { return keeps && will_be.contains(of) && will_be.at(of) == is.at(of); };
    });
    plan.elements = difference(keeps ? present.ruleset : Ruleset{}, plan.wanted);
    plan.structure = keeps ? no_commands() : replace_structure(plan.wanted.owned, can_own_);
    plan.from_nothing = present.missing;
    if (!is_ours) {
        const bool first_start = !known_ && present.missing;
        plan.deviation = first_start ? "" : present.deviation;
    } else if (known_) {
        plan.deviation = difference_in_words(present.ruleset, *known_);
    }
}

void Tables::plan_guard(Plan &plan) const {
    const Guard &wanted = plan.wanted.guard;
    plan.guard = no_commands();
    const GuardListing present = support_.egress ? read_guard() : GuardListing{.missing = true};
    const bool is_ours = present.deviation.empty();
    const bool keeps = is_ours && !present.missing && present.owned == plan.wanted.owned;
    plan.counted_by_guard = sort(guard_counters_, present.counters, [&](const InterfaceName &device) {
        return [stays = keeps && keeps_chains(present.guard, wanted, device)](Message /*message*/) { return stays; };
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

}  // namespace vmac::nft
