// SPDX-License-Identifier: GPL-2.0-or-later
// The live view: what it shows, in which order, and that it fits the terminal.
#include "ctl/watch_view.hpp"

#include <gmock/gmock.h>

#include "ctl_support.hpp"

namespace vmac::ctl {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

constexpr auto kTime = "12:34:56";

class WatchView : public Utf8Test {
protected:
    WatchView() {
        seen.overview = {.is_protected = true, .guard_active = true, .restorations = 1};
        seen.actions = {{"vrrp6", "relocate"}, {"vrrp7", "drop"}};
    }

    /// Two looks, one second apart: at @p before, then at @p after.
    void look_twice(const CounterTable &before, const CounterTable &after) {
        seen.rates.look(before, now);
        seen.rates.look(after, now + 1s);
        seen.counters = after;
    }

    void guard_twice(const CounterTable &before, const CounterTable &after) {
        seen.guard_rates.look(before, now);
        seen.guard_rates.look(after, now + 1s);
        seen.guard = after;
    }

    void busy() {
        look_twice({{"vrrp6", {{"igmp", {10, 400}}}}, {"vrrp7", {{"igmp", {0, 0}}}}},
                   {{"vrrp6", {{"igmp", {14, 560}}}}, {"vrrp7", {{"igmp", {0, 0}}}}});
    }

    /// As many interfaces, each as busy as its number says.
    void many(unsigned number) {
        CounterTable before;
        CounterTable after;
        for (unsigned i = 0; i < number; ++i) {
            before["v" + std::to_string(i)]["igmp"] = {1, 40};
            after["v" + std::to_string(i)]["igmp"] = {1 + i, 40};
        }
        look_twice(before, after);
    }

    void on_a_terminal(std::size_t width, std::size_t height) {
        look.terminal.is_terminal = true;
        look.terminal.width = width;
        look.terminal.height = height;
    }

    /// The sizes of terminals that are too small for what is shown there.
    std::vector<std::string> misfits() {
        std::vector<std::string> sizes;
        const auto try_size = [&](std::size_t width, std::size_t height) {
            on_a_terminal(width, height);
            if (widest(show()) > width || show().size() > height) {
                sizes.push_back(std::to_string(width) + " x " + std::to_string(height));
            }
        };
        for (std::size_t width = 12; width < 90; ++width) {
            try_size(width, 24);
        }
        for (std::size_t height = 1; height < 50; ++height) {
            try_size(80, height);
        }
        return sizes;
    }

    [[nodiscard]] Lines show() const { return show_watch(look, seen, kTime); }

