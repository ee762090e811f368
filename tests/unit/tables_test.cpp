// SPDX-License-Identifier: GPL-2.0-or-later
// Our tables against the fake kernel: what is adopted, what is replaced, and what becomes of the counters.
#include "nft/tables.hpp"

#include <gmock/gmock.h>

#include "element_commands.hpp"
#include "fake_engine.hpp"
#include "nft/element_lines.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;
using test::change_elements;
using test::FakeEngine;
using test::name;
using testing::IsEmpty;
using Read = Tables::Read;

Ruleset rules_for(std::initializer_list<const char *> names) {
    Ruleset rules;
    for (const char *interface : names) {
        rules.verdicts[name(interface)] = {{Message::MldReport, Verdict::Relocate}, {Message::Igmp, Verdict::Drop}};
        rules.parents[name(interface)] = 100001;
    }
    return rules;
}

class TablesTest : public testing::Test {
protected:
    /// Makes the kernel hold @p wanted. @return the plan that did it
    Plan bring(const Ruleset &wanted, Read when = Read::WhenNeeded) {
        Plan plan = tables.make_plan(wanted, when);
        tables.execute(plan);
        return plan;
    }

    FakeEngine kernel;
    Tables tables{kernel, kernel.watcher};
};

TEST_F(TablesTest, AreMadeWhereThereAreNone) {
    const Plan plan = bring(rules_for({"a"}));
    EXPECT_FALSE(plan.is_done());
    EXPECT_TRUE(plan.read_back);
    EXPECT_THAT(plan.deviation, IsEmpty()) << "a first start is no deviation";
    EXPECT_EQ(kernel.verdict("a", Message::MldReport), "relocate");
    EXPECT_EQ(kernel.verdict("a", Message::Igmp), "drop");
    EXPECT_EQ(kernel.parent("ip6", "a"), "100001");
    EXPECT_EQ(kernel.parent("ip", "a"), "100001");
}

TEST_F(TablesTest, APlanThatWasCarriedOutIsDone) {
    bring(rules_for({"a"}));
    const Plan plan = tables.make_plan(rules_for({"a"}), Read::Always);
    EXPECT_TRUE(plan.is_done());
    EXPECT_THAT(plan.deviation, IsEmpty());
}

TEST_F(TablesTest, MakingAPlanChangesNothing) {
    (void)tables.make_plan(rules_for({"a"}), Read::Always);
    EXPECT_EQ(kernel.verdicts("ip6"), 0U);
    EXPECT_THAT(kernel.changes(), IsEmpty());
}

TEST_F(TablesTest, ThatFitAreAdoptedWithTheirCounters) {
    bring(rules_for({"a", "b"}));
    kernel.count("a", Message::MldReport, {3, 228});
    const auto before = kernel.changes().size();

    Tables later(kernel, kernel.watcher);
    const Plan plan = later.make_plan(rules_for({"a", "b"}), Read::WhenNeeded);
    EXPECT_TRUE(plan.read_back) << "nothing is known yet, so the kernel must be asked";
    EXPECT_TRUE(plan.is_done());
    EXPECT_THAT(plan.deviation, IsEmpty());
    EXPECT_THAT(plan.counted.leaving, IsEmpty());
    later.execute(plan);
    EXPECT_EQ(kernel.changes().size(), before);
    EXPECT_EQ(later.counters().at(name("a")).at(Message::MldReport), (Count{3, 228}));
}

TEST_F(TablesTest, ThatAreAlmostRightAreAdoptedToo) {
    bring(rules_for({"a", "b"}));
    kernel.count("a", Message::MldReport, {3, 228});
    kernel.count("b", Message::Igmp, {1, 40});

    Tables later(kernel, kernel.watcher);
    const Plan plan = later.make_plan(rules_for({"a", "c"}), Read::WhenNeeded);
    later.execute(plan);
    EXPECT_EQ(plan.counted.staying.at(name("a")).at(Message::MldReport), (Count{3, 228}));
    EXPECT_EQ(plan.counted.leaving.at(name("b")).at(Message::Igmp), (Count{1, 40}));
    EXPECT_TRUE(is_empty(plan.structure));
    EXPECT_EQ(kernel.verdict("b", Message::Igmp), "");
    EXPECT_EQ(kernel.verdict("c", Message::Igmp), "drop");
}

