// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <functional>
#include <memory>
#include <stdexcept>

#include "bus/attachment.hpp"
#include "bus/service.hpp"
#include "bus/taking.hpp"
#include "bus/turns.hpp"
#include "system/event_loop.hpp"

namespace vmac::bus {

/// The name on the bus is not ours to have: another instance owns it, or the bus policy forbids it.
class NameRefused : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// One connection to the system bus with everything that we have on it.
class Session {
public:
    /// Connects, puts the object on the bus, takes the name.
    /// @param lost is called once when the bus has gone away; must not end the session itself.
    /// @throws NameRefused; sdbus::Error when there is no bus
    Session(EventLoop &loop, Service::Backend backend, std::function<void()> lost);
    ~Session();
    Session(const Session &) = delete;
    Session &operator=(const Session &) = delete;

private:
    std::unique_ptr<sdbus::IConnection> connection_;
    Turns turns_;  ///< with messages of the connection in it
    Taking taking_;
    std::unique_ptr<Service> service_;
    Attachment attachment_;
};

}  // namespace vmac::bus
