// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/arrival.hpp"

#include <cstdlib>
#include <utility>

namespace vmac::bus {
namespace {

constexpr auto kLocal = "org.freedesktop.DBus.Local";  // what libsystemd itself tells of a connection
constexpr auto kLocalPath = "/org/freedesktop/DBus/Local";

/// As sd_bus_open_system(3) finds it.
const char *address_of_system_bus() {
    const char *address = std::getenv("DBUS_SYSTEM_BUS_ADDRESS");
    return address == nullptr || *address == '\0' ? "unix:path=/run/dbus/system_bus_socket" : address;
}

}  // namespace

Arrival::Arrival(EventLoop &loop, std::function<void()> arrived) : loop_(loop), arrived_(std::move(arrived)) {
    sd_bus *bus = nullptr;
    require(sd_bus_new(&bus), "making a connection");
    bus_.reset(bus);
    require(sd_bus_set_address(bus, address_of_system_bus()), "setting the address of the bus");
    require(sd_bus_set_bus_client(bus, 1), "asking for a bus");
    require(sd_bus_set_watch_bind(bus, 1), "asking to wait for the bus");
    require(sd_bus_set_connected_signal(bus, 1), "asking to be told of the bus");
    require(sd_bus_set_close_on_exit(bus, 0), "asking not to wait at the end");  // for a bus that hangs
    // Not from within the connection, which the callback may end.
    const auto connected = [](sd_bus_message *, void *self, sd_bus_error *) {
        auto &arrival = *static_cast<Arrival *>(self);
        try {
            arrival.soon_ = arrival.loop_.after({}, arrival.arrived_);
        } catch (const std::exception &) {
            return -ENOMEM;
        }
        return 0;
    };
    require(sd_bus_match_signal_async(bus, nullptr, kLocal, kLocalPath, kLocal, "Connected", connected, nullptr, this),
            "asking to be told of the bus");
    require(sd_bus_start(bus), "waiting for the bus");
    require(sd_bus_attach_event(bus, loop.get(), SD_EVENT_PRIORITY_NORMAL), "waiting for the bus");
}

}  // namespace vmac::bus
