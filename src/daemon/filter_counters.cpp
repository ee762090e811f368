// SPDX-License-Identifier: GPL-2.0-or-later
// What the Filter tells of what has been counted.
#include <algorithm>
#include <iterator>
#include <string>

#include "daemon/filter.hpp"
#include "model/error.hpp"

namespace vmac {

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

/// The same for who wants to know what the first line has counted. Where the kernel holds what it must, @p read brings
/// that up to date, and nothing else needs to be read.
template <typename Function>
void Filter::refresh_counters(Function read) {
    try {
        if (protected_ && read()) {
            return;
        }
    } catch (const Error &error) {
        if (error.code() != Errc::EngineUnavailable) {
            throw;
        }
    }
    refresh();
}

Counters Filter::counters() {
    refresh_counters([this] { return tables_.read_counters(); });
    return last_counters();
}

Counters Filter::last_counters() const {
    Counters counters;
    for (const auto &[name, entry] : entries_) {
        counters.emplace_hint(counters.end(), name, reported(name));
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
    refresh_counters([&] { return tables_.read_counters(name); });
    return reported(name);
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

void Filter::require_managed(const InterfaceName &name) const {
    if (!entries_.contains(name)) {
        throw Error(Errc::NotFound, name.str() + " is not under management; ListInterfaces tells what is");
    }
}

/// The counts of one interface. Messages that the kernel does not count yet are there with zero.
MessageCounts Filter::reported(const InterfaceName &name) const {
    MessageCounts counts;
    const Entry &entry = entries_.at(name);
    if (entry.action != Action::Allow) {
        for (const Message message : entry.messages) {
            counts[message];
        }
    }
    for (const auto &[message, count] : state_.ledger.reported(tables_.counters(), name)) {
        counts[message] = count;
    }
    return counts;
}

}  // namespace vmac
