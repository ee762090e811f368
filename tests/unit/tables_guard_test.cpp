// SPDX-License-Identifier: GPL-2.0-or-later
// The second line of defence beside the first: in the same transaction where the kernel takes it, and never in its way.
#include <gmock/gmock.h>

#include "fake_engine.hpp"
#include "nft/tables.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;
using test::FakeEngine;
using test::name;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using Read = Tables::Read;

constexpr auto kMac = "02:00:00:00:00:02";
constexpr auto kOtherMac = "02:00:00:00:00:99";

// A device that the machine of the test has, and one that it has not.
constexpr auto kPresent = "lo";
constexpr auto kAbsent = "vmac-gone";

/// One interface under management, and a guard on @p devices.
Ruleset guarded(std::initializer_list<const char *> devices, const char *mac = kMac) {
    Ruleset rules;
    rules.verdicts[name("v6")] = {{Message::Igmp, Verdict::Drop}};
    for (const char *device : devices) {
        rules.guard.devices[name(device)] = mac;
    }
    return rules;
}

/// The same with a registered MAC on @p device.
Ruleset registering(Ruleset rules, const char *device) {
    rules.guard.registered.insert({.device = name(device), .mac = "02:00:00:00:00:07"});
    return rules;
}

class TablesGuard : public testing::Test {
protected:
    void SetUp() override { tables.probe(); }

    Plan bring(const Ruleset &wanted, Read when = Read::WhenNeeded) {
        Plan plan = tables.make_plan(wanted, when);
        tables.execute(plan);
        return plan;
    }

    /// What the kernel is found to hold.
    Plan look(const Ruleset &wanted) { return bring(wanted, Read::Always); }

    void flush_chain(const char *chain) {
        kernel.foreign(
            {{"nftables", json::array({command("flush", "chain", ours(Family::Netdev, {{"name", chain}}))})}});
    }

    void delete_chain(const char *chain) {
        kernel.foreign(
            {{"nftables", json::array({command("delete", "chain", ours(Family::Netdev, {{"name", chain}}))})}});
    }

    FakeEngine kernel;
    Tables tables{kernel, kernel.watcher};
};

TEST_F(TablesGuard, TheProbeTellsWhatTheKernelCanDo) {
    EXPECT_TRUE(tables.guard_support().egress);
    EXPECT_TRUE(tables.guard_support().absent_devices);
    EXPECT_EQ(tables.guard_support().reason, "");

    kernel.can.absent_devices = false;
    tables.probe();
    EXPECT_TRUE(tables.guard_support().egress);
    EXPECT_FALSE(tables.guard_support().absent_devices);
    EXPECT_EQ(tables.guard_support().reason, "");

    kernel.can.egress = false;
    tables.probe();
    EXPECT_FALSE(tables.guard_support().egress);
    EXPECT_FALSE(tables.guard_support().absent_devices);
    EXPECT_THAT(tables.guard_support().reason, HasSubstr("Operation not supported"));
}

TEST_F(TablesGuard, TheProbeTouchesNothingOfOurs) {
    EXPECT_THAT(kernel.changes(), IsEmpty());
    EXPECT_FALSE(tables.is_disturbed());
}

TEST_F(TablesGuard, BothLinesAreOneTransaction) {
    bring(guarded({kPresent}));
    EXPECT_EQ(kernel.changes().size(), 1U);
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "drop");
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair(kPresent, kMac)));
    bring({});
    EXPECT_EQ(kernel.changes().size(), 2U);
    EXPECT_FALSE(kernel.has_table(Family::Netdev));
}

TEST_F(TablesGuard, BeforeTheProbeThereIsNoGuard) {
    Tables unprobed(kernel, kernel.watcher);
    const Plan plan = unprobed.make_plan(guarded({kPresent}), Read::Always);
    EXPECT_TRUE(is_empty(plan.guard));
    EXPECT_TRUE(plan.wanted.guard == Guard{});
}

TEST_F(TablesGuard, AKernelWithoutTheHookIsNotAskedForAGuard) {
    kernel.can.egress = false;
    tables.probe();
    bring(guarded({kPresent}));
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "drop");
    EXPECT_EQ(tables.guard_failure(), "") << "it was not even tried";
    ASSERT_EQ(kernel.changes().size(), 1U);
    EXPECT_THAT(kernel.changes().front().dump(), testing::Not(HasSubstr("netdev")));
    EXPECT_TRUE(look(guarded({kPresent})).is_done());
}

