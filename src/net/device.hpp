// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

// What must be known of devices in the very moment in which rules are read; see link_monitor.hpp for what follows them.
namespace vmac::net {

/// The index of a device by its name; 0 when there is none. As if_nametoindex(3), which forgets why it could not ask.
/// @throws Error EngineUnavailable when that cannot be found out: asking takes a socket
unsigned index_of(const std::string &device);

}  // namespace vmac::net