TEST_F(TablesTest, WithOtherContentAreReplacedInOneTransactionAndTheirCountersCarried) {
    bring(rules_for({"a"}));
    kernel.count("a", Message::Igmp, {5, 200});
    kernel.foreign(
        json::parse(R"({"nftables": [{"add": {"rule": {"family": "ip", "table": "vmac_mldfilter", "chain": "output",
                                                  "expr": [{"accept": null}]}}}]})"));
    const auto before = kernel.changes().size();
    const Plan plan = bring(rules_for({"a"}), Read::Always);
    EXPECT_EQ(plan.deviation, "table ip vmac_mldfilter had other content");
    EXPECT_EQ(plan.counted.leaving.at(name("a")).at(Message::Igmp), (Count{5, 200}));
    EXPECT_THAT(plan.counted.staying, IsEmpty());
    EXPECT_EQ(kernel.changes().size(), before + 1);
    EXPECT_TRUE(tables.make_plan(rules_for({"a"}), Read::Always).is_done());
}

TEST_F(TablesTest, ThatSomebodyElseMadeAreReplaced) {
    kernel.foreign(json::parse(R"({"nftables": [{"add": {"table": {"family": "ip6", "name": "vmac_mldfilter"}}},
                                {"add": {"chain": {"family": "ip6", "table": "vmac_mldfilter", "name": "theirs"}}}]})"));
    EXPECT_EQ(bring(rules_for({"a"})).deviation, "table ip6 vmac_mldfilter had other content");
    EXPECT_TRUE(tables.make_plan(rules_for({"a"}), Read::Always).is_done());
    EXPECT_EQ(kernel.verdict("a", Message::MldReport), "relocate");
}

TEST_F(TablesTest, ForeignElementsGo) {
    bring(rules_for({"a"}));
    kernel.foreign(json::parse(
        R"({"nftables": [{"add": {"element": {"family": "ip6", "table": "vmac_mldfilter", "name": "verdicts",
                                 "elem": [[{"concat": ["a", 136]}, {"drop": null}]]}}}]})"));
    ASSERT_EQ(kernel.verdicts("ip6"), 2U);
    EXPECT_EQ(bring(rules_for({"a"}), Read::Always).deviation,
              "there was a foreign element in table ip6 vmac_mldfilter");
    EXPECT_EQ(kernel.verdicts("ip6"), 1U);
}

TEST_F(TablesTest, AFlushIsFoundAndWhatWasCountedIsCarried) {
    bring(rules_for({"a"}));
    kernel.count("a", Message::MldReport, {3, 228});
    bring(rules_for({"a"}), Read::Always);
    kernel.flush();
    const Plan plan = bring(rules_for({"a"}), Read::Always);
    EXPECT_EQ(plan.deviation, "table ip6 vmac_mldfilter was missing");
    EXPECT_EQ(plan.counted.leaving.at(name("a")).at(Message::MldReport), (Count{3, 228}));
    EXPECT_EQ(kernel.verdict("a", Message::MldReport), "relocate");
    EXPECT_THAT(bring(rules_for({"a"}), Read::Always).counted.leaving, IsEmpty()) << "it must be carried once";
}

TEST_F(TablesTest, AnElementThatWasMadeAgainByOthersIsCarriedToo) {
    bring(rules_for({"a"}));
    kernel.count("a", Message::MldReport, {3, 228});
    bring(rules_for({"a"}), Read::Always);
    kernel.foreign(change_elements(rules_for({"a"}), {}));
    kernel.foreign(change_elements({}, rules_for({"a"})));
    kernel.count("a", Message::MldReport, {1, 76});
    const Plan plan = bring(rules_for({"a"}), Read::Always);
    EXPECT_EQ(plan.counted.leaving.at(name("a")).at(Message::MldReport), (Count{3, 228}));
    EXPECT_EQ(plan.counted.staying.at(name("a")).at(Message::MldReport), (Count{1, 76}));
}

