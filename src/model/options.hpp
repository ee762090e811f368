// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "model/action.hpp"
#include "model/interface_name.hpp"
#include "model/message.hpp"

namespace vmac {

/// What somebody said about one interface. What is not said comes from the layer below: bus over configuration
/// of the interface over configuration of all.
struct Options {
    std::optional<Action> action;
    std::optional<std::string> parent;   ///< name of a device; empty: the lower device of the macvlan
    std::optional<MessageSet> messages;  ///< never empty
    std::optional<bool> runtime;         ///< true: not kept over a reboot

    bool operator==(const Options &) const = default;

    /// These options where they say something, @p lower where they do not.
    [[nodiscard]] Options over(const Options &lower) const;
};

/// Checks the option parent: empty, or an interface name. @throws Error InvalidOption
std::string parse_parent(const std::string &name);

using InterfaceOptions = std::map<InterfaceName, Options>;

/// Which devices the guard is for.
struct GuardScope {
    enum class Mode {
        Off,      ///< none
        Parents,  ///< those below interfaces under management, now or earlier
        All,      ///< all Ethernet devices
    };

    Mode mode = Mode::Parents;
    std::set<InterfaceName> devices;  ///< these too, parents or not

    bool operator==(const GuardScope &) const = default;
};

/// The mode of that name: "auto", "off" or "all". @throws Error InvalidOption, which says what modes there are
GuardScope::Mode parse_guard_mode(std::string_view text);
std::string_view to_string(GuardScope::Mode mode);

/// What the configuration files say together.
struct Config {
    Options defaults;                   ///< only action and messages
    std::size_t max_interfaces = 8192;  ///< interfaces that may be under management
    bool auto_detect = true;            ///< whether VRRP virtual-MAC interfaces come under management by themselves
    GuardScope guard;
    bool own_tables = true;  ///< whether to keep others from changing our tables, where that can be
    InterfaceOptions interfaces;

    bool operator==(const Config &) const = default;

    /// @throws Error LimitReached when @p count interfaces are more than max_interfaces
    void require_room(std::size_t count) const;
};

}  // namespace vmac
