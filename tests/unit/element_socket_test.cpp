// SPDX-License-Identifier: GPL-2.0-or-later
// Elements by netlink, against a real kernel: what libnftables makes of the same changes is the same, what it has made
// is read as it is, and the same is refused.
#include <random>

#include "element_commands.hpp"
#include "engine_fixture.hpp"
#include "json_listing.hpp"
#include "nft/element_lines.hpp"
#include "nft/elements.hpp"
#include "nft/listing.hpp"

namespace vmac::nft {
namespace {

using test::InOwnNamespace;
using test::name;
using test::replace_tables;

class Elements : public InOwnNamespace {
protected:
    void make_structure(bool owned = false) { kernel.run(replace_structure(owned, false).dump()); }

    Reading read() { return parse_reading(kernel.read(std::string(kQueryAll))); }

    Reading read_elements() {
        Reading reading = read();
        reading.structure.clear();
        return reading;
    }

    /// Both tables, as libnftables lists them.
    nlohmann::json listing() {
        return {test::comparable(kernel.run(list_table(Family::Ip6).dump())),
                test::comparable(kernel.run(list_table(Family::Ip).dump()))};
    }

    std::string refusal_of(const ElementChanges &changes) {
        return test::message_of(Errc::KernelRejected, [&] { kernel.change(to_lines(changes)); });
    }
};

Ruleset random_rules(std::mt19937 &random, unsigned interfaces) {
    Ruleset rules;
    for (unsigned i = 0; i < interfaces; ++i) {
        const InterfaceName interface = name("v" + std::to_string(random() % (std::size_t{2} * interfaces)));
        for (const Message message : kAllMessages) {
            if (random() % 4 != 0) {
                rules.verdicts[interface][message] = random() % 2 != 0 ? Verdict::Drop : Verdict::Relocate;
            }
        }
        if (random() % 4 != 0) {
            rules.parents[interface] = 1 + random() % 2;  // lo, and one that is not there
        }
    }
    return rules;
}

TEST_F(Elements, AreTheSameWhicheverWayTheyCame) {
    std::mt19937 random(11);
    make_structure();
    Ruleset present;
    for (const unsigned interfaces : {1U, 7U, 40U, 700U, 0U, 40U}) {
        const Ruleset wanted = random_rules(random, interfaces);
        kernel.run(replace_tables(wanted).dump());
        const auto by_libnftables = listing();
        EXPECT_EQ(read_elements(), test::list_elements(kernel));

        kernel.run(replace_tables(present).dump());
        kernel.change(to_lines(difference(present, wanted)));
        EXPECT_EQ(listing(), by_libnftables);
        const Reading reading = read_elements();
        EXPECT_EQ(reading, test::list_elements(kernel));
        EXPECT_EQ(reading.verdicts, wanted.verdicts);
        EXPECT_EQ(reading.parents, wanted.parents);
        EXPECT_EQ(reading.parents_in_ip, wanted.parents);
        EXPECT_THAT(reading.foreign, testing::IsEmpty());
        present = wanted;
    }
}

TEST_F(Elements, AreWrittenAsTheyAreCalled) {
    make_structure();
    Ruleset rules;
    for (const char *text : {"vrrp*", "*", "a\\", "\"", "7", "fifteen-bytes.!", "\xc3\xa9"}) {
        rules.verdicts[name(text)] = {{Message::Igmp, Verdict::Relocate}, {Message::MldDone, Verdict::Drop}};
        rules.parents[name(text)] = 1;
    }
    kernel.change(to_lines(difference({}, rules)));
    const auto by_netlink = listing();
    EXPECT_EQ(read().verdicts, rules.verdicts);
    EXPECT_EQ(read_elements(), test::list_elements(kernel));
    kernel.run(replace_tables(rules).dump());
    EXPECT_EQ(listing(), by_netlink);
}

TEST_F(Elements, AreAllRefusedOrNone) {
    make_structure();
    Ruleset rules;
    rules.verdicts[name("a")] = {{Message::MldReport, Verdict::Drop}};
    kernel.change(to_lines(difference({}, rules)));
    const Reading before = read();

    ElementChanges changes;
    changes.added_verdicts = {{name("b"), Message::Igmp, Verdict::Drop},
                              {name("a"), Message::MldReport, Verdict::Relocate}};
    EXPECT_EQ(refusal_of(changes), "the kernel refused: File exists");
    EXPECT_EQ(read(), before);
    changes = {};
    changes.deleted_verdicts = {{name("b"), Message::Igmp, Verdict::Drop}};
    changes.added_parents = {{name("a"), 1}};
    EXPECT_EQ(refusal_of(changes), "the kernel refused: No such file or directory");
    EXPECT_EQ(read(), before);
    kernel.change("");
    EXPECT_EQ(read(), before);
}

TEST_F(Elements, WithoutTablesAreRefused) {
    ElementChanges changes;
    changes.added_parents = {{name("a"), 1}};
    EXPECT_EQ(refusal_of(changes), "the kernel refused: No such file or directory");
    EXPECT_EQ(read(), Reading());
}

TEST_F(Elements, AreReadOneByOne) {
    make_structure();
    Ruleset rules;
    rules.verdicts[name("a")] = {{Message::MldReport, Verdict::Drop}, {Message::Igmp, Verdict::Relocate}};
    rules.parents[name("a")] = 1;
    kernel.change(to_lines(difference({}, rules)));
    const std::vector<ElementKey> keys = {{name("a"), Message::Igmp},
                                          {name("a"), Message::MldDone},
                                          {name("a"), Message::MldReport},
                                          {name("a"), std::nullopt},
                                          {name("b"), std::nullopt}};
    const Reading reading = parse_reading(kernel.read(to_lines(keys)));
    EXPECT_EQ(reading.verdicts, rules.verdicts) << "what is not there is left out";
    EXPECT_EQ(reading.parents, rules.parents);
    EXPECT_EQ(reading.parents_in_ip, rules.parents);
    EXPECT_EQ(reading.counters.at(name("a")).at(Message::Igmp), Count());
}

TEST_F(Elements, ChangeNothingOfTheStructure) {
    make_structure();
    const auto structure = read().structure;
    EXPECT_EQ(structure.size(), 2U);
    std::mt19937 random(3);
    kernel.change(to_lines(difference({}, random_rules(random, 20))));
    EXPECT_EQ(read().structure, structure);
    EXPECT_EQ(parse_reading(kernel.read(std::string(kQueryStructure))).structure, structure);
}

TEST_F(Elements, HaveAStructureThatTellsOfEveryOtherChange) {
    for (const char *change : {
             R"({"add": {"chain": {"family": "ip6", "table": "vmac_mldfilter", "name": "more"}}})",
             R"({"add": {"map": {"family": "ip6", "table": "vmac_mldfilter", "name": "m", "type": "ifname",
                                 "map": "verdict"}}})",
             R"({"add": {"rule": {"family": "ip6", "table": "vmac_mldfilter", "chain": "output",
                                  "expr": [{"accept": null}]}}})",
             R"({"insert": {"rule": {"family": "ip", "table": "vmac_mldfilter", "chain": "relocate",
                                     "expr": [{"accept": null}]}}})",
             R"({"flush": {"chain": {"family": "ip", "table": "vmac_mldfilter", "name": "relocate"}}})",
             R"({"add": {"chain": {"family": "ip6", "table": "vmac_mldfilter", "name": "output", "type": "filter",
                                   "hook": "output", "prio": 10, "policy": "drop"}}})",
             R"({"delete": {"table": {"family": "ip", "name": "vmac_mldfilter"}}})",
         }) {
        make_structure();
        const auto structure = read().structure;
        kernel.run(test::command(change).dump());
        EXPECT_NE(read().structure, structure) << change;
    }
    make_structure();
    const auto structure = read().structure;
    make_structure();
    EXPECT_NE(read().structure, structure) << "the same once more is another one";
}