TEST_F(TablesTest, TellWhatOthersHaveDone) {
    bring(rules_for({"a", "b"}));
    kernel.foreign(change_elements(rules_for({"a", "b"}), rules_for({"a"})));
    EXPECT_EQ(bring(rules_for({"a", "b"}), Read::Always).deviation, "the verdicts for b were missing or changed");

    kernel.foreign(change_elements(rules_for({"a", "b"}), rules_for({"a", "b", "c"})));
    EXPECT_EQ(bring(rules_for({"a", "b"}), Read::Always).deviation,
              "there were verdicts for interfaces that are not under management");

    Ruleset other_parent = rules_for({"a", "b"});
    other_parent.parents.at(name("a")) = 100002;
    kernel.foreign(change_elements(rules_for({"a", "b"}), other_parent));
    EXPECT_EQ(bring(rules_for({"a", "b"}), Read::Always).deviation, "the map of parents was changed");
}

TEST_F(TablesTest, ADeviationIsFromWhatWeLeftNotFromWhatIsWanted) {
    bring(rules_for({"a"}));
    EXPECT_THAT(bring(rules_for({"a", "b"}), Read::Always).deviation, IsEmpty());
}

TEST_F(TablesTest, AreNotReadWhenNothingCanBeLost) {
    bring(rules_for({"a"}));
    const int lists = kernel.lists();
    const Plan plan = bring(rules_for({"a", "b"}));
    EXPECT_FALSE(plan.read_back);
    EXPECT_EQ(kernel.lists(), lists);
    EXPECT_EQ(kernel.verdict("b", Message::Igmp), "drop");
}

TEST_F(TablesTest, AreReadBeforeAnElementLeaves) {
    bring(rules_for({"a", "b"}));
    kernel.count("b", Message::Igmp, {2, 80});
    const Plan plan = bring(rules_for({"a"}));
    EXPECT_EQ(plan.counted.leaving.at(name("b")).at(Message::Igmp), (Count{2, 80}));
    EXPECT_FALSE(plan.read_back) << "only the element";
}

TEST_F(TablesTest, AreReadWholeWhereAnElementThatLeavesIsNotThere) {
    bring(rules_for({"a", "b"}));
    kernel.count("a", Message::Igmp, {2, 80});
    kernel.foreign(json::parse(R"({"nftables": [{"delete": {"element": {"family": "ip", "table": "vmac_mldfilter",
                                                 "name": "verdicts", "elem": [["b", {"drop": null}]]}}}]})"));
    kernel.watcher.take();  // it was not told
    const Plan plan = bring(rules_for({"a"}));
    EXPECT_TRUE(plan.read_back);
    EXPECT_EQ(plan.counted.staying.at(name("a")).at(Message::Igmp), (Count{2, 80}));
    EXPECT_EQ(kernel.verdicts("ip"), 1U);
}

TEST_F(TablesTest, AreBroughtOnByFewChangesWithoutAnother) {
    bring(rules_for({"a", "b"}));
    EXPECT_TRUE(tables.is_settled());
    kernel.count("b", Message::Igmp, {2, 80});
    const int lists = kernel.lists();
    Plan plan = tables.make_plan(difference(rules_for({"b"}), rules_for({"c"})));
    EXPECT_EQ(plan.counted.leaving.at(name("b")).at(Message::Igmp), (Count{2, 80}));
    tables.execute(plan);
    EXPECT_EQ(kernel.lists(), lists + 1);
    EXPECT_TRUE(tables.holds(difference(rules_for({"b"}), rules_for({"c"}))));
    EXPECT_EQ(kernel.verdict("b", Message::Igmp), "");
    EXPECT_EQ(kernel.verdict("c", Message::Igmp), "drop");
    EXPECT_FALSE(tables.counters().contains(name("b")));
    EXPECT_TRUE(bring(rules_for({"a", "c"}), Read::Always).deviation.empty());

    kernel.flush();
    EXPECT_FALSE(tables.is_settled());
    plan = tables.make_plan(difference(rules_for({"c"}), rules_for({"d"})));
    tables.execute(plan);
    EXPECT_TRUE(plan.read_back);
    EXPECT_TRUE(bring(rules_for({"a", "d"}), Read::Always).is_done());
}

