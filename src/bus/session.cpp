// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/session.hpp"

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
      service_(std::make_unique<Service>(*connection_, std::move(backend))),
      attachment_(loop, *connection_, std::move(lost)) {
    take_name(*connection_);
}

Session::~Session() = default;

}  // namespace vmac::bus
