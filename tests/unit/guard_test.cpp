// SPDX-License-Identifier: GPL-2.0-or-later
// The commands that make the guard: what is touched, what is left alone, and in which order.
#include "nft/guard.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "nft/commands.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;
using test::name;
using testing::ElementsAre;

constexpr auto kMac = "02:00:00:00:00:02";
constexpr auto kVmac = "00:00:5e:00:02:05";
constexpr auto kOther = "02:00:00:00:00:07";

/// One device without exemptions.
Guard guard_on(const char *device, const char *mac = kMac) {
    return {.devices = {{name(device), mac}}, .registered = {}, .exempt = {}};
}

Guard &registering(Guard &guard, const char *device, const char *mac = kOther) {
    guard.registered.insert({.device = name(device), .mac = mac});
    return guard;
}

Guard &exempting(Guard &guard, const char *device, Message message, const char *mac = kVmac) {
    guard.exempt.insert({.sender = {.device = name(device), .mac = mac}, .message = message});
    return guard;
}

/// A command in short: "add chain vmac_eth0". Rules are told by their chain, elements by their set and what is in them.
std::string in_short(const json &command) {
    const json &object = command.begin().value();
    const std::string &kind = object.begin().key();
    const json &body = object.begin().value();
    EXPECT_EQ(body.at("family"), "netdev") << command;
    if (kind != "table") {
        EXPECT_EQ(body.at("table"), "vmac_mldfilter") << command;
    }
    std::string text = command.begin().key() + ' ' + kind;
    text += ' ' + body.at(kind == "rule" ? "chain" : "name").get<std::string>();
    for (const json &element : body.value("elem", json::array())) {
        text += ' ' + element.at("concat").dump();
    }
    return text;
}

std::vector<std::string> in_short_all(const json &commands) {
    std::vector<std::string> lines;
    for (const json &command : commands.at("nftables")) {
        lines.push_back(in_short(command));
    }
    return lines;
}

std::vector<std::string> change(const Guard &present, const Guard &wanted) {
    return in_short_all(change_guard(present, wanted));
}

/// The statements of all rules of a chain.
json rules_of(const Guard &guard, const std::string &chain) {
    json rules = json::array();
    for (const json &object : guard_objects(guard)) {
        if (object.contains("rule") && object.at("rule").at("chain") == chain) {
            rules.push_back(object.at("rule").at("expr"));
        }
    }
    return rules;
}

TEST(GuardObjects, AreTheTableThatTheHeaderTells) {
    const json objects = guard_objects(guard_on("eth0"));
    EXPECT_EQ(objects.at(0), json::parse(R"({"table": {"family": "netdev", "name": "vmac_mldfilter"}})"));
    EXPECT_EQ(objects.at(1), json::parse(R"({"set": {"family": "netdev", "table": "vmac_mldfilter",
                                                     "name": "registered", "type": ["ifname", "ether_addr"]}})"));
    EXPECT_EQ(objects.at(2), json::parse(R"({"set": {"family": "netdev", "table": "vmac_mldfilter", "name": "exempt",
                                      "type": ["ifname", "ether_addr", "icmpv6_type"]}})"));
    EXPECT_EQ(objects.at(3), json::parse(R"({"set": {"family": "netdev", "table": "vmac_mldfilter",
                                                     "name": "exempt_igmp", "type": ["ifname", "ether_addr"]}})"));
    EXPECT_EQ(objects.at(4),
              json::parse(R"({"chain": {"family": "netdev", "table": "vmac_mldfilter", "name": "vmac_eth0"}})"))
        << "it must be there before a rule can go to it";
    EXPECT_EQ(objects.at(13),
              json::parse(R"({"chain": {"family": "netdev", "table": "vmac_mldfilter", "name": "egress_eth0",
                                        "type": "filter", "hook": "egress", "dev": "eth0", "prio": 0,
                                        "policy": "accept"}})"));
    EXPECT_EQ(objects.size(), 15U);
}

TEST(GuardObjects, OtherTrafficPaysForOneComparison) {
    const json expected =
        json::parse(R"([[{"match": {"op": "==", "left": {"payload": {"base": "ll", "offset": 48, "len": 32}},
                                                      "right": 24064}},
                                           {"goto": {"target": "vmac_eth0"}}]])");
    EXPECT_EQ(rules_of(guard_on("eth0"), "egress_eth0"), expected);
}

TEST(GuardObjects, ThereIsASecondRuleOnlyOnDevicesWithOtherMacs) {
    Guard guard = guard_on("eth0");
    guard.devices[name("eth1")] = "02:00:00:00:00:03";
    registering(guard, "eth1");
    EXPECT_EQ(rules_of(guard, "egress_eth0").size(), 1U);
    const json rules = rules_of(guard, "egress_eth1");
    ASSERT_EQ(rules.size(), 2U);
    EXPECT_EQ(rules.at(1), json::parse(R"([{"match": {"op": "==", "left": {"concat": [{"meta": {"key": "oifname"}},
                                                                {"payload": {"protocol": "ether", "field": "saddr"}}]},
                                         "right": "@registered"}},
                              {"goto": {"target": "vmac_eth1"}}])"));
}

