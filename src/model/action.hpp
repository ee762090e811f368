// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

namespace vmac {

/// What happens to the messages of an interface.
enum class Action {
    Relocate,  ///< send from the parent, drop here
    Drop,      ///< drop
    Allow,     ///< leave the interface alone
};

std::string_view to_string(Action action);

/// The action of that name. @throws Error InvalidOption, which says what actions there are
Action parse_action(std::string_view text);

}  // namespace vmac
