// SPDX-License-Identifier: GPL-2.0-or-later
// How often tables are restored when another program does not give in.
#include "daemon/restore_budget.hpp"

#include <gtest/gtest.h>

namespace vmac {
namespace {

using namespace std::chrono_literals;

class RestoreBudgetTest : public testing::Test {
protected:
    /// Takes all that there are now. @return how many there were
    int drain() {
        int taken = 0;
        while (taken < 1000 && budget.has_one(now)) {
            budget.spend();
            ++taken;
        }
        return taken;
    }

    RestoreBudget budget;
    RestoreBudget::Clock::time_point now{1000h};  ///< the clock does not begin with the service
};

TEST_F(RestoreBudgetTest, ABurstOf200IsFreeAndThenThereIsNone) {
    EXPECT_FALSE(budget.is_contested(now));
    EXPECT_EQ(drain(), 200);
    EXPECT_FALSE(budget.has_one(now));
    EXPECT_TRUE(budget.is_contested(now));
}

TEST_F(RestoreBudgetTest, LookingCostsNothing) {
    for (int i = 0; i < 1000; ++i) {
        EXPECT_TRUE(budget.has_one(now));
    }
    EXPECT_EQ(drain(), 200);
}

TEST_F(RestoreBudgetTest, ThenItIsOneInEachSecond) {
    drain();
    for (int second = 1; second <= 5; ++second) {
        now += 999ms;
        EXPECT_FALSE(budget.has_one(now)) << second;
        now += 1ms;
        EXPECT_EQ(drain(), 1) << second;
    }
    now += 10s;
    EXPECT_EQ(drain(), 10);
}

TEST_F(RestoreBudgetTest, PartsOfASecondAreNotLostByLooking) {
    drain();
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(budget.has_one(now));
        now += 100ms;
    }
    EXPECT_TRUE(budget.has_one(now));
}

TEST_F(RestoreBudgetTest, AYearOfCalmSavesUpNoMoreThanABurst) {
    drain();
    now += 24h * 365;
    EXPECT_EQ(drain(), 200);
}

TEST_F(RestoreBudgetTest, IsContestedUntilThereWasAMinuteOfCalm) {
    drain();
    now += 59s;
    EXPECT_TRUE(budget.is_contested(now));
    now += 1s;
    EXPECT_FALSE(budget.is_contested(now));
}

TEST_F(RestoreBudgetTest, WhatIsSpentMeanwhilePutsTheCalmOff) {
    drain();
    now += 50s;
    EXPECT_TRUE(budget.has_one(now));
    budget.spend();
    now += 10s;
    EXPECT_TRUE(budget.is_contested(now));
    now += 1s;
    EXPECT_FALSE(budget.is_contested(now));
}

TEST_F(RestoreBudgetTest, SomeRestorationsAreNoContest) {
    for (int i = 0; i < 199; ++i) {
        budget.spend();
    }
    EXPECT_FALSE(budget.is_contested(now));
    EXPECT_TRUE(budget.has_one(now));
}

TEST_F(RestoreBudgetTest, SpendingWhatIsNotThereIsNoDebt) {
    drain();
    for (int i = 0; i < 100; ++i) {
        budget.spend();
    }
    now += 1s;
    EXPECT_EQ(drain(), 1);
}

}  // namespace
}  // namespace vmac
