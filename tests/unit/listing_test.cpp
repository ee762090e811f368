// SPDX-License-Identifier: GPL-2.0-or-later
// Whether what libnftables prints is our structure, and what is said of it. The texts are what nft 1.0.6 printed for
// tables of ours.
#include "nft/listing.hpp"

#include <gmock/gmock.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "fake_engine.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;
using test::name;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kIp6 = R"({"nftables": [
{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
{"table": {"family": "ip6", "name": "vmac_mldfilter", "handle": 1}},
{"map": {"family": "ip6", "name": "verdicts", "table": "vmac_mldfilter", "type": ["ifname", "icmpv6_type"], "handle": 3,
 "map": "verdict", "elem": [
  [{"elem": {"val": {"concat": ["vrrp1", "mld-listener-report"]}, "counter": {"packets": 3, "bytes": 228}}},
   {"goto": {"target": "relocate"}}],
  [{"elem": {"val": {"concat": ["vrrp1", "nd-router-solicit"]}, "counter": {"packets": 1, "bytes": 48}}},
   {"drop": null}],
  [{"elem": {"val": {"concat": ["vrrp*", "mld2-listener-report"]}, "counter": {"packets": 0, "bytes": 0}}},
   {"drop": null}]],
 "stmt": [{"counter": null}]}},
{"map": {"family": "ip6", "name": "parents", "table": "vmac_mldfilter", "type": "ifname", "handle": 4,
 "map": "iface_index", "elem": [["vrrp1", "eth0"], ["vrrp2", "77"]]}},
{"chain": {"family": "ip6", "table": "vmac_mldfilter", "name": "relocate", "handle": 1}},
{"chain": {"family": "ip6", "table": "vmac_mldfilter", "name": "output", "handle": 2, "type": "filter",
 "hook": "output", "prio": 10, "policy": "accept"}},
{"rule": {"family": "ip6", "table": "vmac_mldfilter", "chain": "relocate", "handle": 6, "expr": [
 {"dup": {"addr": {"payload": {"protocol": "ip6", "field": "daddr"}},
          "dev": {"map": {"key": {"meta": {"key": "oifname"}}, "data": "@parents"}}}}]}},
{"rule": {"family": "ip6", "table": "vmac_mldfilter", "chain": "relocate", "handle": 7, "expr": [{"drop": null}]}},
{"rule": {"family": "ip6", "table": "vmac_mldfilter", "chain": "output", "handle": 5, "expr": [
 {"vmap": {"key": {"concat": [{"meta": {"key": "oifname"}}, {"payload": {"protocol": "icmpv6", "field": "type"}}]},
           "data": "@verdicts"}}]}}]})";

constexpr auto kIp = R"({"nftables": [
{"metainfo": {"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}},
{"table": {"family": "ip", "name": "vmac_mldfilter", "handle": 2}},
{"map": {"family": "ip", "name": "verdicts", "table": "vmac_mldfilter", "type": "ifname", "handle": 3,
 "map": "verdict", "elem": [
  [{"elem": {"val": "vrrp1", "counter": {"packets": 18446744073709551615, "bytes": 40}}},
   {"goto": {"target": "relocate"}}]],
 "stmt": [{"counter": null}]}},
{"map": {"family": "ip", "name": "parents", "table": "vmac_mldfilter", "type": "ifname", "handle": 4,
 "map": "iface_index"}},
{"chain": {"family": "ip", "table": "vmac_mldfilter", "name": "relocate", "handle": 1}},
{"chain": {"family": "ip", "table": "vmac_mldfilter", "name": "output", "handle": 2, "type": "filter",
 "hook": "output", "prio": 10, "policy": "accept"}},
{"rule": {"family": "ip", "table": "vmac_mldfilter", "chain": "relocate", "handle": 6, "expr": [
 {"dup": {"addr": {"payload": {"protocol": "ip", "field": "daddr"}},
          "dev": {"map": {"key": {"meta": {"key": "oifname"}}, "data": "@parents"}}}}]}},
{"rule": {"family": "ip", "table": "vmac_mldfilter", "chain": "relocate", "handle": 7, "expr": [{"drop": null}]}},
{"rule": {"family": "ip", "table": "vmac_mldfilter", "chain": "output", "handle": 5, "expr": [
 {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "protocol"}}, "right": "igmp"}},
 {"vmap": {"key": {"meta": {"key": "oifname"}}, "data": "@verdicts"}}]}}]})";

std::string deviation_of(Family family, const json &document) {
    return judge_structure(family, document.dump()).deviation;
}

/// The body of the first object of @p kind that has @p value for @p key.
json &body_of(json &document, const std::string &kind, const std::string &key, const std::string &value) {
    for (json &object : document.at("nftables")) {
        if (object.contains(kind) && object[kind].at(key) == value) {
            return object[kind];
        }
    }
    throw std::out_of_range(value);
}

TEST(JudgeStructure, OursDoesNotDeviate) {
    EXPECT_EQ(judge_structure(Family::Ip6, kIp6).deviation, "");
    EXPECT_EQ(judge_structure(Family::Ip, kIp).deviation, "");
}

