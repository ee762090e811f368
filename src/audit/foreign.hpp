// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "audit/foreign_rule.hpp"

// What the tables of others do with our messages. Pure: from the listing of libnftables-json(5).
//
// Two programs are looked at, in the families ip6 and ip: keepalived, which has a table of its own, and whoever fills
// the table "filter": iptables-nft, or people. Rules of iptables-legacy are not in nf_tables and cannot be seen at all.
// Everything else of iptables than addresses, devices and a few simple matches is there as an extension of which
// only the name can be read, the type of an ICMPv6 message among them (libnftables 1.0.6 and 1.1.3).
namespace vmac::audit {

/// What becomes of a message.
enum class Fate {
    Passes,
    Relocated,  ///< dropped, and a copy leaves through another device
    Dropped,
    Unknown,  ///< one of these; it hangs on something that cannot be read
};

struct Ruling {
    Fate fate = Fate::Passes;
    std::string unreadable;  ///< what it hangs on, where that is not known

    bool operator==(const Ruling &) const = default;
};

/// One table.
class ForeignTable {
public:
    /// Takes in what libnftables lists. A listing that makes no sense gives a table whose rulings are unknown.
    static ForeignTable parse(const std::string &listing, const net::LinkTable &links);

    /// A table of which only is known why it cannot be read.
    static ForeignTable unreadable(std::string why);

    bool operator==(const ForeignTable &) const = default;

    /// What becomes of a message in the base chains of the hooks output and postrouting.
    /// @param before only the chains of the hook output with a smaller priority
    [[nodiscard]] Ruling rule_on(const Departure &departure, int before = std::numeric_limits<int>::max()) const;

private:
    struct Base {
        bool postrouting = false;
        int priority = 0;
        bool drops = false;  ///< the policy
        std::string chain;

        auto operator<=>(const Base &) const = default;
    };

    std::map<std::string, std::vector<ForeignRule>> chains_;
    std::vector<Base> bases_;  ///< in the order in which packets meet them
    std::string unreadable_;   ///< why nothing is known

    friend class ForeignWalk;
};

/// Whose table: its name in nftables.
enum class Owner { Keepalived, Firewall };
std::string_view table_of(Owner owner);

/// The tables of others that are looked at.
struct ForeignRules {
    std::map<std::string, ForeignTable, std::less<>> tables;  ///< by family and name: "ip6 keepalived"

    bool operator==(const ForeignRules &) const = default;

    /// What becomes of a message in the table of @p owner; it passes where there is no table.
    [[nodiscard]] Ruling rule_on(Owner owner, const Departure &departure,
                                 int before = std::numeric_limits<int>::max()) const;
};

}  // namespace vmac::audit