TEST_F(TablesGuard, OneThatFitsIsAdoptedWithItsCounters) {
    bring(guarded({kPresent}));
    kernel.count_guard(kPresent, Message::Igmp, {2, 108});
    const auto before = kernel.changes().size();

    Tables later(kernel, kernel.watcher);
    later.probe();
    const Plan plan = later.make_plan(guarded({kPresent}), Read::WhenNeeded);
    later.execute(plan);
    EXPECT_TRUE(plan.is_done());
    EXPECT_THAT(plan.deviation, IsEmpty());
    EXPECT_EQ(kernel.changes().size(), before);
    EXPECT_EQ(later.guard_counters().at(name(kPresent)).at(Message::Igmp), (Count{2, 108}));
}

TEST_F(TablesGuard, ADeviceMoreLeavesTheCountersOfTheOthers) {
    bring(guarded({kPresent}));
    kernel.count_guard(kPresent, Message::Igmp, {2, 108});
    const Plan plan = bring(guarded({kPresent, kAbsent}));
    EXPECT_FALSE(plan.read_back) << "nothing leaves";
    look(guarded({kPresent, kAbsent}));
    EXPECT_EQ(tables.guard_counters().at(name(kPresent)).at(Message::Igmp), (Count{2, 108}));
    EXPECT_EQ(kernel.guards().size(), 2U);
}

TEST_F(TablesGuard, WhatChainsHaveCountedIsCarriedBeforeTheyAreMadeAnew) {
    const std::vector<std::pair<const char *, Ruleset>> changes = {
        {"another MAC", guarded({kPresent}, kOtherMac)},
        {"a rule more", registering(guarded({kPresent}), kPresent)},
        {"another device", guarded({kAbsent})},
        {"no guard", guarded({})}};
    for (const auto &[what, wanted] : changes) {
        bring(guarded({kPresent}));
        kernel.count_guard(kPresent, Message::MldReport, {3, 270});
        const Plan plan = bring(wanted);
        EXPECT_TRUE(plan.read_back) << what;
        EXPECT_EQ(plan.counted_by_guard.leaving.at(name(kPresent)).at(Message::MldReport), (Count{3, 270})) << what;
        EXPECT_FALSE(look(wanted).counted_by_guard.leaving.contains(name(kPresent))) << what << ": it is carried once";
        bring(guarded({}));
    }
}

TEST_F(TablesGuard, WhatWasReadBeforeAFlushIsCarried) {
    bring(guarded({kPresent}));
    kernel.count_guard(kPresent, Message::MldReport, {3, 270});
    look(guarded({kPresent}));
    kernel.flush();
    const Plan plan = look(guarded({kPresent}));
    EXPECT_EQ(plan.counted_by_guard.leaving.at(name(kPresent)).at(Message::MldReport), (Count{3, 270}));
    EXPECT_THAT(tables.guard_counters(), IsEmpty());
}

TEST_F(TablesGuard, AGuardThatIsRefusedLeavesTheFirstLine) {
    kernel.refuse(FakeEngine::Runs::Changes, 1);
    bring(guarded({kPresent}));
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "drop");
    EXPECT_FALSE(kernel.has_table(Family::Netdev));
    EXPECT_THAT(tables.guard_failure(), HasSubstr("Operation not permitted"));
    EXPECT_EQ(kernel.changes().size(), 2U) << "both, then the first line alone";

    kernel.refuse(FakeEngine::Runs::Changes, 1);
    EXPECT_FALSE(is_empty(look(guarded({kPresent})).guard)) << "it is tried again";
    EXPECT_THAT(tables.guard_failure(), HasSubstr("Operation not permitted"));

    const Plan plan = look(guarded({kPresent}));
    EXPECT_THAT(plan.deviation, IsEmpty()) << "it was never there";
    EXPECT_TRUE(plan.is_first_line_done());
    EXPECT_EQ(tables.guard_failure(), "");
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair(kPresent, kMac)));
}

