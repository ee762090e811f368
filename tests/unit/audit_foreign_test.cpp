// SPDX-License-Identifier: GPL-2.0-or-later
// The tables of keepalived and of a firewall, as libnftables 1.0.6 lists them.
#include <gmock/gmock.h>

#include <initializer_list>
#include <nlohmann/json.hpp>

#include "audit/foreign.hpp"
#include "support.hpp"

namespace vmac::audit {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr unsigned kParent = 2;
constexpr unsigned kVmac = 7;

net::LinkTable usual_links() {
    net::LinkTable links;
    links.apply({.link = {.index = kParent, .name = "eth0"}});
    links.apply({.link = {.index = kVmac, .name = "vrrp1", .kind = "macvlan", .lower = kParent}});
    links.apply({.link = {.index = 8, .name = "other", .kind = "macvlan", .lower = kParent}});
    return links;
}

std::string listing(const std::vector<std::string> &objects) {
    json all = json::array({{{"metainfo", {{"json_schema_version", 1}}}}});
    for (const auto &object : objects) {
        all.push_back(json::parse(object));
    }
    return json{{"nftables", all}}.dump();
}

/// The words of nftables' JSON, to keep the rules below short.
std::string base(const char *chain, const char *hook, int priority, const char *policy = "accept") {
    return json{
        {"chain", {{"name", chain}, {"type", "filter"}, {"hook", hook}, {"prio", priority}, {"policy", policy}}}}
        .dump();
}

std::string rule(const char *chain, const std::string &statements) {
    return R"({"rule": {"chain": ")" + std::string(chain) + R"(", "handle": 4, "expr": [)" + statements + "]}}";
}

std::string match(const std::string &left, const std::string &right, const char *op = "==") {
    return R"({"match": {"op": ")" + std::string(op) + R"(", "left": )" + left + R"(, "right": )" + right + "}}";
}

std::string meta(const char *key) {
    return R"({"meta": {"key": ")" + std::string(key) + R"("}})";
}

std::string payload(const char *protocol, const char *field) {
    return json{{"payload", {{"protocol", protocol}, {"field", field}}}}.dump();
}

const std::string kDrop = R"({"drop": null})";
const std::string kAccept = R"({"accept": null})";
const std::string kCounter = R"({"counter": {"packets": 0, "bytes": 0}})";
const std::string kIcmp6 = R"({"xt": {"type": "match", "name": "icmp6"}})";
const std::string kOutput = base("OUTPUT", "output", 0);

std::string is(const char *key, const std::string &value) {
    return match(meta(key), json(value).dump());
}

/// A table as iptables or somebody by hand has filled it.
class Table {
public:
    explicit Table(const std::vector<std::string> &objects) : table_(ForeignTable::parse(listing(objects), links_)) {}
    explicit Table(const std::string &text) : table_(ForeignTable::parse(text, links_)) {}

    [[nodiscard]] Ruling on(Message message, const char *name = "vrrp1",
                            int before = std::numeric_limits<int>::max()) const {
        return table_.rule_on({*links_.by_name(name), message}, before);
    }

    [[nodiscard]] Fate fate(Message message, const char *name = "vrrp1") const { return on(message, name).fate; }

private:
    net::LinkTable links_ = usual_links();
    ForeignTable table_;
};

/// What becomes of an MLDv2 report of vrrp1 in a chain OUTPUT with these rules.
Ruling ruling(std::initializer_list<std::string> rules, const char *policy = "accept") {
    std::vector<std::string> objects = {base("OUTPUT", "output", 0, policy)};
    for (const auto &statements : rules) {
        objects.push_back(rule("OUTPUT", statements));
    }
    return Table(objects).on(Message::Mld2Report);
}

Fate fate(std::initializer_list<std::string> rules, const char *policy = "accept") {
    return ruling(rules, policy).fate;
}

// ---- keepalived ----

const std::string kVmacMap =
    R"({"map": {"family": "ip6", "name": "vmac_map", "type": "iface_index", "map": "iface_index",
        "elem": [["vrrp1", "eth0"]]}})";
