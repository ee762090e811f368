// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "ctl/rates.hpp"
#include "ctl/report.hpp"
#include "ctl/show.hpp"

namespace vmac::ctl {

/// What was seen at the last look, and before.
struct Seen {
    std::optional<Overview> overview;            ///< nothing: the service does not run
    std::map<std::string, std::string> actions;  ///< effective ones, by interface
    CounterTable counters;
    CounterTable guard;
    Rates rates;
    Rates guard_rates;
    std::string notice;  ///< the last thing that happened, in words

    explicit Seen(std::size_t depth) : rates(depth), guard_rates(depth) {}
};

/// What `watch` shows: the busiest of late first. On a terminal, no more lines than it has.
Lines show_watch(const Look &look, const Seen &seen, const std::string &time);

/// The same for programs.
nlohmann::json watch_json(const Seen &seen, double time);

}  // namespace vmac::ctl
