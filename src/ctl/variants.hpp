// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <map>
#include <string>

#include "bus/compat.hpp"
#include "ctl/client.hpp"
#include "ctl/report.hpp"

// Who is called, and from the types of the bus to those of reports. A key that is missing, or of another type, leaves
// its default: the service may be of another version.
namespace vmac::ctl {

inline constexpr auto kService = "org.vmac.MldFilter";  ///< the name on the bus, and of the interface
inline constexpr auto kObject = "/org/vmac/MldFilter";

using Dictionary = std::map<std::string, sdbus::Variant>;
using Properties = std::map<bus::compat::PropertyName, sdbus::Variant>;

/// Sets of @p overview what is in @p properties.
void read_properties(const Properties &properties, Overview &overview);

ManagedInterface read_interface(const std::string &name, const Dictionary &dictionary);
audit::Finding read_finding(const Dictionary &dictionary);

/// The options of a wish.
Dictionary options_of(const Wish &wish);

}  // namespace vmac::ctl
