// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <systemd/sd-bus.h>

#include <functional>
#include <memory>

#include "system/event_loop.hpp"

namespace vmac::bus {

/// Waits for a system bus, whose socket need not exist yet: at boot the service is there first. By
/// sd_bus_set_watch_bind(3), with a connection of its own that ends with it; sdbus-c++ has no access to that.
class Arrival {
public:
    /// @param arrived is called once, in the loop, when a bus has answered. It may end this.
    /// @throws std::system_error for an address that cannot be watched, such as a malformed one
    Arrival(EventLoop &loop, std::function<void()> arrived);

private:
    EventLoop &loop_;
    std::function<void()> arrived_;
    EventSource soon_{nullptr, sd_event_source_disable_unref};
    std::unique_ptr<sd_bus, decltype(&sd_bus_close_unref)> bus_{nullptr, sd_bus_close_unref};
};

}  // namespace vmac::bus