TEST(GuardObjects, MessagesGetTheMacOfTheDeviceAndRouterSolicitationsGo) {
    const json rules = rules_of(guard_on("eth0"), "vmac_eth0");
    ASSERT_EQ(rules.size(), 3U + kAllMessages.size());
    EXPECT_EQ(rules.at(3),
              json::parse(R"([{"match": {"op": "==", "left": {"payload": {"protocol": "icmpv6", "field": "type"}},
                                         "right": 131}},
                              {"counter": null},
                              {"mangle": {"key": {"payload": {"protocol": "ether", "field": "saddr"}},
                                          "value": "02:00:00:00:00:02"}}])"));
    std::vector<std::string> what;
    for (std::size_t i = 3; i < rules.size(); ++i) {
        EXPECT_TRUE(rules.at(i).at(1).contains("counter")) << "all are counted";
        what.push_back(rules.at(i).at(0).at("match").at("right").dump() + ' ' + rules.at(i).at(2).begin().key());
    }
    EXPECT_THAT(what, ElementsAre("131 mangle", "132 mangle", "143 mangle", "133 drop", "2 mangle"));
}

TEST(GuardObjects, WhatIsExemptIsAskedBeforeAnythingIsDone) {
    const json rules = rules_of(guard_on("eth0"), "vmac_eth0");
    EXPECT_EQ(rules.at(0),
              json::parse(R"([{"match": {"op": "!=", "left": {"payload": {"protocol": "ether", "field": "saddr"}},
                                         "right": {"range": ["00:00:5e:00:01:00", "00:00:5e:00:02:ff"]}}},
                              {"match": {"op": "!=", "left": {"concat": [{"meta": {"key": "oifname"}},
                                                                {"payload": {"protocol": "ether", "field": "saddr"}}]},
                                         "right": "@registered"}},
                              {"accept": null}])"));
    EXPECT_EQ(rules.at(1).at(0).at("match").at("right"), "@exempt");
    EXPECT_EQ(rules.at(2).at(0).at("match").at("right"), 2);
    EXPECT_EQ(rules.at(2).at(1).at("match").at("right"), "@exempt_igmp");
    for (const int i : {0, 1, 2}) {
        EXPECT_TRUE(rules.at(static_cast<std::size_t>(i)).back().contains("accept")) << i;
    }
}

TEST(ReplaceGuard, MakesTheTableAndWhatIsInIt) {
    Guard guard = guard_on("eth0");
    exempting(registering(guard, "eth0"), "eth0", Message::Igmp);
    exempting(guard, "eth0", Message::MldDone);
    const auto lines = in_short_all(replace_guard(guard, false));
    EXPECT_EQ(lines.front(), "add table vmac_mldfilter");
    EXPECT_THAT(std::vector(lines.end() - 3, lines.end()),
                ElementsAre(R"(add element registered ["eth0","02:00:00:00:00:07"])",
                            R"(add element exempt ["eth0","00:00:5e:00:02:05",132])",
                            R"(add element exempt_igmp ["eth0","00:00:5e:00:02:05"])"));
    EXPECT_THAT(lines, testing::Each(testing::StartsWith("add ")));
}

TEST(ReplaceGuard, TakesAwayTheTableThatIsThereFirst) {
    EXPECT_EQ(in_short_all(replace_guard(guard_on("eth0"), true)).front(), "delete table vmac_mldfilter");
    EXPECT_EQ(in_short_all(replace_guard(guard_on("eth0"), true)).size(),
              in_short_all(replace_guard(guard_on("eth0"), false)).size() + 1);
}

TEST(ReplaceGuard, WithoutDevicesThereIsNoTable) {
    EXPECT_THAT(in_short_all(replace_guard({}, true)), ElementsAre("delete table vmac_mldfilter"));
    EXPECT_TRUE(is_empty(replace_guard({}, false)));
}

TEST(ReplaceGuard, AStarAtTheEndOfANameIsNoWildcardInASet) {
    Guard guard = guard_on("eth0");
    registering(guard, "eth*");
    EXPECT_EQ(in_short_all(replace_guard(guard, false)).back(),
              R"(add element registered ["eth\\*","02:00:00:00:00:07"])");
}

TEST(ChangeGuard, NothingToDoIsNoCommand) {
    Guard guard = guard_on("eth0");
    exempting(registering(guard, "eth0"), "eth0", Message::Igmp);
    EXPECT_TRUE(is_empty(change_guard(guard, guard)));
    EXPECT_TRUE(is_empty(change_guard({}, {})));
}

