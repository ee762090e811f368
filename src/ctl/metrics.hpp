// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ctl/report.hpp"

// What monitoring is told. Names and labels are for ever: alert rules, dashboards and recorded data know them.
namespace vmac::ctl {

/// One value of a metric. All of ours are whole numbers, and counters use all 64 bits, more than a double can hold.
struct Sample {
    std::vector<std::pair<std::string, std::string>> labels;
    std::uint64_t value = 0;

    bool operator==(const Sample &) const = default;
};

/// A metric with all its values, of which no two have the same labels.
struct Family {
    std::string name;
    std::string type;  ///< "gauge" or "counter"
    std::string help;  ///< one sentence
    std::vector<Sample> samples;

    bool operator==(const Family &) const = default;
};

/// All metrics of @p report; without one, for the service does not run, that it is not up and nothing else.
///
/// A family without samples is left out, as Prometheus' own libraries do it: a value for an interface that nobody knows
/// yet cannot be there before the interface is, and a name without values says nothing.
std::vector<Family> metrics(const std::optional<Report> &report);

/// Prometheus' text format, version 0.0.4.
std::string exposition(const std::vector<Family> &families);

/// The same for other programs: {"families": [{"name", "type", "help", "samples": [{"labels": {}, "value"}]}]}.
nlohmann::json to_json(const std::vector<Family> &families);

}  // namespace vmac::ctl
