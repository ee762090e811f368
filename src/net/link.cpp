// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/link.hpp"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstdio>
#include <span>

namespace vmac::net {
namespace {

constexpr std::size_t kMacBytes = 6;

std::string format_mac(std::span<const std::uint8_t> bytes) {
    if (bytes.size() != kMacBytes) {
        return {};
    }
    std::array<char, 3 * kMacBytes> text{};
    std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3],
                  bytes[4], bytes[5]);
    return text.data();
}

/// The string in an attribute, which the kernel ends with NUL and a forger might not.
std::string text_of(const nlattr *attribute) {
    const std::string_view payload(static_cast<const char *>(mnl_attr_get_payload(attribute)),
                                   mnl_attr_get_payload_len(attribute));
    return std::string(payload.substr(0, payload.find('\0')));
}

int read_info_attribute(const nlattr *attribute, void *kind) {
    if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND) {
        *static_cast<std::string *>(kind) = text_of(attribute);
    }
    return MNL_CB_OK;
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
            mnl_attr_parse_nested(attribute, read_info_attribute, &link.kind);
            break;
        case IFLA_LINK:
            if (mnl_attr_validate(attribute, MNL_TYPE_U32) == 0) {
                link.lower = mnl_attr_get_u32(attribute);
            }
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
    LinkEvent event{.link = {.index = static_cast<unsigned>(header->ifi_index)},
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

const Link *LinkTable::by_name(std::string_view name) const {
    const auto found = names_.find(name);
    return found == names_.end() ? nullptr : by_index(found->second);
}

}  // namespace vmac::net
