// SPDX-License-Identifier: GPL-2.0-or-later
// From what libnftables prints to what the guard is, and how what is not ours is told.
#include "nft/guard_listing.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "fake_engine.hpp"
#include "guard_listings.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;
using test::name;
using testing::IsEmpty;

constexpr auto kMac = "02:00:00:00:00:02";
constexpr auto kVmac = "00:00:5e:00:02:05";
constexpr auto kOtherContent = "table netdev vmac_mldfilter had other content";

/// What the listings of guard_listings.hpp hold.
Guard guard_of_listings() {
    const Sender vmac{.device = name("eth0"), .mac = kVmac};
    const Sender igmp{.device = name("eth0"), .mac = "00:00:5e:00:01:05"};
    return {.devices = {{name("eth0"), kMac}},
            .registered = {{.device = name("eth0"), .mac = "02:00:00:00:00:07"}},
            .exempt = {{.sender = vmac, .message = Message::MldReport},
                       {.sender = vmac, .message = Message::RouterSolicit},
                       {.sender = igmp, .message = Message::Igmp}}};
}

GuardListing read(const json &document) {
    return parse_guard_listing(document.dump());
}

/// The body of the first object of @p kind that has @p value for @p key.
json &body_of(json &document, const char *kind, const char *key, const std::string &value) {
    for (json &object : document.at("nftables")) {
        if (object.contains(kind) && object[kind].at(key) == value) {
            return object[kind];
        }
    }
    throw std::out_of_range(value);
}

/// The rule of vmac_eth0 that comes as number @p index, from 0.
json &rule_of(json &document, int index) {
    for (json &object : document.at("nftables")) {
        if (object.contains("rule") && object["rule"].at("chain") == "vmac_eth0" && index-- == 0) {
            return object["rule"]["expr"];
        }
    }
    throw std::out_of_range("rule");
}

class GuardListings : public testing::TestWithParam<const char *> {
protected:
    json document = json::parse(GetParam());
};

INSTANTIATE_TEST_SUITE_P(Of, GuardListings, testing::Values(test::kListingOf106, test::kListingOf113),
                         [](const auto &listing) { return listing.index == 0 ? "nft_1_0_6" : "nft_1_1_3"; });

TEST_P(GuardListings, AreReadWithAllThatIsInThem) {
    const GuardListing listing = parse_guard_listing(GetParam());
    EXPECT_THAT(listing.deviation, IsEmpty());
    EXPECT_FALSE(listing.missing);
    EXPECT_TRUE(listing.guard == guard_of_listings());
    const Counters counters = {{name("eth0"),
                                {{Message::MldReport, {1, 90}},
                                 {Message::MldDone, {2, 180}},
                                 {Message::Mld2Report, {3, 270}},
                                 {Message::RouterSolicit, {4, 360}},
                                 {Message::Igmp, {5, 450}}}}};
    EXPECT_EQ(listing.counters, counters);
}

TEST_P(GuardListings, SayNothingByHandlesAndTheOrderOfObjects) {
    std::reverse(document["nftables"].begin(), document["nftables"].begin() + 6);
    for (json &object : document["nftables"]) {
        if (!object.contains("metainfo")) {
            (*object.begin())["handle"] = 99;
        }
    }
    EXPECT_THAT(read(document).deviation, IsEmpty());
}

TEST_P(GuardListings, MayPrintIgmpAsANumber) {
    for (const int index : {2, 7}) {
        ASSERT_EQ(rule_of(document, index)[0]["match"]["right"], "igmp");
        rule_of(document, index)[0]["match"]["right"] = 2;
    }
    const GuardListing listing = read(document);
    EXPECT_THAT(listing.deviation, IsEmpty());
    EXPECT_EQ(listing.counters.at(name("eth0")).at(Message::Igmp), (Count{5, 450}));
}

TEST_P(GuardListings, WithAnotherProtocolAreNotOurs) {
    rule_of(document, 7)[0]["match"]["right"] = 17;
    EXPECT_EQ(read(document).deviation, kOtherContent);
}

