// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "nft/ruleset.hpp"

// The elements of the first line, and what changes in them. Pure. A change goes to the kernel in one of two ways, with
// the same result: as commands for libnftables, which may stand beside others in one transaction, or by netlink, see
// element_messages.hpp, which is faster by far.
namespace vmac::nft {

/// An element of the map "verdicts" in the table of the family of its message.
struct VerdictElement {
    InterfaceName name;
    Message message{};
    Verdict verdict{};

    bool operator==(const VerdictElement &) const = default;
};

/// An element of the maps "parents" in both tables.
struct ParentElement {
    InterfaceName name;
    unsigned index = 0;  ///< of the device to relocate to

    bool operator==(const ParentElement &) const = default;
};

/// What leaves the maps, and then what comes: an element that changes does both.
struct ElementChanges {
    std::vector<VerdictElement> deleted_verdicts;
    std::vector<ParentElement> deleted_parents;
    std::vector<ParentElement> added_parents;
    std::vector<VerdictElement> added_verdicts;

    bool operator==(const ElementChanges &) const = default;

    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] std::size_t size() const {
        return deleted_verdicts.size() + deleted_parents.size() + added_parents.size() + added_verdicts.size();
    }
};

/// What turns the elements of @p present into those of @p wanted.
ElementChanges difference(const Ruleset &present, const Ruleset &wanted);

/// Makes the changes.
void apply(const ElementChanges &changes, Ruleset &ruleset);

/// The changes as a command list of libnftables-json(5); an empty one when there are none.
nlohmann::json commands_for(const ElementChanges &changes);

}  // namespace vmac::nft
