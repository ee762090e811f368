// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <functional>
#include <memory>

namespace vmac {

/// Turns a negative errno of libsystemd into a std::system_error.
int require(int status, const char *what);

/// A source of events; ends with its owner.
using EventSource = std::unique_ptr<sd_event_source, decltype(&sd_event_source_disable_unref)>;

/// The one sd-event(3) loop of the process, as far as it is needed here. A callback that throws ends the loop, and
/// run() throws what it threw.
class EventLoop {
public:
    using Callback = std::function<void()>;

    EventLoop();

    /// Calls @p callback whenever @p fd can be read.
    [[nodiscard]] EventSource on_readable(int fd, Callback callback);

    /// Calls @p callback for a signal, which is blocked from now on.
    [[nodiscard]] EventSource on_signal(int signal, Callback callback);

    /// Calls @p callback once after a while.
    [[nodiscard]] EventSource after(std::chrono::milliseconds delay, Callback callback);

    /// Calls @p callback once, when nothing else is waiting.
    [[nodiscard]] EventSource when_idle(Callback callback);

    /// Runs until quit(). @return the status given there
    int run();

    void quit(int status);

    [[nodiscard]] sd_event *get() const { return event_.get(); }

private:
    struct Handler;

    static EventSource own(sd_event_source *source, std::unique_ptr<Handler> handler);

    std::unique_ptr<sd_event, decltype(&sd_event_unref)> event_{nullptr, sd_event_unref};
    std::exception_ptr thrown_;
};

}  // namespace vmac
