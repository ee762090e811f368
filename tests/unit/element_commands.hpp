// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json.hpp>

#include "nft/commands.hpp"
#include "nft/elements.hpp"
#include "nft/ruleset.hpp"

// Whole rulesets as commands for libnftables. The service gives it elements only beside other commands.
namespace vmac::test {

/// Commands that turn a first line which holds @p present into one which holds @p wanted; only elements are touched.
/// An empty command list when there is nothing to do.
inline nlohmann::json change_elements(const nft::Ruleset &present, const nft::Ruleset &wanted) {
    return nft::commands_for(nft::difference(present, wanted));
}

/// replace_structure() with the elements of @p wanted.
inline nlohmann::json replace_tables(const nft::Ruleset &wanted, bool can_destroy = false) {
    return nft::joined({nft::replace_structure(wanted.owned, can_destroy), change_elements({}, wanted)});
}

}  // namespace vmac::test
