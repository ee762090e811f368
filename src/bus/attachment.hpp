// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <functional>

#include "daemon/event_loop.hpp"

namespace vmac::bus {

/// A connection whose messages are handled by an event loop, for as long as this lives.
class Attachment {
public:
    /// @param connection must outlive this
    /// @param lost is called once when the bus has gone away; must not end the attachment itself.
    Attachment(EventLoop &loop, sdbus::IConnection &connection, std::function<void()> lost);
    ~Attachment() = default;
    Attachment(const Attachment &) = delete;
    Attachment &operator=(const Attachment &) = delete;

private:
    int prepare();
    void process();
    void lose();

    sdbus::IConnection &connection_;
    std::function<void()> lost_;
    EventSource io_{nullptr, sd_event_source_disable_unref};
    EventSource timer_{nullptr, sd_event_source_disable_unref};
};

}  // namespace vmac::bus
