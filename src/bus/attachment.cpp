// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/attachment.hpp"

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <exception>
#include <limits>
#include <utility>

#include "bus/compat.hpp"

namespace vmac::bus {
namespace {

using std::chrono::steady_clock;

/// Reading costs microseconds, for what is too much is refused there and then. So all that waits is read before the
/// next call is served, and whoever calls has his turn soon, however much somebody else has sent before him. But who
/// never ceases to send must not keep everybody from being served.
constexpr int kMostReadBetween = 256;

/// Not even reading keeps links and rules waiting for longer.
constexpr std::chrono::milliseconds kReadingAtOnce{10};

/// Links and rules have precedence in the loop, but not all the time: whoever was passed over once comes first.
constexpr std::int64_t kPassedOver = SD_EVENT_PRIORITY_IMPORTANT - 1;

constexpr auto kNever = std::numeric_limits<std::uint64_t>::max();

}  // namespace

Attachment::Attachment(EventLoop &loop, sdbus::IConnection &connection, std::function<void()> lost,
                       std::optional<Callers> callers)
    : connection_(connection), lost_(std::move(lost)), callers_(std::move(callers)) {
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

Attachment::~Attachment() {
    io_.reset();  // before its descriptor is closed
    try {
        compat::close(connection_);
    } catch (const sdbus::Error &) {
        return;  // it has ended already
    }
}

int Attachment::prepare() {
    // Passed over was only who was not served meanwhile: else one source would raise the other for ever.
    const bool was_served = std::exchange(was_served_, false);
    for (sd_event_source *source : {io_.get(), timer_.get()}) {
        if (!was_served && sd_event_source_get_pending(source) > 0) {
            sd_event_source_set_priority(source, kPassedOver);
        }
    }
    try {
        const auto poll = compat::poll_of(connection_);
        const bool is_held_up = compat::is_held_up(connection_);
        const bool is_in_doubt = callers_ && callers_->taking.is_in_doubt();
        // Who reads on while nothing is taken from him has to keep all that he wants to say.
        const auto unless_doubtful = is_held_up ? EPOLLOUT : static_cast<std::uint32_t>(poll.events);
        const auto deadline = callers_ && callers_->turns.is_any_waiting() ? 0 : poll.deadline;
        sd_event_source_set_io_events(io_.get(), is_in_doubt ? 0 : unless_doubtful);
        sd_event_source_set_time(timer_.get(), is_held_up || is_in_doubt ? kNever : deadline);
        sd_event_source_set_enabled(timer_.get(), SD_EVENT_ONESHOT);
        if (is_held_up && callers_) {
            callers_->taking.watch();
        }
    } catch (const std::exception &) {
        lose();
    }
    return 0;
}

void Attachment::process() {
    was_served_ = true;
    for (sd_event_source *source : {io_.get(), timer_.get()}) {
        sd_event_source_set_priority(source, SD_EVENT_PRIORITY_NORMAL);
    }
    try {
        bool is_more = true;
        for (const auto end = steady_clock::now() + kReadingAtOnce; is_more && steady_clock::now() < end; ++read_) {
            if (callers_) {
                callers_->taking.look();  // before anything is added
            }
            is_more = compat::process(connection_) && !compat::is_held_up(connection_);
        }
        if (callers_) {
            if (lost_ && !compat::is_held_up(connection_) && (!is_more || read_ >= kMostReadBetween)) {
                read_ = 0;
                if (callers_->turns.serve_one()) {
                    callers_->taking.said();
                }
            }
            callers_->taking.watch();
        }
    } catch (const std::exception &) {
        lose();
    }
}

void Attachment::lose() {
    sd_event_source_set_enabled(io_.get(), SD_EVENT_OFF);
    sd_event_source_set_enabled(timer_.get(), SD_EVENT_OFF);
    if (callers_) {
        callers_->taking.end();
    }
    if (const auto lost = std::exchange(lost_, nullptr)) {
        lost();
    }
}

}  // namespace vmac::bus
