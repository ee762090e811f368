// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <map>
#include <nlohmann/json_fwd.hpp>

#include "model/interface_name.hpp"
#include "model/message.hpp"
#include "model/per_message.hpp"
#include "nft/commands.hpp"
#include "nft/guard.hpp"

// The first line of defence, and the libnftables-json(5) commands that make it. Pure: nothing here talks to a kernel.
//
// One table "vmac_mldfilter" in each of the families ip6 and ip:
//
//     map verdicts { type ifname . icmpv6_type : verdict; counter; }    ip: type ifname : verdict
//     map parents  { type ifname : iface_index; }
//     chain relocate { dup to ip6 daddr device oifname map @parents; drop }
//     chain output { type filter hook output priority filter + 10; policy accept;
//                    oifname . icmpv6 type vmap @verdicts }
//
// The dup is a rule of its own: without a parent it fails, and the drop behind it still holds. The priority is on
// purpose behind keepalived's own chain (filter - 1), so that what keepalived relocates itself is not sent twice.
namespace vmac::nft {

/// The first line has a table in each of these families.
inline constexpr std::array kFirstLine = {Family::Ip6, Family::Ip};

/// The family whose table handles @p message.
Family family_of(Message message);

/// What an element of the map "verdicts" says.
enum class Verdict {
    Relocate,  ///< goto relocate
    Drop,      ///< drop
};

/// What our tables hold: the elements of the first line, whose structure is always the same, and the guard.
struct Ruleset {
    std::map<InterfaceName, PerMessage<Verdict>> verdicts;
    std::map<InterfaceName, unsigned> parents;  ///< index of the device to relocate to
    Guard guard;
    bool owned = false;  ///< see new_table(); the tables of both lines

    bool operator==(const Ruleset &) const = default;
};

/// Commands that put tables without elements in place of whatever tables of our name there are.
/// @param can_destroy whether libnftables and kernel know the command (1.1; Linux 6.3). It needs no table that is
/// there, where adding one before would be refused for tables that have flags.
nlohmann::json replace_structure(bool owned, bool can_destroy);

/// The structure of our table of @p family, without elements: the objects of a command list, in the order in
/// which they must be added. The kernel lists the same objects, with handles.
nlohmann::json table_objects(Family family, bool owned = false);

}  // namespace vmac::nft
