// SPDX-License-Identifier: GPL-2.0-or-later
// When the auditor looks at what, and what it holds against whom.
#include "audit/auditor.hpp"

#include <fstream>
#include <nlohmann/json.hpp>

#include "audit/ids.hpp"
#include "filter_fixture.hpp"

namespace vmac::audit {
namespace {

using test::kEth0;
using test::kVrrp1;
using test::name;
using testing::HasSubstr;
using testing::IsEmpty;

/// The tables of others.
class ForeignEngine final : public nft::Engine {
public:
    std::string run(const std::string &commands) override {
        const auto document = nlohmann::json::parse(commands);
        const auto &table = document.at("nftables").at(0).at("list").at("table");
        const std::string key = table.at("family").get<std::string>() + ' ' + table.at("name").get<std::string>();
        asked.push_back(key);
        const auto found = tables.find(key);
        if (found == tables.end()) {
            throw refusal;
        }
        return found->second;
    }

    std::map<std::string, std::string> tables;
    std::vector<std::string> asked;
    Error refusal{Errc::KernelRejected, "the kernel refused: No such file or directory"};
};

/// A chain before ours that drops everything.
constexpr auto kDropsAll = R"({"nftables": [{"chain": {"name": "o", "type": "filter", "hook": "output", "prio": 0,
                                                       "policy": "drop"}}]})";
/// One that may.
constexpr auto kMayDrop = R"({"nftables": [{"chain": {"name": "o", "type": "filter", "hook": "output", "prio": 0,
                                                      "policy": "accept"}},
                                           {"rule": {"chain": "o", "expr": [
                                               {"match": {"left": {"meta": {"key": "oifname"}}, "right": "vrrp1"}},
                                               {"xt": {"type": "match", "name": "icmp6"}}, {"drop": null}]}}]})";

class AuditorTest : public test::FilterFixture {
protected:
    ~AuditorTest() override {
        if (auditor) {
            filter->remove_observer(*auditor);
        }
    }

    void start_audited() {
        state_file = std::make_unique<store::StateFile>(directory.path(), "boot");
        filter = std::make_unique<Filter>(world());
        auditor = std::make_unique<Auditor>(Auditor::World{.filter = *filter,
                                                           .links = links,
                                                           .foreign = foreign,
                                                           .facts = FactsReader(root.path()),
                                                           .generation = [this] { return generation; }});
        filter->add_observer(*auditor);
        filter->start(state_file->load().state, {});
    }

    /// What the kernel has sent through vrrp1.
    void sent(unsigned reports, unsigned ifindex = kVrrp1) const {
        const auto path = root.path() / "proc/net/dev_snmp6/vrrp1";
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << "ifIndex " << ifindex << "\nIcmp6OutType143 " << reports << "\n";
    }

    [[nodiscard]] std::string said(std::string_view id) const {
        for (const Finding &finding : auditor->audit()) {
            if (finding.id == id) {
                return finding.message;
            }
        }
        return {};
    }

    [[nodiscard]] std::string left() const { return said(id::kMessageLeft); }

    test::TemporaryDirectory root;
    ForeignEngine foreign;
    std::optional<std::uint64_t> generation = 1;
    std::unique_ptr<Auditor> auditor;
};

// ---- the tables of others ----

TEST_F(AuditorTest, ListsTheTablesOfKeepalivedAndOfAFirewall) {
    start_audited();
    EXPECT_THAT(foreign.asked, IsEmpty()) << "nobody has asked yet";
    auditor->audit();
    EXPECT_THAT(foreign.asked, testing::ElementsAre("ip6 keepalived", "ip6 filter", "ip keepalived", "ip filter"));
}

TEST_F(AuditorTest, ListsThemOnceForEachGeneration) {
    start_audited();
    filter->add(name("vrrp1"), {});
    auditor->audit();
    foreign.tables["ip filter"] = kDropsAll;
    EXPECT_EQ(said(id::kRelocationBlocked), "");
    generation = 2;
    EXPECT_THAT(said(id::kRelocationBlocked), HasSubstr("table ip filter drops igmp"));
    EXPECT_EQ(foreign.asked.size(), 8U);
}

TEST_F(AuditorTest, ListsThemEachTimeWhereTheGenerationIsNotKnown) {
    generation.reset();
    start_audited();
    auditor->audit();
    auditor->audit();
    EXPECT_EQ(foreign.asked.size(), 8U);
}

TEST_F(AuditorTest, ATableThatIsRefusedCannotBeRead) {
    start_audited();
    filter->add(name("vrrp1"), {});
    EXPECT_EQ(said(id::kFirewallUnreadable), "") << "there is none";
    for (const Error &refusal : {Error(Errc::KernelRejected, "the kernel refused: Operation not permitted"),
                                 Error(Errc::EngineUnavailable, "libnftables crashed")}) {
        foreign.refusal = refusal;
        ++*generation;
        EXPECT_THAT(said(id::kFirewallUnreadable), HasSubstr(refusal.what()));
    }
}

