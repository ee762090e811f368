// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/filter.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "daemon/guarding.hpp"
#include "model/error.hpp"

namespace vmac {
namespace {

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
    tables_.recall(std::exchange(state.seen, {}), std::exchange(state.guard_seen, {}),
                   std::exchange(state.structure, {}));
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
    last.structure = tables_.structure();
    try_to_save(last);
}

bool Filter::add(const InterfaceName &name, const Options &options) {
    validate_parent(name, options);
    const auto found = state_.interfaces.find(name);
    return change_one(name, found == state_.interfaces.end() ? options : options.over(found->second));
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
    return change_one(name, std::nullopt);
}

bool Filter::set(const InterfaceOptions &interfaces) {
    for (const auto &[name, options] : interfaces) {
        validate_parent(name, options);
    }
    if (interfaces == state_.interfaces) {
        look_once_more();
        return false;
    }
    commit(state_.last_good, interfaces);
    return true;
}

bool Filter::change_one(const InterfaceName &name, std::optional<Options> options) {
    const auto found = state_.interfaces.find(name);
    if (found == state_.interfaces.end() ? !options : found->second == options) {
        look_once_more();
        return false;
    }
    commit(name, std::move(options));
    return true;
}

/// What is asked for is so already. The caller may be somebody who has seen that it is not so in the kernel.
void Filter::look_once_more() {
    if (is_cheap_to_read()) {
        verify();
    }
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
    Tentative<Entries> others(entries_);
    others.replace(std::move(entries));
    others.keep();
    note_entries(others);
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

/// Makes a change hold, or throws why it does not. @p arguments are those of a Draft.
template <typename... Arguments>
void Filter::commit(Arguments &&...arguments) {
    bool is_proven = false;
    try {
        Draft draft({.state = state_,
                     .entries = entries_,
                     .wanted = wanted_,
                     .links = world_.links,
                     .absent_devices = tables_.guard_support().absent_devices},
                    std::forward<Arguments>(arguments)...);
        persist([&] { bring_about(draft); });
        draft.keep();
        if (draft.config_before().auto_detect != config().auto_detect) {
            changed_.insert(Property::AutoDetect);
        }
        note_entries(draft.entries());
        const auto elements = draft.elements();
        is_proven = protected_ && elements && is_held(*elements);
    } catch (const Error &error) {
        if (error.code() == Errc::KernelRejected || error.code() == Errc::EngineUnavailable) {
            check();  // find out whether it still holds what it held before
        }
        if (error.code() == Errc::StoreFailed) {
            refuse_unsaved("the state was not saved, and nothing was changed: ", error);
        }
        throw;
    }
    if (unsaved_) {
        try_to_save(state_);
    }
    if (!is_proven) {
        check();
    }
    flush_properties();
}

/// Whether the kernel holds what was changed, as far as that can be told: a status of success is no proof.
bool Filter::is_held(const nft::ElementChanges &changes) {
    try {
        return tables_.holds(changes);
    } catch (const Error &) {
        return false;
    }
}

/// What we believe about the kernel may be wrong: somebody has just flushed our tables, or does so again and again.
void Filter::bring_about(Draft &draft) {
    auto refusal = transact(draft, nft::Tables::Read::WhenNeeded);
    for (int tries = 0; refusal && tries < 2; ++tries) {
        refusal = transact(draft, nft::Tables::Read::Always);
    }
    if (refusal) {
        throw Error(*refusal);
    }
}

nft::Plan Filter::make_plan(Draft &draft, nft::Tables::Read read) {
    const auto elements = draft.elements();
    nft::Plan plan = elements && read == nft::Tables::Read::WhenNeeded && tables_.is_settled()
                         ? tables_.make_plan(*elements)
                         : tables_.make_plan(wanted_, read);
    draft.carry(plan);
    return plan;
}

/// Brings the draft to disk and to the kernel, or neither.
/// @return why the kernel has refused, and neither was done, when it may be otherwise after another reading
std::optional<Error> Filter::transact(Draft &draft, nft::Tables::Read read) {
    nft::Plan plan = make_plan(draft, read);
    store::StagedFile staged = world_.state_file.stage(state_);
    bool is_stale = false;
    if (plan.read_back ? nft::Tables::is_cheap_to_read(wanted_) : !plan.counted.leaving.empty()) {
        nft::Plan later = make_plan(draft, read);  // syncing takes long enough for counters to move on
        is_stale = later.counted.leaving != plan.counted.leaving ||
                   later.counted_by_guard.leaving != plan.counted_by_guard.leaving;
        plan = std::move(later);
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
        draft.take_back_but_counts();
        roll_back();
        throw Error(Errc::StoreFailed, error.what());
    }
    unsaved_ = is_stale;
    note_plan(plan);
    return std::nullopt;
}

/// The kernel has what the disk refused: puts back what was there before.
void Filter::roll_back() {
    const nft::Plan plan = tables_.make_plan(wanted_, nft::Tables::Read::Always);
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

/// Tells which entries are others now, those that are gone first: one of the same link may have come.
void Filter::note_entries(const Tentative<Entries> &entries) {
    entries.for_each_difference([this](const InterfaceName &name, const Entry * /*before*/, const Entry *now) {
        if (now == nullptr) {
            changed_.insert(Property::Interfaces);
            notify(&Observer::interface_removed, name);
        }
    });
    entries.for_each_difference([this](const InterfaceName & /*name*/, const Entry *before, const Entry *now) {
        if (now == nullptr) {
            return;
        }
        if (lower_device(*now, world_.links) != nullptr) {
            guard_base_.reset();
        }
        if (before == nullptr) {
            changed_.insert(Property::Interfaces);
            notify(&Observer::interface_added, *now);
        } else {
            notify(&Observer::interface_changed, *before, *now);
        }
    });
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

}  // namespace vmac
