// SPDX-License-Identifier: GPL-2.0-or-later
// Somebody else changes our tables: they are restored once each time, unless he never gives in.
#include "filter_fixture.hpp"

namespace vmac {
namespace {

using namespace std::chrono_literals;
using test::FakeEngine;
using test::FilterFixture;
using test::kForeignProcess;
using test::name;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Options kDrop = {.action = Action::Drop};
constexpr int kBurst = 200;

class FilterHealing : public FilterFixture {
protected:
    void SetUp() override {
        start();
        filter->add(name("vrrp1"), kDrop);
        diary.read();
    }

    /// Somebody flushes all rules, and the daemon hears of it.
    void flush() {
        kernel.flush();
        filter->rules_changed();
    }

    /// So often that there is no restoration left.
    void exhaust() {
        for (int i = 0; i < kBurst; ++i) {
            EXPECT_TRUE(filter->is_protected()) << i;
            diary.read();
            flush();
            ASSERT_TRUE(is_whole()) << i;
        }
    }

    [[nodiscard]] bool is_whole() const {
        return kernel.verdicts("ip") == 1 && kernel.verdicts("ip6") == 4 && kernel.guards().size() == 1;
    }
};

TEST_F(FilterHealing, AFlushIsRestoredOnceWithItsCauseAndProcess) {
    const auto changes = kernel.changes().size();
    flush();
    EXPECT_TRUE(is_whole());
    EXPECT_EQ(kernel.changes().size(), changes + 1) << "in one transaction";
    EXPECT_EQ(filter->restorations(), 1U);
    EXPECT_TRUE(filter->is_protected());
    const std::string cause = "table ip6 vmac_mldfilter was missing; last changed by nft, process 42";
    EXPECT_EQ(filter->last_cause(), cause);
    EXPECT_THAT(diary.read(), ElementsAre("restored: " + cause, "properties Restorations"));
    EXPECT_THAT(diary.processes, ElementsAre(kForeignProcess));

    filter->rules_changed();
    filter->check();
    EXPECT_THAT(diary.read(), IsEmpty());
    EXPECT_EQ(filter->restorations(), 1U);
}

TEST_F(FilterHealing, WhatWeDoOurselvesIsNotLookedAt) {
    filter->add(name("other"), kDrop);
    filter->remove(name("other"));
    diary.read();
    const int lists = kernel.lists();
    filter->rules_changed();
    EXPECT_EQ(kernel.lists(), lists);
    EXPECT_EQ(filter->restorations(), 0U);
    EXPECT_THAT(diary.read(), IsEmpty());
}

TEST_F(FilterHealing, OurOwnRestorationIsNotLookedAt) {
    flush();
    const int lists = kernel.lists();
    filter->rules_changed();
    EXPECT_EQ(kernel.lists(), lists);
}

TEST_F(FilterHealing, TheGuardAloneIsRestoredToo) {
    kernel.foreign(nft::replace_guard({}, true));
    filter->rules_changed();
    EXPECT_TRUE(is_whole());
    EXPECT_THAT(diary.read(),
                ElementsAre("restored: table netdev vmac_mldfilter was missing; last changed by nft, process 42",
                            "properties Restorations"));
}

TEST_F(FilterHealing, AForeignElementIsTakenOut) {
    kernel.foreign(nlohmann::json::parse(
        R"({"nftables": [{"add": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "verdicts",
                                              "elem": [["stranger", {"drop": null}]]}}}]})"));
    filter->rules_changed();
    EXPECT_EQ(kernel.verdict("stranger", Message::Igmp), "");
    EXPECT_EQ(filter->restorations(), 1U);
}

TEST_F(FilterHealing, AChangeThatChangesNothingIsNoRestoration) {
    kernel.foreign(
        nlohmann::json::parse(R"({"nftables": [{"add": {"table": {"family": "ip", "name": "vmac_mldfilter"}}}]})"));
    const auto changes = kernel.changes().size();
    filter->rules_changed();
    EXPECT_EQ(kernel.changes().size(), changes);
    EXPECT_EQ(filter->restorations(), 0U);
    EXPECT_THAT(diary.read(), IsEmpty());
    const int lists = kernel.lists();
    filter->rules_changed();
    EXPECT_EQ(kernel.lists(), lists) << "it was looked at once";
}

TEST_F(FilterHealing, WhenEventsAreLostEverythingIsLookedAt) {
    kernel.flush();
    kernel.watcher.lose();
    filter->rules_changed();
    EXPECT_TRUE(is_whole());
    EXPECT_THAT(diary.read(), ElementsAre("restored: table ip6 vmac_mldfilter was missing", "properties Restorations"));
    EXPECT_THAT(diary.processes, ElementsAre("")) << "who did it is lost with them";

    kernel.watcher.lose();
    filter->rules_changed();
    EXPECT_EQ(filter->restorations(), 1U) << "and nothing was wrong";
}

