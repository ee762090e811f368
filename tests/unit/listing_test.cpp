// SPDX-License-Identifier: GPL-2.0-or-later
// From what libnftables prints to rules and counters. The texts are what nft 1.0.6 printed for tables of ours.
#include "nft/listing.hpp"

#include <gmock/gmock.h>

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

unsigned index_of(const std::string &device) {
    return device == "eth0" ? 2 : 0;
}

Listing read(Family family, const json &document) {
    return parse_listing(family, document.dump(), index_of);
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

TEST(ParseListing, ReadsTheIp6Table) {
    const Listing listing = parse_listing(Family::Ip6, kIp6, index_of);
    EXPECT_THAT(listing.deviation, IsEmpty());
    const Ruleset expected{
        .verdicts = {{name("vrrp1"),
                      {{Message::MldReport, Verdict::Relocate}, {Message::RouterSolicit, Verdict::Drop}}},
                     {name("vrrp*"), {{Message::Mld2Report, Verdict::Drop}}}},
        .parents = {{name("vrrp1"), 2}, {name("vrrp2"), 77}}};
    EXPECT_EQ(listing.ruleset, expected);
    const Counters counters = {{name("vrrp1"), {{Message::MldReport, {3, 228}}, {Message::RouterSolicit, {1, 48}}}},
                               {name("vrrp*"), {{Message::Mld2Report, {}}}}};
    EXPECT_EQ(listing.counters, counters);
}

TEST(ParseListing, ReadsTheIpTable) {
    const Listing listing = parse_listing(Family::Ip, kIp, index_of);
    EXPECT_THAT(listing.deviation, IsEmpty());
    const Ruleset expected{.verdicts = {{name("vrrp1"), {{Message::Igmp, Verdict::Relocate}}}}, .parents = {}};
    EXPECT_EQ(listing.ruleset, expected);
    EXPECT_EQ(listing.counters.at(name("vrrp1")).at(Message::Igmp), (Count{UINT64_MAX, 40}));
}

TEST(ParseListing, IgmpMayBePrintedAsANumber) {
    json document = json::parse(kIp);
    body_of(document, "rule", "chain", "output")["expr"][0]["match"]["right"] = 2;
    EXPECT_THAT(read(Family::Ip, document).deviation, IsEmpty());
    body_of(document, "rule", "chain", "output")["expr"][0]["match"]["right"] = 6;
    EXPECT_THAT(read(Family::Ip, document).deviation, HasSubstr("other content"));
}

TEST(ParseListing, ADeviceNamedLikeANumberIsThatDevice) {
    json document = json::parse(kIp);
    body_of(document, "map", "name", "parents")["elem"] = json::array({json::array({"vrrp1", "77"})});
    const auto listing = parse_listing(Family::Ip, document.dump(), [](const std::string &) { return 5U; });
    EXPECT_EQ(listing.ruleset.parents.at(name("vrrp1")), 5U);
}

TEST(ParseListing, OneTableIsNotTheOther) {
    EXPECT_EQ(parse_listing(Family::Ip, kIp6, index_of).deviation, "table ip vmac_mldfilter had other content");
    EXPECT_EQ(parse_listing(Family::Ip6, kIp, index_of).deviation, "table ip6 vmac_mldfilter had other content");
}

TEST(ParseListing, OrderOfObjectsIsTheKernels) {
    json document = json::parse(kIp6);
    auto &objects = document.at("nftables");
    std::swap(objects.at(2), objects.at(5));
    std::swap(objects.at(1), objects.at(8));
    EXPECT_THAT(read(Family::Ip6, document).deviation, IsEmpty());
}

TEST(ParseListing, OrderOfTheRulesInAChainIsNot) {
    json document = json::parse(kIp6);
    auto &objects = document.at("nftables");
    std::swap(objects.at(6), objects.at(7));  // drop, then dup: nothing is relocated
    EXPECT_THAT(read(Family::Ip6, document).deviation, HasSubstr("other content"));
}

struct Alteration {
    const char *what;
    std::function<void(json &document)> apply;
};

void PrintTo(const Alteration &alteration, std::ostream *stream) {
    *stream << alteration.what;
}

class OtherStructure : public testing::TestWithParam<Alteration> {};

TEST_P(OtherStructure, IsADeviationButElementsAreRead) {
    json document = json::parse(kIp6);
    GetParam().apply(document);
    const Listing listing = read(Family::Ip6, document);
    EXPECT_EQ(listing.deviation, "table ip6 vmac_mldfilter had other content");
    EXPECT_EQ(listing.counters.at(name("vrrp1")).at(Message::MldReport), (Count{3, 228}));
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

struct Foreign {
    const char *map;
    const char *element;
};

void PrintTo(const Foreign &foreign, std::ostream *stream) {
    *stream << foreign.map << ' ' << foreign.element;
}

class ForeignElement : public testing::TestWithParam<Foreign> {};

TEST_P(ForeignElement, IsADeviationAndTheOthersAreRead) {
    json document = json::parse(kIp6);
    body_of(document, "map", "name", GetParam().map)
        .at("elem")
        .insert(body_of(document, "map", "name", GetParam().map).at("elem").begin(), json::parse(GetParam().element));
    const Listing listing = read(Family::Ip6, document);
    EXPECT_EQ(listing.deviation, std::string("there was a foreign element in map ") + GetParam().map);
    EXPECT_EQ(listing.counters, read(Family::Ip6, json::parse(kIp6)).counters);
    EXPECT_EQ(listing.ruleset, read(Family::Ip6, json::parse(kIp6)).ruleset);
}

constexpr auto kVerdicts = "verdicts";

INSTANTIATE_TEST_SUITE_P(
    Elements, ForeignElement,
    testing::Values(
        Foreign{kVerdicts,
                R"([{"elem": {"val": {"concat": ["a", "nd-neighbor-advert"]}, "counter": {"packets": 0, "bytes": 0}}},
                    {"drop": null}])"},
        Foreign{
            kVerdicts,
            R"([{"elem": {"val": {"concat": ["a", 200]}, "counter": {"packets": 0, "bytes": 0}}}, {"drop": null}])"},
        Foreign{kVerdicts, R"([{"elem": {"val": {"concat": ["a", "mld-listener-done"]},
                                         "counter": {"packets": 0, "bytes": 0}}}, {"accept": null}])"},
        Foreign{kVerdicts, R"([{"elem": {"val": {"concat": ["a", "mld-listener-done"]},
                                         "counter": {"packets": 0, "bytes": 0}}}, {"goto": {"target": "output"}}])"},
        Foreign{kVerdicts, R"([{"elem": {"val": {"concat": ["a", "mld-listener-done"]},
                                         "counter": {"packets": 0, "bytes": 0}}}, {"jump": {"target": "relocate"}}])"},
        Foreign{kVerdicts, R"([{"concat": ["a", "mld-listener-done"]}, {"drop": null}])"},
        Foreign{kVerdicts, R"([{"elem": {"val": {"concat": ["a/b", "mld-listener-done"]},
                                         "counter": {"packets": 0, "bytes": 0}}}, {"drop": null}])"},
        Foreign{kVerdicts, R"([{"elem": {"val": {"concat": ["a", "mld-listener-done"]},
                                         "counter": {"packets": "many", "bytes": 0}}}, {"drop": null}])"},
        Foreign{kVerdicts, "null"}, Foreign{kVerdicts, "[]"}, Foreign{kVerdicts, R"("a")"},
        Foreign{"parents", "[1, 2]"}, Foreign{"parents", R"(["a/b", "eth0"])"}, Foreign{"parents", R"(["a"])"}));

