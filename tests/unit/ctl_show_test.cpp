// SPDX-License-Identifier: GPL-2.0-or-later
// What people read of the service: texts, widths, colours, and names that are not as usual.
#include "ctl/show.hpp"

#include <gmock/gmock.h>

#include "ctl_support.hpp"

namespace vmac::ctl {
namespace {

using audit::Finding;
using audit::Severity;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr auto kHostile = "\x1b[2Jv\n6";
constexpr auto kHarmless = "\\x1b[2Jv\\x0a6";

Overview well() {
    return {.version = "0.1.0",
            .is_protected = true,
            .guard_active = true,
            .auto_detect = true,
            .restorations = 3,
            .features = {"mld", "igmp"}};
}

ManagedInterface usual() {
    return {.name = "vrrp6",
            .action = "relocate",
            .effective_action = "relocate",
            .origins = {"config", "detected"},
            .parent = "eth0",
            .present = true,
            .ifindex = 7,
            .mac = "00:00:5e:00:02:05"};
}

/// One that is not there, and does not as it should.
ManagedInterface absent() {
    return {.name = "v9",
            .action = "relocate",
            .effective_action = "drop",
            .reason = "it has no parent",
            .origins = {"api"},
            .runtime = true};
}

std::vector<ManagedInterface> many(std::size_t number) {
    std::vector<ManagedInterface> interfaces(number, usual());
    for (std::size_t i = 0; i < number; ++i) {
        interfaces[i].name = "v" + std::to_string(i);
    }
    return interfaces;
}

Look in_colour() {
    Look look{.terminal = plain()};
    look.terminal.colour = true;
    return look;
}

class Show : public Utf8Test {
protected:
    Look look{.terminal = plain()};
};

TEST_F(Show, StandingIsByTheServiceAndByTheFindings) {
    EXPECT_EQ(standing_of(well(), Severity::Ok).word, "protected");
    EXPECT_EQ(standing_of(well(), Severity::Ok).tone, Tone::Good);
    EXPECT_EQ(standing_of(well(), Severity::Warning).word, "protected, with warnings");
    EXPECT_EQ(standing_of(well(), Severity::Warning).tone, Tone::Warning);
    EXPECT_EQ(standing_of(well(), Severity::Critical).word, "NOT PROTECTED");
    EXPECT_EQ(standing_of(well(), Severity::Critical).tone, Tone::Bad);
    for (const Severity severity : audit::kAllSeverities) {
        EXPECT_EQ(standing_of({}, severity).word, "NOT PROTECTED") << to_string(severity);
        EXPECT_EQ(standing_of({}, severity).tone, Tone::Bad);
    }
}

TEST_F(Show, TheWorstFindingCountsWhereverItStands) {
    const Finding ok{"", Severity::Ok, "", ""};
    const Finding warning{"", Severity::Warning, "", ""};
    const Finding critical{"", Severity::Critical, "", ""};
    EXPECT_EQ(worst_of({}), Severity::Ok);
    EXPECT_EQ(worst_of({ok, ok}), Severity::Ok);
    EXPECT_EQ(worst_of({ok, warning, ok}), Severity::Warning);
    EXPECT_EQ(worst_of({ok, warning, critical}), Severity::Critical);
    EXPECT_EQ(worst_of({critical, warning, ok}), Severity::Critical);
}

TEST_F(Show, SeveritiesHaveTheirColours) {
    EXPECT_EQ(tone_of(Severity::Ok), Tone::Good);
    EXPECT_EQ(tone_of(Severity::Warning), Tone::Warning);
    EXPECT_EQ(tone_of(Severity::Critical), Tone::Bad);
}

TEST_F(Show, BulletIsWhatTheTerminalHas) {
    EXPECT_EQ(bullet(plain(), Tone::Good), "●");
    EXPECT_EQ(bullet({}, Tone::Good), "*");
    EXPECT_EQ(bullet(in_colour().terminal, Tone::Bad), "\x1b[1;31m●\x1b[0m");
}

TEST_F(Show, Status) {
    EXPECT_EQ(text_of(show_status(look, well(), {usual(), absent()}, {})),
              "● vmac-mldfilter 0.1.0: protected\n"
              "    Interfaces: 2 (1 present): vrrp6, v9\n"
              "     Detection: on\n"
              "         Guard: on\n"
              "  Restorations: 3\n"
              "      Features: mld, igmp\n");
}

TEST_F(Show, StatusOfAHostThatIsNotWell) {
    const auto lines = show_status(
        look, {.version = "0.1.0"}, {},
        {{"vrrp6", Severity::Critical, "message-left", "igmp has left"}, {"", Severity::Ok, "fine", "what is well"}});
    EXPECT_EQ(text_of(lines),
              "● vmac-mldfilter 0.1.0: NOT PROTECTED\n"
              "    Interfaces: none; a VRRP MAC is found when it appears, other interfaces: mldfilterctl add NAME\n"
              "     Detection: off\n"
              "         Guard: off\n"
              "  Restorations: 0\n"
              "      Features: none\n"
              "\n"
              "● critical vrrp6 message-left\n"
              "  igmp has left\n"
              "1 finding of severity ok; mldfilterctl audit --all shows them.\n");
}

TEST_F(Show, StatusEachSwitchIsItsOwn) {
    Overview overview{.guard_active = true};
    EXPECT_THAT(text_of(show_status(look, overview, {}, {})), HasSubstr("Detection: off\n         Guard: on\n"));
    overview = {.auto_detect = true};
    EXPECT_THAT(text_of(show_status(look, overview, {}, {})), HasSubstr("Detection: on\n         Guard: off\n"));
}

TEST_F(Show, StatusNamesSomeOfMany) {
    const auto interfaces_line = [this](std::size_t number) {
        return show_status(look, well(), many(number), {}).at(1);
    };
    EXPECT_EQ(interfaces_line(1), "    Interfaces: 1: v0");
    EXPECT_EQ(interfaces_line(8), "    Interfaces: 8: v0, v1, v2, v3, v4, v5, v6, v7");
    EXPECT_EQ(interfaces_line(9), "    Interfaces: 9: v0, v1, v2, v3, v4, v5, v6, v7, ...");
    EXPECT_EQ(interfaces_line(8192), "    Interfaces: 8192: v0, v1, v2, v3, v4, v5, v6, v7, ...");
}

TEST_F(Show, StatusIsWrappedBelowTheText) {
    look.terminal.width = 40;
    const auto lines = show_status(look, well(), many(8), {});
    EXPECT_EQ(lines.at(1), "    Interfaces: 8: v0, v1, v2, v3, v4,");
    EXPECT_EQ(lines.at(2), "                v5, v6, v7");
    EXPECT_LE(widest(lines), 40U);
    look.terminal.width = 20;
    EXPECT_EQ(show_status(look, well(), {usual()}, {}).size(), 6U) << "where there is no room, nothing is wrapped";
}

TEST_F(Show, StatusInColour) {
    EXPECT_EQ(show_status(in_colour(), well(), {}, {}).front(),
              "\x1b[1;32m●\x1b[0m vmac-mldfilter 0.1.0: \x1b[1;32mprotected\x1b[0m");
    EXPECT_EQ(show_status(in_colour(), well(), {}, {{"", Severity::Warning, "", ""}}).front(),
              "\x1b[1;33m●\x1b[0m vmac-mldfilter 0.1.0: \x1b[1;33mprotected, with warnings\x1b[0m");
}

TEST_F(Show, Interfaces) {
    EXPECT_EQ(text_of(show_interfaces(look, {usual(), absent()})),
              "INTERFACE ACTION          PARENT ORIGIN          IFINDEX MAC\n"
              "vrrp6     relocate        eth0   config,detected       7 00:00:5e:00:02:05\n"
              "v9        relocate (drop) -      api,runtime           - absent\n"
              "\n"
              "v9: it has no parent\n"
              "2 interfaces under management.\n");
}

TEST_F(Show, InterfacesWithoutLegendAreRowsAlone) {
    look.legend = false;
    EXPECT_EQ(text_of(show_interfaces(look, {usual(), absent()})),
              "vrrp6 relocate        eth0 config,detected 7 00:00:5e:00:02:05\n"
              "v9    relocate (drop) -    api,runtime     - absent\n");
    EXPECT_THAT(show_interfaces(look, {}), IsEmpty());
}

TEST_F(Show, InterfacesThatThereAreNoneOf) {
    EXPECT_THAT(show_interfaces(look, {}),
                ElementsAre(StartsWith("INTERFACE ACTION"), "", "0 interfaces under management."));
}

TEST_F(Show, InterfacesSpareTheNumberTheMacTheOriginAndTheParentInThisOrder) {
    const auto heading = [this](std::size_t width) {
        look.terminal.width = width;
        const auto lines = show_interfaces(look, {usual()});
        EXPECT_LE(widest({lines.begin(), lines.begin() + 2}), width);
        return lines.front();
    };
    EXPECT_EQ(heading(67), "INTERFACE ACTION   PARENT ORIGIN          IFINDEX MAC");
    EXPECT_EQ(heading(66), "INTERFACE ACTION   PARENT ORIGIN          MAC");
    EXPECT_EQ(heading(58), "INTERFACE ACTION   PARENT ORIGIN");
    EXPECT_EQ(heading(40), "INTERFACE ACTION   PARENT");
    EXPECT_EQ(heading(20), "INTERFACE ACTION");
    EXPECT_EQ(heading(12), "INTE… ACTION");
}

TEST_F(Show, InterfacesThatLeakOrDoNotAsTheyShouldStandOut) {
    auto allowed = usual();
    allowed.action = allowed.effective_action = "allow";
    const auto lines = show_interfaces(in_colour(), {usual(), allowed, absent()});
    EXPECT_THAT(lines.at(1), AllOf(HasSubstr("\x1b[1mvrrp6\x1b[0m"), Not(HasSubstr("\x1b[1;33m"))));
    EXPECT_THAT(lines.at(2), HasSubstr("\x1b[1;33mallow\x1b[0m"));
    EXPECT_THAT(lines.at(3), AllOf(HasSubstr("\x1b[1;33mrelocate (drop)\x1b[0m"), HasSubstr("\x1b[2mabsent\x1b[0m")));
    EXPECT_THAT(text_of(show_interfaces(look, {allowed, absent()})), Not(HasSubstr("\x1b")));
}

TEST_F(Show, InterfacesWithWideNamesAreInLine) {
    auto wide = usual();
    wide.name = "網路";
    const auto lines = show_interfaces(look, {wide, usual()});
    EXPECT_THAT(lines.at(1), StartsWith("網路      relocate "));
    EXPECT_EQ(width_of(lines.at(1)), width_of(lines.at(2)));
}

TEST_F(Show, Counters) {
    EXPECT_EQ(text_of(show_counters(look, "INTERFACE",
                                    {{"vrrp6", {{"igmp", {2, 80}}, {"mld-listener-done", {12345, 86}}}},
                                     {"vrrp7", {{"igmp", {0, 0}}}},
                                     {"vrrp8", {}}})),
              "INTERFACE MESSAGE           PACKETS BYTES\n"
              "vrrp6     igmp                    2    80\n"
              "          mld-listener-done   12345    86\n"
              "vrrp7     -                       0     0\n"
              "vrrp8     -                       0     0\n");
}

TEST_F(Show, CountersLeaveMessagesOutThatWereNotCounted) {
    EXPECT_THAT(show_counters(look, "GUARD", {{"eth0", {{"igmp", {0, 0}}, {"nd-router-solicit", {1, 70}}}}}),
                ElementsAre(StartsWith("GUARD "), StartsWith("eth0  nd-router-solicit ")));
}

TEST_F(Show, CountersOfNothingHaveNoHeadingsEither) {
    EXPECT_THAT(show_counters(look, "INTERFACE", {}), IsEmpty());
}

TEST_F(Show, CountersWithoutLegendAreRowsAlone) {
    look.legend = false;
    EXPECT_THAT(show_counters(look, "INTERFACE", {{"a", {{"igmp", {1, 40}}}}}), ElementsAre("a igmp 1 40"));
}

TEST_F(Show, CountersAreExact) {
    EXPECT_THAT(show_counters(look, "I", {{"a", {{"igmp", {UINT64_MAX, UINT64_MAX - 1}}}}}).at(1),
                EndsWith(" 18446744073709551615 18446744073709551614"));
}

TEST_F(Show, CountersSpareTheBytesBeforeAnythingIsCut) {
    look.terminal.width = 30;
    EXPECT_THAT(show_counters(look, "INTERFACE", {{"vrrp6", {{"igmp", {2, 80000000}}}}}),
                ElementsAre("INTERFACE MESSAGE PACKETS", "vrrp6     igmp          2"));
}

TEST_F(Show, Findings) {
    const std::vector<Finding> findings{{"vrrp6", Severity::Critical, "message-left", "igmp has left"},
                                        {"", Severity::Warning, "rules-restored", "somebody was there"},
                                        {"vrrp6", Severity::Ok, "message-covered", "all others"},
                                        {"", Severity::Ok, "protected", "fine"}};
    EXPECT_EQ(text_of(show_findings(look, findings, false)),
              "● critical vrrp6 message-left\n"
              "  igmp has left\n"
              "● warning this host rules-restored\n"
              "  somebody was there\n"
              "2 findings of severity ok; mldfilterctl audit --all shows them.\n");
    EXPECT_EQ(text_of(show_findings(look, findings, true)),
              "● critical vrrp6 message-left\n"
              "  igmp has left\n"
              "● warning this host rules-restored\n"
              "  somebody was there\n"
              "● ok vrrp6 message-covered\n"
              "  all others\n"
              "● ok this host protected\n"
              "  fine\n");
}

TEST_F(Show, FindingsWithoutLegendHaveNoHint) {
    look.legend = false;
    EXPECT_THAT(show_findings(look, {{"", Severity::Ok, "protected", "fine"}}, false), IsEmpty());
    EXPECT_THAT(show_findings(look, {}, true), IsEmpty());
}

TEST_F(Show, FindingsAreWrapped) {
    look.terminal.width = 25;
    EXPECT_THAT(show_findings(look, {{"a", Severity::Warning, "id", "one two three four five six seven"}}, false),
                ElementsAre("● warning a id", "  one two three four five", "  six seven"));
}

TEST_F(Show, FindingsInColour) {
    EXPECT_EQ(show_findings(in_colour(), {{"a", Severity::Warning, "id", "text"}}, false).front(),
              "\x1b[1;33m●\x1b[0m \x1b[1;33mwarning\x1b[0m \x1b[1ma\x1b[0m \x1b[2mid\x1b[0m");
}

TEST_F(Show, InterfaceInWords) {
    EXPECT_EQ(in_words(usual()), "relocate, parent eth0, config and detected");
    EXPECT_EQ(in_words(absent()), "relocate (drop), api, absent");
    EXPECT_EQ(in_words({.action = "drop", .effective_action = "drop", .present = true}), "drop, no origin");
}

TEST_F(Show, NoNameCommandsTheTerminal) {
    auto hostile = usual();
    hostile.name = hostile.parent = hostile.reason = kHostile;
    auto overview = well();
    overview.version = kHostile;
    const auto status = show_status(look, overview, {hostile}, {});
    EXPECT_THAT(status.at(0), HasSubstr(std::string("mldfilter ") + kHarmless + ": "));
    EXPECT_THAT(status.at(1), EndsWith(std::string(" 1: ") + kHarmless));
    const auto interfaces = show_interfaces(look, {hostile});
    EXPECT_THAT(interfaces.at(1), AllOf(StartsWith(kHarmless), HasSubstr(std::string("relocate ") + kHarmless)));
    EXPECT_EQ(interfaces.at(3), std::string(kHarmless) + ": " + kHarmless);
    EXPECT_THAT(show_counters(look, "I", {{kHostile, {{kHostile, {1, 1}}}}}).at(1),
                StartsWith(std::string(kHarmless) + ' ' + kHarmless));
    EXPECT_THAT(show_findings(look, {{kHostile, Severity::Warning, "id", kHostile}}, false),
                ElementsAre(std::string("● warning ") + kHarmless + " id", std::string("  ") + kHarmless));
    EXPECT_THAT(in_words(hostile), HasSubstr(std::string("parent ") + kHarmless));
}

// The service may be of another machine.
TEST_F(Show, NoWordOfTheServiceCommandsTheTerminal) {
    auto hostile = usual();
    hostile.action = hostile.effective_action = hostile.mac = kHostile;
    hostile.origins = {kHostile};
    auto overview = well();
    overview.features = {kHostile};
    EXPECT_EQ(show_status(look, overview, {}, {}).back(), std::string("      Features: ") + kHarmless);
    EXPECT_THAT(text_of(show_interfaces(look, {hostile})), Not(HasSubstr("\x1b")));
    EXPECT_EQ(show_findings(look, {{"a", Severity::Warning, kHostile, "text"}}, false).front(),
              std::string("● warning a ") + kHarmless);
    EXPECT_EQ(in_words(hostile), std::string(kHarmless) + ", parent eth0, " + kHarmless);
}

}  // namespace
}  // namespace vmac::ctl