    Rates::Clock::time_point now{1h};
    Look look{.terminal = plain()};
    Seen seen{60};
};

TEST_F(WatchView, ShowsWhereTheHostStandsAndWhatIsCounted) {
    busy();
    EXPECT_THAT(show(), ElementsAre("● protected, guard on, 1 restoration  12:34:56", "",
                                    "INTERFACE ACTION   MESSAGE PACKETS PER SECOND OF LATE",
                                    "vrrp6     relocate igmp         14        4.0       █",
                                    StartsWith("vrrp7     drop     -             0        0.0")));
}

TEST_F(WatchView, SaysThatItIsNotProtected) {
    seen.overview = {.restorations = 2};
    EXPECT_EQ(show().front(), "● NOT PROTECTED, guard off, 2 restorations  12:34:56");
}

TEST_F(WatchView, SaysThatTheServiceDoesNotRunAndShowsNothingOld) {
    busy();
    guard_twice({}, {{"eth0", {{"igmp", {3, 180}}}}});
    seen.overview.reset();
    EXPECT_THAT(show(), ElementsAre("● the service does not run; systemctl start vmac-mldfilter  12:34:56"));
}

TEST_F(WatchView, SaysThatNothingIsUnderManagement) {
    EXPECT_THAT(show(), ElementsAre(StartsWith("● protected"), "", StartsWith("No interface is under management.")));
}

TEST_F(WatchView, ShowsTheGuardBelowTheInterfacesHoweverBusyItIs) {
    busy();
    guard_twice({{"eth0", {{"igmp", {0, 0}}}}}, {{"eth0", {{"igmp", {200, 12000}}}}});
    const auto lines = show();
    ASSERT_THAT(lines, SizeIs(6));
    EXPECT_THAT(lines.at(5), StartsWith("eth0      guard    igmp        200        200 "));
}

TEST_F(WatchView, ShowsTheGuardWhereNothingIsUnderManagement) {
    guard_twice({}, {{"eth0", {{"igmp", {3, 180}}}}});
    EXPECT_THAT(show(), ElementsAre(StartsWith("● protected"), "", StartsWith("INTERFACE"), StartsWith("eth0 ")));
}

TEST_F(WatchView, WithoutLegendHasNoHeadings) {
    busy();
    look.legend = false;
    EXPECT_THAT(show(), ElementsAre(StartsWith("● protected"), "", StartsWith("vrrp6"), StartsWith("vrrp7")));
}

TEST_F(WatchView, ANameStandsOnceAboveAllItsMessages) {
    look_twice({}, {{"vrrp6", {{"igmp", {1, 40}}, {"mld-listener-done", {0, 0}}, {"nd-router-solicit", {2, 99}}}}});
    const auto lines = show();
    ASSERT_THAT(lines, SizeIs(5)) << "a message that was not counted is left out";
    EXPECT_THAT(lines.at(3), StartsWith("vrrp6     relocate igmp "));
    EXPECT_THAT(lines.at(4), StartsWith("                   nd-router-solicit "));
}

TEST_F(WatchView, RatesAreShortWhereTheyAreLarge) {
    look_twice({{"a", {{"igmp", {0, 0}}}}, {"b", {{"igmp", {0, 0}}}}},
               {{"a", {{"igmp", {99, 0}}}}, {"b", {{"igmp", {12345, 0}}}}});
    EXPECT_THAT(text_of(show()), AllOf(HasSubstr(" 99.0 "), HasSubstr("      12345  ")));
}

TEST_F(WatchView, TheBusiestOfLateComesFirst) {
    many(3);
    const auto lines = show();
    EXPECT_THAT(lines.at(3), StartsWith("v2 "));
    EXPECT_THAT(lines.at(4), StartsWith("v1 "));
    EXPECT_THAT(lines.at(5), StartsWith("v0 "));
}

TEST_F(WatchView, OfEquallyBusyOnesTheOrderIsByName) {
    look_twice({}, {{"b", {{"igmp", {100, 0}}}}, {"a", {{"igmp", {1, 0}}}}});
    EXPECT_THAT(show().at(3), StartsWith("a ")) << "a rate counts, not what stands there since long";
    EXPECT_THAT(show().at(4), StartsWith("b "));
}

TEST_F(WatchView, BusyOfLateIsMoreThanTheLastLook) {
    const auto counters = [](std::uint64_t a, std::uint64_t b) {
        return CounterTable{{"a", {{"igmp", {a, 0}}}}, {"b", {{"igmp", {b, 0}}}}};
    };
    look_twice(counters(0, 0), counters(0, 10));
    seen.rates.look(counters(1, 10), now + 2s);
    seen.counters = counters(1, 10);
    EXPECT_THAT(show().at(3), StartsWith("b "));
}

TEST_F(WatchView, ATerminalIsToldHowToEndIt) {
    busy();
    EXPECT_THAT(text_of(show()), Not(HasSubstr("q quits")));
    on_a_terminal(80, 24);
    EXPECT_THAT(show(), AllOf(SizeIs(6), testing::Contains(StartsWith("vrrp7"))));
    EXPECT_EQ(show().back(), "q quits");
}

TEST_F(WatchView, ATerminalShowsTheLastNotice) {
    busy();
    on_a_terminal(80, 24);
    seen.notice = "12:00:00 the rules were put right: nft, process 42";
    const auto lines = show();
    EXPECT_EQ(lines.at(lines.size() - 2), seen.notice);
    on_a_terminal(20, 24);
    EXPECT_EQ(show().at(lines.size() - 2), "12:00:00 the rules …");
}

TEST_F(WatchView, ThatHasMoreLinesThanTheTerminalSaysHowMany) {
    many(100);
    on_a_terminal(80, 24);
    const auto lines = show();
    ASSERT_THAT(lines, SizeIs(24));
    EXPECT_THAT(lines.at(3), StartsWith("v99 "));
    EXPECT_THAT(lines.at(21), StartsWith("v81 "));
    EXPECT_EQ(lines.at(22), "81 lines more; name the interfaces to see");
    EXPECT_EQ(lines.at(23), "q quits");

    seen.notice = "something was";
    EXPECT_THAT(show(), SizeIs(24));
    EXPECT_EQ(show().at(21), "82 lines more; name the interfaces to see");
    EXPECT_EQ(show().at(22), "something was");
}

TEST_F(WatchView, ThatIsNoTerminalHasAllLines) {
    many(100);
    look.terminal.height = 24;
    EXPECT_THAT(show(), SizeIs(103));
}

TEST_F(WatchView, FitsEveryTerminal) {
    many(30);
    guard_twice({}, {{"eth0", {{"mld-listener-report", {3, 180}}}}});
    seen.notice = "12:00:00 the rules were put right: nft, process 42";
    EXPECT_THAT(misfits(), IsEmpty());
}

TEST_F(WatchView, OfNothingFitsEveryTerminal) {
    EXPECT_THAT(misfits(), IsEmpty());
}

TEST_F(WatchView, WithoutTheServiceFitsEveryTerminal) {
    seen.overview.reset();
    EXPECT_THAT(misfits(), IsEmpty());
}

TEST_F(WatchView, InColour) {
    busy();
    EXPECT_THAT(text_of(show()), Not(HasSubstr("\x1b")));
    look.terminal.colour = true;
    EXPECT_THAT(show().front(), StartsWith("\x1b[1;32m●\x1b[0m \x1b[1;32mprotected\x1b[0m, guard on"));
    EXPECT_THAT(show().at(3), AllOf(HasSubstr("\x1b[1m4.0\x1b[0m"), EndsWith("\x1b[1;32m █\x1b[0m")));
    EXPECT_THAT(show().at(4), HasSubstr("\x1b[2m0.0\x1b[0m"));
}

TEST_F(WatchView, WithoutUtf8HasNone) {
    busy();
    look.terminal.utf8 = false;
    EXPECT_THAT(show().front(), StartsWith("* protected"));
    EXPECT_THAT(show().at(3), EndsWith("  #"));
}

TEST_F(WatchView, NoNameCommandsTheTerminal) {
    seen.actions = {{"\x1b[2J", "\x1b[1J"}};
    look_twice({}, {{"\x1b[2J", {{"\x1b[3J", {1, 1}}}}});
    EXPECT_THAT(text_of(show()), AllOf(HasSubstr("\\x1b[2J   \\x1b[1J \\x1b[3J"), Not(HasSubstr("\x1b"))));
}

TEST_F(WatchView, AsJson) {
    busy();
    guard_twice({{"eth0", {{"igmp", {1, 60}}}}}, {{"eth0", {{"igmp", {3, 180}}}}});
    json line = watch_json(seen, 1234.5);
    line.erase("running");
    EXPECT_EQ(line, json::parse(R"({"time": 1234.5, "protected": true, "restorations": 1,
        "interfaces": {
            "vrrp6": {"igmp": {"packets": 14, "bytes": 560, "packets-per-second": 4.0, "bytes-per-second": 160.0}},
            "vrrp7": {"igmp": {"packets": 0, "bytes": 0, "packets-per-second": 0.0, "bytes-per-second": 0.0}}},
        "guard": {
            "eth0": {"igmp": {"packets": 3, "bytes": 180, "packets-per-second": 2.0, "bytes-per-second": 120.0}}}})"));
}

TEST_F(WatchView, AsJsonOfNothing) {
    seen.overview = {.version = "0.1.0"};
    json line = watch_json(seen, 1);
    line.erase("running");
    EXPECT_EQ(line, json::parse(R"({"time": 1.0, "protected": false, "restorations": 0, "interfaces": {},
        "guard": {}})"));
}

TEST_F(WatchView, AsJsonSaysWhetherTheServiceRuns) {
    EXPECT_EQ(watch_json(seen, 1).value("running", false), true);
    EXPECT_EQ(watch_json(Seen(60), 1), json::parse(R"({"time": 1.0, "running": false, "protected": false,
        "restorations": 0, "interfaces": {}, "guard": {}})"));
}

}  // namespace
}  // namespace vmac::ctl
