// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/link.hpp"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "model/mac.hpp"
#include "net/netlink.hpp"

namespace vmac::net {
namespace {

int read_bridge_attribute(const nlattr *attribute, void *snooping) {
    if (mnl_attr_get_type(attribute) == IFLA_BR_MCAST_SNOOPING && mnl_attr_validate(attribute, MNL_TYPE_U8) == 0) {
        *static_cast<std::optional<bool> *>(snooping) = mnl_attr_get_u8(attribute) != 0;
    }
    return MNL_CB_OK;
}

/// The kind comes first; what the data means depends on it.
int read_info_attribute(const nlattr *attribute, void *data) {
    auto &link = *static_cast<Link *>(data);
    if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND) {
        link.kind = text_of(attribute);
    } else if (mnl_attr_get_type(attribute) == IFLA_INFO_DATA && link.kind == "bridge") {
        mnl_attr_parse_nested(attribute, read_bridge_attribute, &link.snooping);
    }
    return MNL_CB_OK;
}

std::optional<unsigned> number_of(const nlattr *attribute) {
    return mnl_attr_validate(attribute, MNL_TYPE_U32) == 0 ? std::optional(mnl_attr_get_u32(attribute)) : std::nullopt;
}

int read_attribute(const nlattr *attribute, void *data) {
    auto &link = *static_cast<Link *>(data);
    switch (mnl_attr_get_type(attribute)) {
        case IFLA_IFNAME:
            link.name = text_of(attribute);
            break;
        case IFLA_ADDRESS:
            link.mac = format_mac({static_cast<const std::uint8_t *>(mnl_attr_get_payload(attribute)),
                                   mnl_attr_get_payload_len(attribute)});
            break;
        case IFLA_LINKINFO:
            mnl_attr_parse_nested(attribute, read_info_attribute, &link);
            break;
        case IFLA_LINK:
            link.lower = number_of(attribute).value_or(0);
            break;
        case IFLA_MASTER:
            link.master = number_of(attribute).value_or(0);
            break;
        case IFLA_LINK_NETNSID:
            link.lower_elsewhere = true;
            break;
        default:
            break;
    }
    return MNL_CB_OK;
}

}  // namespace

bool Link::is_vmac() const {
    return is_macvlan() && is_vrrp_mac(mac);
}

std::optional<LinkEvent> parse_link(const nlmsghdr &message) {
    if (message.nlmsg_type != RTM_NEWLINK && message.nlmsg_type != RTM_DELLINK) {
        return std::nullopt;
    }
    if (message.nlmsg_len < mnl_nlmsg_size(sizeof(ifinfomsg))) {
        return std::nullopt;
    }
    const auto *header = static_cast<const ifinfomsg *>(mnl_nlmsg_get_payload(&message));
    if (header->ifi_family == AF_BRIDGE || header->ifi_index <= 0) {
        return std::nullopt;  // AF_BRIDGE: a port joins or leaves its bridge, the link itself stays
    }
    LinkEvent event{.link = {.index = static_cast<unsigned>(header->ifi_index), .type = header->ifi_type},
                    .gone = message.nlmsg_type == RTM_DELLINK};
    mnl_attr_parse(&message, sizeof(ifinfomsg), read_attribute, &event.link);
    if (event.link.name.empty()) {
        return std::nullopt;
    }
    return event;
}

bool LinkTable::apply(const LinkEvent &event) {
    const auto known = links_.find(event.link.index);
    if (known != links_.end()) {
        if (!event.gone && known->second == event.link) {
            return false;
        }
        // A name may already belong to another link: events of a swap of names arrive one by one.
        const auto name = names_.find(known->second.name);
        if (name != names_.end() && name->second == event.link.index) {
            names_.erase(name);
        }
        links_.erase(known);
    } else if (event.gone) {
        return false;
    }
    if (!event.gone) {
        links_[event.link.index] = event.link;
        names_[event.link.name] = event.link.index;
    }
    return true;
}

const Link *LinkTable::by_index(unsigned index) const {
    const auto found = links_.find(index);
    return found == links_.end() ? nullptr : &found->second;
}

const Link *LinkTable::lower_of(const Link &link) const {
    return link.lower_elsewhere ? nullptr : by_index(link.lower);
}

const Link *LinkTable::by_name(std::string_view name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? nullptr : by_index(found->second);
}

}  // namespace vmac::net