TEST(ParseListing, TextThatIsNoListingIsADeviation) {
    for (const char *text : {"", "garbage", "{", "{}", "[]", "null", R"({"nftables": 1})", R"({"nftables": [1]})",
                             R"({"nftables": [null]})", R"({"nftables": [[]]})", R"({"nftables": [{}]})",
                             R"({"nftables": [{"map": 1}]})", R"({"nftables": [{"map": {"elem": 7}}]})",
                             R"({"nftables": [{"rule": {"expr": 1}}]})", R"({"nftables": [{"rule": {"expr": [1]}}]})",
                             R"({"nftables": []})", R"({"nftables": [{"table": {"name": 1}}]})"}) {
        const Listing listing = parse_listing(Family::Ip6, text, index_of);
        EXPECT_THAT(listing.deviation, HasSubstr("table ip6 vmac_mldfilter")) << text;
        EXPECT_EQ(listing.ruleset, Ruleset{}) << text;
    }
}

TEST(ParseListing, ReadsBackWhatRulesetWrites) {
    const Ruleset wanted{
        .verdicts = {{name("vrrp1"), {{Message::MldDone, Verdict::Relocate}, {Message::Igmp, Verdict::Drop}}},
                     {name("vrrp*"), {{Message::Igmp, Verdict::Relocate}}}},
        .parents = {{name("vrrp*"), 123456}}};
    test::FakeEngine kernel;
    kernel.run(replace_tables(wanted).dump());
    const Listing listing = merge(parse_listing(Family::Ip6, kernel.run(list_table(Family::Ip6).dump()), index_of),
                                  parse_listing(Family::Ip, kernel.run(list_table(Family::Ip).dump()), index_of));
    EXPECT_THAT(listing.deviation, IsEmpty());
    EXPECT_EQ(listing.ruleset, wanted);
}

