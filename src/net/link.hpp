// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vmac::net {

/// A network interface as rtnetlink(7) tells it.
struct Link {
    unsigned index = 0;
    std::string name;              ///< as the kernel has it, not necessarily UTF-8
    std::string mac;               ///< "00:00:5e:00:02:01"; empty without link-layer address
    std::string kind;              ///< IFLA_INFO_KIND: "macvlan", "veth", …; empty for hardware
    unsigned lower = 0;            ///< index of the device below (IFLA_LINK), 0 without
    bool lower_elsewhere = false;  ///< that device is in another network namespace, where its index means nothing
    unsigned type = 0;             ///< ARPHRD_ETHER and so on, <linux/if_arp.h>
    unsigned master = 0;           ///< index of the bridge or bond that it is a port of (IFLA_MASTER), 0 without
    std::optional<bool> snooping;  ///< of a bridge: whether it does MLD and IGMP snooping

    bool operator==(const Link &) const = default;

    /// Whether this is a macvlan, whose lower device is the parent.
    [[nodiscard]] bool is_macvlan() const { return kind == "macvlan" || kind == "macvtap"; }

    /// Whether this is a VRRP virtual-MAC interface that somebody has made.
    [[nodiscard]] bool is_vmac() const;
};

/// What one message says: a link is there (and so), or it is gone.
struct LinkEvent {
    Link link;
    bool gone = false;

    bool operator==(const LinkEvent &) const = default;
};

/// Reads an RTM_NEWLINK or RTM_DELLINK message. Others, and what is too short to be one, give nothing.
std::optional<LinkEvent> parse_link(const nlmsghdr &message);

/// All links of this network namespace.
class LinkTable {
public:
    /// Takes in what an event says. True when that changed anything.
    bool apply(const LinkEvent &event);

    [[nodiscard]] const Link *by_index(unsigned index) const;
    [[nodiscard]] const Link *by_name(std::string_view name) const;

    /// The device below @p link; nullptr without one, and when it is in another network namespace.
    [[nodiscard]] const Link *lower_of(const Link &link) const;

    [[nodiscard]] auto begin() const { return links_.begin(); }
    [[nodiscard]] auto end() const { return links_.end(); }

    bool operator==(const LinkTable &other) const { return links_ == other.links_; }

private:
    std::map<unsigned, Link> links_;
    std::map<std::string, unsigned, std::less<>> names_;
};

}  // namespace vmac::net
