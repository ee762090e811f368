// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/watcher.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <system_error>

#include "nft/commands.hpp"

namespace vmac::nft {
namespace {

constexpr std::array kProtocolFamilies = {NFPROTO_IPV6, NFPROTO_IPV4, NFPROTO_NETDEV};

/// The attribute with the name of the table. It is the first of every kind of object (linux/netfilter/nf_tables.h).
constexpr std::uint16_t kTableAttribute = NFTA_TABLE_NAME;
static_assert(NFTA_CHAIN_TABLE == kTableAttribute && NFTA_RULE_TABLE == kTableAttribute &&
              NFTA_SET_TABLE == kTableAttribute && NFTA_SET_ELEM_LIST_TABLE == kTableAttribute &&
              NFTA_OBJ_TABLE == kTableAttribute && NFTA_FLOWTABLE_TABLE == kTableAttribute);

int find_table(const nlattr *attribute, void *found) {
    if (mnl_attr_get_type(attribute) == kTableAttribute) {
        *static_cast<bool *>(found) |= net::text_of(attribute) == kTable;
    }
    return MNL_CB_OK;
}

struct Generation {
    std::uint32_t number = 0;
    std::uint32_t pid = 0;
    std::string name;
};

std::uint32_t number_of(const nlattr *attribute) {
    return mnl_attr_validate(attribute, MNL_TYPE_U32) == 0 ? ntohl(mnl_attr_get_u32(attribute)) : 0;
}

int read_generation(const nlattr *attribute, void *data) {
    auto &generation = *static_cast<Generation *>(data);
    switch (mnl_attr_get_type(attribute)) {
        case NFTA_GEN_ID:
            generation.number = number_of(attribute);
            break;
        case NFTA_GEN_PROC_PID:
            generation.pid = number_of(attribute);
            break;
        case NFTA_GEN_PROC_NAME:
            generation.name = net::text_of(attribute);
            break;
        default:
            break;
    }
    return MNL_CB_OK;
}

/// A process chooses its name itself, so what is not printable ASCII is left out.
std::string process_in_words(const Generation &generation) {
    std::string name = generation.name;
    std::erase_if(name, [](char c) { return c < ' ' || c > '~'; });
    if (generation.pid == 0) {
        return name;
    }
    return (name.empty() ? "" : name + ", ") + "process " + std::to_string(generation.pid);
}

}  // namespace

std::optional<TableEvent> parse_table_event(const nlmsghdr &message) {
    if (NFNL_SUBSYS_ID(message.nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
        message.nlmsg_len < mnl_nlmsg_size(sizeof(nfgenmsg))) {
        return std::nullopt;
    }
    if (NFNL_MSG_TYPE(message.nlmsg_type) == NFT_MSG_NEWGEN) {
        Generation generation;
        mnl_attr_parse(&message, sizeof(nfgenmsg), read_generation, &generation);
        return TableEvent{.end = true, .generation = generation.number, .process = process_in_words(generation)};
    }
    TableEvent event;
    const auto *header = static_cast<const nfgenmsg *>(mnl_nlmsg_get_payload(&message));
    if (std::ranges::find(kProtocolFamilies, header->nfgen_family) != kProtocolFamilies.end()) {
        mnl_attr_parse(&message, sizeof(nfgenmsg), find_table, &event.ours);
    }
    return event;
}

NetlinkWatcher::NetlinkWatcher() : socket_(nullptr, mnl_socket_close) {
    try {
        socket_ = net::open_netlink(NETLINK_NETFILTER);
        int group = NFNLGRP_NFTABLES;
        if (mnl_socket_setsockopt(socket_.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
            throw std::system_error(errno, std::generic_category(), "subscribing to changes of nftables");
        }
    } catch (const std::system_error &error) {
        socket_.reset();
        failure_ = error.what();
    }
}

int NetlinkWatcher::fd() const {
    return socket_ ? mnl_socket_get_fd(socket_.get()) : -1;
}

Activity NetlinkWatcher::take() {
    Activity activity;
    if (!socket_) {
        return activity;
    }
    const auto status = net::read_waiting(fd(), [&](const nlmsghdr &message) {
        if (const auto event = parse_table_event(message)) {
            take_in(*event, activity);
        }
    });
    activity.lost = status == net::Waiting::Lost;
    generation_ += activity.lost ? 1U : 0U;
    return activity;
}

void NetlinkWatcher::take_in(const TableEvent &event, Activity &activity) {
    touched_ |= event.ours;
    if (!event.end) {
        return;
    }
    ++generation_;
    if (touched_) {
        activity.transactions.push_back(event.process);
    }
    touched_ = false;
}

}  // namespace vmac::nft