TEST(JudgeStructure, ElementsDoNotMatter) {
    json document = json::parse(kIp6);
    for (const json &elements : {json::array({1, "nobody's"}), json::array(), json(nullptr)}) {
        body_of(document, "map", "name", "verdicts")["elem"] = elements;
        EXPECT_EQ(deviation_of(Family::Ip6, document), "") << elements;
    }
    body_of(document, "map", "name", "verdicts").erase("elem");
    EXPECT_EQ(deviation_of(Family::Ip6, document), "");
}

TEST(JudgeStructure, OursMayBeOwned) {
    json document = json::parse(kIp);
    EXPECT_FALSE(judge_structure(Family::Ip, kIp).owned);
    body_of(document, "table", "name", kTable)["flags"] = {"owner", "persist"};
    const Structure owned = judge_structure(Family::Ip, document.dump());
    EXPECT_EQ(owned.deviation, "");
    EXPECT_TRUE(owned.owned);
    body_of(document, "table", "name", kTable)["flags"] = "owner";
    EXPECT_FALSE(judge_structure(Family::Ip, document.dump()).owned);
}

TEST(JudgeStructure, IgmpMayBePrintedAsANumber) {
    json document = json::parse(kIp);
    body_of(document, "rule", "chain", "output")["expr"][0]["match"]["right"] = 2;
    EXPECT_THAT(deviation_of(Family::Ip, document), IsEmpty());
    body_of(document, "rule", "chain", "output")["expr"][0]["match"]["right"] = 6;
    EXPECT_THAT(deviation_of(Family::Ip, document), HasSubstr("other content"));
}

TEST(JudgeStructure, OneTableIsNotTheOther) {
    EXPECT_EQ(judge_structure(Family::Ip, kIp6).deviation, "table ip vmac_mldfilter had other content");
    EXPECT_EQ(judge_structure(Family::Ip6, kIp).deviation, "table ip6 vmac_mldfilter had other content");
}

TEST(JudgeStructure, OrderOfObjectsIsTheKernels) {
    json document = json::parse(kIp6);
    auto &objects = document.at("nftables");
    std::swap(objects.at(2), objects.at(5));
    std::swap(objects.at(1), objects.at(8));
    EXPECT_THAT(deviation_of(Family::Ip6, document), IsEmpty());
}

TEST(JudgeStructure, OrderOfTheRulesInAChainIsNot) {
    json document = json::parse(kIp6);
    auto &objects = document.at("nftables");
    std::swap(objects.at(6), objects.at(7));  // drop, then dup: nothing is relocated
    EXPECT_THAT(deviation_of(Family::Ip6, document), HasSubstr("other content"));
}

struct Alteration {
    const char *what;
    std::function<void(json &document)> apply;
};

void PrintTo(const Alteration &alteration, std::ostream *stream) {
    *stream << alteration.what;
}

class OtherStructure : public testing::TestWithParam<Alteration> {};

TEST_P(OtherStructure, Deviates) {
    json document = json::parse(kIp6);
    GetParam().apply(document);
    EXPECT_EQ(deviation_of(Family::Ip6, document), "table ip6 vmac_mldfilter had other content");
}

INSTANTIATE_TEST_SUITE_P(
    Alterations, OtherStructure,
    testing::Values(
        Alteration{"another rule",
                   [](json &document) {
                       json rule = document["nftables"].back();
                       rule["rule"]["expr"] = json::array({{{"accept", nullptr}}});
                       document["nftables"].push_back(rule);
                   }},
        Alteration{"a rule less", [](json &document) { document["nftables"].erase(document["nftables"].size() - 1); }},
        Alteration{"a rule twice",
                   [](json &document) { document["nftables"].push_back(json(document["nftables"].back())); }},
        Alteration{"a comment", [](json &document) { document["nftables"].back()["rule"]["comment"] = "mine"; }},
        Alteration{"another chain",
                   [](json &document) {
                       document["nftables"].push_back(
                           {{"chain", {{"family", "ip6"}, {"table", "vmac_mldfilter"}, {"name", "x"}}}});
                   }},
        Alteration{"no table", [](json &document) { document["nftables"].erase(1); }},
        Alteration{"a map less", [](json &document) { document["nftables"].erase(2); }},
        Alteration{"a chain less", [](json &document) { document["nftables"].erase(4); }},
        Alteration{"another map",
                   [](json &document) {
                       document["nftables"].push_back({{"map",
                                                        {{"family", "ip6"},
                                                         {"table", "vmac_mldfilter"},
                                                         {"name", "x"},
                                                         {"type", "ifname"},
                                                         {"map", "verdict"}}}});
                   }},
        Alteration{"another set",
                   [](json &document) {
                       document["nftables"].push_back(
                           {{"set",
                             {{"family", "ip6"}, {"table", "vmac_mldfilter"}, {"name", "x"}, {"type", "mark"}}}});
                   }},
        Alteration{"another priority",
                   [](json &document) { body_of(document, "chain", "name", "output")["prio"] = 0; }},
        Alteration{"policy drop",
                   [](json &document) { body_of(document, "chain", "name", "output")["policy"] = "drop"; }},
        Alteration{"a dormant table",
                   [](json &document) {
                       body_of(document, "table", "name", "vmac_mldfilter")["flags"] = json::array({"dormant"});
                   }},
        Alteration{"a map without counters",
                   [](json &document) { body_of(document, "map", "name", "verdicts").erase("stmt"); }}));

