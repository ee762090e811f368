// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/attachment.hpp"

#include <sys/epoll.h>

#include <ctime>
#include <exception>
#include <utility>

#include "bus/compat.hpp"

namespace vmac::bus {

Attachment::Attachment(EventLoop &loop, sdbus::IConnection &connection, std::function<void()> lost)
    : connection_(connection), lost_(std::move(lost)) {
    compat::on_disconnected(connection_, [this] { lose(); });

    // What to wait for changes with every message, so it is asked before each wait. Only sdbus-c++ 2 does this
    // itself; one way for all versions is less to get wrong.
    sd_event_source *source = nullptr;
    require(sd_event_add_time(
                loop.get(), &source, CLOCK_MONOTONIC, 0, 0,
                [](sd_event_source *, std::uint64_t, void *self) {
                    static_cast<Attachment *>(self)->process();
                    return 0;
                },
                this),
            "setting a timer for the bus");
    timer_.reset(source);
    require(sd_event_add_io(
                loop.get(), &source, compat::poll_of(connection_).fd, 0,
                [](sd_event_source *, int, std::uint32_t, void *self) {
                    static_cast<Attachment *>(self)->process();
                    return 0;
                },
                this),
            "watching the bus");
    io_.reset(source);
    require(sd_event_source_set_prepare(
                source, [](sd_event_source *, void *self) { return static_cast<Attachment *>(self)->prepare(); }),
            "watching the bus");
}

int Attachment::prepare() {
    try {
        const auto poll = compat::poll_of(connection_);
        sd_event_source_set_io_events(io_.get(), static_cast<std::uint32_t>(poll.events));
        sd_event_source_set_time(timer_.get(), poll.deadline);
        sd_event_source_set_enabled(timer_.get(), SD_EVENT_ONESHOT);
    } catch (const sdbus::Error &) {
        lose();
    }
    return 0;
}

void Attachment::process() {
    try {
        compat::process(connection_);
    } catch (const std::exception &) {
        lose();
    }
}

void Attachment::lose() {
    sd_event_source_set_enabled(io_.get(), SD_EVENT_OFF);
    sd_event_source_set_enabled(timer_.get(), SD_EVENT_OFF);
    if (const auto lost = std::exchange(lost_, nullptr)) {
        lost();
    }
}

}  // namespace vmac::bus