TEST_F(FilterHealing, AKernelThatNamesNobodyIsHealedAllTheSame) {
    kernel.names_processes = false;
    flush();
    EXPECT_TRUE(is_whole());
    EXPECT_EQ(filter->last_cause(), "table ip6 vmac_mldfilter was missing");
}

TEST_F(FilterHealing, WhoGetsInBetweenACallAndItsTransactionIsFound) {
    kernel.interrupt([this] { kernel.flush(); });
    EXPECT_TRUE(filter->add(name("other"), kDrop));
    EXPECT_EQ(kernel.verdict("other", Message::Igmp), "drop") << "it is read back before the caller is told";
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "drop");
    EXPECT_EQ(filter->restorations(), 1U);
    EXPECT_TRUE(filter->is_protected());
}

TEST_F(FilterHealing, WhoGetsInBetweenARestorationIsUndoneToo) {
    kernel.interrupt([this] { kernel.flush(); });
    flush();
    filter->rules_changed();
    EXPECT_TRUE(is_whole());
    EXPECT_TRUE(filter->is_protected());
    EXPECT_EQ(filter->restorations(), 2U);
}

TEST_F(FilterHealing, ALinkThatComesAfterAFlushRestoresAll) {
    kernel.flush();
    add_vmac("v6", 1000011);
    filter->links_changed();
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "drop");
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
    EXPECT_EQ(filter->restorations(), 1U);
    filter->rules_changed();
    EXPECT_EQ(filter->restorations(), 1U) << "it was that flush";
}

// One test for the whole story, for the burst takes a second.
TEST_F(FilterHealing, WhoNeverGivesInIsFollowedOnceASecondUntilHeDoes) {
    exhaust();
    EXPECT_EQ(filter->restorations(), 200U);
    EXPECT_TRUE(filter->is_protected());
    diary.read();

    flush();
    EXPECT_FALSE(is_whole());
    EXPECT_FALSE(filter->is_protected());
    EXPECT_TRUE(filter->is_contested());
    EXPECT_THAT(filter->failure(), HasSubstr("another program keeps changing our tables (nft)"));
    EXPECT_TRUE(filter->is_check_due());
    EXPECT_EQ(filter->restorations(), 200U);
    EXPECT_THAT(diary.read(), Contains(HasSubstr("not protected: another program keeps changing our tables")));
    flush();
    EXPECT_THAT(diary.read(), IsEmpty()) << "it is told once";

    time += 1s;
    flush();
    EXPECT_TRUE(is_whole());
    EXPECT_TRUE(filter->is_protected());
    EXPECT_TRUE(filter->is_contested());
    EXPECT_EQ(filter->restorations(), 201U);
    flush();
    EXPECT_FALSE(is_whole());
    EXPECT_FALSE(filter->is_protected());
    diary.read();
    filter->check_again();
    EXPECT_FALSE(is_whole()) << "the limit is for every look";

    time += 1s;
    filter->check_again();
    EXPECT_TRUE(is_whole());
    EXPECT_EQ(filter->restorations(), 202U);
    EXPECT_TRUE(filter->is_protected());
    EXPECT_EQ(filter->failure(), "");
    EXPECT_THAT(diary.read(), Contains("protected"));

    flush();
    EXPECT_TRUE(filter->add(name("other"), kDrop)) << "a contest keeps no caller from changing something";
    EXPECT_EQ(kernel.verdict("other", Message::Igmp), "drop");
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "drop");

    time += 60s;
    EXPECT_FALSE(filter->is_contested());
}

TEST_F(FilterHealing, WhatCountedIsNotLostByIt) {
    kernel.count("vrrp1", Message::Igmp, {3, 120});
    filter->check();
    flush();
    EXPECT_EQ(counted("vrrp1", Message::Igmp), (Count{3, 120}));
    EXPECT_EQ(saved().ledger.carried.at(name("vrrp1")).at(Message::Igmp), (Count{3, 120}));
}

TEST_F(FilterHealing, AKernelThatRefusesTheRestorationIsToldAndTriedAgain) {
    kernel.refuse(FakeEngine::Runs::Changes, 1000);
    flush();
    EXPECT_FALSE(filter->is_protected());
    EXPECT_TRUE(filter->is_check_due());
    EXPECT_EQ(filter->restorations(), 0U) << "nothing was restored";
    kernel.refuse(FakeEngine::Runs::Changes, 0);
    filter->check();
    EXPECT_TRUE(is_whole());
    EXPECT_EQ(filter->restorations(), 1U);
    EXPECT_THAT(diary.read(), Contains(HasSubstr("restored: table ip6 vmac_mldfilter was missing")));
}

}  // namespace
}  // namespace vmac