TEST_F(TablesTest, AreSeenNotToHoldWhatWasOnlySaidToBeDone) {
    bring(rules_for({"a"}));
    bring(rules_for({"a"}), Read::Always);
    const ElementChanges more = difference(rules_for({"a"}), rules_for({"a", "b"}));
    kernel.swallow(1);
    tables.execute(tables.make_plan(more));
    EXPECT_FALSE(tables.holds(more));
    bring(rules_for({"a", "b"}), Read::Always);
    EXPECT_TRUE(tables.holds(more));

    const ElementChanges less = difference(rules_for({"a", "b"}), rules_for({"a"}));
    kernel.swallow(1);
    tables.execute(tables.make_plan(less));
    EXPECT_FALSE(tables.holds(less));

    kernel.foreign(json::parse(R"({"nftables": [{"add": {"rule": {"family": "ip", "table": "vmac_mldfilter",
                                                 "chain": "output", "expr": [{"accept": null}]}}}]})"));
    kernel.watcher.take();  // it was not told
    EXPECT_FALSE(tables.holds({}));
}

TEST_F(TablesTest, HaveCountersThatAreReadWithoutAPlan) {
    EXPECT_FALSE(tables.read_counters());
    bring(rules_for({"a", "b"}));
    kernel.count("a", Message::Igmp, {2, 80});
    kernel.count("b", Message::Igmp, {3, 90});
    EXPECT_TRUE(tables.read_counters(name("a")));
    EXPECT_EQ(tables.counters().at(name("a")).at(Message::Igmp), (Count{2, 80}));
    EXPECT_FALSE(tables.counters().contains(name("b"))) << "nobody has asked";
    EXPECT_TRUE(tables.read_counters(name("none")));
    bring(rules_for({"a", "b"}), Read::Always);
    kernel.count("b", Message::Igmp, {3, 90});
    EXPECT_TRUE(tables.read_counters());
    EXPECT_EQ(tables.counters().at(name("b")).at(Message::Igmp), (Count{6, 180}));

    kernel.foreign(json::parse(R"({"nftables": [{"delete": {"element": {"family": "ip", "table": "vmac_mldfilter",
                                                 "name": "verdicts", "elem": [["b", {"drop": null}]]}}}]})"));
    kernel.watcher.take();  // it was not told
    EXPECT_FALSE(tables.read_counters(name("b")));
    EXPECT_FALSE(tables.read_counters());
    EXPECT_TRUE(tables.read_counters(name("a")));
}

TEST_F(TablesTest, AVerdictThatChangesLosesItsCounterSoItIsCarried) {
    bring(rules_for({"a"}));
    kernel.count("a", Message::Igmp, {2, 80});
    Ruleset other = rules_for({"a"});
    other.verdicts.at(name("a")).at(Message::Igmp) = Verdict::Relocate;
    EXPECT_EQ(bring(other).counted.leaving.at(name("a")).at(Message::Igmp), (Count{2, 80}));
}

TEST_F(TablesTest, AParentThatChangesCostsNoCounter) {
    bring(rules_for({"a"}));
    Ruleset other = rules_for({"a"});
    other.parents.at(name("a")) = 100002;
    const Plan plan = bring(other);
    EXPECT_FALSE(plan.read_back);
    EXPECT_EQ(kernel.parent("ip", "a"), "100002");
}