const std::string kVmacSet =
    R"({"set": {"family": "ip6", "name": "vmac_set", "type": "iface_index", "elem": ["vrrp1"]}})";
const std::string kCopy =
    R"({"dup": {"addr": {"payload": {"protocol": "ip6", "field": "daddr"}},
        "dev": {"map": {"key": {"meta": {"key": "oif"}}, "data": "@vmac_map"}}}})";

std::string join(std::initializer_list<std::string> statements) {
    std::string all;
    for (const auto &statement : statements) {
        all += (all.empty() ? "" : ", ") + statement;
    }
    return all;
}

const std::string kSolicitations = rule("out", join({match(payload("icmpv6", "type"), "\"nd-router-solicit\""),
                                                     is("oifkind", "macvlan"), is("oif", "@vmac_set"), kDrop}));

/// keepalived 2.2.7.
Table keepalived_2_2() {
    return Table({kVmacMap, kVmacSet, base("out", "output", -1),
                  rule("out", join({match(payload("icmpv6", "type"), "\"mld2-listener-report\""),
                                    is("oifkind", "macvlan"), kCopy, kDrop})),
                  kSolicitations});
}

/// keepalived 2.3.3.
Table keepalived_2_3() {
    const std::string reports =
        R"({"set": {"name": "mld-report", "type": "icmpv6_type", "flags": ["constant"],
            "elem": ["mld-listener-report", "mld2-listener-report"]}})";
    const std::string link_local =
        R"({"set": {"name": "parent_link_local", "type": ["ipv6_addr", "ifname"],
            "elem": [{"concat": ["::", "vrrp1"]}]}})";
    const std::string concatenation =
        json{{"concat", {json::parse(payload("ip6", "saddr")), json::parse(meta("oifname"))}}}.dump();
    return Table({link_local, kVmacMap, kVmacSet, reports, base("out", "output", -1),
                  rule("out", join({match(payload("icmpv6", "type"), "\"nd-neighbor-advert\""),
                                    is("oifkind", "macvlan"), match(concatenation, "\"@parent_link_local\""), kDrop})),
                  rule("out", join({match(payload("icmpv6", "type"), "\"@mld-report\""), is("oifkind", "macvlan"),
                                    kCopy, kDrop})),
                  kSolicitations});
}

TEST(Keepalived, Version2_2LeavesOutMldv1) {
    const Table table = keepalived_2_2();
    EXPECT_EQ(table.fate(Message::MldReport), Fate::Passes);
    EXPECT_EQ(table.fate(Message::MldDone), Fate::Passes);
    EXPECT_EQ(table.fate(Message::Mld2Report), Fate::Relocated);
    EXPECT_EQ(table.fate(Message::RouterSolicit), Fate::Dropped);
}

TEST(Keepalived, Version2_3LeavesOutDone) {
    const Table table = keepalived_2_3();
    EXPECT_EQ(table.fate(Message::MldReport), Fate::Relocated);
    EXPECT_EQ(table.fate(Message::MldDone), Fate::Passes);
    EXPECT_EQ(table.fate(Message::Mld2Report), Fate::Relocated);
    EXPECT_EQ(table.fate(Message::RouterSolicit), Fate::Dropped);
}

TEST(Keepalived, OtherInterfacesAreNotInItsSets) {
    for (const Message message : {Message::Mld2Report, Message::RouterSolicit}) {
        EXPECT_EQ(keepalived_2_2().fate(message, "other"), Fate::Passes) << to_string(message);
    }
}

TEST(Keepalived, AnInterfaceThatIsNoMacvlanIsNotMeant) {
    net::LinkTable links = usual_links();
    links.apply({.link = {.index = kVmac, .name = "vrrp1", .kind = "veth"}});
    const auto table = ForeignTable::parse(listing({kVmacSet, base("out", "output", -1), kSolicitations}), links);
    EXPECT_EQ(table.rule_on({*links.by_name("vrrp1"), Message::RouterSolicit}).fate, Fate::Passes);
}

