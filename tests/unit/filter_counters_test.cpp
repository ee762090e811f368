// SPDX-License-Identifier: GPL-2.0-or-later
// Counters through everything that happens to the elements which count: they never go backwards, but by a reset.
#include "filter_fixture.hpp"

namespace vmac {
namespace {

using test::FakeEngine;
using test::FilterFixture;
using test::name;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Count kOne = {1, 76};
const Options kDrop = {.action = Action::Drop};

class FilterCounters : public FilterFixture {
protected:
    void SetUp() override {
        start();
        filter->add(name("vrrp1"), {});
        diary.read();
    }

    /// @p packets MLDv1 reports leave vrrp1.
    void send(std::uint64_t packets) { kernel.count("vrrp1", Message::MldReport, {packets, packets * 76}); }

    /// How many of them are counted; what is counted in bytes must fit.
    std::uint64_t sent() {
        const Count count = counted("vrrp1", Message::MldReport);
        EXPECT_EQ(count.bytes, count.packets * 76);
        return count.packets;
    }
};

TEST_F(FilterCounters, AreThoseOfTheKernel) {
    send(3);
    EXPECT_EQ(sent(), 3U);
    kernel.count("vrrp1", Message::Igmp, {1, 40});
    EXPECT_EQ(counted("vrrp1", Message::Igmp), (Count{1, 40}));
    EXPECT_EQ(filter->counters().at(name("vrrp1")), filter->counters(name("vrrp1")));
}

TEST_F(FilterCounters, ThereIsOneForEveryMessageThatIsHandled) {
    EXPECT_EQ(filter->counters(name("vrrp1")).size(), kAllMessages.size());
    filter->add(name("one"), {.messages = MessageSet{Message::Igmp}});
    EXPECT_EQ(filter->counters(name("one")), (MessageCounts{{Message::Igmp, {}}}));
    filter->add(name("none"), {.action = Action::Allow});
    EXPECT_THAT(filter->counters(name("none")), IsEmpty());
    EXPECT_EQ(filter->counters().size(), 3U);
}

TEST_F(FilterCounters, OfSomethingUnknownAreNotFound) {
    EXPECT_THAT(test::message_of(Errc::NotFound, [this] { filter->counters(name("nobody")); }), HasSubstr("nobody"));
}

TEST_F(FilterCounters, SurviveAChangeOfTheAction) {
    send(3);
    filter->add(name("vrrp1"), kDrop);
    EXPECT_EQ(sent(), 3U);
    send(1);
    EXPECT_EQ(sent(), 4U);
}

TEST_F(FilterCounters, SurviveAllow) {
    send(3);
    filter->add(name("vrrp1"), {.action = Action::Allow});
    EXPECT_EQ(sent(), 3U);
    filter->add(name("vrrp1"), {.action = Action::Relocate});
    send(1);
    EXPECT_EQ(sent(), 4U);
}

TEST_F(FilterCounters, SurviveRemovalAndReturn) {
    send(3);
    filter->remove(name("vrrp1"));
    filter->add(name("vrrp1"), {});
    EXPECT_EQ(sent(), 3U);
}

TEST_F(FilterCounters, SurviveAFlushOnceTheyWereRead) {
    send(3);
    EXPECT_EQ(sent(), 3U);
    kernel.flush();
    EXPECT_EQ(sent(), 3U);
    EXPECT_EQ(filter->restorations(), 1U) << "asking for counters restores, too";
    send(1);
    EXPECT_EQ(sent(), 4U);
    kernel.flush();
    EXPECT_EQ(sent(), 4U);
}

TEST_F(FilterCounters, SurviveAReplacedTable) {
    send(3);
    kernel.foreign(nlohmann::json::parse(
        R"({"nftables": [{"add": {"rule": {"family": "ip6", "table": "vmac_mldfilter", "chain": "relocate",
                                                  "expr": [{"accept": null}]}}}]})"));
    EXPECT_EQ(sent(), 3U);
    EXPECT_EQ(filter->restorations(), 1U);
    send(1);
    EXPECT_EQ(sent(), 4U);
}

TEST_F(FilterCounters, SurviveARestart) {
    send(3);
    start();
    EXPECT_EQ(sent(), 3U);
}

TEST_F(FilterCounters, SurviveARestartAfterWhatWasCarried) {
    send(3);
    filter->add(name("vrrp1"), kDrop);  // carries 3
    send(2);
    start();
    EXPECT_EQ(sent(), 5U);
    start();
    EXPECT_EQ(sent(), 5U) << "what was carried is carried once";
}

TEST_F(FilterCounters, SurviveARestartThatReplacesTheTable) {
    send(3);
    kernel.foreign(nlohmann::json::parse(
        R"({"nftables": [{"add": {"rule": {"family": "ip6", "table": "vmac_mldfilter", "chain": "relocate",
                                                  "expr": [{"accept": null}]}}}]})"));
    start();
    EXPECT_EQ(sent(), 3U);
    start();
    EXPECT_EQ(sent(), 3U) << "it must be on disk by then";
}

