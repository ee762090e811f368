// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/link_monitor.hpp"

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

namespace vmac::net {
namespace {

/// Bounds the work of one dump that loses against links which change all the time.
constexpr int kDumpTries = 10;

[[noreturn]] void fail(const char *what) {
    throw std::system_error(errno, std::generic_category(), what);
}

int collect(const nlmsghdr *message, void *table) {
    if (const auto event = parse_link(*message)) {
        static_cast<LinkTable *>(table)->apply(*event);
    }
    return MNL_CB_OK;
}

/// Reads all links into @p table. False when they changed meanwhile (NLM_F_DUMP_INTR), or, with nothing in it, when the
/// kernel had no memory to tell them (ENOBUFS).
bool dump(mnl_socket *socket, LinkTable &table) {
    std::array<char, 128> request{};
    nlmsghdr *header = mnl_nlmsg_put_header(request.data());
    header->nlmsg_type = RTM_GETLINK;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    header->nlmsg_seq = 1;
    static_cast<rtgenmsg *>(mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg)))->rtgen_family = AF_UNSPEC;
    if (mnl_socket_sendto(socket, header, header->nlmsg_len) < 0) {
        fail("asking rtnetlink for the links");
    }
    std::vector<char> buffer(kNetlinkBuffer);
    while (true) {
        const ssize_t got = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == ENOBUFS) {
            table = {};
            return false;
        }
        const int verdict = got < 0 ? MNL_CB_ERROR
                                    : mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), 1,
                                                 mnl_socket_get_portid(socket), collect, &table);
        if (verdict == MNL_CB_ERROR && errno == EINTR) {
            return false;
        }
        if (verdict == MNL_CB_ERROR) {
            fail("reading the links from rtnetlink");
        }
        if (verdict == MNL_CB_STOP) {
            return true;
        }
    }
}

}  // namespace

LinkMonitor::LinkMonitor() : events_(open_netlink(NETLINK_ROUTE, RTMGRP_LINK)) {
    refresh();
}

int LinkMonitor::fd() const {
    return mnl_socket_get_fd(events_.get());
}

void LinkMonitor::refresh() {
    // Older events must not undo what the dump says; younger ones may come, and say the same again.
    read_waiting(fd(), [](const nlmsghdr & /*message*/) {});
    for (int i = 0; i < kDumpTries; ++i) {
        const NetlinkSocket socket = open_netlink(NETLINK_ROUTE);  // on an old one the interrupted dump still runs
        LinkTable table;
        const bool complete = dump(socket.get(), table);
        const bool is_last = i == kDumpTries - 1;
        if (complete || (is_last && table.begin() != table.end())) {
            links_ = std::move(table);
            return;
        }
    }
}

bool LinkMonitor::dispatch() {
    bool changed = false;
    const auto waiting = read_waiting(fd(), [&](const nlmsghdr &message) {
        if (const auto event = parse_link(message)) {
            changed |= links_.apply(*event);
        }
    });
    stale_ |= waiting == Waiting::Lost;
    if (stale_) {
        const LinkTable before = links_;
        try {
            refresh();
            stale_ = false;
        } catch (const std::system_error &) {
            return changed;  // no descriptor or no memory now: what was known until then must do
        }
        changed |= !(before == links_);
    }
    return changed;
}

}  // namespace vmac::net
