// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/errors.hpp"

#include <exception>

#include "bus/compat.hpp"

namespace vmac::bus {

const char *dbus_name(Errc code) {
    switch (code) {
        case Errc::InvalidName:
            return "org.vmac.MldFilter.Error.InvalidName";
        case Errc::InvalidOption:
            return "org.vmac.MldFilter.Error.InvalidOption";
        case Errc::NotFound:
            return "org.vmac.MldFilter.Error.NotFound";
        case Errc::StillDetected:
            return "org.vmac.MldFilter.Error.StillDetected";
        case Errc::KernelRejected:
            return "org.vmac.MldFilter.Error.KernelRejected";
        case Errc::EngineUnavailable:
            return "org.vmac.MldFilter.Error.EngineUnavailable";
        case Errc::StoreFailed:
            return "org.vmac.MldFilter.Error.StoreFailed";
        case Errc::LimitReached:
            return "org.vmac.MldFilter.Error.LimitReached";
        case Errc::AccessDenied:
            return "org.freedesktop.DBus.Error.AccessDenied";
        case Errc::InteractiveAuthorizationRequired:
            return "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired";
    }
    return "org.freedesktop.DBus.Error.Failed";
}

sdbus::Error to_bus(const Error &error) {
    return sdbus::Error(compat::ErrorName{dbus_name(error.code())}, error.what());
}

sdbus::Error current_error() {
    try {
        throw;
    } catch (const Error &error) {
        return to_bus(error);
    } catch (const sdbus::Error &error) {
        return error;
    } catch (const std::exception &error) {
        return sdbus::Error(compat::ErrorName{"org.freedesktop.DBus.Error.Failed"}, error.what());
    }
}

}  // namespace vmac::bus
