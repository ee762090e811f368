// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "audit/facts.hpp"
#include "audit/finding.hpp"
#include "audit/foreign.hpp"
#include "daemon/entries.hpp"
#include "model/counters.hpp"
#include "net/link.hpp"

// From all that is known to what an administrator should know. Pure.
namespace vmac::audit {

/// What the service knows about the second line of defence.
struct GuardReport {
    bool wanted = true;                             ///< the configuration does not turn it off
    bool supported = true;                          ///< the kernel can do it
    bool active = false;                            ///< the property GuardActive
    std::string reason;                             ///< why it is not, as far as that is known
    std::set<InterfaceName> devices;                ///< those on which the kernel holds it
    Counters slipped;                               ///< by device: what it has counted since the entries changed last
    std::map<std::string, std::string> impossible;  ///< device that it is for → why it is not there
};

/// How often our tables were put right.
struct Restorations {
    std::uint64_t count = 0;
    bool contested = false;  ///< another program keeps changing them at present
    std::string last_cause;
};

/// All that is known.
struct Situation {
    const Entries &entries;
    const net::LinkTable &links;
    bool auto_detect = true;
    std::size_t max_interfaces = 0;
    bool is_protected = false;
    std::string failure;  ///< why not; empty when the kernel was only not read back yet
    GuardReport guard;
    Restorations restorations;
    Counters counted;                    ///< what the entries have counted since the rules of others are as they are
    std::map<std::string, Facts> facts;  ///< by name of the interface
    ForeignRules foreign;
};

/// What there is to say: first what is critical, then what concerns the host, then by interface. Never empty: a host
/// on which all is well has findings of severity ok only.
std::vector<Finding> examine(const Situation &situation);

/// The name of a link as D-Bus can carry it: bytes that are not UTF-8 are written as \xff.
std::string printable(std::string_view name);

}  // namespace vmac::audit
