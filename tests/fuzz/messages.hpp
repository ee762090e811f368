// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <libmnl/libmnl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "../unit/netlink_message.hpp"
#include "net/netlink.hpp"
#include "target.hpp"

// The input as what a netlink socket gives: messages one after the other, as far as they are whole.
namespace vmac::fuzz {

/// Hands each to @p handle, from a buffer of just its size so that a sanitizer sees what goes beyond.
template <typename Function>
void each_message(Input input, Function handle) {
    std::vector<std::uint32_t> aligned((input.size() + 3) / 4);
    std::ranges::copy(input, static_cast<std::uint8_t *>(static_cast<void *>(aligned.data())));
    auto *message = static_cast<const nlmsghdr *>(static_cast<const void *>(aligned.data()));
    auto left = static_cast<int>(input.size());
    for (; mnl_nlmsg_ok(message, left) && message->nlmsg_len <= input.size();
         message = mnl_nlmsg_next(message, &left)) {
        test::parse_cut(*message, message->nlmsg_len, [&](const nlmsghdr &cut) {
            handle(cut);
            return 0;
        });
    }
}

/// The same through a socket, as the service reads them.
template <typename Function>
void through_socket(Input input, Function handle) {
    if (input.empty() || input.size() > net::kNetlinkBuffer) {
        return;  // netlink has no empty datagrams
    }
    static const auto kEnds = [] {
        std::array<int, 2> ends{};
        if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
            throw std::system_error(errno, std::generic_category(), "socketpair");
        }
        return ends;
    }();
    if (send(kEnds[0], input.data(), input.size(), 0) < 0) {
        throw std::system_error(errno, std::generic_category(), "send");
    }
    require(net::read_waiting(kEnds[1], handle) == net::Waiting::Read, "all that waits is read");
}

}  // namespace vmac::fuzz
