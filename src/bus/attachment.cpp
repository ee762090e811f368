// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/attachment.hpp"

#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <exception>
#include <limits>
#include <system_error>
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

/// How long a bus may take nothing of what is said to it, and once more when it has answered somebody else.
constexpr std::chrono::milliseconds kPatience{250};

/// How often it is seen whether a bus in doubt takes something after all.
constexpr std::chrono::milliseconds kPulse{5};

constexpr auto kNever = std::numeric_limits<std::uint64_t>::max();

}  // namespace

Attachment::Attachment(EventLoop &loop, sdbus::IConnection &connection, Turns &turns, std::function<void()> lost)
    : loop_(loop), connection_(connection), turns_(turns), lost_(std::move(lost)) {
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
        // Who reads on while nothing is taken from him has to keep all that he wants to say.
        const auto unless_doubtful = is_held_up ? EPOLLOUT : static_cast<std::uint32_t>(poll.events);
        const auto deadline = turns_.is_any_waiting() ? 0 : poll.deadline;
        sd_event_source_set_io_events(io_.get(), doubt_ ? 0 : unless_doubtful);
        sd_event_source_set_time(timer_.get(), is_held_up || doubt_ ? kNever : deadline);
        sd_event_source_set_enabled(timer_.get(), SD_EVENT_ONESHOT);
        if (is_held_up) {
            watch_taking();
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
            look();  // before anything is added
            is_more = compat::process(connection_) && !compat::is_held_up(connection_);
        }
        if (lost_ && !compat::is_held_up(connection_) && (!is_more || read_ >= kMostReadBetween)) {
            read_ = 0;
            turns_.serve_one();
        }
        watch_taking();
    } catch (const std::exception &) {
        lose();
    }
}

/// A client that never reads its replies fills up the queue that dbus-daemon(1) keeps for it; these count as ours
/// (max_incoming_bytes), and at the limit it reads nothing more from us, for as long as that client stays. What is left
/// is to come again: what belongs to a connection that has ended does not count. But not to a bus that answers nobody,
/// for connecting to it would keep everything waiting.
void Attachment::watch_taking() {
    look();
    if (untaken_ > 0 && !patience_ && !doubt_) {
        patience_ = loop_.after(kPatience, [this] {
            look();
            if (patience_) {
                patience_.reset();
                doubt();
            }
        });
    }
}

/// While more is added, what a busy bus takes may not be seen. So in doubt nothing is read, and nobody answered.
void Attachment::doubt() {
    try {
        auto arrival = std::make_unique<Arrival>(loop_, [this] {
            patience_ = loop_.after(kPatience, [this] {
                look();
                if (doubt_) {
                    lose();
                }
            });
        });
        keep_looking();
        doubt_ = std::move(arrival);
    } catch (const std::system_error &) {
        return;  // later, then
    }
}

void Attachment::keep_looking() {
    pulse_ = loop_.after(kPulse, [this] {
        look();
        if (doubt_) {
            keep_looking();
        }
    });
}

/// Sees how much waits for the bus in our socket. Where that is less than before, all is well.
void Attachment::look() {
    const int before = std::exchange(untaken_, 0);
    ioctl(sd_event_source_get_io_fd(io_.get()), SIOCOUTQ, &untaken_);
    if (untaken_ == 0 || untaken_ < before) {
        be_content();
    }
}

void Attachment::be_content() {
    patience_.reset();
    doubt_.reset();
    pulse_.reset();
}

void Attachment::lose() {
    sd_event_source_set_enabled(io_.get(), SD_EVENT_OFF);
    sd_event_source_set_enabled(timer_.get(), SD_EVENT_OFF);
    be_content();
    if (const auto lost = std::exchange(lost_, nullptr)) {
        lost();
    }
}

}  // namespace vmac::bus