TEST(Keepalived, IgmpInTheTableOfTheOtherFamily) {
    const std::string copy =
        R"({"dup": {"addr": {"payload": {"protocol": "ip", "field": "daddr"}},
            "dev": {"map": {"key": {"meta": {"key": "oif"}}, "data": "@vmac_map"}}}})";
    const Table table(
        {kVmacMap, base("out", "output", -1),
         rule("out", join({match(payload("ip", "protocol"), "\"igmp\""), is("oifkind", "macvlan"), copy, kDrop}))});
    EXPECT_EQ(table.fate(Message::Igmp), Fate::Relocated);
    EXPECT_EQ(table.fate(Message::Igmp, "other"), Fate::Passes);
}

TEST(Keepalived, AnInterfaceThatWasMadeAgainIsListedByItsOldIndex) {
    for (const char *key : {"\" 99\"", "\"99\"", "99"}) {
        const std::string set = R"({"set": {"name": "vmac_set", "elem": [)" + std::string(key) + "]}}";
        EXPECT_EQ(Table({set, base("out", "output", -1), kSolicitations}).fate(Message::RouterSolicit), Fate::Passes);
    }
    const std::string set = R"({"set": {"name": "vmac_set", "elem": ["7"]}})";
    EXPECT_EQ(Table({set, base("out", "output", -1), kSolicitations}).fate(Message::RouterSolicit), Fate::Dropped);
}

TEST(Keepalived, ATableWithoutRulesDoesNothing) {
    EXPECT_EQ(Table({kVmacMap, base("out", "output", -1)}).fate(Message::Mld2Report), Fate::Passes);
}

// ---- iptables ----

TEST(Iptables, IgmpCanBeRead) {
    const Table table(
        {kOutput, rule("OUTPUT", join({is("oifname", "vrrp1"), is("l4proto", "igmp"), kCounter, kDrop}))});
    EXPECT_EQ(table.fate(Message::Igmp), Fate::Dropped);
    EXPECT_EQ(table.fate(Message::Igmp, "other"), Fate::Passes);
}

TEST(Iptables, TheTypeOfAnIcmpv6MessageCannotBeRead) {
    const Ruling ruled = ruling({join({is("oifname", "vrrp1"), is("l4proto", "ipv6-icmp"), kIcmp6, kCounter, kDrop})});
    EXPECT_EQ(ruled.fate, Fate::Unknown);
    EXPECT_EQ(ruled.unreadable, "iptables' match icmp6");
}

TEST(Iptables, WhatCannotBeReadDoesNotMatterWhereBothWaysLeadToTheSame) {
    const std::string accepts = join({is("l4proto", "ipv6-icmp"), kIcmp6, kAccept});
    const std::string drops = join({is("l4proto", "ipv6-icmp"), kIcmp6, kDrop});
    EXPECT_EQ(fate({accepts}), Fate::Passes);
    EXPECT_EQ(fate({accepts}, "drop"), Fate::Unknown);
    EXPECT_EQ(fate({drops}, "drop"), Fate::Dropped);
    EXPECT_EQ(fate({drops, kDrop}), Fate::Dropped);
    EXPECT_EQ(fate({kAccept, drops}), Fate::Passes);
}

TEST(Iptables, WhatCannotBeReadOfOtherInterfacesAndProtocolsDoesNotMatter) {
    EXPECT_EQ(fate({join({is("oifname", "other"), kIcmp6, kDrop})}), Fate::Passes);
    EXPECT_EQ(fate({join({is("l4proto", "tcp"), R"({"xt": {"type": "match", "name": "tcp"}})", kDrop})}), Fate::Passes);
    EXPECT_EQ(fate({join({match(meta("oifname"), "\"vrrp1\"", "!="), kDrop})}), Fate::Passes);
    EXPECT_EQ(fate({join({match(meta("oifname"), "\"other\"", "!="), kDrop})}), Fate::Dropped);
}

