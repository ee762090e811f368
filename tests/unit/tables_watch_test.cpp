// SPDX-License-Identifier: GPL-2.0-or-later
// Who has changed our tables: we, whom the kernel tells of too, or somebody else.
#include <gmock/gmock.h>

#include "element_commands.hpp"
#include "fake_engine.hpp"
#include "nft/tables.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;
using test::change_elements;
using test::FakeEngine;
using test::kForeignProcess;
using test::name;
using testing::IsEmpty;
using Read = Tables::Read;

Ruleset rules_for(std::initializer_list<const char *> names) {
    Ruleset rules;
    for (const char *interface : names) {
        rules.verdicts[name(interface)] = {{Message::Igmp, Verdict::Drop}};
    }
    return rules;
}

class TablesWatch : public testing::Test {
protected:
    TablesWatch() { bring(rules_for({"a"})); }

    Plan bring(const Ruleset &wanted, Read when = Read::WhenNeeded) {
        Plan plan = tables.make_plan(wanted, when);
        tables.execute(plan);
        return plan;
    }

    /// Somebody takes b in, who is not under management.
    void disturb() { kernel.foreign(change_elements({}, rules_for({"b"}))); }

    FakeEngine kernel;
    Tables tables{kernel, kernel.watcher};
};

TEST_F(TablesWatch, OurOwnTransactionsAreNoDisturbance) {
    EXPECT_FALSE(tables.is_disturbed());
    bring(rules_for({"a", "b", "c"}));
    bring(rules_for({"c"}));
    bring({});
    EXPECT_FALSE(tables.is_disturbed());
    EXPECT_EQ(tables.suspect(), "");
}

TEST_F(TablesWatch, ThoseOfOthersAreWithTheirProcess) {
    disturb();
    EXPECT_TRUE(tables.is_disturbed());
    EXPECT_EQ(tables.suspect(), kForeignProcess);
    EXPECT_TRUE(tables.is_disturbed()) << "until the kernel was read";
    const Plan plan = bring(rules_for({"a"}));
    EXPECT_TRUE(plan.read_back) << "what it holds was doubtful";
    EXPECT_EQ(plan.deviation, "there were verdicts for interfaces that are not under management");
    EXPECT_EQ(plan.changed_by, kForeignProcess);
    EXPECT_FALSE(tables.is_disturbed());
    EXPECT_EQ(tables.suspect(), "");
}

TEST_F(TablesWatch, TablesOfOthersAreNoBusinessOfOurs) {
    kernel.foreign(json::parse(R"({"nftables": [{"add": {"table": {"family": "ip6", "name": "foreign"}}}]})"));
    EXPECT_FALSE(tables.is_disturbed());
    EXPECT_FALSE(bring(rules_for({"a", "b"})).read_back);
}

TEST_F(TablesWatch, AForeignChangeThatIsUndoneAlreadyIsNoDeviation) {
    disturb();
    kernel.foreign(change_elements(rules_for({"b"}), {}));
    EXPECT_TRUE(tables.is_disturbed());
    const Plan plan = bring(rules_for({"a"}), Read::Always);
    EXPECT_THAT(plan.deviation, IsEmpty());
    EXPECT_THAT(plan.changed_by, IsEmpty()) << "nobody is blamed for nothing";
    EXPECT_FALSE(tables.is_disturbed());
}

TEST_F(TablesWatch, AChangeIsMadeOnWhatTheKernelHoldsNotOnWhatWeBelieve) {
    kernel.flush();
    const Plan plan = bring(rules_for({"a", "b"}));
    EXPECT_TRUE(plan.read_back);
    EXPECT_EQ(plan.deviation, "table ip6 vmac_mldfilter was missing");
    EXPECT_EQ(plan.changed_by, kForeignProcess);
    EXPECT_EQ(kernel.verdicts("ip"), 2U);
}