TEST_F(TablesGuard, ADeviceThatIsRefusedLeavesTheOthers) {
    kernel.can.absent_devices = false;  // and nobody has noticed
    bring(guarded({kPresent, kAbsent}));
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "drop");
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair(kPresent, kMac)));
    EXPECT_THAT(tables.guard_failure(), AllOf(HasSubstr(kAbsent), HasSubstr("No such file or directory")));
    EXPECT_THAT(tables.refused_devices(), ElementsAre(Pair(name(kAbsent), HasSubstr("No such file or directory"))));

    kernel.count_guard(kPresent, Message::Igmp, {2, 108});
    const Plan again = look(guarded({kPresent, kAbsent}));
    EXPECT_THAT(again.deviation, IsEmpty()) << "what is left out is no deviation";
    EXPECT_EQ(tables.refused_devices().size(), 1U);

    kernel.can.absent_devices = true;
    EXPECT_THAT(look(guarded({kPresent, kAbsent})).deviation, IsEmpty());
    EXPECT_EQ(tables.guard_failure(), "");
    EXPECT_THAT(tables.refused_devices(), IsEmpty());
    EXPECT_EQ(kernel.guards().size(), 2U);
    EXPECT_EQ(tables.guard_counters().at(name(kPresent)).at(Message::Igmp), (Count{2, 108}));
}

TEST_F(TablesGuard, AForeignChangeOfWhatIsLeftIsStillADeviation) {
    kernel.can.absent_devices = false;
    bring(guarded({kPresent, kAbsent}));
    flush_chain("vmac_lo");
    EXPECT_THAT(look(guarded({kPresent, kAbsent})).deviation, HasSubstr("netdev"));
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair(kPresent, kMac)));
}

TEST_F(TablesGuard, WhatAnEarlierRunHadSeenIsNotLostWithTheTables) {
    tables.recall({{name("v6"), {{Message::Igmp, {4, 160}}}}}, {{name(kPresent), {{Message::MldDone, {3, 270}}}}}, "");
    const Plan plan = bring(guarded({kPresent}));
    EXPECT_EQ(plan.counted.leaving.at(name("v6")).at(Message::Igmp), (Count{4, 160}));
    EXPECT_EQ(plan.counted_by_guard.leaving.at(name(kPresent)).at(Message::MldDone), (Count{3, 270}));
    EXPECT_THAT(look(guarded({kPresent})).counted_by_guard.leaving, IsEmpty()) << "once";
}

TEST_F(TablesGuard, ARefusalWithoutHavingReadIsTheCallersToRepeat) {
    bring(guarded({kPresent}));
    kernel.can.absent_devices = false;
    const Plan plan = tables.make_plan(guarded({kPresent, kAbsent}), Read::WhenNeeded);
    ASSERT_FALSE(plan.read_back);
    test::message_of(Errc::KernelRejected, [&] { tables.execute(plan); });
    EXPECT_EQ(tables.guard_failure(), "");
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair(kPresent, kMac)));
    bring(guarded({kPresent, kAbsent}), Read::Always);
    EXPECT_NE(tables.guard_failure(), "");
}

TEST_F(TablesGuard, WhereTheFirstLineIsRefusedTooItIsAnError) {
    kernel.refuse(FakeEngine::Runs::Changes, 2);
    const Plan plan = tables.make_plan(guarded({kPresent}), Read::Always);
    test::message_of(Errc::KernelRejected, [&] { tables.execute(plan); });
    EXPECT_EQ(tables.guard_failure(), "") << "the guard is not what failed";
    EXPECT_THAT(kernel.guards(), IsEmpty());
}

TEST_F(TablesGuard, OfWhatIsNotThereNothingIsListed) {
    bring(guarded({}));
    EXPECT_THAT(tables.list().dump(), testing::Not(HasSubstr("netdev")));
    bring(guarded({kPresent}));
    EXPECT_THAT(tables.list().dump(), HasSubstr("egress_lo"));
    kernel.flush();
    kernel.refuse(FakeEngine::Runs::Changes, 1);
    look(guarded({kPresent}));
    ASSERT_NE(tables.guard_failure(), "");
    EXPECT_THAT(tables.list().dump(), testing::Not(HasSubstr("netdev"))) << "a guard that failed is no error";
}

