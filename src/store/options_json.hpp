// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "model/options.hpp"
#include "store/json_text.hpp"

namespace vmac::store {

// Options and configuration as JSON. Reading throws nlohmann::json::exception or Error where the text is not what
// was written.

void write(JsonText &text, const InterfaceOptions &interfaces);
InterfaceOptions interfaces_from_json(const nlohmann::json &object);

void write(JsonText &text, const Config &config);
Config config_from_json(const nlohmann::json &object);

}  // namespace vmac::store