TEST(JudgeStructure, TextThatIsNoListingDeviates) {
    for (const char *text : {"", "garbage", "{", "{}", "[]", "null", R"({"nftables": 1})", R"({"nftables": [1]})",
                             R"({"nftables": [null]})", R"({"nftables": [[]]})", R"({"nftables": [{}]})",
                             R"({"nftables": [{"map": 1}]})", R"({"nftables": [{"map": {"elem": 7}}]})",
                             R"({"nftables": [{"rule": {"expr": 1}}]})", R"({"nftables": [{"rule": {"expr": [1]}}]})",
                             R"({"nftables": []})", R"({"nftables": [{"table": {"name": 1}}]})"}) {
        EXPECT_THAT(judge_structure(Family::Ip6, text).deviation, HasSubstr("table ip6 vmac_mldfilter")) << text;
    }
}

TEST(JudgeStructure, OursIsWhatRulesetWrites) {
    test::FakeEngine kernel;
    kernel.can.ownership = true;
    for (const bool owned : {false, true}) {
        kernel.run(replace_structure(owned, false).dump());
        for (const Family family : kFirstLine) {
            const Structure structure = judge_structure(family, kernel.outline(family));
            EXPECT_EQ(structure.deviation, "");
            EXPECT_EQ(structure.owned, owned);
        }
    }
}

/// Of tables that are there.
Reading some_reading() {
    return {.structure = {{Family::Ip6, "six"}, {Family::Ip, "four"}},
            .verdicts = {{name("a"), {{Message::MldDone, Verdict::Drop}}}},
            .counters = {{name("a"), {{Message::MldDone, {1, 10}}}}},
            .parents = {{name("a"), 2}},
            .parents_in_ip = {{name("a"), 2}},
            .foreign = {}};
}

TEST(ListingOf, HasWhatWasRead) {
    const Reading reading = some_reading();
    const Listing listing = listing_of(reading);
    const Ruleset ruleset{.verdicts = reading.verdicts, .parents = reading.parents};
    EXPECT_EQ(listing.ruleset, ruleset);
    EXPECT_EQ(listing.counters, reading.counters);
    EXPECT_EQ(listing.deviation, "");
    EXPECT_FALSE(listing.missing);
}

TEST(ListingOf, ParentsMustBeTheSameInBoth) {
    Reading reading = some_reading();
    reading.parents.clear();
    EXPECT_EQ(listing_of(reading).deviation, "the parents in the two tables were not the same");
    reading = some_reading();
    reading.parents_in_ip.at(name("a")) = 3;
    EXPECT_EQ(listing_of(reading).deviation, "the parents in the two tables were not the same");
}

TEST(ListingOf, AForeignElementDeviatesAndTheOthersAreThere) {
    Reading reading = some_reading();
    reading.foreign = {Family::Ip};
    const Listing listing = listing_of(reading);
    EXPECT_EQ(listing.deviation, "there was a foreign element in table ip vmac_mldfilter");
    EXPECT_EQ(listing.ruleset.verdicts, reading.verdicts);
    EXPECT_EQ(listing.counters, reading.counters);
}

TEST(ListingOf, NothingIsThereWhenNeitherTableIs) {
    Reading reading = some_reading();
    reading.structure.erase(Family::Ip6);
    EXPECT_FALSE(listing_of(reading).missing);
    reading = {.structure = {{Family::Netdev, "guard"}}};
    EXPECT_TRUE(listing_of(reading).missing);
    EXPECT_EQ(listing_of(reading).deviation, "table ip6 vmac_mldfilter was missing");
}

TEST(DifferenceInWords, NamesTheInterface) {
    const Ruleset wanted{.verdicts = {{name("a"), {{Message::Igmp, Verdict::Drop}}}}, .parents = {{name("a"), 2}}};
    EXPECT_EQ(difference_in_words(wanted, wanted), "");

    EXPECT_EQ(difference_in_words({}, wanted), "the verdicts for a were missing or changed");

    Ruleset changed = wanted;
    changed.verdicts.at(name("a")).at(Message::Igmp) = Verdict::Relocate;
    EXPECT_EQ(difference_in_words(changed, wanted), "the verdicts for a were missing or changed");

    Ruleset more = wanted;
    more.verdicts[name("b")][Message::Igmp] = Verdict::Drop;
    EXPECT_EQ(difference_in_words(more, wanted), "there were verdicts for interfaces that are not under management");

    Ruleset parents = wanted;
    parents.parents.clear();
    EXPECT_EQ(difference_in_words(parents, wanted), "the map of parents was changed");
}

}  // namespace
}  // namespace vmac::nft
