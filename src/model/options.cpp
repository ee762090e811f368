// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/options.hpp"

#include "model/error.hpp"

namespace vmac {

Options Options::over(const Options &lower) const {
    return {
        .action = action ? action : lower.action,
        .parent = parent ? parent : lower.parent,
        .messages = messages ? messages : lower.messages,
        .runtime = runtime ? runtime : lower.runtime,
    };
}

std::string parse_parent(const std::string &name) {
    try {
        return name.empty() ? name : InterfaceName::parse(name).str();
    } catch (const Error &error) {
        throw Error(Errc::InvalidOption, std::string("parent: ") + error.what());
    }
}

void Config::require_room(std::size_t count) const {
    if (count > max_interfaces) {
        throw Error(Errc::LimitReached, std::to_string(count) + " interfaces are more than the " +
                                            std::to_string(max_interfaces) +
                                            " that may be under management; see max_interfaces in the configuration");
    }
}

}  // namespace vmac
