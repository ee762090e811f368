// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/session.hpp"

#include <sys/epoll.h>

#include <ctime>
#include <utility>

#include "bus/compat.hpp"

namespace vmac::bus {
namespace {

void take_name(sdbus::IConnection &connection) {
    try {
        connection.requestName(compat::ServiceName{kBusName});
    } catch (const sdbus::Error &error) {
        const std::string &name = error.getName();
        if (name == "org.freedesktop.DBus.Error.FileExists") {
            throw NameRefused(std::string(kBusName) + " is on the bus already; nothing was touched");
        }
        if (name == "org.freedesktop.DBus.Error.AccessDenied") {
            throw NameRefused(std::string("the bus policy does not let this user own ") + kBusName +
                              "; is org.vmac.MldFilter.conf installed?");
        }
        throw;
    }
}

}  // namespace

Session::Session(EventLoop &loop, Service::Backend backend, std::function<void()> lost)
    : connection_(sdbus::createSystemBusConnection()),
      lost_(std::move(lost)),
      service_(std::make_unique<Service>(*connection_, std::move(backend))) {
    compat::on_disconnected(*connection_, [this] { lose(); });
    take_name(*connection_);

    // What to wait for changes with every message, so it is asked before each wait. Only sdbus-c++ 2 does this
    // itself; one way for all versions is less to get wrong.
    sd_event_source *source = nullptr;
    require(sd_event_add_time(
                loop.get(), &source, CLOCK_MONOTONIC, 0, 0,
                [](sd_event_source *, std::uint64_t, void *self) {
                    static_cast<Session *>(self)->process();
                    return 0;
                },
                this),
            "setting a timer for the bus");
    timer_.reset(source);
    require(sd_event_add_io(
                loop.get(), &source, compat::poll_of(*connection_).fd, 0,
                [](sd_event_source *, int, std::uint32_t, void *self) {
                    static_cast<Session *>(self)->process();
                    return 0;
                },
                this),
            "watching the bus");
    io_.reset(source);
    require(sd_event_source_set_prepare(
                source, [](sd_event_source *, void *self) { return static_cast<Session *>(self)->prepare(); }),
            "watching the bus");
}

Session::~Session() = default;

int Session::prepare() {
    try {
        const auto poll = compat::poll_of(*connection_);
        sd_event_source_set_io_events(io_.get(), static_cast<std::uint32_t>(poll.events));
        sd_event_source_set_time(timer_.get(), poll.deadline);
        sd_event_source_set_enabled(timer_.get(), SD_EVENT_ONESHOT);
    } catch (const sdbus::Error &) {
        lose();
    }
    return 0;
}

void Session::process() {
    try {
        compat::process(*connection_);
    } catch (const std::exception &) {
        lose();
    }
}

void Session::lose() {
    sd_event_source_set_enabled(io_.get(), SD_EVENT_OFF);
    sd_event_source_set_enabled(timer_.get(), SD_EVENT_OFF);
    if (const auto lost = std::exchange(lost_, nullptr)) {
        lost();
    }
}

}  // namespace vmac::bus
