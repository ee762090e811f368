// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "ctl/report.hpp"

namespace sdbus {
class IConnection;
}

namespace vmac::ctl {

/// Something that the service, or the bus about it, has told.
struct Event {
    enum class Kind {
        InterfaceAdded,
        InterfaceChanged,
        InterfaceRemoved,
        RulesetRestored,
        PropertiesChanged,
        ServiceStarted,
        ServiceStopped,
    };

    Kind kind;
    ManagedInterface interface;     ///< added, changed: all of it; removed: its name
    std::string cause;              ///< restored: what was found
    std::set<std::string> changed;  ///< names of properties
    Overview overview;              ///< their values
};

/// What happens, for as long as this lives. The connection must be attached to an event loop.
class Events {
public:
    using Handler = std::function<void(const Event &)>;

    /// @throws Failure
    Events(sdbus::IConnection &connection, Handler handler);
    ~Events();
    Events(const Events &) = delete;
    Events &operator=(const Events &) = delete;

private:
    class Listener;

    std::unique_ptr<Listener> listener_;
};

}  // namespace vmac::ctl
