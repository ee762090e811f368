// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/filter.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "daemon/guarding.hpp"
#include "model/error.hpp"

namespace vmac {
namespace {

/// Remembers what was counted by things that leave the kernel with @p plan. Whether there are any.
bool carry(store::State &state, const nft::Plan &plan) {
    state.ledger.carry(plan.counted.leaving, state.last_good.max_interfaces);
    state.guard_ledger.carry(plan.counted_by_guard.leaving, state.last_good.max_interfaces);
    return !plan.counted.leaving.empty() || !plan.counted_by_guard.leaving.empty();
}

/// Once more where libnftables has crashed, which it does over what others did a moment ago. Whoever is called looks at
/// the kernel then: what was under way may have happened. A second crash is final, see worker::RestingEngine.
template <typename Function>
auto persist(Function function) {
    try {
        return function();
    } catch (const Error &error) {
        if (error.code() != Errc::EngineUnavailable) {
            throw;
        }
    }
    return function();
}

}  // namespace

void Filter::add_observer(Observer &observer) {
    observers_.push_back(&observer);
}

void Filter::remove_observer(Observer &observer) {
    std::erase(observers_, &observer);
}

void Filter::start(store::State state, Config config) {
    const store::State saved = state;
    tables_.recall(std::exchange(state.seen, {}), std::exchange(state.guard_seen, {}));
    unguardable_ = unguardable(world_.links);
    state_ = std::move(state);
    state_.last_good = std::move(config);
    entries_ = resolve(state_.last_good, state_.interfaces, world_.links);
    state_.parents = remember_parents(std::move(state_.parents), entries_, world_.links);
    check();
    if (state_ != saved) {
        try_to_save(state_);
    }
}

void Filter::stop() {
    check();
    store::State last = state_;
    last.seen = tables_.counters();
    last.guard_seen = tables_.guard_counters();
    try_to_save(last);
}

bool Filter::add(const InterfaceName &name, const Options &options) {
    validate_parent(name, options);
    InterfaceOptions api = state_.interfaces;
    Options &merged = api[name];
    merged = options.over(merged);
    return change_to(api);
}

bool Filter::remove(const InterfaceName &name) {
    if (const auto entry = entries_.find(name); entry != entries_.end() && entry->second.origins.detected) {
        throw Error(Errc::StillDetected, name.str() +
                                             " was detected: it is a macvlan with a VRRP MAC, which keeps it under "
                                             "management; add it with action=allow to exempt it, and with "
                                             "action=relocate to take that back");
    }
    if (state_.last_good.interfaces.contains(name)) {
        throw Error(Errc::StillDetected, name.str() +
                                             " is also in the configuration, which keeps it under management; "
                                             "add it with action=allow to exempt it");
    }
    InterfaceOptions api = state_.interfaces;
    api.erase(name);
    return change_to(api);
}

bool Filter::set(const InterfaceOptions &interfaces) {
    for (const auto &[name, options] : interfaces) {
        validate_parent(name, options);
    }
    return change_to(interfaces);
}

/// Brings what was added over the bus to what is asked for. When it is so already, the caller may be somebody who has
/// seen that it is not so in the kernel.
bool Filter::change_to(const InterfaceOptions &api) {
    if (api != state_.interfaces) {
        commit(state_.last_good, api);
        return true;
    }
    if (is_cheap_to_read()) {
        verify();
    }
    return false;
}

void Filter::configure(const Config &config) {
    commit(config, state_.interfaces);
}

nft::Ruleset Filter::ruleset_for(const Entries &entries, const Config &config, const Parents &parents) const {
    return desired_tables(config, entries, parents, world_.links, tables_.guard_support().absent_devices);
}

void Filter::links_changed() {
    unguardable_ = unguardable(world_.links);
    Entries entries = resolve(state_.last_good, state_.interfaces, world_.links);
    Parents parents = remember_parents(state_.parents, entries, world_.links);
    unsaved_ |= parents != state_.parents;
    state_.parents = std::move(parents);
    if (auto wanted = ruleset_for(entries, state_.last_good, state_.parents); wanted != wanted_) {
        wanted_ = std::move(wanted);
        follow_links();
    }
    take_entries(std::move(entries));
    flush_properties();
}

/// Reading the kernel back would keep the next interface waiting, which may be about to speak: settle() does it.
void Filter::follow_links() {
    try {
        const auto plan = tables_.make_plan(wanted_, nft::Tables::Read::WhenNeeded);
        tables_.execute(plan);
        unsaved_ |= carry(state_, plan);
        note_plan(plan);
        unsettled_ = true;
    } catch (const Error &) {
        check();  // looks at everything, and tells
    }
}

void Filter::rules_changed() {
    if (!tables_.is_disturbed()) {
        return;
    }
    if (budget_.has_one(world_.now())) {
        check();
        return;
    }
    if (protected_) {
        set_protected(false, contest_in_words());
        flush_properties();
    }
}

std::string Filter::contest_in_words() const {
    const std::string &last = tables_.suspect().empty() ? last_culprit_ : tables_.suspect();
    const std::string process = last.substr(0, last.find(','));  // which may be another one each time
    return "another program keeps changing our tables" + (process.empty() ? "" : " (" + process + ")");
}

void Filter::settle() {
    if (std::exchange(unsettled_, false)) {
        check();
    }
    if (unsaved_) {
        try_to_save(state_);
    }
}

void Filter::check() {
    try {
        if (!protected_ && !tables_.guard_support().egress) {
            persist([this] { tables_.probe(); });  // what was refused then may have been everything
            wanted_ = ruleset_for(entries_, state_.last_good, state_.parents);
        }
        verify();
    } catch (const Error &error) {
        set_protected(false, error.what());
        flush_properties();
    }
}

void Filter::check_again() {
    if (!is_contested() || budget_.has_one(world_.now())) {
        check();
    }
}

/// For who only wants to know. While libnftables cannot be used, what was read last is all that there is.
void Filter::refresh() {
    try {
        verify();
    } catch (const Error &error) {
        if (error.code() != Errc::EngineUnavailable) {
            throw;
        }
        set_protected(false, error.what());
        flush_properties();
    }
}

Counters Filter::counters() {
    refresh();
    const Counters all = state_.ledger.reported(tables_.counters());
    Counters counters;
    for (const auto &[name, entry] : entries_) {
        counters[name] = reported(all, name);
    }
    return counters;
}

Counters Filter::guard_counters() {
    refresh();
    Counters counters;
    for (const auto &[device, mac] : wanted_.guard.devices) {
        for (const Message message : kAllMessages) {
            counters[device][message];
        }
    }
    accumulate(counters, state_.guard_ledger.reported(tables_.guard_counters()));
    return counters;
}

Counters Filter::slipped() const {
    if (!guard_base_) {
        return {};
    }
    return Ledger{.carried = {}, .base_line = *guard_base_}.reported(
        state_.guard_ledger.totals(tables_.guard_counters()));
}

MessageCounts Filter::counters(const InterfaceName &name) {
    require_managed(name);
    refresh();
    return reported(state_.ledger.reported(tables_.counters()), name);
}

void Filter::reset_counters(std::span<const InterfaceName> names) {
    std::vector<InterfaceName> chosen(names.begin(), names.end());
    for (const auto &name : chosen) {
        require_managed(name);
    }
    if (chosen.empty()) {
        std::ranges::transform(entries_, std::back_inserter(chosen), [](const auto &entry) { return entry.first; });
    }
    verify();
    const Counters totals = state_.ledger.totals(tables_.counters());
    store::State next = state_;
    for (const auto &name : chosen) {
        if (const auto counts = totals.find(name); counts != totals.end()) {
            next.ledger.base_line[name] = counts->second;
        }
    }
    if (names.empty()) {
        next.guard_ledger.base_line = next.guard_ledger.totals(tables_.guard_counters());
    }
    try {
        world_.state_file.stage(next).publish();
    } catch (const std::exception &error) {
        save_again();
        refuse_unsaved("the counters were not reset: ", error);
    }
    state_ = std::move(next);
}

std::string Filter::ruleset() const {
    return persist([this] { return tables_.list().dump(); });
}

std::vector<std::string> Filter::features() const {
    std::vector<std::string> features;
    if (tables_.guard_support().egress) {
        features.emplace_back("guard");
    }
    if (protected_) {
        features.insert(features.end(), {"igmp", "mld", "relocate"});
    }
    if (tables_.can_own() && config().own_tables) {
        features.emplace_back("ownership");
    }
    return features;
}

std::string Filter::guard_objection() const {
    if (!is_guard_wanted()) {
        return {};
    }
    if (!tables_.guard_support().egress) {
        const std::string &reason = tables_.guard_support().reason;
        return reason.empty() ? "the kernel could not be asked: " + failure_
                              : "the kernel has no egress hook: " + reason;
    }
    if (tables_.guard_failure().empty() && !unguardable_.empty()) {
        return "not on " + unguardable_.begin()->first + ": " + unguardable_.begin()->second;
    }
    return tables_.guard_failure();
}

std::map<std::string, std::string> Filter::unguarded() const {
    auto all = unguardable_;
    for (const auto &[device, reason] : tables_.refused_devices()) {
        all.emplace(device.str(), reason);
    }
    return all;
}

void Filter::validate_parent(const InterfaceName &name, const Options &options) const {
    if (!options.parent || options.parent->empty()) {
        return;
    }
    const std::string &parent = *options.parent;
    if (parent == name.str()) {
        throw Error(Errc::InvalidOption, name.str() +
                                             " cannot be its own parent; leave parent empty to use the lower "
                                             "device of the macvlan");
    }
    if (world_.links.by_name(parent) == nullptr) {
        throw Error(
            Errc::InvalidOption,
            "the parent " + parent + " does not exist; leave parent empty to use the lower device of the macvlan");
    }
}

void Filter::commit(const Config &config, const InterfaceOptions &api) {
    config.require_room(count_named(config, api));
    store::State next = state_;
    next.interfaces = api;
    next.last_good = config;
    Entries entries = resolve(config, api, world_.links);
    next.parents = remember_parents(std::move(next.parents), entries, world_.links);
    const auto wanted = ruleset_for(entries, config, next.parents);
    try {
        persist([&] { bring_about(next, wanted); });
    } catch (const Error &error) {
        if (error.code() == Errc::KernelRejected || error.code() == Errc::EngineUnavailable) {
            check();  // find out whether it still holds what it held before
        }
        if (error.code() == Errc::StoreFailed) {
            refuse_unsaved("the state was not saved, and nothing was changed: ", error);
        }
        throw;
    }
    take_entries(std::move(entries));
    if (is_cheap_to_read()) {
        check();
    } else {
        set_protected(false, "");
    }
    flush_properties();
}

/// What we believe about the kernel may be wrong: somebody has just flushed our tables, or does so again and again.
void Filter::bring_about(const store::State &next, const nft::Ruleset &wanted) {
    auto refusal = transact(next, wanted, nft::Tables::Read::WhenNeeded);
    for (int tries = 0; refusal && tries < 2; ++tries) {
        refusal = transact(next, wanted, nft::Tables::Read::Always);
    }
    if (refusal) {
        throw Error(*refusal);
    }
}

/// Brings @p next to disk and @p wanted to the kernel, or neither. The ledgers of @p next are filled in here.
/// @return why the kernel has refused, and neither was done, when it may be otherwise after another reading
std::optional<Error> Filter::transact(store::State next, const nft::Ruleset &wanted, nft::Tables::Read read) {
    const auto make_plan = [&] {
        nft::Plan plan = tables_.make_plan(wanted, read);
        next.ledger = state_.ledger;
        next.guard_ledger = state_.guard_ledger;
        carry(next, plan);
        return plan;
    };
    nft::Plan plan = make_plan();
    store::StagedFile staged = world_.state_file.stage(next);
    const store::State staged_state = next;
    if (plan.read_back ? nft::Tables::is_cheap_to_read(wanted) : !plan.counted.leaving.empty()) {
        plan = make_plan();  // syncing takes long enough for counters to move on
    }
    try {
        tables_.execute(plan);
    } catch (const Error &error) {
        if (error.code() == Errc::KernelRejected && (!plan.read_back || tables_.is_disturbed())) {
            return error;
        }
        throw;
    }
    try {
        staged.publish();
    } catch (const std::system_error &error) {
        roll_back(next);
        throw Error(Errc::StoreFailed, error.what());
    }
    if (next.last_good.auto_detect != state_.last_good.auto_detect) {
        changed_.insert(Property::AutoDetect);
    }
    state_ = std::move(next);
    wanted_ = wanted;
    unsaved_ = state_ != staged_state;
    note_plan(plan);
    if (unsaved_) {
        try_to_save(state_);
    }
    return std::nullopt;
}

/// The kernel has what the disk refused: puts back what was there before.
void Filter::roll_back(const store::State &next) {
    const nft::Plan plan = tables_.make_plan(wanted_, nft::Tables::Read::Always);
    state_.ledger = next.ledger;
    state_.guard_ledger = next.guard_ledger;
    carry(state_, plan);
    tables_.execute(plan);
    save_again();
}

/// After a state that could not be saved: it may be in its place all the same, and only its directory was not synced.
void Filter::save_again() {
    try {
        world_.state_file.stage(state_).publish();
    } catch (const std::exception &) {
        return;  // the disk has refused once already, which the caller tells
    }
}

/// Tells everybody that a change was refused for the sake of the disk.
void Filter::refuse_unsaved(const char *consequence, const std::exception &reason) {
    const std::string text = std::string(consequence) + reason.what();
    notify(&Observer::state_not_saved, text);
    throw Error(Errc::StoreFailed, text);
}

/// For what no caller waits for. What could not be saved goes with the next change.
void Filter::try_to_save(const store::State &state) {
    unsaved_ = false;
    try {
        world_.state_file.stage(state).publish();
    } catch (const std::exception &error) {
        notify(&Observer::state_not_saved,
               std::string("counters, parents and configuration were not saved: ") + error.what());
    }
}

/// Asks the kernel, and makes it hold what it must. @throws Error when that cannot be done
void Filter::verify() {
    persist([this] { verify_once(); });
}

void Filter::verify_once() {
    bool carried = false;
    bool contested = false;
    // A status of success is not proof, so what was changed is read once more. More often only where somebody changes
    // it in between.
    // A worker that dies in between takes its ownership of our tables along, and with it the first proof. What goes on
    // for long is left to the next event, for callers wait.
    constexpr int kTries = 3;
    constexpr int kRounds = 10;
    bool is_proven = false;
    bool is_first = true;
    for (int tries = 0, round = 0; !is_proven && tries < kTries && round < kRounds; ++round) {
        const nft::Plan plan = tables_.make_plan(wanted_, nft::Tables::Read::Always);
        if (!std::exchange(is_first, false) && !plan.is_done() && !budget_.has_one(world_.now())) {
            contested = true;
            break;
        }
        tables_.execute(plan);
        note_plan(plan);
        carried |= carry(state_, plan);
        is_proven = plan.is_first_line_done() && (nft::is_empty(plan.guard) || !tables_.guard_failure().empty());
        contested = !is_proven && (plan.disturbed || tables_.is_disturbed());
        tries += contested ? 0 : 1;
    }
    unsettled_ = false;
    if (carried) {
        try_to_save(state_);
    }
    if (!is_proven) {
        throw Error(Errc::KernelRejected,
                    contested ? contest_in_words() : "the kernel does not hold what it was given");
    }
    if (!guard_base_) {
        guard_base_ = state_.guard_ledger.totals(tables_.guard_counters());
    }
    set_protected(true, "");
    flush_properties();
}

void Filter::note_plan(const nft::Plan &plan) {
    if (plan.deviation.empty()) {
        return;
    }
    ++restorations_;
    budget_.spend();
    last_cause_ = plan.deviation + (plan.changed_by.empty() ? "" : "; last changed by " + plan.changed_by);
    last_culprit_ = plan.changed_by;
    changed_.insert(Property::Restorations);
    notify(&Observer::ruleset_restored, last_cause_, plan.changed_by);
}

void Filter::take_entries(Entries entries) {
    const Entries before = std::exchange(entries_, std::move(entries));
    for (const auto &[name, entry] : before) {
        if (!entries_.contains(name)) {
            changed_.insert(Property::Interfaces);
            notify(&Observer::interface_removed, name);
        }
    }
    for (const auto &[name, entry] : entries_) {
        const auto old = before.find(name);
        if (old == before.end()) {
            changed_.insert(Property::Interfaces);
            guard_base_.reset();
            notify(&Observer::interface_added, entry);
        } else if (old->second != entry) {
            guard_base_.reset();
            notify(&Observer::interface_changed, old->second, entry);
        }
    }
}

void Filter::set_protected(bool is_protected, const std::string &failure) {
    if (is_protected != protected_ || failure != failure_) {
        if (is_protected != protected_) {
            changed_.insert({Property::Protected, Property::Features});
        }
        protected_ = is_protected;
        failure_ = failure;
        notify(&Observer::protection_changed, is_protected, failure);
    }
}

void Filter::flush_properties() {
    if (const std::pair guard(is_guard_active(), guard_objection()); guard_told_ != guard) {
        if (guard_told_.value_or(std::pair(false, "")).first != guard.first) {
            changed_.insert(Property::GuardActive);
        }
        guard_told_ = guard;
        notify(&Observer::guard_changed, guard.first, guard.second);
    }
    if (!changed_.empty()) {
        const auto changed = std::exchange(changed_, {});
        notify(&Observer::properties_changed, changed);
    }
}

void Filter::require_managed(const InterfaceName &name) const {
    if (!entries_.contains(name)) {
        throw Error(Errc::NotFound, name.str() + " is not under management; ListInterfaces tells what is");
    }
}

/// The counts of one interface. Messages that the kernel does not count yet are there with zero.
MessageCounts Filter::reported(const Counters &all, const InterfaceName &name) const {
    MessageCounts counts;
    const Entry &entry = entries_.at(name);
    if (entry.action != Action::Allow) {
        for (const Message message : entry.messages) {
            counts[message];
        }
    }
    if (const auto found = all.find(name); found != all.end()) {
        for (const auto &[message, count] : found->second) {
            counts[message] = count;
        }
    }
    return counts;
}

}  // namespace vmac
