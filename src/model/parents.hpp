// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>

#include "model/interface_name.hpp"

namespace vmac {

/// The devices that are or were below interfaces under management, each with the MAC that it had last.
using Parents = std::map<InterfaceName, std::string>;

}  // namespace vmac
