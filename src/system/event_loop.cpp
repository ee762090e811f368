// SPDX-License-Identifier: GPL-2.0-or-later
#include "system/event_loop.hpp"

#include <sys/epoll.h>

#include <csignal>
#include <system_error>
#include <utility>

namespace vmac {

struct EventLoop::Handler {
    EventLoop *loop;
    Callback callback;

    /// No exception may pass through the C code of the loop.
    int operator()() const {
        try {
            callback();
        } catch (...) {
            loop->thrown_ = std::current_exception();
            loop->quit(1);
        }
        return 0;
    }

    static int of(void *self) {
        // A copy, for a callback may end its own source, and with it this.
        const Handler handler = *static_cast<Handler *>(self);
        return handler();
    }
};

int require(int status, const char *what) {
    if (status < 0) {
        throw std::system_error(-status, std::generic_category(), what);
    }
    return status;
}

EventLoop::EventLoop() {
    sd_event *event = nullptr;
    require(sd_event_default(&event), "making an event loop");
    event_.reset(event);
    require(sd_event_set_watchdog(event, 1), "setting up the watchdog");
}

EventSource EventLoop::own(sd_event_source *source, std::unique_ptr<Handler> handler) {
    EventSource owned(source, sd_event_source_disable_unref);
    sd_event_source_set_destroy_callback(source, [](void *self) { delete static_cast<Handler *>(self); });
    sd_event_source_set_userdata(source, handler.release());
    return owned;
}

EventSource EventLoop::on_readable(int fd, Callback callback) {
    auto handler = std::make_unique<Handler>(Handler{this, std::move(callback)});
    sd_event_source *source = nullptr;
    require(sd_event_add_io(
                get(), &source, fd, EPOLLIN,
                [](sd_event_source *, int, std::uint32_t, void *self) { return Handler::of(self); }, handler.get()),
            "watching a descriptor");
    return own(source, std::move(handler));
}

EventSource EventLoop::on_signal(int signal, Callback callback) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, signal);
    require(sigprocmask(SIG_BLOCK, &mask, nullptr), "blocking a signal");
    auto handler = std::make_unique<Handler>(Handler{this, std::move(callback)});
    sd_event_source *source = nullptr;
    require(
        sd_event_add_signal(
            get(), &source, signal,
            [](sd_event_source *, const signalfd_siginfo *, void *self) { return Handler::of(self); }, handler.get()),
        "watching a signal");
    return own(source, std::move(handler));
}

EventSource EventLoop::after(std::chrono::milliseconds delay, Callback callback) {
    auto handler = std::make_unique<Handler>(Handler{this, std::move(callback)});
    const auto microseconds = static_cast<std::uint64_t>(std::chrono::microseconds(delay).count());
    sd_event_source *source = nullptr;
    require(sd_event_add_time_relative(
                get(), &source, CLOCK_MONOTONIC, microseconds, 0,
                [](sd_event_source *, std::uint64_t, void *self) { return Handler::of(self); }, handler.get()),
            "setting a timer");
    return own(source, std::move(handler));
}

EventSource EventLoop::when_idle(Callback callback) {
    auto handler = std::make_unique<Handler>(Handler{this, std::move(callback)});
    sd_event_source *source = nullptr;
    require(sd_event_add_defer(
                get(), &source, [](sd_event_source *, void *self) { return Handler::of(self); }, handler.get()),
            "deferring something");
    EventSource owned = own(source, std::move(handler));
    require(sd_event_source_set_priority(source, SD_EVENT_PRIORITY_IDLE), "deferring something");
    return owned;
}

int EventLoop::run() {
    const int status = sd_event_loop(get());
    if (thrown_) {
        std::rethrow_exception(std::exchange(thrown_, nullptr));
    }
    return status;
}

void EventLoop::quit(int status) {
    sd_event_exit(get(), status);
}

}  // namespace vmac
