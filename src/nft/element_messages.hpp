// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nft/element_lines.hpp"
#include "nft/elements.hpp"

// The netlink messages of nf_tables (linux/netfilter/nf_tables.h) that are about our own tables: what changes elements
// of the first line, and what reads it. Pure: bytes in, bytes out.
//
// A key is what the kernel has in its registers, each field filled up with zeros to four bytes: an ifname has 16 bytes,
// an icmpv6_type one. A new element gets its counter from the kernel, for the map says so.
namespace vmac::nft {

/// Messages as they are sent, one after the other.
using Messages = std::vector<char>;

/// One transaction. Without any change there is none.
struct Batch {
    Messages messages;
    std::uint32_t last = 0;  ///< the sequence number of the last change, the one that the kernel acknowledges
};

/// @param sequence of the first message; those of the others follow
Batch change_batch(const ElementChanges &changes, std::uint32_t sequence);

/// Asks for the number of the transaction that was the last one in this network namespace.
Messages ask_generation(std::uint32_t sequence);

/// Asks for the table itself, for its chain of this name, for all of its sets and maps, or for all of its rules.
Messages ask_table(Family family, std::uint32_t sequence);
Messages ask_chain(Family family, const char *chain, std::uint32_t sequence);
Messages ask_maps(Family family, std::uint32_t sequence);
Messages ask_rules(Family family, std::uint32_t sequence);

/// Asks for all elements of the map.
Messages ask_elements(Family family, const char *map, std::uint32_t sequence);

/// Asks for one element of "verdicts", or of "parents" in the table of @p family.
Messages ask_element(Family family, const ElementKey &key, std::uint32_t sequence);

/// The number in an answer to ask_generation().
std::optional<std::uint32_t> parse_generation(const nlmsghdr &message);

/// What of a message is the structure, as bytes: all but what changes with the elements, and with every transaction.
/// The kernel gives no number (handle) twice, and no rule changes; so where these bytes of all objects of a table
/// are as they were, nobody has touched it, but for its elements. Empty for what is no object of a table.
std::string structure_of(const nlmsghdr &message);

/// Appends to a reading what a message says about elements of "verdicts" or "parents" in the table of @p family. What
/// is none, gives nothing.
void append_elements(std::string &lines, Family family, const nlmsghdr &message);

/// The error number at the end of a long answer, 0 for none.
int parse_end(const nlmsghdr &message);

/// The error number in a message that is an acknowledgment, 0 for success; nothing in any other.
std::optional<int> parse_acknowledgment(const nlmsghdr &message);

}  // namespace vmac::nft
