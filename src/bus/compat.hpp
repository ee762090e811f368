// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

// The one place that knows the versions of sdbus-c++: 1.2 (Debian 12), 1.4 (Ubuntu 24.04) and 2.1 (Debian 13).
// SDBUS_CPP_MAJOR comes from the build.

#include <poll.h>
#include <sdbus-c++/sdbus-c++.h>
#include <systemd/sd-bus.h>

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
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

/// Whether the bus has not taken yet all that was said to it.
inline bool is_held_up(const sdbus::IConnection &connection) {
    try {
        return (poll_of(connection).events & POLLOUT) != 0;
    } catch (const sdbus::Error &) {
        return false;  // the bus is gone
    }
}

/// Handles one message, if there is one. Whether there was something to do.
inline bool process(sdbus::IConnection &connection) {
#if SDBUS_CPP_MAJOR >= 2
    return connection.processPendingEvent();
#else
    return connection.processPendingRequest();
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

/// Calls @p handler with the unique name of each client that leaves the bus.
inline void on_sender_left(sdbus::IConnection &connection, std::function<void(const std::string &)> handler) {
    add_match(connection,
              "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
              "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg2=''",
              [handler = std::move(handler)](sdbus::Message &message) {
                  std::string name;
                  message >> name;
                  handler(name);
              });
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

/// A question to the bus itself.
inline sdbus::MethodCall question(sdbus::IConnection &connection) {
    constexpr auto kBus = "org.freedesktop.DBus";
    const auto bus = sdbus::createProxy(connection, ServiceName{kBus}, ObjectPath{"/org/freedesktop/DBus"});
    return bus->createMethodCall(BusInterfaceName{kBus}, MethodName{"GetId"});
}

/// The connection as libsystemd knows it. No version gives it away but through a message.
inline sd_bus *raw(sdbus::IConnection &connection) {
    return sd_bus_message_get_bus(raw(question(connection)));
}

/// Says something to the bus that nobody else hears of. Its answer is dropped.
inline void say_something(sdbus::IConnection &connection) {
    const auto message = question(connection);
    sd_bus_message_set_expect_reply(raw(message), 0);
    sd_bus_send(sd_bus_message_get_bus(raw(message)), raw(message), nullptr);
}

/// Ends a connection without waiting for the bus to take what has no room in the socket; sdbus-c++ would wait for ever.
inline void close(sdbus::IConnection &connection) {
    sd_bus_close(raw(connection));
}

/// Hears of each method call, and is asked about those of an interface before their arguments are read.
struct Doorkeeper {
    std::function<void()> called;  ///< must not throw
    std::string interface;
    std::function<std::optional<sdbus::Error>(const std::string &sender)> refuse;  ///< nothing: it may come in
};

using Slot = std::unique_ptr<sd_bus_slot, decltype(&sd_bus_slot_unref)>;

/// Reading the arguments may take long, and no version has anything before that; sd-bus has.
/// @param doorkeeper must outlive the slot, as must the connection
inline Slot ask_first(sdbus::IConnection &connection, Doorkeeper &doorkeeper) {
    const auto filter = [](sd_bus_message *message, void *data, sd_bus_error * /*error*/) {
        const auto &keeper = *static_cast<const Doorkeeper *>(data);
        const char *sender = sd_bus_message_get_sender(message);
        const char *interface = sd_bus_message_get_interface(message);  // a caller need not say it
        if (sd_bus_message_is_method_call(message, nullptr, nullptr) <= 0 || sender == nullptr) {
            return 0;
        }
        keeper.called();
        if (interface != nullptr && interface != keeper.interface) {
            return 0;
        }
        try {
            const auto refusal = keeper.refuse(sender);
            if (!refusal) {
                return 0;
            }
            const std::string name = refusal->getName();
            return sd_bus_reply_method_errorf(message, name.c_str(), "%s", refusal->getMessage().c_str()) < 0 ? -EIO
                                                                                                              : 1;
        } catch (const std::exception &) {
            return -ENOMEM;
        }
    };
    sd_bus_slot *slot = nullptr;
    if (const int status = sd_bus_add_filter(raw(connection), &slot, filter, &doorkeeper); status < 0) {
        throw sdbus::createError(-status, "asking about calls first");
    }
    return {slot, sd_bus_slot_unref};
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
