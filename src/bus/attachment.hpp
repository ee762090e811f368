// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <functional>
#include <optional>

#include "bus/taking.hpp"
#include "bus/turns.hpp"
#include "system/event_loop.hpp"

namespace vmac::bus {

/// What one needs who is called; both must outlive the attachment.
struct Callers {
    Turns &turns;
    Taking &taking;
};

/// A connection whose messages are handled by an event loop, for as long as this lives. What they ask for is done in
/// between, call by call, so that nobody has to wait until somebody else has been answered all that he asked.
class Attachment {
public:
    /// @param connection must outlive this
    /// @param lost is called once when the bus has gone away; must not end the attachment itself.
    Attachment(EventLoop &loop, sdbus::IConnection &connection, std::function<void()> lost,
               std::optional<Callers> callers = {});
    ~Attachment();
    Attachment(const Attachment &) = delete;
    Attachment &operator=(const Attachment &) = delete;

    /// Handles nothing more, as if the bus had gone away.
    void lose();

private:
    int prepare();
    void process();

    sdbus::IConnection &connection_;
    std::function<void()> lost_;
    std::optional<Callers> callers_;
    bool was_served_ = false;  ///< since the loop was asked what to wait for
    int read_ = 0;             ///< messages since a call was served
    EventSource io_{nullptr, sd_event_source_disable_unref};
    EventSource timer_{nullptr, sd_event_source_disable_unref};
};

}  // namespace vmac::bus