TEST_F(TablesGuard, AForeignChangeIsToldAndUndone) {
    const Ruleset wanted = registering(guarded({kPresent}), kPresent);
    bring(wanted);

    flush_chain("vmac_lo");
    EXPECT_EQ(look(wanted).deviation, "table netdev vmac_mldfilter had other content");
    EXPECT_TRUE(look(wanted).is_done());

    delete_chain("egress_lo");
    EXPECT_EQ(look(wanted).deviation, "table netdev vmac_mldfilter had other content");
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair(kPresent, kMac)));

    kernel.foreign(change_guard(wanted.guard, registering(guarded({kPresent}, kOtherMac), kPresent).guard));
    EXPECT_EQ(look(wanted).deviation, "the guard on lo was missing or changed");

    kernel.foreign(change_guard(wanted.guard, registering(guarded({kPresent, kAbsent}), kPresent).guard));
    EXPECT_EQ(look(wanted).deviation, "there was a guard on a device that needs none");

    Ruleset exempting = wanted;
    exempting.guard.exempt.insert({.sender = {.device = name(kPresent), .mac = kMac}, .message = Message::Igmp});
    kernel.foreign(change_guard(wanted.guard, exempting.guard));
    EXPECT_EQ(look(wanted).deviation, "the exemptions from the guard were changed");
    EXPECT_TRUE(look(wanted).is_done());

    kernel.foreign(replace_guard({}, true));
    EXPECT_EQ(look(wanted).deviation, "table netdev vmac_mldfilter was missing");
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair(kPresent, kMac)));
}

TEST_F(TablesGuard, AForeignTableOfItsNameIsReplaced) {
    kernel.foreign({{"nftables", json::array({command("add", "table", table_of(Family::Netdev)),
                                              command("add", "chain", ours(Family::Netdev, {{"name", "theirs"}}))})}});
    EXPECT_EQ(bring(guarded({kPresent})).deviation, "table netdev vmac_mldfilter had other content");
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair(kPresent, kMac)));
    EXPECT_TRUE(look(guarded({kPresent})).is_done());
}

TEST_F(TablesGuard, OneThatNobodyWantsIsTakenAway) {
    bring(guarded({kPresent}));
    Tables later(kernel, kernel.watcher);
    later.probe();
    later.execute(later.make_plan(guarded({}), Read::WhenNeeded));
    EXPECT_FALSE(kernel.has_table(Family::Netdev));
}

TEST_F(TablesGuard, ADeviationOfTheFirstLineIsToldFirstAndBothAreUndone) {
    bring(guarded({kPresent}));
    kernel.flush();
    EXPECT_EQ(look(guarded({kPresent})).deviation, "table ip6 vmac_mldfilter was missing");
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair(kPresent, kMac)));
}

TEST_F(TablesGuard, WhereAChainGoesWithItsDeviceThatIsNoDeviation) {
    kernel.can.absent_devices = false;
    tables.probe();
    kernel.can.devices.insert(kAbsent);
    bring(guarded({kAbsent}));
    kernel.unplug(kAbsent);
    ASSERT_THAT(kernel.guards(), IsEmpty());
    const Plan plan = look(guarded({}));
    EXPECT_THAT(plan.deviation, IsEmpty());
    EXPECT_FALSE(kernel.has_table(Family::Netdev));
    EXPECT_TRUE(look(guarded({})).is_done());
}

TEST_F(TablesGuard, WhereAChainGoesAndItsDeviceIsThereThatIsADeviation) {
    kernel.can.absent_devices = false;
    tables.probe();
    bring(guarded({kPresent}));
    delete_chain("egress_lo");
    EXPECT_EQ(look(guarded({kPresent})).deviation, "table netdev vmac_mldfilter had other content");
}

TEST_F(TablesGuard, WhereChainsOutliveTheirDeviceItsAbsenceExcusesNothing) {
    bring(guarded({kAbsent}));
    delete_chain("egress_vmac-gone");
    EXPECT_EQ(look(guarded({kAbsent})).deviation, "table netdev vmac_mldfilter had other content");
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair(kAbsent, kMac)));
}

}  // namespace
}  // namespace vmac::nft
