// SPDX-License-Identifier: GPL-2.0-or-later
// What is counted per second, and small pictures of it.
#include "ctl/rates.hpp"

#include <gmock/gmock.h>

#include "ctl_support.hpp"

namespace vmac::ctl {
namespace {

using namespace std::chrono_literals;
using testing::DoubleEq;
using testing::ElementsAre;
using testing::IsEmpty;

class RatesTest : public testing::Test {
protected:
    /// Looks @p later than at the last time at one counter, of vrrp6 and igmp.
    void look(std::chrono::milliseconds later, std::uint64_t packets, std::uint64_t bytes = 0) {
        look(later, {{"vrrp6", {{"igmp", {packets, bytes}}}}});
    }

    void look(std::chrono::milliseconds later, const CounterTable &counters) {
        now += later;
        rates.look(counters, now);
    }

    [[nodiscard]] double packets(const char *name = "vrrp6", const char *message = "igmp") const {
        return rates.last(name, message).packets;
    }

    Rates rates{3};
    Rates::Clock::time_point now{1h};
};

TEST_F(RatesTest, ThereAreNoneBeforeTheSecondLook) {
    EXPECT_EQ(packets(), 0);
    EXPECT_THAT(rates.past("vrrp6", "igmp"), IsEmpty());
    look(0s, 1000, 2000);
    EXPECT_EQ(packets(), 0) << "what was counted before is no rate";
    EXPECT_EQ(rates.last("vrrp6", "igmp").bytes, 0);
}

TEST_F(RatesTest, AreByTheTimeThatHasPassed) {
    look(0s, 10, 1000);
    look(500ms, 20, 2500);
    EXPECT_THAT(packets(), DoubleEq(20));
    EXPECT_THAT(rates.last("vrrp6", "igmp").bytes, DoubleEq(3000));
    look(4s, 22, 2500);
    EXPECT_THAT(packets(), DoubleEq(0.5));
    EXPECT_EQ(rates.last("vrrp6", "igmp").bytes, 0);
}

TEST_F(RatesTest, OfACounterThatWasResetCountFromZero) {
    look(0s, 100, 9000);
    look(2s, 6, 540);
    EXPECT_THAT(packets(), DoubleEq(3));
    EXPECT_THAT(rates.last("vrrp6", "igmp").bytes, DoubleEq(270));
    look(1s, 6, 540);
    EXPECT_EQ(packets(), 0);
}

TEST_F(RatesTest, OfWhatHasJustComeThereAreNone) {
    look(0s, {{"vrrp6", {{"igmp", {1, 1}}}}});
    look(1s, {{"vrrp6", {{"igmp", {2, 2}}, {"mld-listener-done", {50, 50}}}}, {"vrrp7", {{"igmp", {50, 50}}}}});
    EXPECT_EQ(packets("vrrp6", "igmp"), 1);
    EXPECT_EQ(packets("vrrp6", "mld-listener-done"), 0);
    EXPECT_EQ(packets("vrrp7", "igmp"), 0);
    look(1s, {{"vrrp7", {{"igmp", {53, 50}}}}});
    EXPECT_EQ(packets("vrrp7", "igmp"), 3);
    EXPECT_EQ(packets("vrrp6", "igmp"), 0) << "gone";
}

TEST_F(RatesTest, ThatWouldBeInfiniteAreNone) {
    look(0s, 1);
    look(0s, 100);
    EXPECT_EQ(packets(), 0);
}

TEST_F(RatesTest, PastIsOnlyAsDeepAsAskedFor) {
    look(0s, 0);
    EXPECT_THAT(rates.past("vrrp6", "igmp"), ElementsAre(0));
    look(1s, 1);
    look(1s, 3);
    EXPECT_THAT(rates.past("vrrp6", "igmp"), ElementsAre(0, 1, 2));
    look(1s, 6);
    EXPECT_THAT(rates.past("vrrp6", "igmp"), ElementsAre(1, 2, 3)) << "the latest is the last";
}

TEST_F(RatesTest, PastIsOfOneMessageOrOfAll) {
    const auto counters = [](std::uint64_t first, std::uint64_t second, std::uint64_t other) {
        return CounterTable{{"vrrp6", {{"igmp", {first, 0}}, {"mld-listener-done", {second, 0}}}},
                            {"vrrp7", {{"igmp", {other, 0}}}}};
    };
    look(0s, counters(0, 0, 0));
    look(1s, counters(1, 10, 100));
    EXPECT_THAT(rates.past("vrrp6", ""), ElementsAre(0, 11));
    EXPECT_THAT(rates.past("vrrp6", "igmp"), ElementsAre(0, 1));
    EXPECT_THAT(rates.past("vrrp6", "mld-listener-done"), ElementsAre(0, 10));
    EXPECT_THAT(rates.past("vrrp7", ""), ElementsAre(0, 100));
    EXPECT_THAT(rates.past("vrrp", ""), ElementsAre(0, 0)) << "another name";
}

TEST(Sparkline, TheHighestIsFull) {
    EXPECT_EQ(sparkline({1, 2, 3, 4, 5, 6, 7, 8}, 8, true), "▁▂▃▄▅▆▇█");
    EXPECT_EQ(sparkline({1000, 500, 0}, 3, true), "█▄ ");
    EXPECT_EQ(sparkline({5}, 3, true), "█");
}

TEST(Sparkline, NothingIsABlankAndLittleIsNot) {
    EXPECT_EQ(sparkline({0, 0}, 2, true), "  ");
    EXPECT_EQ(sparkline({0.001, 1e9}, 2, true), "▁█");
    EXPECT_EQ(sparkline({}, 2, true), "");
}

TEST(Sparkline, ShowsTheLatestOfWhatThereIsNoRoomFor) {
    EXPECT_EQ(sparkline({100, 1, 2}, 2, true), "▄█") << "what is not shown does not set the scale";
    EXPECT_EQ(sparkline({1, 2}, 0, true), "");
}

TEST(Sparkline, HasEightStepsWithoutUtf8Too) {
    EXPECT_EQ(sparkline({0, 1, 2, 3, 4, 5, 6, 7, 8}, 9, false), " ..:-=+*#");
}

}  // namespace
}  // namespace vmac::ctl
