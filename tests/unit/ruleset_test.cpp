// SPDX-License-Identifier: GPL-2.0-or-later
// From what is wanted to libnftables' commands, as text that can be compared with libnftables-json(5).
#include "nft/ruleset.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "element_commands.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;
using test::change_elements;
using test::name;
using test::replace_tables;
using testing::ElementsAre;

/// Every command of a list in short: "delete element ip6 verdicts", "add table ip".
std::vector<std::string> steps(const json &commands) {
    std::vector<std::string> steps;
    for (const json &command : commands.at("nftables")) {
        const std::string &verb = command.begin().key();
        const json &object = command.begin().value();
        const std::string &kind = object.begin().key();
        const json &body = object.begin().value();
        std::string step = verb;
        step.append(" ").append(kind).append(" ").append(body.at("family").get<std::string>());
        if (kind != "table") {
            EXPECT_EQ(body.at("table"), "vmac_mldfilter");
            step.append(" ").append(body.value(kind == "rule" ? "chain" : "name", ""));
        } else {
            EXPECT_EQ(body.at("name"), "vmac_mldfilter");
        }
        steps.push_back(step);
    }
    return steps;
}

/// The elements that one step of change_elements() names.
json elements(const Ruleset &present, const Ruleset &wanted, const std::string &step) {
    const json commands = change_elements(present, wanted);
    const auto all = steps(commands);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i] == step) {
            return commands.at("nftables").at(i).begin()->at("element").at("elem");
        }
    }
    return {};
}

Ruleset drop(const char *interface, Message message) {
    return {.verdicts = {{name(interface), {{message, Verdict::Drop}}}}, .parents = {}};
}

TEST(Families, MldIsInIp6AndIgmpInIp) {
    EXPECT_STREQ(to_string(Family::Ip6), "ip6");
    EXPECT_STREQ(to_string(Family::Ip), "ip");
    for (const Message message : kAllMessages) {
        EXPECT_EQ(family_of(message), message == Message::Igmp ? Family::Ip : Family::Ip6);
    }
}

TEST(TableObjects, AreTheIp6TableOfTheDesign) {
    EXPECT_EQ(table_objects(Family::Ip6), json::parse(R"([
        {"table": {"family": "ip6", "name": "vmac_mldfilter"}},
        {"chain": {"family": "ip6", "table": "vmac_mldfilter", "name": "relocate"}},
        {"map": {"family": "ip6", "table": "vmac_mldfilter", "name": "verdicts",
                 "type": ["ifname", "icmpv6_type"], "map": "verdict", "stmt": [{"counter": null}]}},
        {"map": {"family": "ip6", "table": "vmac_mldfilter", "name": "parents", "type": "ifname", "map": "iface_index"}},
        {"rule": {"family": "ip6", "table": "vmac_mldfilter", "chain": "relocate", "expr": [
            {"dup": {"addr": {"payload": {"protocol": "ip6", "field": "daddr"}},
                     "dev": {"map": {"key": {"meta": {"key": "oifname"}}, "data": "@parents"}}}}]}},
        {"rule": {"family": "ip6", "table": "vmac_mldfilter", "chain": "relocate", "expr": [{"drop": null}]}},
        {"chain": {"family": "ip6", "table": "vmac_mldfilter", "name": "output",
                   "type": "filter", "hook": "output", "prio": 10, "policy": "accept"}},
        {"rule": {"family": "ip6", "table": "vmac_mldfilter", "chain": "output", "expr": [
            {"vmap": {"key": {"concat": [{"meta": {"key": "oifname"}},
                                         {"payload": {"protocol": "icmpv6", "field": "type"}}]},
                      "data": "@verdicts"}}]}}])"));
}