TEST_F(AuditorTest, WhatWasCountedUnderOtherRulesProvesNothing) {
    start_audited();
    filter->add(name("vrrp1"), {});
    for (const Message message : kAllMessages) {
        kernel.count("vrrp1", message, {1, 76});
    }
    foreign.tables["ip6 filter"] = kMayDrop;
    EXPECT_THAT(said(id::kFirewallUnreadable), HasSubstr("mld-listener-report, mld-listener-done and mld2"));
    kernel.count("vrrp1", Message::MldReport, {1, 76});
    ++*generation;
    EXPECT_THAT(said(id::kFirewallUnreadable), HasSubstr("may drop mld-listener-done and mld2-listener-report of"))
        << "the rules are the same, whatever else has changed";
}

// ---- what has left ----

TEST_F(AuditorTest, WhatWasSentBeforeIsNotHeldAgainstAnEntry) {
    start_audited();
    sent(5);
    filter->add(name("vrrp1"), {});
    EXPECT_EQ(left(), "");
    sent(7);
    EXPECT_THAT(left(), testing::StartsWith("2 mld2-listener-report"));
}

TEST_F(AuditorTest, NorWhatWasSentBeforeTheServiceStarted) {
    start();
    filter->add(name("vrrp1"), {});
    sent(5);
    start_audited();
    EXPECT_EQ(left(), "");
    sent(6);
    EXPECT_NE(left(), "");
}

TEST_F(AuditorTest, NorWhatWasSentWhileItWasExempt) {
    start_audited();
    filter->add(name("vrrp1"), {.action = Action::Allow});
    sent(5);
    EXPECT_EQ(left(), "");
    filter->add(name("vrrp1"), {.action = Action::Drop});
    EXPECT_EQ(left(), "");
    sent(6);
    EXPECT_NE(left(), "");
}

TEST_F(AuditorTest, AnInterfaceThatIsMadeAgainBeginsAtZeroUnderItsRules) {
    start_audited();
    sent(5);
    filter->add(name("vrrp1"), {});
    drop_link("vrrp1");
    filter->links_changed();
    add_link({.index = kVrrp1 + 1, .name = "vrrp1", .kind = "macvlan", .lower = kEth0});
    filter->links_changed();
    sent(1, kVrrp1 + 1);
    EXPECT_THAT(left(), testing::StartsWith("1 mld2-listener-report"));
}

TEST_F(AuditorTest, CountsOfAnInterfaceThatIsNotTheOneAreNotLookedAt) {
    start_audited();
    sent(5);
    filter->add(name("vrrp1"), {});
    sent(9, kVrrp1 + 1);
    EXPECT_EQ(left(), "");
}

TEST_F(AuditorTest, NothingIsExpectedOfRulesThatTheKernelHasRefused) {
    sent(5);
    start();
    filter->add(name("vrrp1"), {});
    kernel.flush();
    kernel.refuse(test::FakeEngine::Runs::Changes, 1000);
    start_audited();
    sent(8);
    EXPECT_EQ(left(), "");
    EXPECT_NE(said(id::kNotProtected), "");
    sent(10);
    kernel.refuse(test::FakeEngine::Runs::Changes, 0);
    filter->check();
    ASSERT_TRUE(filter->is_protected());
    EXPECT_EQ(left(), "");
    sent(11);
    EXPECT_THAT(left(), testing::StartsWith("1 "));
}

TEST_F(AuditorTest, NorOfAnInterfaceThatIsMadeAgainMeanwhile) {
    start_audited();
    sent(5);
    filter->add(name("vrrp1"), {});
    kernel.flush();
    kernel.refuse(test::FakeEngine::Runs::Changes, 1000);
    filter->check();
    ASSERT_FALSE(filter->is_protected());
    drop_link("vrrp1");
    filter->links_changed();
    add_link({.index = kVrrp1 + 1, .name = "vrrp1", .kind = "macvlan", .lower = kEth0});
    filter->links_changed();
    sent(9, kVrrp1 + 1);
    EXPECT_EQ(left(), "");
    kernel.refuse(test::FakeEngine::Runs::Changes, 0);
    filter->check();
    ASSERT_TRUE(filter->is_protected());
    EXPECT_EQ(left(), "");
    sent(10, kVrrp1 + 1);
    EXPECT_THAT(left(), testing::StartsWith("1 "));
}

TEST_F(AuditorTest, AResetTakesNoteOfWhatHasLeft) {
    start_audited();
    filter->add(name("vrrp1"), {});
    sent(5);
    filter->add(name("other"), {});
    auditor->counters_reset({name("other")});
    EXPECT_EQ(left(), "") << "there were no counts when it was added, so those of now are the first";
    sent(7);
    auditor->counters_reset({name("other")});
    EXPECT_THAT(left(), testing::StartsWith("2 "));
    auditor->counters_reset({});
    EXPECT_EQ(left(), "");
}

TEST_F(AuditorTest, CountsThatGoBackAreNotHeldAgainstAnybody) {
    start_audited();
    sent(5);
    filter->add(name("vrrp1"), {});
    sent(2);
    EXPECT_EQ(left(), "");
}

}  // namespace
}  // namespace vmac::audit
