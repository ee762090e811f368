// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/counters.hpp"
#include "nft/elements.hpp"

// What goes between the daemon and its worker about the elements of the first line, as lines of text. Words are apart
// by one blank, and no name has one. Each side reads strictly, for the other one may have been taken over; the lines
// can name nothing but our own maps.
//
//     change          add verdict NAME MESSAGE relocate|drop       the same with "delete"
//                     add parent NAME INDEX
//     query           all
//                     structure                                    may stand before the next two, or alone
//                     verdict NAME MESSAGE                         as often as there are elements to read, as the next
//                     parent NAME
//     reading         structure ip6|ip|netdev HEX                  of a table that is there, see structure_of()
//                     verdict NAME MESSAGE relocate|drop PACKETS BYTES
//                     parent ip6|ip NAME INDEX
//                     foreign ip6|ip                               an element that is none of ours
namespace vmac::nft {

/// @throws Error AccessDenied for anything else than these lines, as the next
ElementChanges parse_changes(std::string_view lines);
std::string to_lines(const ElementChanges &changes);

/// An element that is asked for: a verdict, or without a message the parent in both tables.
struct ElementKey {
    InterfaceName name;
    std::optional<Message> message;

    auto operator<=>(const ElementKey &) const = default;
};

/// All elements of both tables, and the structure of all three.
inline constexpr std::string_view kQueryAll = "all\n";

/// The structure, before what else is asked for.
inline constexpr std::string_view kQueryStructure = "structure\n";

std::vector<ElementKey> parse_keys(std::string_view lines);
std::string to_lines(const std::vector<ElementKey> &keys);

/// What the kernel holds of our tables.
struct Reading {
    std::map<Family, std::string> structure;  ///< of the tables that are there
    std::map<InterfaceName, PerMessage<Verdict>> verdicts;
    Counters counters;
    std::map<InterfaceName, unsigned> parents;        ///< in the table of family ip6
    std::map<InterfaceName, unsigned> parents_in_ip;  ///< in the other one
    std::vector<Family> foreign;                      ///< the families with an element that is none of ours

    bool operator==(const Reading &) const = default;
};

/// @throws Error EngineUnavailable for anything else than the lines of a reading
Reading parse_reading(std::string_view lines);

// The lines of a reading.
void append_structure(std::string &lines, Family family, std::string_view bytes);
void append_verdict(std::string &lines, const VerdictElement &element, const Count &count);
void append_parent(std::string &lines, Family family, const ParentElement &element);
void append_foreign(std::string &lines, Family family);

}  // namespace vmac::nft
