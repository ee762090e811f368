// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

namespace vmac::worker {

/// Reads a command list, and makes sure that it changes nothing but our own tables: whoever asks the worker may have
/// been taken over. What comes back, serialised again, is what libnftables gets: not the text that was sent, which
/// another parser might read differently.
///
/// Taken are "list" of anything, and "add", "delete", "destroy" and "flush" of objects that name one of our tables, all
/// as libnftables-json(5) has them.
/// @throws Error AccessDenied, which says what is not taken
nlohmann::json require_ours(std::string_view text);

}  // namespace vmac::worker
