// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/options.hpp"
#include "net/link.hpp"
#include "nft/ruleset.hpp"

// From what people asked for and what links there are to what is to be done. Pure.
namespace vmac {

/// Who wants an interface under management.
struct Origins {
    bool config = false;    ///< a configuration file
    bool api = false;       ///< somebody on the bus
    bool detected = false;  ///< it is a macvlan with a VRRP MAC

    bool operator==(const Origins &) const = default;
};

/// One interface under management.
struct Entry {
    InterfaceName name;
    Action action = Action::Relocate;            ///< asked for
    Action effective_action = Action::Relocate;  ///< in force
    std::string reason;                          ///< why the two differ; empty when they do not
    MessageSet messages;
    Origins origins;
    bool runtime = false;
    std::string parent;         ///< the device found to relocate to, whatever the action; empty when there is none
    unsigned parent_index = 0;  ///< 0 when there is no relocating
    bool present = false;       ///< whether the interface exists
    unsigned ifindex = 0;       ///< 0 when not present
    std::string mac;            ///< empty when not present

    bool operator==(const Entry &) const = default;
};

using Entries = std::map<InterfaceName, Entry>;

/// Everything under management. What somebody on the bus said about an interface counts before its
/// configuration, and that before the defaults of the configuration. Interfaces that are only detected come last:
/// where max_interfaces has no room for them, and where nft cannot write their names, they are left to the guard.
Entries resolve(const Config &config, const InterfaceOptions &api, const net::LinkTable &links);

/// What resolve() would make of one interface.
struct Resolved {
    std::optional<Entry> entry;  ///< none when it is not under management
    bool alone = true;           ///< no other entry becomes another one; if not, @a entry says nothing
};

/// The same for one interface when only what is asked for about it is another one: as much work as there is for one.
/// @param entries what resolve() has made of all before
Resolved resolve_one(const InterfaceName &name, const Config &config, const InterfaceOptions &api,
                     const net::LinkTable &links, const Entries &entries);

/// What the kernel must hold for one entry: verdicts, and the index of the device to relocate to, if there is one.
PerMessage<nft::Verdict> verdicts_for(const Entry &entry);
std::optional<unsigned> parent_for(const Entry &entry);

/// What the kernel must hold for these entries. Verdicts do not depend on the parent, so that it can come and go
/// without a moment in which a message gets out.
nft::Ruleset desired_ruleset(const Entries &entries);

/// How many interfaces somebody has named, in the configuration or on the bus.
std::size_t count_named(const Config &config, const InterfaceOptions &api);

}  // namespace vmac
