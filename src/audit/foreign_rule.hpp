// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "model/message.hpp"
#include "net/link.hpp"

// One rule of somebody else's table, as far as it can be understood. Pure.
namespace vmac::audit {

/// Whether a condition holds. What cannot be read may hold or not.
enum class Truth { No, Maybe, Yes };

/// A message that an interface sends.
struct Departure {
    const net::Link &link;
    Message message;
};

/// One condition of a rule: the field is one of the values, or is not.
struct Condition {
    enum class Field {
        Name,        ///< oifname
        Index,       ///< oif, as a decimal number
        Kind,        ///< oifkind
        Type,        ///< icmpv6 type, as to_string(Message)
        Protocol,    ///< l4proto, as a decimal number
        NextHeader,  ///< of the IPv6 header alone; MLD has a hop-by-hop header in between
        Never,       ///< of a protocol that none of the messages is
        Unreadable,
    };

    Field field = Field::Unreadable;
    bool negated = false;
    std::set<std::string> values;
    std::string unreadable;  ///< what cannot be read, as a user knows it; also when the values are not all known

    bool operator==(const Condition &) const = default;

    [[nodiscard]] Truth holds(const Departure &departure) const;
};

/// What a rule does with what its conditions let through.
enum class Does { Nothing, Accepts, Drops, Returns, Jumps, Goes, Unreadable };

struct ForeignRule {
    std::vector<Condition> conditions;
    Does does = Does::Nothing;
    bool sends_copy = false;  ///< dup: a copy leaves through another device first
    std::string target;       ///< the chain to jump or go to; what cannot be read

    bool operator==(const ForeignRule &) const = default;
};

/// The sets and maps of a table: the keys of each, as listed.
using ForeignSets = std::map<std::string, std::vector<nlohmann::json>>;

/// Reads the "expr" of a rule. @param links find the indexes of devices, which are listed by their names
ForeignRule read_rule(const nlohmann::json &statements, const ForeignSets &sets, const net::LinkTable &links);

/// Whether the rule could do something with one of our messages.
bool may_concern_us(const ForeignRule &rule);

}  // namespace vmac::audit
