// SPDX-License-Identifier: GPL-2.0-or-later
// From what is known to what an administrator is told.
#include "audit/audit.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "audit/ids.hpp"
#include "support.hpp"

namespace vmac::audit {
namespace {

using test::name;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr unsigned kEth0 = 2;
constexpr unsigned kBridge = 3;
constexpr unsigned kVrrp1 = 7;
constexpr auto kVmac = "vrrp1";

const net::Link kUsualVmac{
    .index = kVrrp1, .name = kVmac, .mac = "00:00:5e:00:02:01", .kind = "macvlan", .lower = kEth0};

/// A table of somebody else with one chain, whose rules are pairs of a protocol and a verdict for vrrp1.
ForeignTable table(int priority, const std::vector<nlohmann::json> &rules, const net::LinkTable &links) {
    nlohmann::json objects = {
        {{"chain", {{"name", "c"}, {"type", "filter"}, {"hook", "output"}, {"prio", priority}, {"policy", "accept"}}}}};
    for (const auto &statements : rules) {
        objects.push_back({{"rule", {{"chain", "c"}, {"expr", statements}}}});
    }
    return ForeignTable::parse(nlohmann::json{{"nftables", objects}}.dump(), links);
}

nlohmann::json type_is(const char *type) {
    return {{"match",
             {{"op", "=="}, {"left", {{"payload", {{"protocol", "icmpv6"}, {"field", "type"}}}}}, {"right", type}}}};
}

nlohmann::json is_sent_by(const char *device) {
    return {{"match", {{"op", "=="}, {"left", {{"meta", {{"key", "oifname"}}}}}, {"right", device}}}};
}

const nlohmann::json kDrop = {{"drop", nullptr}};
const nlohmann::json kCopy = {{"dup", {{"addr", "::1"}, {"dev", "eth0"}}}};
const nlohmann::json kUnreadable = {{"xt", {{"type", "match"}, {"name", "icmp6"}}}};

/// A host on which all is well: one VMAC, relocated to eth0, which is guarded.
class AuditTest : public testing::Test {
protected:
    AuditTest() {
        put({.index = kEth0, .name = "eth0", .mac = "02:00:00:00:00:02"});
        put(kUsualVmac);
        manage({});
        situation.guard = {.active = true, .devices = {name("eth0")}};
        situation.facts[kVmac] = {
            .disable_ipv6 = 0, .forwarding = 1, .accept_ra = 1, .autoconf = 1, .addr_gen_mode = 1};
    }

    void put(const net::Link &link) { links.apply({.link = link}); }

    /// Has vrrp1 under management with @p options.
    void manage(const Options &options) { entries = resolve({}, {{name(kVmac), options}}, links); }

    void keepalived(const std::vector<nlohmann::json> &rules) {
        situation.foreign.tables.insert_or_assign("ip6 keepalived", table(-1, rules, links));
    }

    void firewall(const std::vector<nlohmann::json> &rules) {
        situation.foreign.tables.insert_or_assign("ip6 filter", table(0, rules, links));
    }

    /// What is said under @p id, which is said at most once about each interface; empty when it is not.
    [[nodiscard]] std::string said(std::string_view id, Severity severity, const std::string &about = kVmac) const {
        std::string message;
        for (const Finding &finding : examine(situation)) {
            if (finding.id == id && finding.interface == about) {
                EXPECT_EQ(message, "") << "said twice: " << id;
                EXPECT_EQ(to_string(finding.severity), to_string(severity)) << finding.message;
                EXPECT_NE(finding.message, "");
                message = finding.message;
            }
        }
        return message;
    }

    [[nodiscard]] std::string covered() const { return said(id::kMessageCovered, Severity::Ok); }

    /// The ids of all that is not ok.
    [[nodiscard]] std::set<std::string> complaints() const {
        std::set<std::string> ids;
        for (const Finding &finding : examine(situation)) {
            if (finding.severity != Severity::Ok) {
                ids.insert(finding.id);
            }
        }
        return ids;
    }