TEST(TableObjects, AreTheIpTableOfTheDesign) {
    EXPECT_EQ(table_objects(Family::Ip), json::parse(R"([
        {"table": {"family": "ip", "name": "vmac_mldfilter"}},
        {"chain": {"family": "ip", "table": "vmac_mldfilter", "name": "relocate"}},
        {"map": {"family": "ip", "table": "vmac_mldfilter", "name": "verdicts",
                 "type": "ifname", "map": "verdict", "stmt": [{"counter": null}]}},
        {"map": {"family": "ip", "table": "vmac_mldfilter", "name": "parents", "type": "ifname", "map": "iface_index"}},
        {"rule": {"family": "ip", "table": "vmac_mldfilter", "chain": "relocate", "expr": [
            {"dup": {"addr": {"payload": {"protocol": "ip", "field": "daddr"}},
                     "dev": {"map": {"key": {"meta": {"key": "oifname"}}, "data": "@parents"}}}}]}},
        {"rule": {"family": "ip", "table": "vmac_mldfilter", "chain": "relocate", "expr": [{"drop": null}]}},
        {"chain": {"family": "ip", "table": "vmac_mldfilter", "name": "output",
                   "type": "filter", "hook": "output", "prio": 10, "policy": "accept"}},
        {"rule": {"family": "ip", "table": "vmac_mldfilter", "chain": "output", "expr": [
            {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "protocol"}}, "right": 2}},
            {"vmap": {"key": {"meta": {"key": "oifname"}}, "data": "@verdicts"}}]}}])"));
}

TEST(ListTable, AsksForOneTableOfOurs) {
    EXPECT_EQ(list_table(Family::Ip),
              json::parse(R"({"nftables": [{"list": {"table": {"family": "ip", "name": "vmac_mldfilter"}}}]})"));
    EXPECT_EQ(list_table(Family::Ip6),
              json::parse(R"({"nftables": [{"list": {"table": {"family": "ip6", "name": "vmac_mldfilter"}}}]})"));
}

TEST(ReplaceTables, MakesEachTableAnewThenFillsIt) {
    const Ruleset wanted{
        .verdicts = {{name("a"), {{Message::MldReport, Verdict::Relocate}, {Message::Igmp, Verdict::Drop}}}},
        .parents = {{name("a"), 2}}};
    const auto table = [](const std::string &family) {
        return std::vector<std::string>{"add table " + family,
                                        "delete table " + family,
                                        "add table " + family,
                                        "add chain " + family + " relocate",
                                        "add map " + family + " verdicts",
                                        "add map " + family + " parents",
                                        "add rule " + family + " relocate",
                                        "add rule " + family + " relocate",
                                        "add chain " + family + " output",
                                        "add rule " + family + " output"};
    };
    std::vector<std::string> expected = table("ip6");
    for (auto &step : table("ip")) {
        expected.push_back(step);
    }
    for (const char *family : {"ip6", "ip"}) {
        expected.push_back(std::string("add element ") + family + " parents");
        expected.push_back(std::string("add element ") + family + " verdicts");
    }
    EXPECT_EQ(steps(replace_tables(wanted)), expected);
}

TEST(ReplaceTables, WithoutElementsIsOnlyTheTables) {
    EXPECT_EQ(replace_tables({}).at("nftables").size(), 20U);
    EXPECT_FALSE(is_empty(replace_tables({})));
}

TEST(ChangeElements, OneEntryIsExactlyThis) {
    const Ruleset wanted{.verdicts = {{name("vrrp1"),
                                       {{Message::MldReport, Verdict::Relocate},
                                        {Message::RouterSolicit, Verdict::Drop},
                                        {Message::Igmp, Verdict::Relocate}}}},
                         .parents = {{name("vrrp1"), 42}}};
    EXPECT_EQ(change_elements({}, wanted), json::parse(R"({"nftables": [
        {"add": {"element": {"family": "ip6", "table": "vmac_mldfilter", "name": "parents",
                             "elem": [["vrrp1", " 42"]]}}},
        {"add": {"element": {"family": "ip6", "table": "vmac_mldfilter", "name": "verdicts", "elem": [
            [{"concat": ["vrrp1", 131]}, {"goto": {"target": "relocate"}}],
            [{"concat": ["vrrp1", 133]}, {"drop": null}]]}}},
        {"add": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "parents",
                             "elem": [["vrrp1", " 42"]]}}},
        {"add": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "verdicts", "elem": [
            ["vrrp1", {"goto": {"target": "relocate"}}]]}}}]})"));
}

