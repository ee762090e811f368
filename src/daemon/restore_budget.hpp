// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>

namespace vmac {

/// Limits how often our tables are restored, for the case that another program puts its own state back each time that
/// we do: both would burn a processor each. A burst is free, for there is no harm in it and a gap is harm.
class RestoreBudget {
public:
    using Clock = std::chrono::steady_clock;

    /// Whether there is a restoration left at @p now.
    [[nodiscard]] bool has_one(Clock::time_point now);

    /// Takes one.
    void spend();

    /// Whether it ran out, and there has not been a minute of calm since.
    [[nodiscard]] bool is_contested(Clock::time_point now);

private:
    void refill(Clock::time_point now);

    static constexpr int kBurst = 200;
    static constexpr int kCalm = 60;
    static constexpr std::chrono::seconds kRefill{1};  ///< each brings one more

    int left_ = kBurst;
    bool contested_ = false;
    Clock::time_point refilled_;
};

}  // namespace vmac