    net::LinkTable links;
    Entries entries;
    Situation situation{
        .entries = entries, .links = links, .max_interfaces = 8192, .is_protected = true, .foreign = {}};
};

// ---- a host on which all is well ----

TEST_F(AuditTest, AllIsWell) {
    EXPECT_THAT(complaints(), IsEmpty());
    EXPECT_EQ(said(id::kProtected, Severity::Ok, ""),
              "The kernel holds the rules for 1 interface, and the guard on eth0");
    EXPECT_EQ(covered(),
              "mld-listener-report, mld-listener-done, mld2-listener-report and igmp: relocated to eth0 by its entry; "
              "nd-router-solicit: dropped by its entry. Behind it stands the guard on eth0");
}

TEST_F(AuditTest, AHostWithoutVmacs) {
    entries.clear();
    links.apply({.link = kUsualVmac, .gone = true});
    situation.guard.devices.clear();
    EXPECT_THAT(examine(situation),
                ElementsAre(Finding{"", Severity::Ok, "protected", "The kernel holds the rules for 0 interfaces"}));
}

TEST_F(AuditTest, AnEntryThatWaitsForItsInterface) {
    links.apply({.link = kUsualVmac, .gone = true});
    manage({});
    EXPECT_NE(said(id::kInterfaceAbsent, Severity::Ok), "");
    EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(AuditTest, WhatIsWorstComesFirstThenTheHostThenByInterface) {
    put({.index = 9, .name = "a", .mac = "00:00:5e:00:02:02", .kind = "macvlan", .lower_elsewhere = true});
    situation.auto_detect = false;
    situation.guard.wanted = false;
    situation.guard.devices.clear();
    situation.restorations.count = 1;
    std::vector<std::string> order;
    for (const Finding &finding : examine(situation)) {
        order.push_back(std::string(to_string(finding.severity)) + ' ' + finding.interface + ' ' + finding.id);
    }
    EXPECT_THAT(order, ElementsAre("critical a message-uncovered", "warning  rules-restored", "warning  guard-off",
                                   "warning a not-managed", "ok  protected", "ok vrrp1 message-covered"));
}

// ---- the service itself ----

TEST_F(AuditTest, NotProtected) {
    situation.is_protected = false;
    situation.failure = "the kernel refused: no";
    situation.guard = {.reason = "the kernel refused: no"};
    EXPECT_THAT(said(id::kNotProtected, Severity::Critical, ""), HasSubstr("refused: no"));
    EXPECT_THAT(said(id::kMessageUncovered, Severity::Critical), HasSubstr("not in force"));
    EXPECT_EQ(covered(), "");
}

TEST_F(AuditTest, NotReadBackYet) {
    situation.is_protected = false;
    situation.guard = {};
    EXPECT_THAT(complaints(), ElementsAre("not-protected"));
    EXPECT_NE(said(id::kNotProtected, Severity::Warning, ""), "");
    EXPECT_NE(covered(), "");
}

TEST_F(AuditTest, Restored) {
    situation.restorations = {.count = 2, .last_cause = "table ip6 was missing; last changed by nft"};
    EXPECT_THAT(said(id::kRulesRestored, Severity::Warning, ""), AllOf(HasSubstr("2 times"), HasSubstr("by nft")));
}

TEST_F(AuditTest, Contested) {
    situation.restorations = {.count = 300, .contested = true, .last_cause = "process 7"};
    EXPECT_THAT(said(id::kRulesContested, Severity::Critical, ""), HasSubstr("process 7"));
    EXPECT_EQ(said(id::kRulesRestored, Severity::Warning, ""), "");
}

// ---- the guard ----

TEST_F(AuditTest, GuardOff) {
    situation.guard = {.wanted = false};
    EXPECT_THAT(complaints(), ElementsAre("guard-off"));
    EXPECT_THAT(covered(), Not(HasSubstr("guard")));
}

TEST_F(AuditTest, GuardThatTheKernelCannotDo) {
    situation.guard = {.supported = false, .reason = "Operation not supported"};
    EXPECT_THAT(complaints(), ElementsAre("guard-unsupported"));
    EXPECT_THAT(said(id::kGuardUnsupported, Severity::Warning, ""), HasSubstr("Operation not supported"));
}

TEST_F(AuditTest, GuardThatTheKernelRefused) {
    situation.guard = {.reason = "Argument list too long"};
    EXPECT_THAT(complaints(), ElementsAre("guard-inactive"));
    EXPECT_THAT(said(id::kGuardInactive, Severity::Warning, ""), HasSubstr("Argument list too long"));
}

TEST_F(AuditTest, GuardThatADeviceCannotHave) {
    situation.guard.impossible = {{"ib0", "it is not an Ethernet device"}};
    EXPECT_THAT(complaints(), ElementsAre("guard-inactive"));
    EXPECT_THAT(said(id::kGuardInactive, Severity::Warning, "ib0"), HasSubstr("not an Ethernet device"));
    EXPECT_EQ(said(id::kGuardInactive, Severity::Warning, ""), "") << "it is where it can be";
    situation.guard.active = false;
    situation.guard.reason = "Argument list too long";
    EXPECT_THAT(said(id::kGuardInactive, Severity::Warning, ""), HasSubstr("Argument list too long"));
}

TEST_F(AuditTest, GuardThatHasCaughtSomething) {
    situation.guard.slipped[name("eth0")] = {{Message::MldReport, {3, 300}}, {Message::Igmp, {0, 0}}};
    const auto text = said(id::kGuardCaught, Severity::Warning, "eth0");
    EXPECT_THAT(text, AllOf(HasSubstr("3 mld-listener-report"), Not(HasSubstr("igmp")),
                            HasSubstr("in another network namespace above eth0"), HasSubstr("gets past")));
    situation.guard.slipped = {{name("eth0"), {{Message::MldReport, {0, 0}}}}};
    EXPECT_EQ(said(id::kGuardCaught, Severity::Warning, "eth0"), "");
}

TEST_F(AuditTest, GuardThatHasCaughtSomethingWhereNoEntryIs) {
    situation.guard.slipped[name("eth1")] = {{Message::Igmp, {1, 60}}};
    EXPECT_THAT(said(id::kGuardCaught, Severity::Warning, "eth1"),
                AllOf(Not(HasSubstr("gets past")), HasSubstr("in another network namespace above eth1")));
}

// ---- who sees to a message ----

TEST_F(AuditTest, NobodyDoes) {
    entries.clear();
    situation.auto_detect = false;
    situation.guard = {.wanted = false};
    EXPECT_THAT(said(id::kMessageUncovered, Severity::Critical),
                HasSubstr("mld-listener-report, mld-listener-done, mld2-listener-report, nd-router-solicit and igmp"));
    EXPECT_EQ(covered(), "");
}

TEST_F(AuditTest, TheGuardDoes) {
    entries.clear();
    situation.auto_detect = false;
    EXPECT_EQ(covered(),
              "mld-listener-report, mld-listener-done, mld2-listener-report and igmp: sent with the MAC of eth0 by its "
              "guard; nd-router-solicit: dropped by the guard on eth0");
    EXPECT_THAT(complaints(), ElementsAre("not-managed"));
}

TEST_F(AuditTest, TheGuardOnAnotherDeviceDoesNot) {
    entries.clear();
    situation.guard.devices = {name("eth1")};
    EXPECT_NE(said(id::kMessageUncovered, Severity::Critical), "");
}

TEST_F(AuditTest, TheGuardOfADeviceOfThatIndexInAnotherNamespaceDoesNot) {
    net::Link vmac = kUsualVmac;
    vmac.lower_elsewhere = true;
    put(vmac);
    entries.clear();
    EXPECT_NE(said(id::kMessageUncovered, Severity::Critical), "");
}

TEST_F(AuditTest, KeepalivedDoesAsFarAsItGoes) {
    keepalived({{type_is("mld2-listener-report"), kCopy, kDrop}, {type_is("nd-router-solicit"), kDrop}});
    EXPECT_THAT(covered(), AllOf(HasSubstr("mld2-listener-report: relocated by keepalived's own table"),
                                 HasSubstr("nd-router-solicit: dropped by keepalived's own table"),
                                 HasSubstr("mld-listener-report, mld-listener-done and igmp: relocated to eth0")));
    EXPECT_THAT(said(id::kKeepalivedIncomplete, Severity::Ok),
                AllOf(HasSubstr("leaves out mld-listener-report and mld-listener-done"), HasSubstr("made up for")));
    EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(AuditTest, WhatKeepalivedLeavesOutAndNobodyElseDoes) {
    keepalived({{type_is("mld-listener-report"), kCopy, kDrop}, {type_is("mld2-listener-report"), kCopy, kDrop}});
    entries.clear();
    situation.guard = {.wanted = false};
    EXPECT_THAT(said(id::kKeepalivedIncomplete, Severity::Warning), HasSubstr("leaves out mld-listener-done,"));
    EXPECT_THAT(said(id::kMessageUncovered, Severity::Critical), HasSubstr("mld-listener-done, nd-router-solicit"));
}

TEST_F(AuditTest, KeepalivedThatDoesNotKnowTheInterfaceIsNotBlamed) {
    keepalived({{type_is("nd-router-solicit"), kDrop}});
    EXPECT_EQ(said(id::kKeepalivedIncomplete, Severity::Ok), "");
}

TEST_F(AuditTest, AFirewallDoes) {
    entries.clear();
    situation.auto_detect = false;
    situation.guard.devices.clear();
    firewall({nlohmann::json::array({kDrop})});
    EXPECT_THAT(covered(), HasSubstr("mld2-listener-report and nd-router-solicit: dropped by table ip6 filter"));
    EXPECT_THAT(said(id::kMessageUncovered, Severity::Critical), HasSubstr("sending igmp in its"));
}

TEST_F(AuditTest, AFirewallThatDropsWhatCouldBeRelocated) {
    firewall({{is_sent_by(kVmac), type_is("mld2-listener-report"), kDrop}, {type_is("nd-router-solicit"), kDrop}});
    EXPECT_THAT(said(id::kRelocationBlocked, Severity::Warning),
                HasSubstr("table ip6 filter drops mld2-listener-report before"));
    EXPECT_THAT(complaints(), ElementsAre("relocation-blocked"));
}

TEST_F(AuditTest, AFirewallThatDropsTheRelocatedCopy) {
    firewall({{is_sent_by("eth0"), type_is("mld2-listener-report"), kDrop}});
    EXPECT_THAT(said(id::kRelocationBlocked, Severity::Warning),
                AllOf(HasSubstr("drops mld2-listener-report on eth0, where"), HasSubstr("Let it pass")));
    manage({.action = Action::Drop});
    EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(AuditTest, AFirewallThatDropsTheCopyThatKeepalivedRelocates) {
    entries.clear();
    keepalived({{kCopy, kDrop}});
    firewall({{is_sent_by("eth0"), kDrop}});
    EXPECT_THAT(said(id::kRelocationBlocked, Severity::Warning), HasSubstr("on eth0"));
}

TEST_F(AuditTest, AFirewallThatMayDropTheRelocatedCopy) {
    firewall({{is_sent_by("eth0"), kUnreadable, kDrop}});
    EXPECT_THAT(said(id::kFirewallUnreadable, Severity::Warning), HasSubstr("iptables' match icmp6"));
    situation.facts["eth0"].sent = {
        {Message::MldReport, 1}, {Message::MldDone, 1}, {Message::Mld2Report, 1}, {Message::RouterSolicit, 0}};
    EXPECT_THAT(complaints(), IsEmpty()) << "what eth0 sends itself passes";
    situation.facts["eth0"].sent[Message::MldDone] = 0;
    EXPECT_THAT(said(id::kFirewallUnreadable, Severity::Warning), HasSubstr("may drop mld-listener-done of"));
}

TEST_F(AuditTest, AFirewallThatDropsWhatIsDroppedAnyway) {
    manage({.action = Action::Drop});
    firewall({nlohmann::json::array({kDrop})});
    EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(AuditTest, AFirewallBehindOursDoesNotBlock) {
    situation.foreign.tables.emplace("ip6 filter", table(20, {{is_sent_by(kVmac), kDrop}}, links));
    EXPECT_THAT(complaints(), IsEmpty());
    EXPECT_THAT(covered(), Not(HasSubstr("filter")));
}

TEST_F(AuditTest, AFirewallThatCannotBeRead) {
    firewall({{kUnreadable, kDrop}});
    EXPECT_THAT(
        said(id::kFirewallUnreadable, Severity::Warning),
        AllOf(HasSubstr("table ip6 filter may drop"), HasSubstr("iptables' match icmp6"), Not(HasSubstr("igmp"))));
    EXPECT_THAT(covered(), HasSubstr("relocated to eth0")) << "whatever the firewall does, nothing gets out";
}

TEST_F(AuditTest, AFirewallThatCannotBeReadAndLetsPass) {
    firewall({{is_sent_by(kVmac), kUnreadable, kDrop}});
    for (const Message message : kAllMessages) {
        situation.counted[name(kVmac)][message] = {1, 76};
    }
    EXPECT_THAT(complaints(), IsEmpty());
    situation.counted[name(kVmac)][Message::MldDone] = {};
    EXPECT_THAT(said(id::kFirewallUnreadable, Severity::Warning), HasSubstr("may drop mld-listener-done of it"));
}

TEST_F(AuditTest, AFirewallThatCannotBeReadCoversNothing) {
    firewall({{kUnreadable, kDrop}});
    entries.clear();
    situation.guard.devices.clear();
    EXPECT_THAT(said(id::kMessageUncovered, Severity::Critical), HasSubstr("mld-listener-report"));
}

TEST_F(AuditTest, IPv6ThatIsTurnedOffSendsNothing) {
    situation.facts[kVmac].disable_ipv6 = 1;
    entries.clear();
    situation.guard.devices.clear();
    EXPECT_THAT(said(id::kMessageUncovered, Severity::Critical), HasSubstr("sending igmp in its"));
}

// ---- interfaces that are let alone ----

TEST_F(AuditTest, ExemptByAction) {
    manage({.action = Action::Allow});
    EXPECT_THAT(complaints(), ElementsAre("message-exempt"));
    EXPECT_THAT(said(id::kMessageExempt, Severity::Warning),
                AllOf(HasSubstr("mld-listener-report, "), HasSubstr("allow")));
    EXPECT_EQ(covered(), "") << "the guard exempts it, too";
}

TEST_F(AuditTest, ExemptByMessages) {
    manage({.messages = MessageSet{Message::MldReport, Message::MldDone, Message::Mld2Report}});
    EXPECT_THAT(said(id::kMessageExempt, Severity::Warning), HasSubstr("send nd-router-solicit and igmp in"));
    EXPECT_THAT(covered(), Not(HasSubstr("igmp")));
}

TEST_F(AuditTest, ExemptAndSeenToByKeepalived) {
    manage({.action = Action::Allow});
    keepalived({{kCopy, kDrop}});
    EXPECT_THAT(said(id::kMessageExempt, Severity::Warning), HasSubstr("send igmp in"));
    EXPECT_THAT(covered(), Not(HasSubstr("Behind it")));
}

TEST_F(AuditTest, NotManagedForAutoDetectIsOff) {
    entries.clear();
    situation.auto_detect = false;
    EXPECT_THAT(said(id::kNotManaged, Severity::Warning),
                AllOf(HasSubstr("auto_detect is off"), HasSubstr("guard alone")));
}

TEST_F(AuditTest, NotManagedForThereAreTooMany) {
    entries.clear();
    situation.guard.devices.clear();
    situation.max_interfaces = 12;
    EXPECT_THAT(said(id::kNotManaged, Severity::Warning),
                AllOf(HasSubstr("max_interfaces (12)"), Not(HasSubstr("guard alone"))));
}

TEST_F(AuditTest, NotManagedForItsNameCannotBeWritten) {
    put({.index = 9, .name = "@x", .mac = "00:00:5e:00:01:02", .kind = "macvtap", .lower = kEth0});
    EXPECT_THAT(said(id::kNotManaged, Severity::Warning, "@x"), HasSubstr("Rename"));
}

TEST_F(AuditTest, NamesThatDBusCannotCarry) {
    put({.index = 9, .name = "v\xff\x01", .mac = "00:00:5e:00:01:02", .kind = "macvlan", .lower = kEth0});
    EXPECT_NE(said(id::kNotManaged, Severity::Warning, "v\\xff\\x01"), "");
    EXPECT_EQ(printable("größe"), "größe");
}

TEST_F(AuditTest, OthersThanVmacsAndEntriesAreNotLookedAt) {
    put({.index = 9, .name = "veth", .mac = "00:00:5e:00:01:02", .kind = "veth"});
    put({.index = 10, .name = "mv", .mac = "02:00:00:00:00:09", .kind = "macvlan", .lower = kEth0});
    EXPECT_THAT(complaints(), IsEmpty());
    EXPECT_EQ(examine(situation).size(), 2U);
}

TEST_F(AuditTest, AnEntryThatIsNoMacvlan) {
    put({.index = 9, .name = "veth", .mac = "02:00:00:00:00:09", .kind = "veth"});
    entries = resolve({}, {{name("veth"), {.parent = "eth0"}}}, links);
    situation.facts["veth"] = {.disable_ipv6 = 0, .forwarding = 0, .accept_ra = 1, .autoconf = 1, .addr_gen_mode = 0};
    EXPECT_THAT(said(id::kMessageCovered, Severity::Ok, "veth"), HasSubstr("relocated to eth0"));
    EXPECT_EQ(said(id::kAcceptRa, Severity::Warning, "veth"), "") << "its MAC is its own";
}

// ---- relocation ----

TEST_F(AuditTest, RelocationWithoutParent) {
    net::Link vmac = kUsualVmac;
    vmac.lower_elsewhere = true;
    put(vmac);
    manage({});
    EXPECT_THAT(said(id::kRelocationImpossible, Severity::Warning),
                HasSubstr("its parent is in another network namespace"));
    EXPECT_THAT(covered(), HasSubstr("igmp: dropped by its entry"));
}

TEST_F(AuditTest, ASnoopingBridgeOfThisHostAndActionDrop) {
    manage({.action = Action::Drop});
    EXPECT_THAT(complaints(), IsEmpty());
    put({.index = kEth0, .name = "eth0", .mac = "02:00:00:00:00:02", .kind = "bridge", .snooping = true});
    EXPECT_THAT(complaints(), ElementsAre("split-brain"));
    EXPECT_THAT(said(id::kSplitBrain, Severity::Critical),
                AllOf(HasSubstr("bridge eth0"), HasSubstr("mld-listener-report, mld2-listener-report and igmp"),
                      Not(HasSubstr("relocation-blocked"))));
    put({.index = kEth0, .name = "eth0", .mac = "02:00:00:00:00:02", .kind = "bridge", .snooping = false});
    EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(AuditTest, ASnoopingBridgeAndRelocating) {
    put({.index = kEth0, .name = "eth0", .mac = "02:00:00:00:00:02", .kind = "bridge", .snooping = true});
    EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(AuditTest, ASnoopingBridgeThatTheParentIsAPortOf) {
    manage({.action = Action::Drop});
    put({.index = kBridge, .name = "br0", .kind = "bridge", .snooping = true});
    put({.index = kEth0, .name = "eth0", .mac = "02:00:00:00:00:02", .master = kBridge});
    EXPECT_THAT(said(id::kSplitBrain, Severity::Critical), HasSubstr("bridge br0"));
}

TEST_F(AuditTest, ASnoopingBridgeBelowAVlan) {
    manage({.action = Action::Drop});
    put({.index = kBridge, .name = "br0", .kind = "bridge", .snooping = true});
    put({.index = kEth0, .name = "eth0", .mac = "02:00:00:00:00:02", .kind = "vlan", .lower = kBridge});
    EXPECT_THAT(said(id::kSplitBrain, Severity::Critical), HasSubstr("bridge br0"));
}

TEST_F(AuditTest, LinksThatAreAboveThemselvesComeToAnEnd) {
    manage({.action = Action::Drop});
    put({.index = kEth0, .name = "eth0", .mac = "02:00:00:00:00:02", .lower = kEth0, .master = kEth0});
    EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(AuditTest, ASnoopingBridgeAndAFirewallThatDropsFirst) {
    put({.index = kEth0, .name = "eth0", .mac = "02:00:00:00:00:02", .kind = "bridge", .snooping = true});
    firewall({{is_sent_by(kVmac), type_is("mld2-listener-report"), kDrop}});
    EXPECT_THAT(complaints(), ElementsAre("relocation-blocked", "split-brain"));
    EXPECT_THAT(said(id::kSplitBrain, Severity::Critical), HasSubstr("see relocation-blocked"));
}

TEST_F(AuditTest, ASnoopingBridgeDoesNotMissWhatIsNoReport) {
    manage({.action = Action::Drop, .messages = MessageSet{Message::MldDone, Message::RouterSolicit}});
    put({.index = kEth0, .name = "eth0", .mac = "02:00:00:00:00:02", .kind = "bridge", .snooping = true});
    EXPECT_THAT(complaints(), ElementsAre("message-exempt"));
}

// ---- what has left ----

TEST_F(AuditTest, MessagesThatHaveLeft) {
    situation.facts[kVmac].left = {{Message::MldReport, 0}, {Message::Mld2Report, 4}};
    EXPECT_THAT(said(id::kMessageLeft, Severity::Critical), testing::StartsWith("4 mld2-listener-report have left"));
    situation.facts[kVmac].left = {{Message::Mld2Report, 0}};
    EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(AuditTest, MessagesThatWereAllowedToLeave) {
    manage({.messages = MessageSet{Message::MldReport}});
    situation.facts[kVmac].left = {{Message::Mld2Report, 4}};
    EXPECT_EQ(said(id::kMessageLeft, Severity::Critical), "");
}

// ---- how it is set up ----

TEST_F(AuditTest, RouterAdvertisements) {
    Facts &facts = situation.facts[kVmac];
    facts.forwarding = 0;
    EXPECT_THAT(complaints(), ElementsAre("accept-ra", "autoconf"));
    EXPECT_THAT(said(id::kAcceptRa, Severity::Warning), HasSubstr("sysctl -w net/ipv6/conf/vrrp1/accept_ra=0"));
    facts.autoconf = 0;
    EXPECT_THAT(complaints(), ElementsAre("accept-ra"));
    facts.accept_ra = 0;
    facts.autoconf = 1;
    EXPECT_THAT(complaints(), IsEmpty()) << "autoconf does nothing without router advertisements";
    facts.forwarding = 1;
    facts.accept_ra = 2;
    EXPECT_THAT(complaints(), ElementsAre("accept-ra", "autoconf")) << "2: also where packets are forwarded";
    facts.disable_ipv6 = 1;
    EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(AuditTest, AnAddressMadeOfTheSharedMac) {
    situation.facts[kVmac].addr_gen_mode = 0;
    EXPECT_THAT(said(id::kEui64Address, Severity::Warning), HasSubstr("ip link set vrrp1 addrgenmode none"));
    for (const int mode : {1, 2, 3}) {
        situation.facts[kVmac].addr_gen_mode = mode;
        EXPECT_THAT(complaints(), IsEmpty()) << mode;
    }
}

TEST_F(AuditTest, WithoutFactsNothingIsClaimed) {
    situation.facts.clear();
    EXPECT_THAT(complaints(), IsEmpty());
}

TEST_F(AuditTest, AnotherManager) {
    Manager &manager = situation.facts[kVmac].manager;
    manager = {.name = "NetworkManager", .holding = Holding::Holds};
    EXPECT_THAT(said(id::kOtherManager, Severity::Warning), HasSubstr("unmanaged-devices=interface-name:vrrp1"));
    manager.holding = Holding::Observes;
    EXPECT_THAT(said(id::kOtherManager, Severity::Ok), HasSubstr("unmanaged-devices=interface-name:vrrp1"));
    manager.holding = Holding::Made;
    EXPECT_EQ(said(id::kOtherManager, Severity::Ok), "");
    manager = {.name = "systemd-networkd", .holding = Holding::Holds};
    EXPECT_THAT(said(id::kOtherManager, Severity::Warning), HasSubstr("Unmanaged=yes"));
}

}  // namespace
}  // namespace vmac::audit