TEST_P(GuardListings, TellTheMacThatIsSet) {
    for (const int index : {3, 4, 5, 7}) {
        rule_of(document, index)[2]["mangle"]["value"] = "02:00:00:00:00:99";
    }
    const GuardListing listing = read(document);
    EXPECT_THAT(listing.deviation, IsEmpty()) << "it is a guard of ours, of another time";
    EXPECT_EQ(listing.guard.devices.at(name("eth0")), "02:00:00:00:00:99");
}

TEST_P(GuardListings, WithTwoMacsForADeviceAreNotOurs) {
    rule_of(document, 3)[2]["mangle"]["value"] = "02:00:00:00:00:99";
    EXPECT_EQ(read(document).deviation, kOtherContent);
}

TEST_P(GuardListings, WithoutARuleAreNotOurs) {
    for (std::size_t place = 0; place < document["nftables"].size(); ++place) {
        if (!document["nftables"][place].contains("rule")) {
            continue;
        }
        json less = document;
        less["nftables"].erase(place);
        EXPECT_EQ(read(less).deviation, kOtherContent) << document["nftables"][place];
    }
}

TEST_P(GuardListings, WithoutAnyOtherObjectAreNotOurs) {
    for (std::size_t place = 1; place < document["nftables"].size(); ++place) {
        json less = document;
        less["nftables"].erase(place);
        EXPECT_EQ(read(less).deviation, kOtherContent) << document["nftables"][place];
    }
}

TEST_P(GuardListings, WithRulesInAnotherOrderAreNotOurs) {
    std::swap(rule_of(document, 1), rule_of(document, 3));
    EXPECT_EQ(read(document).deviation, kOtherContent);
}

TEST_P(GuardListings, WithAForeignRuleOrChainAreNotOursButTheirCountersAre) {
    for (const char *foreign : {R"({"rule": {"family": "netdev", "table": "vmac_mldfilter", "chain": "egress_eth0",
                                             "handle": 40, "expr": [{"drop": null}]}})",
                                R"({"rule": {"family": "netdev", "table": "vmac_mldfilter", "chain": "vmac_eth0",
                                             "handle": 40, "expr": [{"counter": {"packets": 1, "bytes": 2}}]}})",
                                R"({"chain": {"family": "netdev", "table": "vmac_mldfilter", "name": "theirs"}})",
                                R"({"map": {"family": "netdev", "table": "vmac_mldfilter", "name": "theirs",
                                            "type": "ifname", "map": "verdict"}})"}) {
        json more = document;
        more["nftables"].push_back(json::parse(foreign));
        const GuardListing listing = read(more);
        EXPECT_EQ(listing.deviation, kOtherContent) << foreign;
        EXPECT_EQ(listing.counters.at(name("eth0")).at(Message::Mld2Report), (Count{3, 270})) << foreign;
    }
}

TEST_P(GuardListings, WithAnotherPolicyHookOrPriorityAreNotOurs) {
    for (const auto &[key, value] :
         std::map<std::string, json>{{"policy", "drop"}, {"hook", "ingress"}, {"prio", 1}, {"type", "nat"}}) {
        json other = document;
        body_of(other, "chain", "name", "egress_eth0")[key] = value;
        EXPECT_EQ(read(other).deviation, kOtherContent) << key;
    }
}

TEST_P(GuardListings, WithAForeignElementAreNotOursAndTheRestIsRead) {
    for (const char *element :
         {R"({"concat": ["eth0", "00:00:5e:00:02:05", "nd-neighbor-advert"]})", R"({"concat": ["eth0"]})", R"("eth0")",
          R"({"concat": ["a/b", "00:00:5e:00:02:05", "mld-listener-report"]})", R"({"concat": [1, 2, 3]})",
          R"({"elem": {"val": {"concat": ["eth0", "00:00:5e:00:02:05", "mld-listener-report"]}, "timeout": 9}})",
          "null"}) {
        json more = document;
        body_of(more, "set", "name", "exempt")["elem"].push_back(json::parse(element));
        const GuardListing listing = read(more);
        EXPECT_EQ(listing.deviation, kOtherContent) << element;
        EXPECT_EQ(listing.guard.devices.size(), 1U) << element;
    }
}