TEST(Iptables, ACommentIsNoCondition) {
    EXPECT_EQ(fate({join({R"({"xt": {"type": "match", "name": "comment"}})", kDrop})}), Fate::Dropped);
}

TEST(Iptables, Targets) {
    const auto target = [](const char *name) {
        return fate({R"({"xt": {"type": "target", "name": ")" + std::string(name) + R"("}})"});
    };
    EXPECT_EQ(target("REJECT"), Fate::Dropped);
    EXPECT_EQ(target("LOG"), Fate::Passes);
    EXPECT_EQ(target("NFQUEUE"), Fate::Unknown);
}

TEST(Iptables, AnExtensionOfWhichNotEvenTheNameIsListed) {
    EXPECT_EQ(fate({join({R"({"xt": null})", kDrop})}), Fate::Unknown);
}

TEST(Iptables, APlusInANameStandsForAllThatBeginSo) {
    EXPECT_EQ(fate({join({is("oifname", "vrrp*"), kDrop})}), Fate::Dropped);
    EXPECT_EQ(fate({join({is("oifname", "vrrp10*"), kDrop})}), Fate::Passes);
    EXPECT_EQ(fate({join({is("oifname", "vrrp1\\*"), kDrop})}), Fate::Passes) << "an interface called vrrp1*";
}

// ---- nftables by hand ----

TEST(ByHand, SetsWrittenOut) {
    const std::string type = payload("icmpv6", "type");
    const std::string both = R"({"set": ["mld-listener-report", "mld2-listener-report"]})";
    EXPECT_EQ(fate({join({match(type, both), kDrop})}), Fate::Dropped);
    EXPECT_EQ(fate({join({match(type, both, "!="), kDrop})}), Fate::Passes);
    EXPECT_EQ(fate({join({match(type, R"({"set": [131, 143]})"), kDrop})}), Fate::Dropped);
    EXPECT_EQ(fate({join({match(type, R"(["nd-router-solicit"])"), kDrop})}), Fate::Passes);
}

TEST(ByHand, ARangeIsNotGuessedAt) {
    const std::string types = R"({"set": [{"range": ["mld-listener-query", "mld-listener-done"]}]})";
    EXPECT_EQ(fate({join({match(payload("icmpv6", "type"), types), kDrop})}), Fate::Unknown);
}

TEST(ByHand, NamedSetsThatAreNotThere) {
    EXPECT_EQ(fate({join({is("oifname", "@gone"), kDrop})}), Fate::Unknown);
}

TEST(ByHand, ElementsWithCounters) {
    const std::string set = R"({"set": {"name": "s", "elem": [{"elem": {"val": "vrrp1", "counter": {}}}]}})";
    const Table table({set, kOutput, rule("OUTPUT", join({is("oifname", "@s"), kDrop}))});
    EXPECT_EQ(table.fate(Message::MldDone), Fate::Dropped);
    EXPECT_EQ(table.fate(Message::MldDone, "other"), Fate::Passes);
}

TEST(ByHand, TheNextHeaderOfMldIsNotIcmpv6) {
    const std::string statements = join({match(payload("ip6", "nexthdr"), "\"ipv6-icmp\""), kDrop});
    const Table table({kOutput, rule("OUTPUT", statements)});
    EXPECT_EQ(table.fate(Message::RouterSolicit), Fate::Dropped);
    EXPECT_EQ(table.fate(Message::Mld2Report), Fate::Passes);
}

TEST(ByHand, OtherProtocols) {
    EXPECT_EQ(fate({join({match(payload("tcp", "dport"), "22"), kDrop})}), Fate::Passes);
    EXPECT_EQ(fate({join({match(payload("udp", "dport"), "53", "!="), kDrop})}), Fate::Passes);
    EXPECT_EQ(fate({join({match(meta("l4proto"), "\"tcp\"", "!="), kDrop})}), Fate::Dropped);
    EXPECT_EQ(fate({join({match(meta("l4proto"), "58"), kDrop})}), Fate::Dropped);
}