TEST(ChangeGuard, TheFirstDeviceMakesTheTableAndTheLastTakesItAway) {
    EXPECT_EQ(change_guard({}, guard_on("eth0")), replace_guard(guard_on("eth0"), false));
    EXPECT_THAT(change(guard_on("eth0"), {}), ElementsAre("delete table vmac_mldfilter"));
}

TEST(ChangeGuard, AnotherDeviceLeavesTheChainsThatAreThere) {
    Guard both = guard_on("eth0");
    both.devices[name("eth1")] = kMac;
    std::vector<std::string> expected = {"add chain vmac_eth1"};
    expected.insert(expected.end(), 8, "add rule vmac_eth1");
    expected.insert(expected.end(), {"add chain egress_eth1", "add rule egress_eth1"});
    EXPECT_EQ(change(guard_on("eth0"), both), expected);
    EXPECT_THAT(change(both, guard_on("eth0")), ElementsAre("delete chain egress_eth1", "delete chain vmac_eth1"));
}

TEST(ChangeGuard, ADeviceWithAnotherMacGetsNewChainsAndTheOldGoFirst) {
    const auto lines = change(guard_on("eth0"), guard_on("eth0", "02:00:00:00:00:99"));
    ASSERT_EQ(lines.size(), 13U);
    EXPECT_EQ(lines[0], "delete chain egress_eth0") << "before the chain that it goes to";
    EXPECT_EQ(lines[1], "delete chain vmac_eth0");
    EXPECT_EQ(lines[2], "add chain vmac_eth0");
}

TEST(ChangeGuard, ElementsAreChangedWithoutTouchingChains) {
    Guard before = guard_on("eth0");
    exempting(exempting(before, "eth0", Message::Igmp), "eth0", Message::MldReport);
    Guard after = guard_on("eth0");
    exempting(exempting(after, "eth0", Message::MldReport), "eth0", Message::MldDone);
    EXPECT_THAT(change(before, after), ElementsAre(R"(delete element exempt_igmp ["eth0","00:00:5e:00:02:05"])",
                                                   R"(add element exempt ["eth0","00:00:5e:00:02:05",132])"));
}

TEST(ChangeGuard, TheFirstRegisteredMacOfADeviceBringsItsRuleAndTheSecondOnlyItself) {
    Guard one = guard_on("eth0");
    registering(one, "eth0");
    Guard two = one;
    registering(two, "eth0", "02:00:00:00:00:08");
    const auto first = change(guard_on("eth0"), one);
    EXPECT_EQ(first.at(2), R"(add element registered ["eth0","02:00:00:00:00:07"])");
    EXPECT_EQ(first.back(), "add rule egress_eth0");
    EXPECT_THAT(change(one, two), ElementsAre(R"(add element registered ["eth0","02:00:00:00:00:08"])"));
    EXPECT_THAT(change(two, one), ElementsAre(R"(delete element registered ["eth0","02:00:00:00:00:08"])"));
}

TEST(KeepsChains, WhereDeviceMacAndSecondRuleAreTheSame) {
    Guard with = guard_on("eth0");
    registering(with, "eth0");
    Guard elsewhere = guard_on("eth0");
    registering(elsewhere, "eth1");
    EXPECT_TRUE(keeps_chains(guard_on("eth0"), guard_on("eth0"), name("eth0")));
    EXPECT_TRUE(keeps_chains(guard_on("eth0"), elsewhere, name("eth0"))) << "that MAC is on another device";
    EXPECT_FALSE(keeps_chains(guard_on("eth0"), with, name("eth0")));
    EXPECT_FALSE(keeps_chains(guard_on("eth0"), guard_on("eth0", kOther), name("eth0")));
    EXPECT_FALSE(keeps_chains(guard_on("eth0"), {}, name("eth0")));
    EXPECT_FALSE(keeps_chains({}, guard_on("eth0"), name("eth0")));
}

TEST(IsGuardable, ANameThatNftWouldReadAsAWildcardIsNot) {
    EXPECT_TRUE(is_guardable(name("eth0")));
    EXPECT_TRUE(is_guardable(name("e*h")));
    EXPECT_FALSE(is_guardable(name("eth*")));
}

TEST(ProbeGuard, LeavesNothingBehindAndIsNoBusinessOfOurTable) {
    const json commands = probe_guard("eth0").at("nftables");
    ASSERT_EQ(commands.size(), 3U);
    EXPECT_EQ(commands.at(0).at("add").at("table"), commands.at(2).at("delete").at("table"));
    EXPECT_NE(commands.at(0).at("add").at("table").at("name"), kTable);
    EXPECT_EQ(commands.at(1).at("add").at("chain").at("dev"), "eth0");
    EXPECT_EQ(commands.at(1).at("add").at("chain").at("hook"), "egress");
}

}  // namespace
}  // namespace vmac::nft
