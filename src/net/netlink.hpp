// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <linux/netlink.h>

#include <functional>
#include <memory>
#include <string>

struct mnl_socket;
struct nlattr;

// What everybody needs who listens to netlink(7), over libmnl.
namespace vmac::net {

using NetlinkSocket = std::unique_ptr<mnl_socket, int (*)(mnl_socket *)>;

/// A socket of @p family, NETLINK_ROUTE and so on, that has room for many events.
/// @param groups to subscribe to, as a mask. @throws std::system_error
NetlinkSocket open_netlink(int family, unsigned groups = 0);

/// The string in an attribute, which the kernel ends with NUL and a forger might not.
std::string text_of(const nlattr *attribute);

/// A message with many attributes needs about 2 KiB; the kernel fills up to 32 KiB at once for a large buffer.
inline constexpr std::size_t kNetlinkBuffer = 32768;

/// How reading what waits has ended.
enum class Waiting {
    Read,  ///< nothing was lost
    Lost,  ///< there was more than the socket could keep (ENOBUFS); what was left has been read
};

/// Hands the messages that wait at @p fd to @p handle, and does not wait for more. While they come faster than they
/// are read, some stay for the next call. @throws std::system_error
Waiting read_waiting(int fd, const std::function<void(const nlmsghdr &)> &handle);

}  // namespace vmac::net
