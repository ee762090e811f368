// SPDX-License-Identifier: GPL-2.0-or-later
// Who is served next, and how much of one sender waits.
#include "bus/turns.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

namespace vmac::bus {
namespace {

using testing::AnyOf;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

class TurnsTest : public testing::Test {
protected:
    /// A call of @p sender that waits for its turn and then writes down its name.
    void call(const std::string &sender, const std::string &call_name) {
        turns.add(turns.admit(sender), [this, call_name] { served.push_back(call_name); });
    }

    void fill(const std::string &sender) {
        for (std::size_t i = 0; i < Turns::kMostWaiting; ++i) {
            call(sender, sender);
        }
    }

    void serve_all() {
        while (turns.is_any_waiting()) {
            turns.serve_one();
        }
    }

    std::vector<std::string> served;  ///< before the turns, whose calls write to it
    Turns turns;
};

TEST_F(TurnsTest, NothingWaitsAtFirst) {
    EXPECT_FALSE(turns.is_any_waiting());
    turns.serve_one();
    EXPECT_THAT(served, IsEmpty());
}

TEST_F(TurnsTest, CallsOfOneAreServedAsTheyCame) {
    call(":1.1", "a");
    call(":1.1", "b");
    call(":1.1", "c");
    serve_all();
    EXPECT_THAT(served, ElementsAre("a", "b", "c"));
}

TEST_F(TurnsTest, OneIsServedAtATime) {
    call(":1.1", "a");
    call(":1.1", "b");
    turns.serve_one();
    EXPECT_THAT(served, ElementsAre("a"));
    EXPECT_TRUE(turns.is_any_waiting());
    turns.serve_one();
    EXPECT_FALSE(turns.is_any_waiting());
}

TEST_F(TurnsTest, WhoKeepTheirLinesFullAreServedInTurn) {
    fill(":1.1");
    turns.serve_one();
    fill(":1.2");
    turns.serve_one();
    turns.serve_one();
    served.clear();
    for (int i = 0; i < 4; ++i) {
        turns.serve_one();
    }
    EXPECT_THAT(served,
                AnyOf(ElementsAre(":1.1", ":1.2", ":1.1", ":1.2"), ElementsAre(":1.2", ":1.1", ":1.2", ":1.1")));
}

TEST_F(TurnsTest, WhoWaitsForEachAnswerWaitsForOneCallOfSomebodyElse) {
    constexpr int kFlooders = 64;
    for (int i = 0; i < kFlooders; ++i) {
        fill(":1." + std::to_string(i));
    }
    for (int i = 0; i < 2 * kFlooders; ++i) {
        turns.serve_one();  // until nobody of them is new
    }
    for (int i = 0; i < 10; ++i) {
        served.clear();
        call(":1.100", "polite");
        turns.serve_one();
        turns.serve_one();
        EXPECT_THAT(served, Contains("polite"));
    }
}

TEST_F(TurnsTest, WhoCallsAgainAndAgainKeepsNobodyFromATurn) {
    fill(":1.1");
    turns.serve_one();
    served.clear();
    for (int i = 0; i < 3; ++i) {
        call(":1.2", "again");
        turns.serve_one();
        turns.serve_one();
    }
    EXPECT_THAT(served, ElementsAre(":1.1", "again", ":1.1", "again", ":1.1", "again"));
}

TEST_F(TurnsTest, WhoeverComesNewKeepsNobodyFromATurn) {
    fill(":1.1");
    turns.serve_one();
    served.clear();
    for (int i = 0; i < 6; ++i) {
        call(":1." + std::to_string(100 + 2 * i), "new");
        call(":1." + std::to_string(101 + 2 * i), "new");
        turns.serve_one();
    }
    EXPECT_THAT(served, ElementsAre(":1.1", "new", ":1.1", "new", ":1.1", "new"));
}

TEST_F(TurnsTest, WhoHasTooManyHasNoRoomAndOthersHave) {
    EXPECT_TRUE(turns.has_room(":1.1"));
    fill(":1.1");
    EXPECT_FALSE(turns.has_room(":1.1"));
    EXPECT_TRUE(turns.has_room(":1.2"));
}

TEST_F(TurnsTest, WhoHasBeenServedHasRoomAgain) {
    fill(":1.1");
    turns.serve_one();
    EXPECT_TRUE(turns.has_room(":1.1"));
    call(":1.1", "one more");
    EXPECT_FALSE(turns.has_room(":1.1"));
    serve_all();
    EXPECT_TRUE(turns.has_room(":1.1"));
    EXPECT_EQ(served.size(), Turns::kMostWaiting + 1);
}

TEST_F(TurnsTest, ACallThatIsNotInTheLineYetCountsToo) {
    std::vector<std::shared_ptr<const Turns::Place>> at_polkit;
    for (std::size_t i = 0; i < Turns::kMostWaiting; ++i) {
        at_polkit.push_back(turns.admit(":1.1"));
    }
    EXPECT_FALSE(turns.is_any_waiting());
    EXPECT_FALSE(turns.has_room(":1.1"));
    at_polkit.pop_back();  // polkit has said no
    EXPECT_TRUE(turns.has_room(":1.1"));
}

TEST_F(TurnsTest, ALargeCallFillsTheLineByItself) {
    const auto small = turns.admit(":1.1");
    {
        const auto large = turns.admit(":1.1", Turns::kMostWaiting);
        EXPECT_FALSE(turns.has_room(":1.1"));
    }
    EXPECT_TRUE(turns.has_room(":1.1"));
}

TEST_F(TurnsTest, WhatWaitsForOneWhoHasLeftIsDropped) {
    const auto alive = std::make_shared<int>();
    turns.add(turns.admit(":1.1"), [this, alive] { served.emplace_back("gone"); });
    turns.add(turns.admit(":1.1"), [this, alive] { served.emplace_back("gone"); });
    call(":1.2", "here");
    EXPECT_EQ(alive.use_count(), 3);
    turns.forget(":1.1");
    EXPECT_EQ(alive.use_count(), 1) << "the calls are kept";
    serve_all();
    EXPECT_THAT(served, ElementsAre("here"));
}

TEST_F(TurnsTest, OneWhoHasLeftAndNeverCalled) {
    call(":1.2", "here");
    turns.forget(":1.1");
    serve_all();
    EXPECT_THAT(served, ElementsAre("here"));
}

TEST_F(TurnsTest, OneWhoLeavesWhilePolkitThinks) {
    auto at_polkit = turns.admit(":1.1");
    call(":1.1", "gone");
    turns.forget(":1.1");
    EXPECT_FALSE(turns.is_any_waiting());
    at_polkit.reset();
    fill(":1.1");
    serve_all();
    EXPECT_EQ(served.size(), Turns::kMostWaiting);
}

TEST_F(TurnsTest, WhatWaitsAtTheEndIsDroppedWithIt) {
    const auto alive = std::make_shared<int>();
    {
        Turns ending;
        for (const char *sender : {":1.1", ":1.1", ":1.2"}) {
            ending.add(ending.admit(sender), [alive] {});
        }
    }
    EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace vmac::bus
