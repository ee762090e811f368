// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of elements, as values and as the lines that go to the worker: what is written is what is read, and nothing
// else is.
#include "nft/elements.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "nft/element_lines.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using test::name;
using testing::ElementsAre;
using testing::IsEmpty;

Ruleset some_rules() {
    Ruleset rules;
    rules.verdicts[name("a")] = {{Message::MldReport, Verdict::Relocate}, {Message::Igmp, Verdict::Drop}};
    rules.verdicts[name("b")] = {{Message::RouterSolicit, Verdict::Drop}};
    rules.parents = {{name("a"), 2}, {name("b"), 3}};
    return rules;
}

Ruleset other_rules() {
    Ruleset rules;
    rules.verdicts[name("a")] = {{Message::MldReport, Verdict::Drop}, {Message::Igmp, Verdict::Drop}};
    rules.verdicts[name("c")] = {{Message::MldDone, Verdict::Relocate}};
    rules.parents = {{name("a"), 7}, {name("c"), 3}};
    return rules;
}

TEST(ElementChanges, AreWhatIsNotTheSame) {
    const ElementChanges changes = difference(some_rules(), other_rules());
    EXPECT_THAT(changes.deleted_verdicts,
                ElementsAre(VerdictElement{name("a"), Message::MldReport, Verdict::Relocate},
                            VerdictElement{name("b"), Message::RouterSolicit, Verdict::Drop}));
    EXPECT_THAT(changes.added_verdicts, ElementsAre(VerdictElement{name("a"), Message::MldReport, Verdict::Drop},
                                                    VerdictElement{name("c"), Message::MldDone, Verdict::Relocate}));
    EXPECT_THAT(changes.deleted_parents, ElementsAre(ParentElement{name("a"), 2}, ParentElement{name("b"), 3}));
    EXPECT_THAT(changes.added_parents, ElementsAre(ParentElement{name("a"), 7}, ParentElement{name("c"), 3}));
    EXPECT_EQ(changes.size(), 8U);
    EXPECT_TRUE(difference(some_rules(), some_rules()).empty());
}

TEST(ElementChanges, LeadWhereTheyShould) {
    Ruleset rules = some_rules();
    apply(difference(some_rules(), other_rules()), rules);
    EXPECT_EQ(rules, other_rules());
    apply(difference(rules, {}), rules);
    EXPECT_EQ(rules, Ruleset()) << "nothing empty is left";
}

TEST(ElementLines, AreTheChanges) {
    const ElementChanges changes = difference(some_rules(), other_rules());
    const std::string lines = to_lines(changes);
    EXPECT_EQ(lines,
              "delete verdict a mld-listener-report relocate\n"
              "delete verdict b nd-router-solicit drop\n"
              "delete parent a 2\n"
              "delete parent b 3\n"
              "add verdict a mld-listener-report drop\n"
              "add verdict c mld-listener-done relocate\n"
              "add parent a 7\n"
              "add parent c 3\n");
    EXPECT_EQ(parse_changes(lines), changes);
    EXPECT_EQ(parse_changes(""), ElementChanges());
}

TEST(ElementLines, TakeEveryName) {
    for (const char *text : {"add", "verdict", "\x01", "\"", "\\", "vrrp*", "\xc3\xa9", "7", "-1"}) {
        const ElementChanges changes{.deleted_verdicts = {},
                                     .deleted_parents = {},
                                     .added_parents = {{name(text), 4294967295U}},
                                     .added_verdicts = {{name(text), Message::Igmp, Verdict::Relocate}}};
        EXPECT_EQ(parse_changes(to_lines(changes)), changes) << text;
    }
}

TEST(ElementLines, AreNothingElse) {
    for (const char *lines : {
             "add verdict a igmp drop",
             "\n",
             "add verdict a igmp drop\n\n",
             "add verdict a igmp drop \n",
             " add verdict a igmp drop\n",
             "add  verdict a igmp drop\n",
             "add verdict a igmp\n",
             "add verdict a igmp accept\n",
             "add verdict a 131 drop\n",
             "add verdict a igmp drop drop\n",
             "add verdict a/b igmp drop\n",
             "add verdict . igmp drop\n",
             "add verdict sixteen-bytes-xx igmp drop\n",
             "add verdict \xff igmp drop\n",
             "flush verdict a igmp drop\n",
             "add rule a igmp drop\n",
             "add parent a\n",
             "add parent a 07\n",
             "add parent a +7\n",
             "add parent a -7\n",
             "add parent a 0x7\n",
             "add parent a 4294967296\n",
             "add parent ip6 a 7\n",
             "all\n",
         }) {
        test::message_of(Errc::AccessDenied, [lines] { parse_changes(lines); });
    }
    EXPECT_THROW(parse_changes(std::string("add parent a\0b 7\n", 17)), Error);
}

