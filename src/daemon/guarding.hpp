// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <string>

#include "daemon/entries.hpp"
#include "model/parents.hpp"
#include "nft/guard.hpp"

// Which devices the guard is for, and with it all that the kernel must hold. Pure.
namespace vmac {

/// The device below an interface under management, when that is a macvlan and the device is in this network namespace.
const net::Link *lower_device(const Entry &entry, const net::LinkTable &links);

/// Adds the devices that are below interfaces under management now to those that were, and takes note of their MACs.
/// The number of devices is bounded: those that are gone make room for new ones.
Parents remember_parents(Parents known, const Entries &entries, const net::LinkTable &links);

/// What the guard must be.
/// @param absent_too whether the kernel takes a guard on a device that is not there, for when it comes again
nft::Guard desired_guard(const GuardScope &scope, const Parents &parents, const Entries &entries,
                         const net::LinkTable &links, bool absent_too);

/// Both lines: what the kernel must hold, as far as it can. @param absent_too as above
nft::Ruleset desired_tables(const Config &config, const Entries &entries, const Parents &parents,
                            const net::LinkTable &links, bool absent_too);

/// The devices below VRRP virtual-MAC interfaces that cannot have a guard, and why.
std::map<std::string, std::string> unguardable(const net::LinkTable &links);

}  // namespace vmac