TEST(Merge, AddsUpTheTables) {
    Listing ip6{
        .ruleset = {.verdicts = {{name("a"), {{Message::MldDone, Verdict::Drop}}}}, .parents = {{name("a"), 2}}},
        .counters = {{name("a"), {{Message::MldDone, {1, 10}}}}},
        .deviation = {}};
    Listing ip{.ruleset = {.verdicts = {{name("a"), {{Message::Igmp, Verdict::Drop}}},
                                        {name("b"), {{Message::Igmp, Verdict::Relocate}}}},
                           .parents = {{name("a"), 2}}},
               .counters = {{name("a"), {{Message::Igmp, {2, 20}}}}},
               .deviation = {}};
    const Listing both = merge(ip6, ip);
    const Ruleset expected{
        .verdicts = {{name("a"), {{Message::MldDone, Verdict::Drop}, {Message::Igmp, Verdict::Drop}}},
                     {name("b"), {{Message::Igmp, Verdict::Relocate}}}},
        .parents = {{name("a"), 2}}};
    EXPECT_EQ(both.ruleset, expected);
    const Counters counters = {{name("a"), {{Message::MldDone, {1, 10}}, {Message::Igmp, {2, 20}}}}};
    EXPECT_EQ(both.counters, counters);
    EXPECT_THAT(both.deviation, IsEmpty());
}

TEST(Merge, ParentsMustBeTheSameInBoth) {
    const Listing ip6{.ruleset = {.verdicts = {}, .parents = {{name("a"), 2}}}, .counters = {}, .deviation = {}};
    EXPECT_EQ(merge(ip6, {}).deviation, "the parents in the two tables were not the same");
    EXPECT_EQ(merge({}, ip6).deviation, "the parents in the two tables were not the same");
}

TEST(Merge, TellsTheFirstDeviation) {
    const Listing ip6{.ruleset = {}, .counters = {}, .deviation = "six"};
    const Listing ip{.ruleset = {}, .counters = {}, .deviation = "four"};
    EXPECT_EQ(merge(ip6, ip).deviation, "six");
    EXPECT_EQ(merge({}, ip).deviation, "four");
}

TEST(Merge, NothingIsThereWhenNeitherTableIs) {
    Listing missing;
    missing.missing = true;
    EXPECT_TRUE(merge(missing, missing).missing);
    EXPECT_FALSE(merge(missing, {}).missing);
    EXPECT_FALSE(merge({}, missing).missing);
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