TEST(ChangeElements, HasNothingToDoWhenAllIsThere) {
    const Ruleset ruleset{.verdicts = {{name("a"), {{Message::Igmp, Verdict::Drop}}}}, .parents = {{name("a"), 2}}};
    EXPECT_TRUE(is_empty(change_elements(ruleset, ruleset)));
    EXPECT_TRUE(is_empty(change_elements({}, {})));
    EXPECT_FALSE(is_empty(change_elements({}, ruleset)));
    EXPECT_FALSE(is_empty(change_elements(ruleset, {})));
}

TEST(ChangeElements, AnAsteriskAtTheEndIsEscapedAndNoOther) {
    const Ruleset wanted{.verdicts = {{name("*"), {{Message::Igmp, Verdict::Drop}}},
                                      {name("*a"), {{Message::Igmp, Verdict::Drop}}},
                                      {name("vrrp*"), {{Message::Igmp, Verdict::Drop}}},
                                      {name("vrrp**"), {{Message::Igmp, Verdict::Drop}}}},
                         .parents = {{name("vrrp*"), 2}}};
    EXPECT_EQ(elements({}, wanted, "add element ip verdicts"),
              json::parse(R"([["\\*", {"drop": null}], ["*a", {"drop": null}], ["vrrp\\*", {"drop": null}],
                              ["vrrp*\\*", {"drop": null}]])"));
    EXPECT_EQ(elements({}, wanted, "add element ip6 parents"), json::parse(R"([["vrrp\\*", " 2"]])"));
    EXPECT_EQ(elements(wanted, {}, "delete element ip6 parents"), json::parse(R"([["vrrp\\*", " 2"]])"));
    EXPECT_EQ(elements({}, drop("v*", Message::MldDone), "add element ip6 verdicts"),
              json::parse(R"([[{"concat": ["v\\*", 132]}, {"drop": null}]])"));
}

TEST(ChangeElements, NamesAreValuesWhateverTheyLookLike) {
    for (const char *text : {"\";flush;\"", "{}", "42", "policy", "drop", "a\\", "$x", "\x01"}) {
        const json added = elements({}, drop(text, Message::Igmp), "add element ip verdicts");
        EXPECT_EQ(added.at(0).at(0), text);
        EXPECT_EQ(json::parse(added.dump()), added);
    }
}

TEST(ChangeElements, DeletesBeforeItAdds) {
    const Ruleset present{
        .verdicts = {{name("a"), {{Message::MldDone, Verdict::Drop}, {Message::Igmp, Verdict::Drop}}}},
        .parents = {{name("a"), 2}}};
    const Ruleset wanted{
        .verdicts = {{name("a"), {{Message::MldDone, Verdict::Relocate}, {Message::Igmp, Verdict::Relocate}}}},
        .parents = {{name("a"), 3}}};
    EXPECT_THAT(steps(change_elements(present, wanted)),
                ElementsAre("delete element ip6 verdicts", "delete element ip6 parents", "add element ip6 parents",
                            "add element ip6 verdicts", "delete element ip verdicts", "delete element ip parents",
                            "add element ip parents", "add element ip verdicts"));
}