TEST(ByHand, ChainsThatJumpAndReturn) {
    const std::string jump = R"({"jump": {"target": "sub"}})";
    const std::string go = R"({"goto": {"target": "sub"}})";
    const auto with = [](const std::string &first, const std::string &in_sub, const std::string &last) {
        return Table({kOutput, R"({"chain": {"name": "sub"}})", rule("OUTPUT", first), rule("OUTPUT", last),
                      rule("sub", in_sub)})
            .fate(Message::Mld2Report);
    };
    EXPECT_EQ(with(jump, kDrop, kAccept), Fate::Dropped);
    EXPECT_EQ(with(jump, kAccept, kDrop), Fate::Passes);
    EXPECT_EQ(with(jump, R"({"return": null})", kDrop), Fate::Dropped);
    EXPECT_EQ(with(jump, kCounter, kDrop), Fate::Dropped);
    EXPECT_EQ(with(go, kCounter, kDrop), Fate::Passes) << "goto does not come back";
    EXPECT_EQ(with(jump, join({kIcmp6, R"({"return": null})"}), kAccept), Fate::Passes);
    EXPECT_EQ(with(jump, join({kIcmp6, kAccept}), kDrop), Fate::Unknown);
    EXPECT_EQ(with(R"({"jump": {"target": "gone"}})", kDrop, kAccept), Fate::Passes);
}

TEST(ByHand, ChainsThatJumpInCirclesComeToAnEnd) {
    const Table table({kOutput, rule("OUTPUT", R"({"jump": {"target": "OUTPUT"}})")});
    EXPECT_EQ(table.fate(Message::Mld2Report), Fate::Unknown);
}

TEST(ByHand, ManyWaysToOneChainAreWalkedOnce) {
    std::vector<std::string> objects = {kOutput};
    for (int depth = 0; depth < 15; ++depth) {
        const std::string chain = depth == 0 ? "OUTPUT" : "c" + std::to_string(depth);
        for (int i = 0; i < 8; ++i) {
            objects.push_back(rule(chain.c_str(), R"({"jump": {"target": "c)" + std::to_string(depth + 1) + R"("}})"));
        }
    }
    objects.push_back(rule("c15", kDrop));
    EXPECT_EQ(Table(objects).fate(Message::Mld2Report), Fate::Dropped);
}

TEST(ByHand, VerdictsThatAreNotKnown) {
    EXPECT_EQ(ruling({R"({"vmap": {"key": {"meta": {"key": "oifname"}}, "data": "@m"}})"}).unreadable, "vmap");
    EXPECT_EQ(fate({R"({"queue": {"num": 1}})"}), Fate::Unknown);
    EXPECT_EQ(fate({join({R"({"limit": {"rate": 1, "per": "second"}})", kDrop})}), Fate::Unknown);
    EXPECT_EQ(fate({R"("something")", kDrop}), Fate::Dropped);
    EXPECT_EQ(fate({R"({"log": {"prefix": "x"}})"}), Fate::Passes);
}

TEST(ByHand, OnlyChainsThatMeetTheMessage) {
    const auto with = [](const char *hook) {
        return Table({base("c", hook, 0), rule("c", kDrop)}).fate(Message::Igmp);
    };
    EXPECT_EQ(with("output"), Fate::Dropped);
    EXPECT_EQ(with("postrouting"), Fate::Dropped);
    EXPECT_EQ(with("input"), Fate::Passes);
    EXPECT_EQ(with("forward"), Fate::Passes);
}

TEST(ByHand, OnlyChainsBeforeOurs) {
    const auto with = [](const char *hook, int priority) {
        return Table({base("c", hook, priority), rule("c", kDrop)}).on(Message::Igmp, "vrrp1", 10).fate;
    };
    EXPECT_EQ(with("output", 9), Fate::Dropped);
    EXPECT_EQ(with("output", 10), Fate::Passes);
    EXPECT_EQ(with("postrouting", 0), Fate::Passes);
}

