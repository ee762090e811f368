// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/session.hpp"

#include <chrono>
#include <string>
#include <utility>

#include "bus/compat.hpp"

namespace vmac::bus {
namespace {

constexpr auto kNameIsTaken = "org.freedesktop.DBus.Error.FileExists";

/// Whether nobody is there who has the name. After a connection has been given up that may be so for long: what
/// dbus-daemon(1) does not read from, it only notices the end of when it writes to it.
bool is_left_over(sdbus::IConnection &connection) {
    constexpr std::chrono::seconds kPatience{1};
    const auto owner = sdbus::createProxy(connection, compat::ServiceName{kBusName}, compat::ObjectPath{kObjectPath});
    const auto ping =
        owner->createMethodCall(compat::BusInterfaceName{"org.freedesktop.DBus.Peer"}, compat::MethodName{"Ping"});
    sd_bus_message_set_auto_start(compat::raw(ping), 0);
    try {
        owner->callMethod(ping, kPatience);
    } catch (const sdbus::Error &error) {
        const std::string &name = error.getName();
        return name == "org.freedesktop.DBus.Error.NoReply" || name == "org.freedesktop.DBus.Error.NameHasNoOwner";
    }
    return false;
}

void request_name(sdbus::IConnection &connection) {
    const compat::ServiceName name{kBusName};
    try {
        connection.requestName(name);
    } catch (const sdbus::Error &error) {
        if (error.getName() != kNameIsTaken || !is_left_over(connection)) {
            throw;
        }
        connection.requestName(name);
    }
}

void take_name(sdbus::IConnection &connection) {
    try {
        request_name(connection);
    } catch (const sdbus::Error &error) {
        const std::string &name = error.getName();
        if (name == kNameIsTaken) {
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
      taking_(loop, *connection_, [this] { attachment_.lose(); }),
      service_(std::make_unique<Service>(loop, *connection_, turns_, taking_, std::move(backend))),
      attachment_(loop, *connection_, std::move(lost), Callers{turns_, taking_}) {
    take_name(*connection_);
}

Session::~Session() = default;

}  // namespace vmac::bus