TEST(ElementLines, AskForElements) {
    const std::vector<ElementKey> keys = {
        {name("a"), Message::Igmp}, {name("b"), Message::Mld2Report}, {name("b"), std::nullopt}};
    EXPECT_EQ(to_lines(keys), "verdict a igmp\nverdict b mld2-listener-report\nparent b\n");
    EXPECT_EQ(parse_keys(to_lines(keys)), keys);
    for (const char *lines :
         {"verdict a\n", "verdict a igmp drop\n", "parent\n", "parent a 7\n", "all\n", "verdict a igmp"}) {
        test::message_of(Errc::AccessDenied, [lines] { parse_keys(lines); });
    }
}

TEST(ElementLines, TellWhatWasRead) {
    std::string lines;
    append_structure(lines, Family::Ip6, std::string_view("\x00\x7f\xff", 3));
    append_structure(lines, Family::Netdev, "x");
    append_verdict(lines, {name("a"), Message::Igmp, Verdict::Drop}, {UINT64_MAX, 0});
    append_parent(lines, Family::Ip6, {name("a"), 7});
    append_parent(lines, Family::Ip, {name("a"), 8});
    append_foreign(lines, Family::Ip);
    EXPECT_EQ(lines,
              "structure ip6 007fff\n"
              "structure netdev 78\n"
              "verdict a igmp drop 18446744073709551615 0\n"
              "parent ip6 a 7\n"
              "parent ip a 8\n"
              "foreign ip\n");
    const Reading reading = parse_reading(lines);
    EXPECT_EQ(reading.structure.at(Family::Ip6), std::string("\x00\x7f\xff", 3));
    EXPECT_EQ(reading.verdicts.at(name("a")).at(Message::Igmp), Verdict::Drop);
    EXPECT_EQ(reading.counters.at(name("a")).at(Message::Igmp), (Count{UINT64_MAX, 0}));
    EXPECT_EQ(reading.parents.at(name("a")), 7U);
    EXPECT_EQ(reading.parents_in_ip.at(name("a")), 8U);
    EXPECT_THAT(reading.foreign, ElementsAre(Family::Ip));
}

TEST(ElementLines, OfAReadingAreNothingElse) {
    for (const char *lines : {
             "structure ip6\n",
             "structure ip6 0\n",
             "structure ip6 0G\n",
             "structure ip6 00\nstructure ip6 00\n",
             "structure inet 00\n",
             "verdict a igmp drop 1\n",
             "verdict a igmp drop 1 2 3\n",
             "verdict a igmp drop 1 18446744073709551616\n",
             "verdict a igmp drop 1 2\nverdict a igmp drop 1 2\n",
             "parent a 7\n",
             "parent netdev a 7\n",
             "parent ip6 a 7\nparent ip6 a 7\n",
             "foreign netdev\n",
             "foreign ip",
             "o\n",
         }) {
        test::message_of(Errc::EngineUnavailable, [lines] { parse_reading(lines); });
    }
    EXPECT_EQ(parse_reading(""), Reading());
}

TEST(ElementCommands, AreOneForEachMapAndVerb) {
    const nlohmann::json commands = commands_for(difference(some_rules(), other_rules())).at("nftables");
    std::vector<std::string> heads;
    for (const auto &command : commands) {
        const auto &body = command.begin()->at("element");
        heads.push_back(command.begin().key() + ' ' + body.at("family").get<std::string>() + ' ' +
                        body.at("name").get<std::string>());
    }
    EXPECT_THAT(heads, ElementsAre("delete ip6 verdicts", "delete ip6 parents", "add ip6 parents", "add ip6 verdicts",
                                   "delete ip parents", "add ip parents"));
    EXPECT_THAT(commands_for({}).at("nftables"), IsEmpty());
}

}  // namespace
}  // namespace vmac::nft
