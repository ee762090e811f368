// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "model/counters.hpp"
#include "nft/guard.hpp"

namespace vmac::nft {

/// What the kernel says about the table of the guard.
struct GuardListing {
    Guard guard;
    Counters counters;  ///< by device; frames with their link-layer header
    /// What is not as we build it, in words. Empty when all is.
    std::string deviation;
    bool missing = false;  ///< there is no table at all
    bool owned = false;    ///< see new_table()
};

/// Reads what libnftables prints for the table. Counters that make sense are taken even from a table that is otherwise
/// not ours, so that they are not lost when it is replaced.
GuardListing parse_guard_listing(const std::string &text);

/// Where @p present is not @p wanted, in words; empty when it is.
std::string difference_in_words(const Guard &present, const Guard &wanted);

}  // namespace vmac::nft
