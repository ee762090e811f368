// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include "model/error.hpp"

namespace vmac::bus {

/// The D-Bus name of an error. The one table.
const char *dbus_name(Errc code);

/// An error as it goes over the bus.
sdbus::Error to_bus(const Error &error);

/// The exception that is being handled, as it goes over the bus. To be called in a catch block only.
sdbus::Error current_error();

}  // namespace vmac::bus
