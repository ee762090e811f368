// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json.hpp>

#include "ctl/report.hpp"

// What --json prints. It is stable: keys may be added, none is taken away; see JSON in mldfilterctl(1).
namespace vmac::ctl {

/// A summary, with the number of findings of each severity.
nlohmann::json to_json(const Overview &overview, const std::vector<audit::Finding> &findings);

nlohmann::json to_json(const ManagedInterface &interface);
nlohmann::json to_json(const CounterTable &table);
nlohmann::json to_json(const audit::Finding &finding);

/// A list of any of these.
template <typename T>
nlohmann::json to_json(const std::vector<T> &list) {
    auto array = nlohmann::json::array();
    for (const auto &item : list) {
        array.push_back(to_json(item));
    }
    return array;
}

}  // namespace vmac::ctl
