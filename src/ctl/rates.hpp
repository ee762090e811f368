// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "ctl/report.hpp"

namespace vmac::ctl {

/// What was counted per second between two looks.
struct Rate {
    double packets = 0;
    double bytes = 0;
};

/// The rates of counters that are looked at again and again, and their recent past.
class Rates {
public:
    using Clock = std::chrono::steady_clock;

    /// @param depth how many looks are remembered
    explicit Rates(std::size_t depth) : depth_(depth) {}

    /// Takes in what the counters stand at, at @p now. The first look at a counter gives no rate; one that has gone
    /// back was reset, and counts from zero.
    void look(const CounterTable &counters, Clock::time_point now);

    /// The rate at the last look.
    [[nodiscard]] Rate last(const std::string &name, const std::string &message) const;

    /// Packets per second at each look that is remembered, the latest last; for all messages where @p message is empty.
    [[nodiscard]] std::vector<double> past(const std::string &name, const std::string &message) const;

private:
    using Key = std::pair<std::string, std::string>;
    using Look = std::map<Key, Rate>;

    std::size_t depth_;
    std::deque<Look> looks_;
    CounterTable before_;
    Clock::time_point then_;
};

/// A small picture of @p values, one character each, the highest of them full; of @p width characters at most, the
/// latest at the right. Nothing is a blank.
std::string sparkline(const std::vector<double> &values, std::size_t width, bool utf8);

}  // namespace vmac::ctl
