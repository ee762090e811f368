// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/finding.hpp"
#include "model/counters.hpp"

// What the service has told, as text and numbers: a newer service may know words that this program does not.
namespace vmac::ctl {

/// The properties of the service; see org.vmac.MldFilter(5).
struct Overview {
    std::string version;
    bool is_protected = false;
    bool guard_active = false;
    bool auto_detect = false;
    std::uint64_t restorations = 0;
    std::vector<std::string> features;
    std::vector<std::string> interfaces;  ///< names of all that are under management, sorted
};

/// One interface, as ListInterfaces tells it.
struct ManagedInterface {
    std::string name;
    std::string action;
    std::string effective_action;
    std::string reason;  ///< why the two differ; empty when they do not
    std::vector<std::string> messages;
    std::vector<std::string> origins;
    bool runtime = false;
    std::string parent;  ///< empty: none
    bool present = false;
    std::uint32_t ifindex = 0;  ///< 0 when not present
    std::string mac;            ///< empty when not present
};

/// Counts by interface, or by guarded device, and message.
using CounterTable = std::map<std::string, std::map<std::string, Count>>;

/// All that can be asked at one moment.
struct Report {
    Overview overview;
    std::vector<ManagedInterface> interfaces;
    CounterTable counters;
    CounterTable guard;
    std::vector<audit::Finding> findings;
};

}  // namespace vmac::ctl