TEST(ChangeElements, TouchesOnlyWhatDiffers) {
    Ruleset present{.verdicts = {{name("a"), {{Message::MldReport, Verdict::Drop}, {Message::MldDone, Verdict::Drop}}},
                                 {name("b"), {{Message::MldReport, Verdict::Drop}}},
                                 {name("c"), {{Message::MldReport, Verdict::Drop}}}},
                    .parents = {{name("a"), 2}, {name("b"), 2}}};
    Ruleset wanted = present;
    wanted.verdicts.at(name("a")).at(Message::MldDone) = Verdict::Relocate;  // another verdict
    wanted.verdicts.erase(name("c"));
    wanted.verdicts[name("d")][Message::Mld2Report] = Verdict::Drop;
    EXPECT_THAT(steps(change_elements(present, wanted)),
                ElementsAre("delete element ip6 verdicts", "add element ip6 verdicts"));
    EXPECT_EQ(elements(present, wanted, "delete element ip6 verdicts"),
              json::parse(R"([[{"concat": ["a", 132]}, {"drop": null}], [{"concat": ["c", 131]}, {"drop": null}]])"));
    EXPECT_EQ(elements(present, wanted, "add element ip6 verdicts"),
              json::parse(R"([[{"concat": ["a", 132]}, {"goto": {"target": "relocate"}}],
                              [{"concat": ["d", 143]}, {"drop": null}]])"));
}

TEST(ChangeElements, AMessageMoreOrLessIsOneElement) {
    Ruleset one = drop("a", Message::MldReport);
    Ruleset two = one;
    two.verdicts.at(name("a"))[Message::Mld2Report] = Verdict::Drop;
    EXPECT_EQ(elements(one, two, "add element ip6 verdicts"),
              json::parse(R"([[{"concat": ["a", 143]}, {"drop": null}]])"));
    EXPECT_EQ(change_elements(one, two).at("nftables").size(), 1U);
    EXPECT_EQ(elements(two, one, "delete element ip6 verdicts"),
              json::parse(R"([[{"concat": ["a", 143]}, {"drop": null}]])"));
    EXPECT_EQ(change_elements(two, one).at("nftables").size(), 1U);
}

TEST(ChangeElements, AParentThatIsAnotherIsChangedInBothTables) {
    const Ruleset present{.verdicts = {}, .parents = {{name("a"), 2}, {name("b"), 2}}};
    const Ruleset wanted{.verdicts = {}, .parents = {{name("a"), 2}, {name("b"), 7}}};
    EXPECT_THAT(steps(change_elements(present, wanted)),
                ElementsAre("delete element ip6 parents", "add element ip6 parents", "delete element ip parents",
                            "add element ip parents"));
    EXPECT_EQ(elements(present, wanted, "delete element ip parents"), json::parse(R"([["b", " 2"]])"));
    EXPECT_EQ(elements(present, wanted, "add element ip parents"), json::parse(R"([["b", " 7"]])"));
}

TEST(ReplaceTables, OwnsThemWhereThatIsWantedAndPossible) {
    Ruleset owned = drop("a", Message::Igmp);
    owned.owned = true;
    const json commands = replace_tables(owned, true).at("nftables");
    const auto table = json::parse(R"({"family": "ip6", "name": "vmac_mldfilter", "flags": ["owner", "persist"]})");
    EXPECT_EQ(commands.at(0).at("destroy").at("table").at("name"), kTable) << "also where there is none";
    EXPECT_EQ(commands.at(1).at("add").at("table"), table);
    EXPECT_THAT(replace_tables(drop("a", Message::Igmp), false).dump(),
                testing::Not(testing::AnyOf(testing::HasSubstr("destroy"), testing::HasSubstr("owner"))));
}

TEST(IsReadable, IsWhatALibraryForJsonAndAQuotedStringCarry) {
    for (const char *device : {"eth0", "a b", "{}", "eth*", "\xe7\xbd\x91", "'", "#"}) {
        EXPECT_TRUE(is_readable(device)) << device;
    }
    for (const char *device : {"a\"b", "\"", "a\\", "\xff\xfe"}) {
        EXPECT_FALSE(is_readable(device)) << device;
    }
}

}  // namespace
}  // namespace vmac::nft
