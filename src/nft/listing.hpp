// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <string>

#include "model/counters.hpp"
#include "nft/element_lines.hpp"
#include "nft/ruleset.hpp"

namespace vmac::nft {

/// What the kernel says about our table of one family, or about several of them added up.
struct Listing {
    Ruleset ruleset;
    Counters counters;
    /// What is not as we build it, in words: structure, foreign elements. Empty when all is.
    std::string deviation;
    bool missing = false;  ///< there is no table at all
};

/// The index of a device, 0 when there is none of that name.
using IndexOf = std::function<unsigned(const std::string &)>;

/// Reads what libnftables prints for list_table(). Elements that make sense are taken even from a table that is
/// otherwise not ours, so that their counters are not lost when it is replaced.
/// @param index_of libnftables prints a device by its name where it has one.
Listing parse_listing(Family family, const std::string &text, const IndexOf &index_of);

/// The same of a reading, whose structure is to be judged apart: what there is to say about elements, and that there is
/// no table.
Listing listing_of(Reading reading);

/// Adds up what two tables say. Both hold the same parents when all is well.
Listing merge(Listing ip6, Listing ip);

/// Where @p present is not @p wanted, in words; empty when it is.
std::string difference_in_words(const Ruleset &present, const Ruleset &wanted);

}  // namespace vmac::nft
