// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/netlink.hpp"

#include <libmnl/libmnl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <string_view>
#include <system_error>
#include <vector>

namespace vmac::net {
namespace {

/// Thousands of links that come at once, or the elements of a large set of somebody else.
constexpr int kEventBytes = 4 << 20;

/// Events may come faster than they are read.
constexpr int kReadsAtOnce = 4096;

/// Hands on the messages of one datagram. mnl_cb_run() would do, but libmnl takes a length of 2 GiB and more for a
/// negative one, and so for one that fits. The kernel sends none.
void hand_on(std::span<const char> datagram, const std::function<void(const nlmsghdr &)> &handle) {
    while (datagram.size() >= sizeof(nlmsghdr)) {
        const auto &message = *static_cast<const nlmsghdr *>(static_cast<const void *>(datagram.data()));
        if (message.nlmsg_len < sizeof(nlmsghdr) || message.nlmsg_len > datagram.size()) {
            return;
        }
        if (message.nlmsg_type >= NLMSG_MIN_TYPE) {
            handle(message);
        }
        datagram = datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(message.nlmsg_len), datagram.size()));
    }
}

}  // namespace

NetlinkSocket open_netlink(int family, unsigned groups) {
    NetlinkSocket socket(mnl_socket_open2(family, SOCK_CLOEXEC), mnl_socket_close);
    if (!socket || mnl_socket_bind(socket.get(), groups, MNL_SOCKET_AUTOPID) < 0) {
        throw std::system_error(errno, std::generic_category(), "opening a netlink socket");
    }
    // Without CAP_NET_ADMIN it keeps its size, and events are lost sooner; what is lost is noticed.
    setsockopt(mnl_socket_get_fd(socket.get()), SOL_SOCKET, SO_RCVBUFFORCE, &kEventBytes, sizeof(kEventBytes));
    return socket;
}

std::string text_of(const nlattr *attribute) {
    const std::string_view payload(static_cast<const char *>(mnl_attr_get_payload(attribute)),
                                   mnl_attr_get_payload_len(attribute));
    return std::string(payload.substr(0, payload.find('\0')));
}

Waiting read_waiting(int fd, const std::function<void(const nlmsghdr &)> &handle) {
    std::vector<char> buffer(kNetlinkBuffer);
    auto waiting = Waiting::Read;
    for (int i = 0; i < kReadsAtOnce; ++i) {
        const ssize_t got = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (got >= 0) {
            hand_on({buffer.data(), static_cast<std::size_t>(got)}, handle);
        } else if (errno == ENOBUFS) {
            waiting = Waiting::Lost;
        } else if (errno == EAGAIN) {
            return waiting;
        } else if (errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "reading events from netlink");
        }
    }
    return waiting;
}

}  // namespace vmac::net
