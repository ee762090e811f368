// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <set>
#include <string>

#include "daemon/entries.hpp"

namespace vmac {

/// What of the service is a property on the bus and changes.
enum class Property { Interfaces, AutoDetect, GuardActive, Protected, Restorations, Features };

/// Is told what has happened, after it has. Must not call the Filter back to change something.
class Observer {
public:
    virtual ~Observer() = default;
    Observer() = default;
    Observer(const Observer &) = delete;
    Observer &operator=(const Observer &) = delete;

    virtual void interface_added(const Entry & /*entry*/) {}
    virtual void interface_removed(const InterfaceName & /*name*/) {}
    virtual void interface_changed(const Entry & /*before*/, const Entry & /*now*/) {}

    /// Our tables were not as we had left them, and are again. @p process has changed them, as far as the kernel tells.
    virtual void ruleset_restored(const std::string & /*cause*/, const std::string & /*process*/) {}

    /// The guard is in force, or is not: @p reason says why, empty when nobody wants it, or when the first line is not
    /// in force either, which protection_changed() has told.
    virtual void guard_changed(bool /*is_active*/, const std::string & /*reason*/) {}

    /// The kernel holds what it must again, or does not: @p failure says why, empty when it only has not been read
    /// back yet.
    virtual void protection_changed(bool /*is_protected*/, const std::string & /*failure*/) {}

    /// What had to be saved could not be. A change was refused for that, or counters will be lost at a restart.
    virtual void state_not_saved(const std::string & /*reason*/) {}

    virtual void properties_changed(const std::set<Property> & /*properties*/) {}
};

}  // namespace vmac
