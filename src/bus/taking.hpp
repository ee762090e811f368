// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <functional>
#include <memory>

#include "bus/arrival.hpp"
#include "system/event_loop.hpp"

namespace vmac::bus {

/// Sees whether the bus takes what is said to it.
///
/// A client that never reads its replies fills up the queue that dbus-daemon(1) keeps for it; these count as ours
/// (max_incoming_bytes), and at the limit it reads nothing more from us, for as long as that client stays. What is left
/// is to come again: what belongs to a connection that has ended does not count. But not to a bus that answers nobody,
/// for connecting to it would keep everything waiting.
class Taking {
public:
    /// @param connection must outlive this
    /// @param given_up is called, in the loop, when the bus takes nothing from us, although it answers others
    Taking(EventLoop &loop, sdbus::IConnection &connection, std::function<void()> given_up);
    ~Taking() = default;
    Taking(const Taking &) = delete;
    Taking &operator=(const Taking &) = delete;

    /// Sees how much waits for the bus in our socket. Where that is less than before, all is well; so it is to be
    /// called before anything is added.
    void look();

    /// Something waits to be taken.
    void watch();

    /// Something is being said, or will be at once: in a while it is seen whether it was taken. Never throws.
    void said();

    /// While more is added, what a busy bus takes may not be seen. So in doubt nothing is to be read, and nobody
    /// answered.
    [[nodiscard]] bool is_in_doubt() const { return doubt_ != nullptr; }

    /// Nothing more is watched.
    void end();

private:
    void follow_up();
    void doubt();
    void keep_looking();
    void be_content();

    EventLoop &loop_;
    sdbus::IConnection &connection_;
    int fd_;  ///< of the connection
    std::function<void()> given_up_;
    int untaken_ = 0;  ///< bytes that wait in our socket for the bus, as seen last
    EventSource patience_{nullptr, sd_event_source_disable_unref};   ///< while it is not seen to take any of them
    std::unique_ptr<Arrival> doubt_;                                 ///< after that: whether it answers anybody
    EventSource pulse_{nullptr, sd_event_source_disable_unref};      ///< meanwhile
    EventSource follow_up_{nullptr, sd_event_source_disable_unref};  ///< until what was said is followed by a question
};

}  // namespace vmac::bus