TEST_F(TablesTest, AfterARefusalTheKernelIsAsBeforeAndIsReadFirst) {
    bring(rules_for({"a"}));
    kernel.refuse(FakeEngine::Runs::Changes, 1);
    const Plan refused = tables.make_plan(rules_for({"a", "b"}), Read::WhenNeeded);
    test::message_of(Errc::KernelRejected, [&] { tables.execute(refused); });
    EXPECT_EQ(kernel.verdict("b", Message::Igmp), "");

    const Plan plan = bring(rules_for({"a", "b"}));
    EXPECT_TRUE(plan.read_back) << "what the kernel holds was doubtful";
    EXPECT_FALSE(plan.is_done());
    EXPECT_EQ(kernel.verdict("b", Message::Igmp), "drop");
}

TEST_F(TablesTest, SuccessIsNoProof) {
    bring(rules_for({"a"}));
    kernel.swallow(1);
    bring(rules_for({"a", "b"}));
    EXPECT_EQ(kernel.verdict("b", Message::Igmp), "");
    EXPECT_FALSE(tables.make_plan(rules_for({"a", "b"}), Read::Always).is_done());
}

TEST_F(TablesTest, AnEngineThatCannotBeUsedIsNotAMissingTable) {
    kernel.refuse(FakeEngine::Runs::Lists, 1, Errc::EngineUnavailable);
    test::message_of(Errc::EngineUnavailable, [this] { (void)tables.make_plan({}, Read::Always); });
}

TEST_F(TablesTest, CountersAreThoseOfTheLastReading) {
    bring(rules_for({"a"}));
    kernel.count("a", Message::Igmp, {1, 40});
    EXPECT_EQ(tables.counters().size(), 0U);
    bring(rules_for({"a"}), Read::Always);
    EXPECT_EQ(tables.counters().at(name("a")).at(Message::Igmp), (Count{1, 40}));
}

TEST_F(TablesTest, WhatAnEarlierRunHadSeenIsCarriedOnceItIsGone) {
    const Counters seen = {{name("a"), {{Message::Igmp, {4, 160}}}}};
    bring(rules_for({"a"}));
    kernel.count("a", Message::Igmp, {5, 200});
    Tables later(kernel, kernel.watcher);
    later.recall(seen, {}, "");
    EXPECT_THAT(later.make_plan(rules_for({"a"}), Read::Always).counted.leaving, IsEmpty()) << "it is still there";

    kernel.flush();
    Tables last(kernel, kernel.watcher);
    last.recall(seen, {}, "");
    EXPECT_EQ(last.make_plan(rules_for({"a"}), Read::Always).counted.leaving, seen);
}

/// Counts how often libnftables has to say what the structure is.
class Outlining final : public TableEngine {
public:
    explicit Outlining(TableEngine &kernel) : kernel_(kernel) {}

    std::string run(const std::string &commands) override { return kernel_.run(commands); }
    std::string read(const std::string &query) override { return kernel_.read(query); }
    void change(const std::string &lines) override { kernel_.change(lines); }

    std::string outline(Family family) override {
        ++outlines;
        return kernel_.outline(family);
    }

    int outlines = 0;

private:
    TableEngine &kernel_;
};

class RecalledStructure : public TablesTest {
protected:
    void SetUp() override {
        bring(rules_for({"a"}), Read::Always);
        bring(rules_for({"a"}), Read::Always);  // reads what the first one has made
    }

    /// What the next run has to do when it recalls this.
    Plan plan_of_next_run(const std::string &structure) {
        Tables next(outlining, kernel.watcher);
        next.recall({}, {}, structure);
        return next.make_plan(rules_for({"a"}), Read::Always);
    }

    Outlining outlining{kernel};
};

TEST_F(RecalledStructure, NeedsNotBeLookedAtOnceMore) {
    EXPECT_TRUE(plan_of_next_run(tables.structure()).is_done());
    EXPECT_EQ(outlining.outlines, 0);
}

TEST_F(RecalledStructure, IsLookedAtWhereItIsAnotherOneNow) {
    const std::string structure = tables.structure();
    kernel.foreign({{"nftables", json::array({command("add", "chain", ours(Family::Ip6, {{"name", "foreign"}}))})}});
    const Plan plan = plan_of_next_run(structure);
    EXPECT_GT(outlining.outlines, 0);
    EXPECT_FALSE(plan.is_done());
    EXPECT_NE(plan.deviation, "");
}

