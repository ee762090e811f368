// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "model/counters.hpp"
#include "nft/element_lines.hpp"
#include "nft/ruleset.hpp"

namespace vmac::nft {

/// What the kernel says about the first line.
struct Listing {
    Ruleset ruleset;
    Counters counters;
    /// What is not as we build it, in words: structure, foreign elements. Empty when all is.
    std::string deviation;
    bool missing = false;  ///< there is no table at all
};

/// What a reading says about elements, and that there is no table. Whether the rest of the tables is ours is to be
/// judged apart. Elements are taken even from tables that are not, so that what they have counted is not lost.
Listing listing_of(Reading reading);

/// What is to be said about the structure of our table of one family: the table itself, its chains, maps and rules.
struct Structure {
    /// What is not as table_objects() has it, in words. Empty when all is.
    std::string deviation;
    bool owned = false;  ///< see new_table()
};

/// Judges the structure of our table of @p family: it must be table_objects(), no more and no less. Handles do not
/// matter, nor does the order, but for that of the rules in a chain; elements are left to listing_of().
/// @param text what libnftables prints for list_table(); outline() has all that is needed. What is no listing deviates.
Structure judge_structure(Family family, const std::string &text);

/// Where @p present is not @p wanted, in words; empty when it is.
std::string difference_in_words(const Ruleset &present, const Ruleset &wanted);

}  // namespace vmac::nft
