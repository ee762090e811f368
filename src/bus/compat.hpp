// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

// The one place that knows the versions of sdbus-c++: 1.2 (Debian 12), 1.4 (Ubuntu 24.04) and 2.1 (Debian 13).
// SDBUS_CPP_MAJOR comes from the build.

#include <sdbus-c++/sdbus-c++.h>
#include <systemd/sd-bus.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vmac::bus::compat {

#if SDBUS_CPP_MAJOR >= 2
using ServiceName = sdbus::ServiceName;
using ObjectPath = sdbus::ObjectPath;
using ErrorName = sdbus::Error::Name;
using PropertyName = sdbus::PropertyName;
using BusInterfaceName = sdbus::InterfaceName;
using MethodName = sdbus::MethodName;

/// What an asynchronous call ends with; false when it went well.
using ReplyError = std::optional<sdbus::Error>;
#else
using ServiceName = std::string;
using ObjectPath = std::string;
using ErrorName = std::string;
using PropertyName = std::string;
using BusInterfaceName = std::string;
using MethodName = std::string;

using ReplyError = const sdbus::Error *;
#endif

/// What the connection waits for.
struct Poll {
    int fd;
    short events;
    std::uint64_t deadline;  ///< microseconds of CLOCK_MONOTONIC; the largest value for never
};

inline Poll poll_of(const sdbus::IConnection &connection) {
    const auto data = connection.getEventLoopPollData();
#if SDBUS_CPP_MAJOR >= 2
    const bool never = data.timeout == std::chrono::microseconds::max();
    return {data.fd, data.events,
            never ? std::numeric_limits<std::uint64_t>::max() : static_cast<std::uint64_t>(data.timeout.count())};
#else
    return {data.fd, data.events, data.timeout_usec};
#endif
}

/// Handles one message, if there is one.
inline void process(sdbus::IConnection &connection) {
#if SDBUS_CPP_MAJOR >= 2
    connection.processPendingEvent();
#else
    connection.processPendingRequest();
#endif
}

/// Calls @p handler with each message that @p rule matches, for as long as the connection lives.
inline void add_match(sdbus::IConnection &connection, const std::string &rule,
                      std::function<void(sdbus::Message &)> handler) {
#if SDBUS_CPP_MAJOR >= 2
    connection.addMatch(rule, [handler = std::move(handler)](sdbus::Message message) { handler(message); });
#else
    connection.addMatch(
        rule, [handler = std::move(handler)](sdbus::Message &message) { handler(message); }, sdbus::floating_slot);
#endif
}

/// Calls @p handler when the connection has ended. sd-bus tells so itself; nothing of it is on the wire.
inline void on_disconnected(sdbus::IConnection &connection, std::function<void()> handler) {
    add_match(connection,
              "type='signal',path='/org/freedesktop/DBus/Local',"
              "interface='org.freedesktop.DBus.Local',member='Disconnected'",
              [handler = std::move(handler)](sdbus::Message & /*message*/) { handler(); });
}

/// The message as libsystemd knows it.
inline sd_bus_message *raw(const sdbus::Message &message) {
    struct Access : sdbus::Message {
        static sd_bus_message *of(const sdbus::Message &message) {
            return static_cast<sd_bus_message *>(message.*(&Access::msg_));
        }
    };
    return Access::of(message);
}

/// Who has called the method that is being served.
struct Caller {
    std::string sender;        ///< unique name on the bus
    bool interactive = false;  ///< whether the message allows that a person is asked
};

inline Caller caller_of(const sdbus::Message &message) {
    // No version tells whether interactive authorisation is allowed; sd-bus does.
    return {message.getSender(), sd_bus_message_get_allow_interactive_authorization(raw(message)) > 0};
}

/// To be asked at the entry of a method, while its message is the one that is processed.
inline Caller current_caller(const sdbus::IObject &object) {
#if SDBUS_CPP_MAJOR >= 2
    return caller_of(object.getCurrentlyProcessedMessage());
#else
    return caller_of(*object.getCurrentlyProcessedMessage());
#endif
}

/// Lets whoever is called over the connection of @p proxy ask a person. No version can say so of a call; sd-bus can of
/// all calls.
inline void allow_interaction(sdbus::IProxy &proxy, const char *interface) {
    const auto message =
        proxy.createMethodCall(BusInterfaceName{interface}, MethodName{"Ask"});  // only to get at the connection
    sd_bus_set_allow_interactive_authorization(sd_bus_message_get_bus(raw(message)), 1);
}

inline void emit_properties_changed(sdbus::IObject &object, const char *interface,
                                    const std::vector<PropertyName> &names) {
    object.emitPropertiesChangedSignal(BusInterfaceName{interface}, names);
}

}  // namespace vmac::bus::compat
