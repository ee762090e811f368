// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/ledger.hpp"

namespace vmac {

Counters Ledger::totals(const Counters &kernel) const {
    Counters sum = carried;
    accumulate(sum, kernel);
    return sum;
}

Counters Ledger::reported(const Counters &kernel) const {
    Counters sum = totals(kernel);
    for (const auto &[name, counts] : base_line) {
        for (const auto &[message, count] : counts) {
            auto &reported = sum[name][message];
            reported = reported.since(count);
        }
    }
    return sum;
}

MessageCounts Ledger::reported(const Counters &kernel, const InterfaceName &name) const {
    MessageCounts sum;
    for (const Counters *all : {&carried, &kernel}) {
        if (const auto found = all->find(name); found != all->end()) {
            for (const auto &[message, count] : found->second) {
                sum[message] += count;
            }
        }
    }
    if (const auto base = base_line.find(name); base != base_line.end()) {
        for (const auto &[message, count] : base->second) {
            sum[message] = sum[message].since(count);
        }
    }
    return sum;
}

void Ledger::carry(const Counters &leaving, std::size_t limit) {
    for (const auto &[name, counts] : leaving) {
        for (const auto &[message, count] : counts) {
            if (count == Count{}) {
                continue;
            }
            if (carried.contains(name) || carried.size() < limit) {
                carried[name][message] += count;
            } else {
                base_line.erase(name);  // it would be held against counters that start at zero again
            }
        }
    }
}

}  // namespace vmac
