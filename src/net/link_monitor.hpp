// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "net/link.hpp"
#include "net/netlink.hpp"

namespace vmac::net {

/// Follows the links of the network namespace that the process is in, by rtnetlink events and without polling.
class LinkMonitor {
public:
    /// Subscribes, then reads all links, so that nothing is missed in between.
    /// @throws std::system_error when netlink cannot be used.
    LinkMonitor();

    /// Becomes readable when there is something for dispatch(). Owned by the monitor.
    [[nodiscard]] int fd() const;

    /// Takes in all events that are waiting. True when the table is another one now. When events were lost
    /// (ENOBUFS) all links are read anew.
    bool dispatch();

    [[nodiscard]] const LinkTable &links() const { return links_; }

    /// Whether events were lost and the links could not be read anew; dispatch() tries again.
    [[nodiscard]] bool is_stale() const { return stale_; }

private:
    /// Forgets the events that are waiting and reads all links.
    void refresh();

    NetlinkSocket events_;
    LinkTable links_;
    bool stale_ = false;
};

}  // namespace vmac::net
