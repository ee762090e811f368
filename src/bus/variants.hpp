// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <map>
#include <string>
#include <vector>

#include "audit/finding.hpp"
#include "daemon/entries.hpp"
#include "model/counters.hpp"

// Between the types of the model and those of the bus.
namespace vmac::bus {

using Dictionary = std::map<std::string, sdbus::Variant>;
using CounterDictionary = std::map<std::string, sdbus::Struct<std::uint64_t, std::uint64_t>>;

/// Reads the options of one interface.
/// @throws Error InvalidOption: an unknown option, one of another type, an unknown word.
Options read_options(const Dictionary &dictionary);

/// What ListInterfaces tells about an entry.
Dictionary describe(const Entry &entry);

CounterDictionary describe(const MessageCounts &counts);

/// What GetAllCounters and GetGuardCounters answer.
std::map<std::string, CounterDictionary> describe(const Counters &counters);

/// What Audit tells about a finding.
Dictionary describe(const audit::Finding &finding);

}  // namespace vmac::bus