TEST_F(RecalledStructure, IsLookedAtWhereNobodyKnowsIt) {
    for (const std::string structure : {"", "made by 1\nstructure ip6 00\n", "nonsense"}) {
        EXPECT_TRUE(plan_of_next_run(structure).is_done());
    }
    EXPECT_GT(outlining.outlines, 0);
    EXPECT_TRUE(plan_of_next_run(tables.structure() + "nonsense\n").is_done());
}

/// A kernel that is making the table of a set larger: what it lists lacks elements.
class Growing final : public TableEngine {
public:
    explicit Growing(TableEngine &kernel) : kernel_(kernel) {}

    std::string run(const std::string &commands) override { return kernel_.run(commands); }
    std::string outline(Family family) override { return kernel_.outline(family); }
    void change(const std::string &lines) override { kernel_.change(lines); }

    std::string read(const std::string &query) override {
        std::string lines = kernel_.read(query);
        if (query != kQueryAll || incomplete == 0) {
            return lines;
        }
        --incomplete;
        std::string less;
        for (const auto &[family, structure] : parse_reading(lines).structure) {
            append_structure(less, family, structure);
        }
        return less;
    }

    int incomplete = 0;  ///< how many of the next readings are

private:
    TableEngine &kernel_;
};

class GrowingTables : public testing::Test {
protected:
    GrowingTables() {
        tables.execute(tables.make_plan(rules, Read::Always));
        kernel.count("a", Message::MldReport, {3, 228});
        tables.execute(tables.make_plan(rules, Read::Always));
    }

    Ruleset rules = rules_for({"a"});
    FakeEngine kernel;
    Growing growing{kernel};
    Tables tables{growing, kernel.watcher};
};

TEST_F(GrowingTables, AreReadAgainBeforeTheyAreTakenForChanged) {
    growing.incomplete = 1;
    const Plan plan = tables.make_plan(rules, Read::Always);
    EXPECT_TRUE(plan.is_done());
    EXPECT_THAT(plan.deviation, IsEmpty());
    EXPECT_THAT(plan.counted.leaving, IsEmpty()) << "it would be counted twice";
    EXPECT_EQ(plan.counted.staying.at(name("a")).at(Message::MldReport), (Count{3, 228}));
}

TEST_F(GrowingTables, AreTakenForChangedWhenTheyLackItTwice) {
    growing.incomplete = 2;
    EXPECT_THAT(tables.make_plan(rules, Read::Always).deviation, testing::HasSubstr("verdicts"));
}

TEST_F(GrowingTables, AreBelievedAtOnceWhenSomebodyHasTouchedThem) {
    growing.incomplete = 1;
    kernel.watcher.tell(test::kForeignProcess);
    EXPECT_THAT(tables.make_plan(rules, Read::Always).deviation, testing::HasSubstr("verdicts"));
}

TEST_F(TablesTest, AreListedAsOneCommandList) {
    bring(rules_for({"a"}));
    const json objects = tables.list().at("nftables");
    std::map<std::string, int> kinds;
    for (const json &object : objects) {
        ++kinds[object.begin().key()];
    }
    const std::map<std::string, int> expected = {{"metainfo", 1}, {"table", 2}, {"map", 4}, {"chain", 4}, {"rule", 6}};
    EXPECT_EQ(kinds, expected);
    kernel.flush();
    test::message_of(Errc::KernelRejected, [this] { (void)tables.list(); });
}

TEST(CheapToRead, EndsAt256Interfaces) {
    Ruleset rules;
    for (int i = 0; i < 256; ++i) {
        rules.verdicts[name(std::string("v").append(std::to_string(i)))] = {{Message::Igmp, Verdict::Drop}};
    }
    EXPECT_TRUE(Tables::is_cheap_to_read(rules));
    rules.verdicts[name("more")] = {{Message::Igmp, Verdict::Drop}};
    EXPECT_FALSE(Tables::is_cheap_to_read(rules));
}

}  // namespace
}  // namespace vmac::nft
