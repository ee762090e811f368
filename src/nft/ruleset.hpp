// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <map>
#include <nlohmann/json_fwd.hpp>

#include "model/interface_name.hpp"
#include "model/message.hpp"

// The rules that we want, and the libnftables-json(5) commands that make them. Pure: nothing here talks to a kernel.
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

inline constexpr auto kTable = "vmac_mldfilter";

/// IGMP as an IP protocol (RFC 3376). As a number, for its name is in /etc/protocols, which a small system lacks.
inline constexpr int kIgmpProtocol = 2;

/// A table of ours is in each of these families.
enum class Family { Ip6, Ip };
inline constexpr std::array kFamilies = {Family::Ip6, Family::Ip};

/// nftables' name of the family.
const char *to_string(Family family);

/// The family whose table handles @p message.
Family family_of(Message message);

/// What an element of the map "verdicts" says.
enum class Verdict {
    Relocate,  ///< goto relocate
    Drop,      ///< drop
};

/// The elements of our tables; their structure is always the same.
struct Ruleset {
    std::map<InterfaceName, std::map<Message, Verdict>> verdicts;
    std::map<InterfaceName, unsigned> parents;  ///< index of the device to relocate to

    bool operator==(const Ruleset &) const = default;
};

/// Commands that put @p wanted in place of whatever tables of our name there are.
nlohmann::json replace_tables(const Ruleset &wanted);

/// Commands that turn tables which hold @p present into ones which hold @p wanted; only elements are touched.
/// An empty command list when there is nothing to do.
nlohmann::json change_elements(const Ruleset &present, const Ruleset &wanted);

/// True when @p commands, from one of the functions above, has nothing to do.
bool is_empty(const nlohmann::json &commands);

/// The structure of our table of @p family, without elements: the objects of a command list, in the order in
/// which they must be added. The kernel lists the same objects, with handles.
nlohmann::json table_objects(Family family);

/// The commands that list our table of @p family.
nlohmann::json list_table(Family family);

}  // namespace vmac::nft