TEST_P(GuardListings, WithASetOfAnotherTypeAreNotOurs) {
    body_of(document, "set", "name", "exempt_igmp")["type"] = {"ifname", "ipv4_addr"};
    EXPECT_EQ(read(document).deviation, kOtherContent);
    json with_timeout = json::parse(GetParam());
    body_of(with_timeout, "set", "name", "exempt_igmp")["timeout"] = 60;
    EXPECT_EQ(read(with_timeout).deviation, kOtherContent);
}

TEST_P(GuardListings, ChangedAnywhereAreReadWithoutACrash) {
    const std::string text = document.dump();
    for (std::size_t place = 0; place < text.size(); place += 31) {
        for (const char wrong : {'\0', '"', '}', '9', '\xff'}) {
            std::string damaged = text;
            damaged[place] = wrong;
            (void)parse_guard_listing(damaged);
        }
        const GuardListing cut = parse_guard_listing(text.substr(0, place));
        EXPECT_EQ(cut.deviation, "table netdev vmac_mldfilter could not be read");
    }
}

TEST(GuardListingOf113, NamesTheDeviceOfAChainAndAnotherOneIsNotOurs) {
    json document = json::parse(test::kListingOf113);
    ASSERT_EQ(body_of(document, "chain", "name", "egress_eth0").at("dev"), "eth0");
    body_of(document, "chain", "name", "egress_eth0")["dev"] = "eth1";
    EXPECT_EQ(read(document).deviation, kOtherContent);
}

TEST(GuardListing, OfTheFakeKernelIsReadToo) {
    const Guard guard = guard_of_listings();
    for (const bool prints_devices : {false, true}) {
        test::FakeEngine kernel;
        kernel.can.prints_devices = prints_devices;
        kernel.run(replace_guard(guard, false).dump());
        const GuardListing listing = parse_guard_listing(kernel.run(list_table(Family::Netdev).dump()));
        EXPECT_THAT(listing.deviation, IsEmpty());
        EXPECT_TRUE(listing.guard == guard);
    }
}

TEST(GuardListing, WhatIsNoListingIsTold) {
    for (const char *text : {"", "nonsense", "{}", "[]", "null", "7", R"({"nftables": 7})"}) {
        EXPECT_EQ(parse_guard_listing(text).deviation, "table netdev vmac_mldfilter could not be read") << text;
    }
    EXPECT_EQ(parse_guard_listing(R"({"nftables": []})").deviation, kOtherContent);
}

TEST(GuardDifference, IsToldInWords) {
    const Guard wanted = guard_of_listings();
    EXPECT_EQ(difference_in_words(wanted, wanted), "");
    EXPECT_EQ(difference_in_words({}, wanted), "the guard on eth0 was missing or changed");

    Guard other_mac = wanted;
    other_mac.devices.at(name("eth0")) = "02:00:00:00:00:99";
    EXPECT_EQ(difference_in_words(other_mac, wanted), "the guard on eth0 was missing or changed");

    Guard no_rule = wanted;
    no_rule.registered.clear();
    EXPECT_EQ(difference_in_words(no_rule, wanted), "the guard on eth0 was missing or changed");

    Guard more = wanted;
    more.devices[name("eth1")] = kMac;
    EXPECT_EQ(difference_in_words(more, wanted), "there was a guard on a device that needs none");

    Guard less = wanted;
    less.exempt.clear();
    EXPECT_EQ(difference_in_words(less, wanted), "the exemptions from the guard were changed");
}

}  // namespace
}  // namespace vmac::nft
