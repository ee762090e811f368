// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "model/options.hpp"

namespace vmac {

/// Where the daemon finds its files.
struct Directories {
    std::filesystem::path state;          ///< STATE_DIRECTORY
    std::filesystem::path configuration;  ///< CONFIGURATION_DIRECTORY
    std::filesystem::path runtime;        ///< RUNTIME_DIRECTORY, empty after a boot; may be none

    /// From the environment that systemd sets (systemd.exec(5)), else where a package puts them.
    static Directories from_environment();
};

/// What a start goes by.
struct Setup {
    Config config;
    std::string complaint;  ///< what is wrong with the configuration on disk, so that it is not used; else empty
};

/// Reads the configuration. Where it is wrong, the journal says so and @p last_good is used. Does not throw.
Setup read_setup(const std::filesystem::path &directory, const Config &last_good);

/// Tells the journal what is wrong with the configuration, and what comes of it.
void complain(const std::string &complaint, const char *consequence);

}  // namespace vmac