TEST_F(Elements, ThatAreForeignAreSeen) {
    for (const char *element : {
             R"("name": "verdicts", "elem": [[{"concat": ["a", 131]}, {"accept": null}]])",
             R"("name": "verdicts", "elem": [[{"concat": ["a", 131]}, {"jump": {"target": "relocate"}}]])",
             R"("name": "verdicts", "elem": [[{"concat": ["a", 1]}, {"drop": null}]])",
             R"("name": "verdicts", "elem": [[{"concat": ["a:b", 131]}, {"drop": null}]])",
         }) {
        make_structure();
        kernel.run(test::command((R"({"add": {"element": {"family": "ip6", "table": "vmac_mldfilter", )" +
                                  std::string(element) + "}}}")
                                     .c_str())
                       .dump());
        const Reading reading = read();
        EXPECT_THAT(reading.foreign, testing::ElementsAre(Family::Ip6)) << element;
        EXPECT_THAT(reading.verdicts, testing::IsEmpty());
        EXPECT_THAT(test::list_elements(kernel).foreign, testing::ElementsAre(Family::Ip6)) << element;
    }
}

TEST_F(Elements, HaveAnOutlineWithoutThem) {
    make_structure();
    Ruleset rules;
    rules.verdicts[name("a")] = {{Message::MldReport, Verdict::Drop}};
    kernel.change(to_lines(difference({}, rules)));
    EXPECT_EQ(kernel.outline(Family::Ip6).find("elem"), std::string::npos);
    EXPECT_NE(kernel.run(list_table(Family::Ip6).dump()).find("elem"), std::string::npos);
    EXPECT_EQ(judge_structure(Family::Ip6, kernel.outline(Family::Ip6)).deviation, "");
}

/// Where libnftables cannot make such tables, they are everybody's.
TEST_F(Elements, OfAnOwnedTableAreChangedByItsOwner) {
    make_structure(true);
    Ruleset rules;
    rules.verdicts[name("a")] = {{Message::MldReport, Verdict::Drop}};
    kernel.change(to_lines(difference({}, rules)));
    EXPECT_EQ(read().verdicts, rules.verdicts);

    const std::string outline = kernel.outline(Family::Ip6);
    const bool is_owned = judge_structure(Family::Ip6, outline).owned;
    LibnftablesEngine other;
    if (is_owned) {
        test::message_of(Errc::KernelRejected, [&] { other.change("delete verdict a mld-listener-report drop\n"); });
        EXPECT_EQ(read().verdicts, rules.verdicts);
    } else {
        other.change("delete verdict a mld-listener-report drop\n");
        EXPECT_THAT(read().verdicts, testing::IsEmpty());
    }
}

}  // namespace
}  // namespace vmac::nft
