// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/restore_budget.hpp"

#include <algorithm>
#include <cstdint>

namespace vmac {

void RestoreBudget::refill(Clock::time_point now) {
    const std::int64_t more = (now - refilled_) / kRefill;
    left_ = static_cast<int>(std::min<std::int64_t>(left_ + more, kBurst));
    refilled_ += more * kRefill;
    contested_ = left_ == 0 || (contested_ && left_ < kCalm);
}

bool RestoreBudget::has_one(Clock::time_point now) {
    refill(now);
    return left_ > 0;
}

bool RestoreBudget::is_contested(Clock::time_point now) {
    refill(now);
    return contested_;
}

void RestoreBudget::spend() {
    left_ = std::max(left_ - 1, 0);
}

}  // namespace vmac