TEST_F(TablesWatch, WhoGetsInBetweenIsNoticed) {
    kernel.interrupt([this] { disturb(); });
    bring(rules_for({"a", "c"}));
    EXPECT_TRUE(tables.is_disturbed()) << "the kernel has told of two transactions, and one was ours";
    EXPECT_EQ(tables.suspect(), kForeignProcess);
    EXPECT_EQ(bring(rules_for({"a", "c"})).deviation,
              "there were verdicts for interfaces that are not under management");
}

TEST_F(TablesWatch, WhoGetsInBetweenIsNoticedAfterAReadingToo) {
    kernel.interrupt([this] { disturb(); });
    bring(rules_for({"c"}), Read::Always);
    EXPECT_TRUE(tables.is_disturbed());
    EXPECT_EQ(tables.suspect(), kForeignProcess);
}

TEST_F(TablesWatch, WhatHappensBetweenPlanAndExecutionIsNoticed) {
    const Plan plan = tables.make_plan(rules_for({"a", "c"}), Read::Always);
    disturb();
    tables.execute(plan);
    EXPECT_TRUE(tables.is_disturbed());
    EXPECT_EQ(tables.suspect(), kForeignProcess);
    EXPECT_TRUE(bring(rules_for({"a", "c"})).read_back);
    EXPECT_EQ(kernel.verdicts("ip"), 2U);
}

TEST_F(TablesWatch, WhenEventsWereLostAnythingMayHaveHappened) {
    disturb();
    kernel.watcher.lose();
    EXPECT_TRUE(tables.is_disturbed());
    EXPECT_EQ(tables.suspect(), "");
    const Plan plan = bring(rules_for({"a"}));
    EXPECT_EQ(plan.deviation, "there were verdicts for interfaces that are not under management");
    EXPECT_EQ(plan.changed_by, "");

    kernel.watcher.lose();
    EXPECT_TRUE(tables.is_disturbed());
    EXPECT_THAT(bring(rules_for({"a"})).deviation, IsEmpty()) << "and nothing has";
    EXPECT_FALSE(tables.is_disturbed());
}

TEST_F(TablesWatch, EventsThatAreLostDuringOurTransactionAreNotOurs) {
    kernel.interrupt([this] { kernel.watcher.lose(); });
    bring(rules_for({"a", "c"}));
    EXPECT_TRUE(tables.is_disturbed());
}

TEST_F(TablesWatch, AKernelThatNamesNobodyIsWatchedAllTheSame) {
    kernel.names_processes = false;
    bring(rules_for({"a", "c"}));
    EXPECT_FALSE(tables.is_disturbed());
    disturb();
    EXPECT_TRUE(tables.is_disturbed());
    const Plan plan = bring(rules_for({"a", "c"}));
    EXPECT_THAT(plan.deviation, testing::Not(IsEmpty()));
    EXPECT_EQ(plan.changed_by, "");
}

TEST_F(TablesWatch, ARefusedTransactionIsNoDisturbance) {
    kernel.refuse(FakeEngine::Runs::Changes, 1);
    test::message_of(Errc::KernelRejected, [this] { bring(rules_for({"a", "b"})); });
    EXPECT_FALSE(tables.is_disturbed());
}

TEST_F(TablesWatch, WhatOthersDidWhileWeWereRefusedIsNoticed) {
    kernel.flush();
    kernel.watcher.take();  // as if the event came too late
    test::message_of(Errc::KernelRejected, [this] { bring(rules_for({"a", "b"})); });
    const Plan plan = bring(rules_for({"a", "b"}));
    EXPECT_TRUE(plan.read_back);
    EXPECT_EQ(plan.deviation, "table ip6 vmac_mldfilter was missing");
}

TEST_F(TablesWatch, APlanChangesNothingOfWhatIsKnownAboutOthers) {
    disturb();
    const Plan first = tables.make_plan(rules_for({"a"}), Read::Always);
    const Plan second = tables.make_plan(rules_for({"a"}), Read::Always);
    EXPECT_EQ(first.changed_by, kForeignProcess);
    EXPECT_EQ(second.changed_by, kForeignProcess) << "a plan may be made again before it is carried out";
    EXPECT_EQ(second.deviation, first.deviation);
}

}  // namespace
}  // namespace vmac::nft
