// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/setup.hpp"

#include <cstdlib>

#include "daemon/journal.hpp"
#include "daemon/message_ids.hpp"
#include "model/error.hpp"
#include "store/config.hpp"

namespace vmac {
namespace {

/// The first of the directories in a variable, which systemd separates by colons.
std::filesystem::path directory_in(const char *variable, const char *otherwise) {
    const char *value = std::getenv(variable);
    const std::string_view list = value == nullptr ? "" : value;
    return list.empty() ? otherwise : std::string(list.substr(0, list.find(':')));
}

}  // namespace

Directories Directories::from_environment() {
    return {.state = directory_in("STATE_DIRECTORY", "/var/lib/vmac-mldfilter"),
            .configuration = directory_in("CONFIGURATION_DIRECTORY", "/etc/vmac-mldfilter"),
            .runtime = directory_in("RUNTIME_DIRECTORY", "")};
}

Setup read_setup(const std::filesystem::path &directory, const Config &last_good) {
    try {
        return {.config = store::load_config(directory), .complaint = {}};
    } catch (const Error &error) {
        complain(error.what(), "; the last good configuration is used");
        return {.config = last_good, .complaint = error.what()};
    }
}

void complain(const std::string &complaint, const char *consequence) {
    journal(LOG_ERR, message_id::kConfigurationWrong, complaint + consequence, {{"VMAC_REASON", complaint}});
}

}  // namespace vmac
