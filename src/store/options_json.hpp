// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "model/options.hpp"

namespace vmac::store {

// Options and configuration as JSON. Reading throws nlohmann::json::exception or Error where the text is not what
// was written.

nlohmann::json interfaces_to_json(const InterfaceOptions &interfaces);
InterfaceOptions interfaces_from_json(const nlohmann::json &object);

nlohmann::json config_to_json(const Config &config);
Config config_from_json(const nlohmann::json &object);

}  // namespace vmac::store