TEST(ByHand, ACertainDropAfterAnUncertainOneIsCertain) {
    const Table table(
        {base("b", "output", 5), base("a", "output", 1), rule("b", kDrop), rule("a", join({kIcmp6, kDrop}))});
    EXPECT_EQ(table.fate(Message::MldDone), Fate::Dropped);
}

TEST(ByHand, ChainsInTheOrderOfTheirPriorities) {
    const std::string copy = R"({"dup": {"addr": "ff02::16", "dev": "eth0"}})";
    const auto with = [&](int drops, int relocates) {
        return Table({base("r", "output", relocates), base("d", "output", drops), rule("r", join({copy, kDrop})),
                      rule("d", kDrop)})
            .fate(Message::MldDone);
    };
    EXPECT_EQ(with(-1, 0), Fate::Dropped);
    EXPECT_EQ(with(1, 0), Fate::Relocated);
}

TEST(ByHand, ThePolicy) {
    EXPECT_EQ(fate({}, "drop"), Fate::Dropped);
    EXPECT_EQ(fate({join({is("oifname", "vrrp1"), kAccept})}, "drop"), Fate::Passes);
}

TEST(Listing, ThatMakesNoSense) {
    for (const char *text :
         {"", "{", "[]", "{}", R"({"nftables": 1})", R"({"nftables": [1, {"rule": 2}]})",
          R"({"nftables": [{"chain": {"hook": 7}}]})", R"({"nftables": [{"rule": {"expr": [{"match": 5}]}}]})",
          R"({"nftables": [{"rule": {"expr": [{"match": {"left": {"payload": {"protocol": 1}}}}]}}]})",
          R"({"nftables": [{"rule": {"expr": [{"dup": {"dev": {"map": 1}}}]}}]})",
          R"({"nftables": [{"set": {"name": 1, "elem": 2}}]})"}) {
        const Ruling ruled = Table(std::string(text)).on(Message::MldReport);
        EXPECT_TRUE(ruled.fate == Fate::Unknown || ruled.fate == Fate::Passes) << text;
    }
    EXPECT_EQ(Table(std::string("{")).fate(Message::MldReport), Fate::Unknown);
}

TEST(Listing, WithTooManyRulesIsNotFollowed) {
    std::vector<std::string> objects = {kOutput};
    for (int i = 0; i < 1024; ++i) {
        objects.push_back(rule("OUTPUT", join({is("oifname", "vrrp" + std::to_string(i)), kDrop})));
    }
    for (int i = 0; i < 5000; ++i) {
        objects.push_back(rule("OUTPUT", join({match(payload("tcp", "dport"), std::to_string(i)), kAccept})));
    }
    EXPECT_EQ(Table(objects).fate(Message::MldReport), Fate::Dropped) << "those of other protocols do not count";
    objects.push_back(rule("OUTPUT", kAccept));
    EXPECT_THAT(Table(objects).on(Message::MldReport).unreadable, HasSubstr("1024"));
}

TEST(ForeignRules, TakeTheTableOfTheFamilyAndTheOwner) {
    const net::LinkTable links = usual_links();
    ForeignRules rules;
    rules.tables.emplace("ip filter", ForeignTable::parse(listing({base("o", "output", 0, "drop")}), links));
    rules.tables.emplace("ip6 keepalived", ForeignTable::unreadable("a reason"));
    const Departure report{*links.by_name("vrrp1"), Message::MldReport};
    const Departure igmp{*links.by_name("vrrp1"), Message::Igmp};
    EXPECT_EQ(rules.rule_on(Owner::Firewall, igmp).fate, Fate::Dropped);
    EXPECT_EQ(rules.rule_on(Owner::Firewall, report).fate, Fate::Passes);
    EXPECT_EQ(rules.rule_on(Owner::Keepalived, igmp).fate, Fate::Passes);
    EXPECT_EQ(rules.rule_on(Owner::Keepalived, report), (Ruling{.fate = Fate::Unknown, .unreadable = "a reason"}));
}

}  // namespace
}  // namespace vmac::audit
