// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <functional>
#include <memory>

#include "bus/arrival.hpp"
#include "bus/turns.hpp"
#include "system/event_loop.hpp"

namespace vmac::bus {

/// A connection whose messages are handled by an event loop, for as long as this lives. What they ask for is done in
/// between, call by call, so that nobody has to wait until somebody else has been answered all that he asked.
class Attachment {
public:
    /// @param connection and @p turns must outlive this
    /// @param lost is called once when the bus has gone away; must not end the attachment itself.
    Attachment(EventLoop &loop, sdbus::IConnection &connection, Turns &turns, std::function<void()> lost);
    ~Attachment();
    Attachment(const Attachment &) = delete;
    Attachment &operator=(const Attachment &) = delete;

private:
    int prepare();
    void process();
    void lose();
    void watch_taking();
    void doubt();
    void keep_looking();
    void look();
    void be_content();

    EventLoop &loop_;
    sdbus::IConnection &connection_;
    Turns &turns_;
    std::function<void()> lost_;
    bool was_served_ = false;  ///< since the loop was asked what to wait for
    int read_ = 0;             ///< messages since a call was served
    EventSource io_{nullptr, sd_event_source_disable_unref};
    EventSource timer_{nullptr, sd_event_source_disable_unref};
    int untaken_ = 0;  ///< bytes that wait in our socket for the bus, as seen last
    EventSource patience_{nullptr, sd_event_source_disable_unref};  ///< while it is not seen to take any of them
    std::unique_ptr<Arrival> doubt_;  ///< after that, while nothing is read: whether it answers anybody
    EventSource pulse_{nullptr, sd_event_source_disable_unref};  ///< meanwhile
};

}  // namespace vmac::bus
