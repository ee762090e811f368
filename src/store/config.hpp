// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string_view>

#include "model/options.hpp"

namespace vmac::store {

/// Lays one TOML file over what earlier files said.
/// @param file its name, for messages
/// @throws Error InvalidOption: "FILE:LINE: reason". Unknown keys are errors too.
Config parse_config(Config earlier, std::string_view text, const std::string &file);

/// Reads all "*.toml" files of @p directory in the order of their names; without directory the built-in defaults.
/// @throws Error InvalidOption
Config load_config(const std::filesystem::path &directory);

}  // namespace vmac::store