TEST_F(FilterCounters, StartFromZeroInAnotherBoot) {
    send(3);
    filter->add(name("vrrp1"), kDrop);
    kernel.flush();
    start({}, "next boot");
    EXPECT_EQ(sent(), 0U);
}

TEST_F(FilterCounters, SurviveARefusal) {
    send(3);
    kernel.refuse(FakeEngine::Runs::Changes, 2);  // what was believed, then what was read
    test::message_of(Errc::KernelRejected, [this] { filter->add(name("vrrp1"), kDrop); });
    EXPECT_EQ(sent(), 3U);
    filter->add(name("vrrp1"), kDrop);
    EXPECT_EQ(sent(), 3U);
}

TEST_F(FilterCounters, NeverGoBackwardsWhateverHappens) {
    std::uint64_t total = 0;
    for (int round = 0; round < 6; ++round) {
        for (int event = 0; event < 5; ++event) {
            send(1);
            EXPECT_EQ(sent(), ++total);
            switch (event) {
                case 0:
                    filter->add(name("vrrp1"), kDrop);
                    break;
                case 1:
                    kernel.flush();
                    break;
                case 2:
                    filter->remove(name("vrrp1"));
                    filter->add(name("vrrp1"), {});
                    break;
                case 3:
                    start();
                    break;
                default:
                    kernel.flush();
                    filter->set({{name("vrrp1"), {}}, {name("other"), kDrop}});
                    break;
            }
            EXPECT_EQ(sent(), total) << round << ' ' << event;
        }
    }
}

TEST_F(FilterCounters, AResetCountsFromZeroAndTouchesNoKernel) {
    send(3);
    filter->add(name("other"), kDrop);
    kernel.count("other", Message::Igmp, kOne);
    const auto changes = kernel.changes().size();
    filter->reset_counters(std::vector{name("vrrp1")});
    EXPECT_EQ(kernel.changes().size(), changes);
    EXPECT_EQ(sent(), 0U);
    EXPECT_EQ(counted("other", Message::Igmp), kOne);
    send(2);
    EXPECT_EQ(sent(), 2U);
}

TEST_F(FilterCounters, AResetOfNoNameIsOfAll) {
    send(3);
    filter->add(name("other"), kDrop);
    kernel.count("other", Message::Igmp, kOne);
    filter->reset_counters({});
    EXPECT_EQ(sent(), 0U);
    EXPECT_EQ(counted("other", Message::Igmp), Count{});
}

TEST_F(FilterCounters, AResetSurvivesWhatCountersSurvive) {
    send(3);
    filter->reset_counters({});
    send(1);
    start();
    EXPECT_EQ(sent(), 1U);
    kernel.flush();
    EXPECT_EQ(sent(), 1U);
    filter->add(name("vrrp1"), kDrop);
    EXPECT_EQ(sent(), 1U);
    send(1);
    EXPECT_EQ(sent(), 2U);
}

TEST_F(FilterCounters, AResetWithAnUnknownNameResetsNone) {
    send(3);
    test::message_of(Errc::NotFound, [this] { filter->reset_counters(std::vector{name("vrrp1"), name("nobody")}); });
    EXPECT_EQ(sent(), 3U);
}

TEST_F(FilterCounters, AResetThatCannotBeSavedIsNone) {
    send(3);
    break_publishing();
    EXPECT_THAT(test::message_of(Errc::StoreFailed, [this] { filter->reset_counters({}); }),
                HasSubstr("the counters were not reset"));
    EXPECT_EQ(sent(), 3U);
}

TEST_F(FilterCounters, AreThoseOfTheLastReadingWhenTheKernelCannotBeAsked) {
    send(3);
    EXPECT_EQ(sent(), 3U);
    send(4);
    kernel.refuse(FakeEngine::Runs::Lists, 6, Errc::EngineUnavailable);
    EXPECT_EQ(sent(), 3U);
    EXPECT_FALSE(filter->is_protected()) << "which says so";
    EXPECT_EQ(filter->counters(name("vrrp1"))[Message::MldReport].packets, 3U);
    (void)filter->guard_counters();
    EXPECT_EQ(sent(), 7U) << "nothing was lost";
    EXPECT_TRUE(filter->is_protected());
}

TEST_F(FilterCounters, AreReadAgainAfterOneCrash) {
    send(3);
    kernel.refuse(FakeEngine::Runs::Lists, 1, Errc::EngineUnavailable);
    EXPECT_EQ(sent(), 3U);
    EXPECT_TRUE(filter->is_protected());
}

TEST_F(FilterCounters, AreNotToldWhenTheKernelRefuses) {
    kernel.refuse(FakeEngine::Runs::Changes, 100);
    kernel.flush();
    test::message_of(Errc::KernelRejected, [this] { (void)filter->counters(); });
}

TEST_F(FilterCounters, WhatCannotBeCarriedToDiskIsReportedAndStillCounted) {
    send(3);
    EXPECT_EQ(sent(), 3U);
    break_publishing();
    kernel.flush();
    EXPECT_EQ(sent(), 3U);
    EXPECT_THAT(diary.read(), testing::Contains(testing::StartsWith("not saved: ")));
}

}  // namespace
}  // namespace vmac
