// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <compare>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>

#include "model/interface_name.hpp"
#include "model/message.hpp"

// The second line of defence, and the commands that make it. Pure. The table "vmac_mldfilter" of the family netdev:
//
//     set registered  { type ifname . ether_addr; }
//     set exempt      { type ifname . ether_addr . icmpv6_type; }
//     set exempt_igmp { type ifname . ether_addr; }
//     chain vmac_eth0 {
//         ether saddr != 00:00:5e:00:01:00-00:00:5e:00:02:ff oifname . ether saddr != @registered accept
//         oifname . ether saddr . icmpv6 type @exempt accept
//         ip protocol igmp oifname . ether saddr @exempt_igmp accept
//         icmpv6 type mld-listener-report counter ether saddr set <MAC of eth0>     # each message so, but
//         icmpv6 type nd-router-solicit counter drop
//     }
//     chain egress_eth0 { type filter hook egress device "eth0" priority 0; policy accept;
//         @ll,48,32 0x00005e00 goto vmac_eth0
//         oifname . ether saddr @registered goto vmac_eth0       # only while eth0 has registered ones
//     }
//
// The egress chain sees everybody's packets, forwarded ones too. So its first rule is one comparison of four bytes of
// the source MAC, the cheapest there is; what the other two bytes say is looked at behind it. Keys have the device in
// them, for the same MAC may be on several devices: a VRRP MAC holds only the number of the virtual router.
namespace vmac::nft {

/// A macvlan as the guard sees it: frames from @c mac that leave through @c device.
struct Sender {
    InterfaceName device;
    std::string mac;

    auto operator<=>(const Sender &) const = default;
};

/// A message that one sender may send.
struct Exemption {
    Sender sender;
    Message message{};

    auto operator<=>(const Exemption &) const = default;
};

/// What the table of the guard holds. Without devices there is no table.
struct Guard {
    std::map<InterfaceName, std::string> devices;  ///< each with its MAC, which frames leave with
    std::set<Sender> registered;                   ///< senders whose MAC is not one of VRRP's
    std::set<Exemption> exempt;

    bool operator==(const Guard &) const = default;

    /// Whether a device has senders with other MACs, for which its egress chain needs a second rule.
    [[nodiscard]] bool has_registered(const InterfaceName &device) const;
};

/// Whether a device can have a guard. Besides what is not readable, nft takes a '*' at the end for a wildcard.
bool is_guardable(const InterfaceName &device);

/// Commands that put @p wanted in place of whatever table of our name there is. @param there whether there is one
/// @param owned see new_table()
nlohmann::json replace_guard(const Guard &wanted, bool there, bool owned = false);

/// Commands that turn a table which holds @p present into one which holds @p wanted; only the chains of devices and
/// the elements that differ are touched. Counters of chains that are made anew begin at zero.
nlohmann::json change_guard(const Guard &present, const Guard &wanted, bool owned = false);

/// Whether the chains of a device are the same in both.
bool keeps_chains(const Guard &present, const Guard &wanted, const InterfaceName &device);

/// The structure of the table that holds @p guard, without elements: the objects of a command list, in the order in
/// which they must be added. The kernel lists the same objects, with handles.
nlohmann::json guard_objects(const Guard &guard, bool owned = false);

/// A command list that changes nothing, and is refused where no guard is possible on @p device.
nlohmann::json probe_guard(const std::string &device);

/// The names of a device's chains begin with these.
inline constexpr std::string_view kEgressChain = "egress_";
inline constexpr std::string_view kVmacChain = "vmac_";

}  // namespace vmac::nft
