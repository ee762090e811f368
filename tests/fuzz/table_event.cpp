// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel tells of transactions: only a message that holds the name of our table is about ours, in a family in
// which there is one, and the name of a process can be shown to anybody.
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>

#include "messages.hpp"
#include "nft/commands.hpp"
#include "nft/watcher.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

std::string_view bytes_of(const nlmsghdr &message) {
    return {reinterpret_cast<const char *>(&message), message.nlmsg_len};
}

void check(const nlmsghdr &message, const nft::TableEvent &event) {
    const std::string_view bytes = bytes_of(message);
    const int family = static_cast<unsigned char>(bytes[sizeof(nlmsghdr)]);
    const bool has_tables = family == NFPROTO_IPV6 || family == NFPROTO_IPV4 || family == NFPROTO_NETDEV;
    require(NFNL_SUBSYS_ID(message.nlmsg_type) == NFNL_SUBSYS_NFTABLES, "only nftables tells of tables");
    require(event.end == (NFNL_MSG_TYPE(message.nlmsg_type) == NFT_MSG_NEWGEN), "a generation ends a transaction");
    require(!event.ours || (has_tables && !event.end && bytes.find(nft::kTable) != std::string_view::npos),
            "what is about ours names our table");
    require(event.end || (event.generation == 0 && event.process.empty()), "the end tells of the process");
    require(std::ranges::all_of(event.process, [](char c) { return c >= ' ' && c <= '~'; }), "a process can be shown");
}

}  // namespace

void try_input(Input input) {
    each_message(input, [](const nlmsghdr &message) {
        if (const auto event = nft::parse_table_event(message)) {
            check(message, *event);
        }
    });
    through_socket(input, [](const nlmsghdr &message) { static_cast<void>(nft::parse_table_event(message)); });
}

}  // namespace vmac::fuzz
