// SPDX-License-Identifier: GPL-2.0-or-later
// Command lines: what they ask for, and what is said about wrong ones.
#include "ctl/command_line.hpp"

#include <gmock/gmock.h>

#include "ctl_support.hpp"

namespace vmac::ctl {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Optional;
using testing::StartsWith;
using Words = std::vector<std::string>;

std::variant<Request, Text> parse(const Words &words) {
    std::vector<const char *> argv{"mldfilterctl"};
    for (const auto &word : words) {
        argv.push_back(word.c_str());
    }
    const auto argc = static_cast<int>(argv.size());
    argv.push_back(nullptr);
    return parse_command_line(argc, argv.data());
}

Request request(const Words &words) {
    return std::get<Request>(parse(words));
}

/// What @p words ask for, which must be a T.
template <typename T>
T asked(const Words &words) {
    return std::get<T>(request(words).command);
}

std::string text(const Words &words) {
    return std::get<Text>(parse(words)).text;
}

/// What is said about @p words, which are wrong.
std::string complaint(const Words &words) {
    SCOPED_TRACE(joined(words, " "));
    return failure_message(kUsage, [&] { parse(words); });
}

TEST(CommandLine, ThatIsEmptyAsksForTheStatus) {
    EXPECT_NO_THROW(asked<Status>({}));
    const auto usual = request({});
    EXPECT_EQ(usual.host, "");
    EXPECT_FALSE(usual.json);
    EXPECT_TRUE(usual.legend);
    EXPECT_TRUE(usual.ask_password);
    EXPECT_FALSE(usual.quiet);
    EXPECT_EQ(usual.colour, Colour::Auto);
    EXPECT_EQ(usual.timeout, 25s);
}

TEST(CommandLine, OfCommandsThatTakeNothing) {
    EXPECT_NO_THROW(asked<Status>({"status"}));
    EXPECT_NO_THROW(asked<Reload>({"reload"}));
    EXPECT_NO_THROW(asked<Clear>({"clear"}));
    EXPECT_NO_THROW(asked<ShowRuleset>({"ruleset"}));
}

TEST(CommandLine, OfCommandsThatTakeNames) {
    EXPECT_THAT(asked<List>({"list"}).names, IsEmpty());
    EXPECT_THAT(asked<List>({"list", "a", "b"}).names, ElementsAre("a", "b"));
    EXPECT_THAT(asked<ShowCounters>({"counters", "a", "b"}).names, ElementsAre("a", "b"));
    EXPECT_THAT(asked<Watch>({"watch", "a", "b"}).names, ElementsAre("a", "b"));
    EXPECT_THAT(asked<Audit>({"audit", "a", "b"}).names, ElementsAre("a", "b"));
    EXPECT_THAT(asked<Reset>({"reset"}).names, IsEmpty());
    EXPECT_THAT(asked<Reset>({"reset", "a", "b"}).names, ElementsAre("a", "b"));
    EXPECT_EQ(asked<Remove>({"remove", "a"}).name, "a");
}

TEST(CommandLine, OfCounters) {
    EXPECT_FALSE(asked<ShowCounters>({"counters"}).only_guard);
    EXPECT_TRUE(asked<ShowCounters>({"counters", "--guard"}).only_guard);
}

TEST(CommandLine, OfWatch) {
    EXPECT_EQ(asked<Watch>({"watch"}).interval, 1000ms);
    EXPECT_EQ(asked<Watch>({"watch"}).count, std::nullopt);
    const auto wish = asked<Watch>({"watch", "--interval", "0.25", "a", "--count", "3"});
    EXPECT_EQ(wish.interval, 250ms);
    EXPECT_EQ(wish.count, 3U);
    EXPECT_THAT(wish.names, ElementsAre("a"));
    EXPECT_EQ(asked<Watch>({"watch", "--interval=3600"}).interval, 1h);
    EXPECT_EQ(asked<Watch>({"watch", "--interval", "0.1"}).interval, 100ms);
}

TEST(CommandLine, OfMonitor) {
    EXPECT_EQ(asked<Monitor>({"monitor"}).count, std::nullopt);
    EXPECT_EQ(asked<Monitor>({"monitor", "--count", "1"}).count, 1U);
}

TEST(CommandLine, OfAudit) {
    EXPECT_FALSE(asked<Audit>({"audit"}).all);
    EXPECT_TRUE(asked<Audit>({"audit", "a", "--all"}).all);
}

TEST(CommandLine, OfMetrics) {
    EXPECT_EQ(asked<ShowMetrics>({"metrics"}).output, "");
    EXPECT_EQ(asked<ShowMetrics>({"metrics", "--output", "a.prom"}).output, "a.prom");
}

TEST(CommandLine, OfAdd) {
    const Wish bare = asked<Add>({"add", "a"}).wish;
    EXPECT_EQ(bare.name, "a");
    EXPECT_EQ(bare.action, std::nullopt);
    EXPECT_EQ(bare.parent, std::nullopt);
    EXPECT_EQ(bare.messages, std::nullopt);
    EXPECT_EQ(bare.runtime, std::nullopt);

    const Wish full = asked<Add>({"add", "a", "--action", "drop", "--parent=eth0", "--runtime", "--messages",
                                  "igmp,mld-listener-done"})
                          .wish;
    EXPECT_EQ(full.name, "a");
    EXPECT_EQ(full.action, "drop");
    EXPECT_EQ(full.parent, "eth0");
    EXPECT_THAT(full.messages, Optional(ElementsAre("igmp", "mld-listener-done")));
    EXPECT_EQ(full.runtime, true);
    EXPECT_EQ(asked<Add>({"add", "a", "--permanent"}).wish.runtime, false);
}

TEST(CommandLine, OfAddTakesItsOptionsBeforeTheNameToo) {
    const Wish wish = asked<Add>({"add", "--messages", "igmp", "a"}).wish;
    EXPECT_EQ(wish.name, "a");
    EXPECT_THAT(wish.messages, Optional(ElementsAre("igmp")));
}

TEST(CommandLine, WordsInBracketsReachEveryPlaceAsTheyAre) {
    EXPECT_EQ(request({"-H", "[2001:db8::1]", "status"}).host, "[2001:db8::1]");
    EXPECT_EQ(asked<Set>({"set", "[a]:parent=[b]"}).wishes.at(0).name, "[a]");
    EXPECT_EQ(asked<Set>({"set", "[a]:parent=[b]"}).wishes.at(0).parent, "[b]");
    EXPECT_EQ(asked<Add>({"add", "[a]", "--parent", "[b]"}).wish.name, "[a]");
    EXPECT_EQ(asked<Add>({"add", "[a]", "--parent", "[b]"}).wish.parent, "[b]");
    EXPECT_EQ(asked<ShowMetrics>({"metrics", "--output", "[f]"}).output, "[f]");
    EXPECT_THAT(complaint({"[x]"}), HasSubstr("there is no command \"[x]\""));
}

TEST(CommandLine, OfAddSaysAnEmptyParent) {
    EXPECT_EQ(asked<Add>({"add", "a", "--parent", ""}).wish.parent, "") << "the lower device; not: as it is";
}

TEST(CommandLine, OfSet) {
    EXPECT_THAT(asked<Set>({"set", "--none"}).wishes, IsEmpty());
    const auto wishes = asked<Set>({"set", "a", "b:action=drop", "c:runtime=yes:parent=eth0"}).wishes;
    ASSERT_EQ(wishes.size(), 3U);
    EXPECT_EQ(wishes[0].name, "a");
    EXPECT_EQ(wishes[1].name, "b");
    EXPECT_EQ(wishes[1].action, "drop");
    EXPECT_EQ(wishes[2].runtime, true);
    EXPECT_EQ(wishes[2].parent, "eth0");
}

TEST(CommandLine, GlobalOptionsComeBeforeTheCommandOrAfterIt) {
    const Words options{"--host", "root@r1",           "--json",    "--no-legend", "--color",
                        "always", "--no-ask-password", "--timeout", "7",           "--quiet"};
    for (const bool before : {true, false}) {
        Words words{"list", "a"};
        words.insert(before ? words.begin() : words.end(), options.begin(), options.end());
        const auto wanted = request(words);
        EXPECT_EQ(wanted.host, "root@r1") << before;
        EXPECT_TRUE(wanted.json) << before;
        EXPECT_FALSE(wanted.legend) << before;
        EXPECT_FALSE(wanted.ask_password) << before;
        EXPECT_TRUE(wanted.quiet) << before;
        EXPECT_EQ(wanted.colour, Colour::Always) << before;
        EXPECT_EQ(wanted.timeout, 7s) << before;
        EXPECT_THAT(std::get<List>(wanted.command).names, ElementsAre("a")) << before;
    }
    EXPECT_TRUE(request({"--json"}).json) << "without a command too";
    EXPECT_EQ(request({"-H", "r1", "add", "a", "-q"}).host, "r1");
    EXPECT_TRUE(request({"-H", "r1", "add", "a", "-q"}).quiet);
}

TEST(CommandLine, ColoursAreWords) {
    EXPECT_EQ(request({"--color", "auto"}).colour, Colour::Auto);
    EXPECT_EQ(request({"--color", "always"}).colour, Colour::Always);
    EXPECT_EQ(request({"--color", "never"}).colour, Colour::Never);
}

TEST(CommandLine, InterfacesMayBeCalledAsCommandsAndOptionsAre) {
    EXPECT_THAT(asked<List>({"list", "status", "list"}).names, ElementsAre("status", "list"));
    EXPECT_EQ(asked<Add>({"add", "add"}).wish.name, "add");
    EXPECT_EQ(asked<Remove>({"remove", "--", "--json"}).name, "--json");
    EXPECT_THAT(asked<List>({"list", "--", "-x"}).names, ElementsAre("-x"));
}

TEST(CommandLine, NamesAreNotReadAsListsOfNames) {
    for (const std::string name : {"[a]", "[a,b]", "a,b", "\"a\"", "a=b", "[a", "%%", "/a", "\1a"}) {
        EXPECT_THAT(asked<List>({"list", name}).names, ElementsAre(name));
        EXPECT_THAT(asked<Reset>({"reset", "c", name}).names, ElementsAre("c", name));
        EXPECT_EQ(asked<Remove>({"remove", name}).name, name);
    }
}

TEST(CommandLine, HelpAndVersionAreTextAndNothingElse) {
    EXPECT_EQ(text({"--version"}), "vmac-mldfilter " VMAC_VERSION "\n");
    EXPECT_EQ(text({"list", "--version"}), "vmac-mldfilter " VMAC_VERSION "\n");
    for (const auto &words : {Words{"--help"}, Words{"-h"}}) {
        EXPECT_THAT(text(words), AllOf(HasSubstr("Usage: mldfilterctl [OPTIONS]"), HasSubstr("--no-ask-password"),
                                       HasSubstr("-H, --host HOST"), HasSubstr("Exit status"), EndsWith("\n")));
    }
}

TEST(CommandLine, HelpNamesEveryCommandAndEachHasItsOwn) {
    for (const std::string command : {"status", "list", "add", "remove", "set", "counters", "watch", "audit", "monitor",
                                      "reset", "reload", "clear", "ruleset", "metrics"}) {
        EXPECT_THAT(text({"--help"}), HasSubstr("\n  " + command + ' '));
        EXPECT_THAT(text({command, "--help"}), HasSubstr("Usage: mldfilterctl " + command));
    }
    EXPECT_THAT(text({"add", "-h"}), AllOf(HasSubstr("--permanent"), Not(HasSubstr("--interval"))));
}

struct Wrong {
    Words words;
    std::string says;
};

/// Escaped, for it goes into XML.
void PrintTo(const Wrong &wrong, std::ostream *stream) {
    *stream << escaped(joined(wrong.words, " "));
}

class WrongCommandLine : public testing::TestWithParam<Wrong> {};

TEST_P(WrongCommandLine, SaysInOneLineWhatIsWrong) {
    const std::string message = complaint(GetParam().words);
    EXPECT_THAT(message, HasSubstr(GetParam().says));
    EXPECT_THAT(message, Not(HasSubstr("\n")));
}

INSTANTIATE_TEST_SUITE_P(Commands, WrongCommandLine,
                         testing::Values(Wrong{{"lst"}, "there is no command \"lst\"; see mldfilterctl --help"},
                                         Wrong{{""}, "there is no command \"\""},  //
                                         Wrong{{"status", "a"}, "status: there is no place for \"a\""},
                                         Wrong{{"status", "list"}, "status: there is no place for \"list\""},
                                         Wrong{{"monitor", "a"}, "monitor: there is no place for \"a\""},
                                         Wrong{{"reload", "a"}, "reload: there is no place for \"a\""},
                                         Wrong{{"clear", "a"}, "clear: there is no place for \"a\""},
                                         Wrong{{"ruleset", "a"}, "ruleset: there is no place for \"a\""},
                                         Wrong{{"metrics", "a"}, "metrics: there is no place for \"a\""},
                                         Wrong{{"add"}, "NAME is required; see mldfilterctl --help"},
                                         Wrong{{"add", "--action", "drop"}, "NAME is required"},
                                         Wrong{{"add", "a", "b"}, "add: there is no place for \"b\""},  //
                                         Wrong{{"remove"}, "NAME is required"},
                                         Wrong{{"remove", "a", "b"}, "remove: there is no place for \"b\""},
                                         Wrong{{"set"},
                                               "set needs the interfaces that there are to be, or --none for none"}));

INSTANTIATE_TEST_SUITE_P(
    Options, WrongCommandLine,
    testing::Values(Wrong{{"--bogus"}, "there is no option \"--bogus\"; see mldfilterctl --help"},
                    Wrong{{"list", "--all"}, "list: there is no option \"--all\""},
                    Wrong{{"list", "a", "-x"}, "list: there is no option \"-x\""},
                    Wrong{{"reset", "--guard"}, "reset: there is no option \"--guard\""},
                    Wrong{{"add", "a", "--none"}, "add: there is no option \"--none\""},
                    Wrong{{"status", "--count", "1"}, "status: there is no option \"--count\""},
                    Wrong{{"add", "a", "--runtime", "--permanent"}, "--runtime excludes --permanent"},
                    Wrong{{"counters", "a", "--guard"}, "NAME excludes --guard"},
                    Wrong{{"set", "a", "--none"}, "excludes --none"}, Wrong{{"-H"}, "--host: 1 required HOST missing"},
                    Wrong{{"list", "--color"}, "--color: 1 required"},
                    Wrong{{"add", "a", "--parent"}, "--parent: 1 required DEVICE missing"},
                    Wrong{{"add", "a", "--action"}, "--action: 1 required ACTION missing"},
                    Wrong{{"add", "a", "--messages"}, "--messages: 1 required"},
                    Wrong{{"metrics", "--output"}, "--output: 1 requi"},
                    Wrong{{"watch", "--interval"}, "--interval: 1 required"},
                    Wrong{{"monitor", "--count"}, "--count: 1 required"},
                    Wrong{{"-H", "a", "-H", "b"}, "--host: At Most 1 required but received 2"}));

INSTANTIATE_TEST_SUITE_P(
    Values, WrongCommandLine,
    testing::Values(Wrong{{"--color", "red"}, "--color is auto, always or never, not \"red\""},
                    Wrong{{"--color", "Always"}, "--color is auto, always or never, not \"Always\""},
                    Wrong{{"--timeout", "0"}, "--timeout is 1 to 86400 seconds, not \"0\""},
                    Wrong{{"--timeout", "86401"}, "--timeout is 1 to 86400 seconds, not \"86401\""},
                    Wrong{{"--timeout", "-1"}, "--timeout is 1 to 86400 seconds, not \"-1\""},
                    Wrong{{"--timeout", "5s"}, "--timeout is 1 to 86400 seconds, not \"5s\""},
                    Wrong{{"watch", "--interval", "0"}, "--interval is 0.1 to 3600 seconds, not \"0\""},
                    Wrong{{"watch", "--interval", "0.09"}, "--interval is 0.1 to 3600 seconds, not \"0.09\""},
                    Wrong{{"watch", "--interval", "3600.1"}, "--interval is 0.1 to 3600 seconds, not \"3600.1\""},
                    Wrong{{"watch", "--interval", "-1"}, "--interval is 0.1 to 3600 seconds, not \"-1\""},
                    Wrong{{"watch", "--interval", "x"}, "--interval is 0.1 to 3600 seconds, not \"x\""},
                    Wrong{{"watch", "--interval", "nan"}, "--interval is 0.1 to 3600 seconds, not \"nan\""},
                    Wrong{{"watch", "--interval", "inf"}, "--interval is 0.1 to 3600 seconds, not \"inf\""},
                    Wrong{{"watch", "--count", "0"}, "--count is 1 to 1000000000, not \"0\""},
                    Wrong{{"watch", "--count", "-1"}, "--count is 1 to 1000000000, not \"-1\""},
                    Wrong{{"monitor", "--count", "0"}, "--count is 1 to 1000000000, not \"0\""},
                    Wrong{{"monitor", "--count", "1000000001"}, "--count is 1 to 1000000000, not \"1000000001\""},
                    Wrong{{"monitor", "--count", "many"}, "--count is 1 to 1000000000, not \"many\""},
                    Wrong{{"set", "a:b"}, "\"b\" in a:b is no option; write OPTION=VALUE"},
                    Wrong{{"set", "a", "b:colour=red"}, "unknown option \"colour\"; there are action, parent"}));

INSTANTIATE_TEST_SUITE_P(
    Bytes, WrongCommandLine,
    testing::Values(Wrong{{"list", "a", "\xff"}, "is not UTF-8"}, Wrong{{"counters", "\xff"}, "is not UTF-8"},
                    Wrong{{"watch", "\xff"}, "is not UTF-8"}, Wrong{{"audit", "\xff"}, "is not UTF-8"},
                    Wrong{{"reset", "\xff"}, "is not UTF-8"}, Wrong{{"list", "a", ""}, "a name is empty"},
                    Wrong{{"add", "\xff"}, "is not UTF-8"}, Wrong{{"remove", "\xff"}, "is not UTF-8"},
                    Wrong{{"set", "\xff"}, "is not UTF-8"}, Wrong{{"set", "a:parent=\xff"}, "is not UTF-8"},
                    Wrong{{"add", "a", "--parent", "\xff"}, "is not UTF-8"},
                    Wrong{{"add", "a", "--action", "\xff"}, "is not UTF-8"},
                    Wrong{{"add", "a", "--messages", "igmp,\xff"}, "is not UTF-8"}));

TEST(ParseWish, TakesANameAlone) {
    const Wish wish = parse_wish("vrrp6");
    EXPECT_EQ(wish.name, "vrrp6");
    EXPECT_EQ(wish.action, std::nullopt);
    EXPECT_EQ(wish.parent, std::nullopt);
    EXPECT_EQ(wish.messages, std::nullopt);
    EXPECT_EQ(wish.runtime, std::nullopt);
}

TEST(ParseWish, TakesAllOptionsInAnyOrder) {
    const Wish wish = parse_wish("vrrp6:runtime=no:messages=igmp,mld-listener-done:parent=eth0.5:action=drop");
    EXPECT_EQ(wish.name, "vrrp6");
    EXPECT_EQ(wish.action, "drop");
    EXPECT_EQ(wish.parent, "eth0.5");
    EXPECT_THAT(wish.messages, Optional(ElementsAre("igmp", "mld-listener-done")));
    EXPECT_EQ(wish.runtime, false);
}

TEST(ParseWish, SaysAnEmptyValueToo) {
    EXPECT_EQ(parse_wish("a:parent=").parent, "");
    EXPECT_EQ(parse_wish("a:action=").action, "") << "the service says what there is";
}

TEST(ParseWish, ReadsAValueUpToTheNextColon) {
    EXPECT_EQ(parse_wish("a=b:parent=c=d").name, "a=b");
    EXPECT_EQ(parse_wish("a=b:parent=c=d").parent, "c=d");
}

TEST(ParseWish, RuntimeIsYesOrNo) {
    for (const std::string yes : {"yes", "true", "1"}) {
        EXPECT_EQ(parse_wish("a:runtime=" + yes).runtime, true) << yes;
    }
    for (const std::string no : {"no", "false", "0"}) {
        EXPECT_EQ(parse_wish("a:runtime=" + no).runtime, false) << no;
    }
    for (const std::string wrong : {"", "Yes", "on", "2", "yes "}) {
        EXPECT_EQ(failure_message(kUsage, [&] { parse_wish("a:runtime=" + wrong); }),
                  "runtime is yes or no, not \"" + wrong + '"');
    }
}

TEST(ParseWish, WrongOnesSayWhatIsRight) {
    for (const std::string wrong : {"a:", "a:action", "a:action=drop:", "a::action=drop"}) {
        EXPECT_THAT(failure_message(kUsage, [&] { parse_wish(wrong); }),
                    EndsWith(" in " + wrong + " is no option; write OPTION=VALUE"));
    }
    for (const std::string wrong : {"a:=drop", "a:Action=drop", "a:actions=drop"}) {
        EXPECT_THAT(failure_message(kUsage, [&] { parse_wish(wrong); }),
                    AllOf(StartsWith("unknown option \""), EndsWith("there are action, parent, messages and runtime")));
    }
}

}  // namespace
}  // namespace vmac::ctl
