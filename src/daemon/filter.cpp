// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/filter.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "model/error.hpp"

namespace vmac {

void Filter::add_observer(Observer &observer) {
    observers_.push_back(&observer);
}

void Filter::remove_observer(Observer &observer) {
    std::erase(observers_, &observer);
}

void Filter::start(store::State state, Config config) {
    const bool config_is_new = state.last_good != config;
    state_ = std::move(state);
    state_.last_good = std::move(config);
    entries_ = resolve(state_.last_good, state_.interfaces, links_);
    wanted_ = desired_ruleset(entries_);
    check();
    if (config_is_new) {
        try_to_save();
    }
}

bool Filter::add(const InterfaceName &name, const Options &options) {
    validate_parent(name, options);
    InterfaceOptions api = state_.interfaces;
    Options &merged = api[name];
    merged = options.over(merged);
    return change_to(api);
}

bool Filter::remove(const InterfaceName &name) {
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
    if (nft::Tables::is_cheap_to_read(wanted_)) {
        verify();
    }
    return false;
}

void Filter::configure(const Config &config) {
    commit(config, state_.interfaces);
}

void Filter::links_changed() {
    Entries entries = resolve(state_.last_good, state_.interfaces, links_);
    const auto wanted = desired_ruleset(entries);
    take_entries(std::move(entries));
    if (wanted != wanted_) {
        wanted_ = wanted;
        follow_parents();
        check();
    }
    flush_properties();
}

/// Only parents differ, so no counter can be lost and there is nothing to save. The kernel is not asked before: a
/// parent may just have got a name that libnftables cannot list.
void Filter::follow_parents() {
    try {
        tables_.execute(tables_.make_plan(wanted_, nft::Tables::Read::WhenNeeded));
    } catch (const Error &) {
        return;  // check() comes next, looks at everything, and tells
    }
}

void Filter::check() {
    try {
        verify();
    } catch (const Error &error) {
        set_protected(false, error.what());
        flush_properties();
    }
}

Counters Filter::counters() {
    verify();
    const Counters all = state_.ledger.reported(tables_.counters());
    Counters counters;
    for (const auto &[name, entry] : entries_) {
        counters[name] = reported(all, name);
    }
    return counters;
}

MessageCounts Filter::counters(const InterfaceName &name) {
    require_managed(name);
    verify();
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
    try {
        state_file_.stage(next).publish();
    } catch (const std::exception &error) {
        refuse_unsaved("the counters were not reset: ", error);
    }
    state_ = std::move(next);
}

std::vector<std::string> Filter::features() const {
    return protected_ ? std::vector<std::string>{"igmp", "mld", "relocate"} : std::vector<std::string>{};
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
    if (links_.by_name(parent) == nullptr) {
        throw Error(
            Errc::InvalidOption,
            "the parent " + parent + " does not exist; leave parent empty to use the lower device of the macvlan");
    }
}

void Filter::commit(const Config &config, const InterfaceOptions &api) {
    Entries entries = resolve(config, api, links_);
    config.require_room(entries.size());
    const auto wanted = desired_ruleset(entries);
    try {
        transact({.interfaces = api, .last_good = config, .ledger = {}}, wanted, nft::Tables::Read::WhenNeeded);
    } catch (const Error &error) {
        if (error.code() == Errc::KernelRejected) {
            check();  // find out whether it still holds what it held before
        }
        if (error.code() == Errc::StoreFailed) {
            refuse_unsaved("the state was not saved, and nothing was changed: ", error);
        }
        throw;
    }
    take_entries(std::move(entries));
    if (nft::Tables::is_cheap_to_read(wanted_)) {
        check();
    } else {
        set_protected(false, "");
    }
    flush_properties();
}

/// Brings @p next to disk and @p wanted to the kernel, or neither. The ledger of @p next is filled in here.
void Filter::transact(store::State next, const nft::Ruleset &wanted, nft::Tables::Read read) {
    const auto make_plan = [&] {
        nft::Plan plan = tables_.make_plan(wanted, read);
        next.ledger = state_.ledger;
        next.ledger.carry(plan.leaving, next.last_good.max_interfaces);
        return plan;
    };
    nft::Plan plan = make_plan();
    store::StagedFile staged = state_file_.stage(next);
    const Ledger staged_ledger = next.ledger;
    if (plan.read_back && nft::Tables::is_cheap_to_read(wanted)) {
        plan = make_plan();  // syncing takes long enough for counters to move on
    }
    try {
        tables_.execute(plan);
    } catch (const Error &error) {
        // What we believed about the kernel may be what was wrong: somebody has flushed our tables.
        if (error.code() != Errc::KernelRejected || plan.read_back) {
            throw;
        }
        return transact(std::move(next), wanted, nft::Tables::Read::Always);
    }
    try {
        staged.publish();
    } catch (const std::system_error &error) {
        roll_back(next);
        throw Error(Errc::StoreFailed, error.what());
    }
    state_ = std::move(next);
    wanted_ = wanted;
    note_plan(plan);
    if (state_.ledger != staged_ledger) {
        try_to_save();
    }
}

/// The kernel has what the disk refused: puts back what was there before.
void Filter::roll_back(const store::State &next) {
    const nft::Plan plan = tables_.make_plan(wanted_, nft::Tables::Read::Always);
    state_.ledger = next.ledger;
    state_.ledger.carry(plan.leaving, state_.last_good.max_interfaces);
    tables_.execute(plan);
    try {
        // The new state may be in its place already, and only its directory was not synced.
        state_file_.stage(state_).publish();
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

/// For what no caller waits for.
void Filter::try_to_save() {
    try {
        state_file_.stage(state_).publish();
    } catch (const std::exception &error) {
        notify(&Observer::state_not_saved, std::string("counters and configuration were not saved: ") + error.what());
    }
}

/// Asks the kernel, and makes it hold what it must. @throws Error when that cannot be done
void Filter::verify() {
    bool carried = false;
    const auto settle = [&] {
        const nft::Plan plan = tables_.make_plan(wanted_, nft::Tables::Read::Always);
        tables_.execute(plan);
        note_plan(plan);
        state_.ledger.carry(plan.leaving, state_.last_good.max_interfaces);
        carried |= !plan.leaving.empty();
        return plan.is_done();
    };
    bool holds = settle();
    if (!holds) {
        holds = settle();  // a status of success is not proof, so what was changed is read once more
    }
    if (carried) {
        try_to_save();
    }
    if (!holds) {
        throw Error(Errc::KernelRejected, "the kernel does not hold what it was given");
    }
    set_protected(true, "");
    flush_properties();
}

void Filter::note_plan(const nft::Plan &plan) {
    if (!plan.deviation.empty()) {
        ++restorations_;
        changed_.insert(Property::Restorations);
        notify(&Observer::ruleset_restored, plan.deviation);
    }
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
            notify(&Observer::interface_added, entry);
        } else if (old->second != entry) {
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
