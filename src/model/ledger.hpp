// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "model/counters.hpp"

namespace vmac {

/// What the counters in the kernel do not know: counts of elements that are gone, and where a user reset.
///
/// Reported is what was carried over, plus the kernel's counter, less the base line. It all holds for one boot.
struct Ledger {
    Counters carried;    ///< counted by elements that have left the kernel
    Counters base_line;  ///< totals at the last reset

    bool operator==(const Ledger &) const = default;

    /// All that was counted in this boot, whatever was reset.
    [[nodiscard]] Counters totals(const Counters &kernel) const;

    /// The totals since the last reset.
    [[nodiscard]] Counters reported(const Counters &kernel) const;

    /// The same for one interface.
    [[nodiscard]] MessageCounts reported(const Counters &kernel, const InterfaceName &name) const;

    /// Remembers @p leaving, the counters of elements that leave the kernel. At most @p limit interfaces are
    /// remembered, so that names which come and go for months cannot fill the memory.
    void carry(const Counters &leaving, std::size_t limit);
};

}  // namespace vmac
