// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <variant>

#include "ctl/request.hpp"

namespace vmac::ctl {

/// To be printed, and nothing else to be done: help, or the version.
struct Text {
    std::string text;
};

/// @throws Failure with kUsage, which says what is wrong
std::variant<Request, Text> parse_command_line(int argc, const char *const *argv);

/// "NAME[:OPTION=VALUE]...", as `set` takes it: no interface name has a colon. @throws Failure with kUsage
Wish parse_wish(const std::string &text);

}  // namespace vmac::ctl
