// SPDX-License-Identifier: GPL-2.0-or-later
// Configuration files: what they may say, how they are laid over each other, and the line that a complaint names.
#include "store/config.hpp"

#include <gmock/gmock.h>

#include "support.hpp"

namespace vmac::store {
namespace {

using test::name;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

Config parse(std::string_view text) {
    return parse_config({}, text, "10-site.toml");
}

std::string complaint_about(std::string_view text) {
    return test::message_of(Errc::InvalidOption, [&] { parse(text); });
}

TEST(ParseConfig, AnEmptyFileSaysNothing) {
    EXPECT_EQ(parse(""), Config{});
    EXPECT_EQ(parse("# nothing\n\n"), Config{});
    EXPECT_EQ(parse("[interface]\n"), Config{});
}

TEST(ParseConfig, ReadsEveryKey) {
    const Config expected{
        .defaults = {.action = Action::Drop, .messages = MessageSet{Message::MldReport, Message::Igmp}},
        .max_interfaces = 100,
        .interfaces = {
            {name("vrrp1"), {.action = Action::Relocate, .parent = "eth0", .messages = MessageSet{Message::MldDone}}},
            {name("eth0.100"), {.action = Action::Allow}},
            {name("bare"), {}}}};
    EXPECT_EQ(parse(R"(
        action = "drop"
        messages = ["mld-listener-report", "igmp"]
        max_interfaces = 100

        [interface.vrrp1]
        action = "relocate"
        parent = "eth0"
        messages = ["mld-listener-done"]

        [interface."eth0.100"]
        action = "allow"

        [interface.bare]
        )"),
              expected);
}

TEST(ParseConfig, DetectionAndOwnershipAreOnUntilTheyAreTurnedOff) {
    EXPECT_TRUE(parse("").auto_detect);
    EXPECT_FALSE(parse("auto_detect = false").auto_detect);
    EXPECT_TRUE(parse_config(parse("auto_detect = false"), "auto_detect = true", "20.toml").auto_detect);
    EXPECT_TRUE(parse("").own_tables);
    EXPECT_FALSE(parse("own_tables = false").own_tables);
}

TEST(ParseConfig, TheGuardIsAWordOrDevicesBesidesParents) {
    using Mode = GuardScope::Mode;
    EXPECT_EQ(parse("").guard, (GuardScope{.mode = Mode::Parents, .devices = {}}));
    EXPECT_EQ(parse("guard = \"auto\"").guard, (GuardScope{.mode = Mode::Parents, .devices = {}}));
    EXPECT_EQ(parse("guard = \"off\"").guard, (GuardScope{.mode = Mode::Off, .devices = {}}));
    EXPECT_EQ(parse("guard = \"all\"").guard, (GuardScope{.mode = Mode::All, .devices = {}}));
    EXPECT_EQ(parse("guard = [\"eth1\", \"eth0\", \"eth1\"]").guard,
              (GuardScope{.mode = Mode::Parents, .devices = {name("eth0"), name("eth1")}}));
    EXPECT_EQ(parse("guard = []").guard, GuardScope{}) << "no more than parents";
    EXPECT_EQ(parse("guard = [\"off\"]").guard.devices, std::set{name("off")}) << "in an array it is a device";
}

TEST(ParseConfig, ALaterGuardReplacesAnEarlierOneAsAWhole) {
    const Config first = parse("guard = [\"eth0\"]");
    EXPECT_EQ(parse_config(first, "", "20.toml").guard, first.guard);
    EXPECT_EQ(parse_config(first, "guard = [\"eth1\"]", "20.toml").guard.devices, std::set{name("eth1")});
    EXPECT_EQ(parse_config(first, "guard = \"all\"", "20.toml").guard,
              (GuardScope{.mode = GuardScope::Mode::All, .devices = {}}));
}

TEST(ParseConfig, AnEmptyParentIsSaid) {
    EXPECT_EQ(parse("[interface.a]\nparent = \"\"").interfaces.at(name("a")).parent, "");
    EXPECT_EQ(parse("[interface.a]\n").interfaces.at(name("a")).parent, std::nullopt);
}

TEST(ParseConfig, LaterFilesAreLaidOverEarlierOnesKeyByKey) {
    const Config first = parse(R"(
        action = "drop"
        max_interfaces = 5
        [interface.a]
        action = "allow"
        parent = "eth0"
        [interface.b]
        action = "drop")");
    const Config both = parse_config(first, R"(
        messages = ["igmp"]
        max_interfaces = 6
        [interface.a]
        parent = "eth1"
        [interface.c])",
                                     "20-more.toml");
    const Config expected{.defaults = {.action = Action::Drop, .messages = MessageSet{Message::Igmp}},
                          .max_interfaces = 6,
                          .interfaces = {{name("a"), {.action = Action::Allow, .parent = "eth1"}},
                                         {name("b"), {.action = Action::Drop}},
                                         {name("c"), {}}}};
    EXPECT_EQ(both, expected);
}

struct Wrong {
    const char *text;
    int line;
    const char *reason;
};

void PrintTo(const Wrong &wrong, std::ostream *stream) {
    *stream << testing::PrintToString(wrong.text);
}

class WrongConfig : public testing::TestWithParam<Wrong> {};

TEST_P(WrongConfig, IsRefusedWithFileLineAndReason) {
    EXPECT_THAT(
        complaint_about(GetParam().text),
        AllOf(StartsWith("10-site.toml:" + std::to_string(GetParam().line) + ": "), HasSubstr(GetParam().reason)));
}

INSTANTIATE_TEST_SUITE_P(
    Config, WrongConfig,
    testing::Values(
        // not TOML
        Wrong{"action = ", 1, ""}, Wrong{"\n\naction", 3, ""}, Wrong{"\naction = drop\n", 2, ""},
        Wrong{"[interface.a\naction = \"drop\"", 1, ""}, Wrong{"action = \"drop\"\naction = \"drop\"\n", 2, ""},
        Wrong{"[interface.a]\n[interface.a]\n", 2, ""}, Wrong{"x = \"\xff\"", 1, ""}, Wrong{"x = \"a\nb\"", 1, ""},
        // unknown keys
        Wrong{"\nautodetect = true", 2,
              "unknown key autodetect; there are action, auto_detect, guard, max_interfaces, messages"},
        Wrong{"parent = \"eth0\"", 1, "unknown key parent"}, Wrong{"Action = \"drop\"", 1, "unknown key Action"},
        Wrong{"interfaces = {}", 1, "unknown key interfaces"},
        Wrong{"[interface.a]\naction = \"drop\"\nruntime = true", 3,
              "unknown key runtime; there are action, parent and messages"},
        Wrong{"[interface.a.b]\naction = \"drop\"", 1, "unknown key b"},
        Wrong{"\n[interface.eth0.100]\naction = \"drop\"", 2, "unknown key 100"},
        // wrong types
        Wrong{"action = 1", 1, "action must be a string"}, Wrong{"action = [\"drop\"]", 1, "action must be a string"},
        Wrong{"messages = \"igmp\"", 1, "messages must be an array of strings"},
        Wrong{"messages = [\n\"igmp\",\n7]", 3, "a message must be a string"},
        Wrong{"messages = [[\"igmp\"]]", 1, "a message must be a string"},
        Wrong{"interface = 1", 1, "interface must be a table"},
        Wrong{"[[interface]]\naction = \"drop\"", 1, "interface must be a table"},
        Wrong{"[interface]\na = \"drop\"", 2, "interfaces are tables: [interface.a]"},
        Wrong{"[[interface.a]]\naction = \"drop\"", 1, "interfaces are tables: [interface.a]"},
        Wrong{"[interface.a]\nparent = 3", 2, "parent must be a string"},
        Wrong{"auto_detect = 1", 1, "auto_detect must be true or false"},
        Wrong{"\nauto_detect = \"yes\"", 2, "auto_detect must be true or false"},
        Wrong{"own_tables = []", 1, "own_tables must be true or false"},
        Wrong{"guard = true", 1, "guard must be \"auto\", \"off\", \"all\" or an array of devices"},
        Wrong{"guard = 1", 1, "guard must be"}, Wrong{"[guard]\n", 1, "guard must be"},
        Wrong{"guard = [\n\"eth0\",\n7]", 3, "a device to guard must be a string"},
        Wrong{"guard = [[\"eth0\"]]", 1, "a device to guard must be a string"},
        // wrong values
        Wrong{"\nguard = \"on\"", 2, "guard must be \"auto\", \"off\", \"all\" or an array of devices"},
        Wrong{"guard = \"\"", 1, "guard must be \"auto\""},
        Wrong{"guard = [\n\"eth0\",\n\"a/b\"]", 3, "\"a/b\" is not a usable interface name"},
        Wrong{"guard = [\"\"]", 1, "it is empty"}, Wrong{"guard = [\"sixteen-bytes-xx\"]", 1, "it has 16 bytes"},
        Wrong{"\naction = \"deny\"", 2, "unknown action \"deny\"; there are relocate, drop, allow"},
        Wrong{"messages = []", 1, "messages is empty"},
        Wrong{"messages = [\"igmp\", \"mld\"]", 1, "unknown message \"mld\"; there are"},
        Wrong{"[interface.a]\n\naction = \"\"", 3, "unknown action \"\""},
        Wrong{"[interface.a]\nparent = \"a/b\"", 2, "parent: \"a/b\" is not a usable interface name"},
        Wrong{"[interface.a]\nparent = \"a\"", 2, "a cannot be its own parent"},
        Wrong{"\n\n[interface.\"a b\"]", 3, "\"a b\" is not a usable interface name"},
        Wrong{"[interface.\"\"]", 1, "it is empty"}, Wrong{"[interface.sixteen-bytes-xx]", 1, "it has 16 bytes"},
        Wrong{"[interface.\"a\\u00e0\"]", 1, "white space (byte 0xA0 is one)"},
        Wrong{"max_interfaces = 0", 1, "max_interfaces must be a whole number of at least 1"},
        Wrong{"max_interfaces = -1", 1, "max_interfaces must"},
        Wrong{"max_interfaces = \"9\"", 1, "max_interfaces must"},
        Wrong{"max_interfaces = 1.5", 1, "max_interfaces must"},
        Wrong{"max_interfaces = true", 1, "max_interfaces must"},
        Wrong{"max_interfaces = 9223372036854775807", 1, "max_interfaces must"}));

TEST(ParseConfig, ALineMayHave4096Bytes) {
    const std::string comment(4095, 'x');
    EXPECT_EQ(parse_config({}, "\n#" + comment, "10-site.toml"), Config{});
    EXPECT_THAT(complaint_about("\n#x" + comment), StartsWith("10-site.toml:2: the line has more than 4096 bytes"));
}

TEST(ParseConfig, AKeyOf100000PartsIsAnErrorNotACrash) {
    std::string key = "a";
    for (int i = 0; i < 100000; ++i) {
        key.append(".a");
    }
    EXPECT_THAT(complaint_about("[" + key + "]"), StartsWith("10-site.toml:1: "));
}

TEST(ParseConfig, DeepNestingIsAnErrorNotACrash) {
    std::string deep = "x = ";
    deep.append(100000, '[');
    EXPECT_THAT(complaint_about(deep), StartsWith("10-site.toml:1: "));
    std::string tables = "[a";
    for (int i = 0; i < 1000; ++i) {
        tables += ".a";
    }
    EXPECT_THAT(complaint_about(tables + "]\n"), StartsWith("10-site.toml:1: unknown key a"));
}

TEST(LoadConfig, WithoutDirectoryThereAreTheDefaults) {
    const test::TemporaryDirectory directory;
    EXPECT_EQ(load_config(directory.path() / "nothing"), Config{});
    EXPECT_EQ(load_config(directory.path()), Config{});
}

TEST(LoadConfig, ReadsFilesInTheOrderOfTheirNames) {
    const test::TemporaryDirectory directory;
    (void)directory.write("20-b.toml", "action = \"allow\"\nmax_interfaces = 20");
    (void)directory.write("10-a.toml", "action = \"drop\"\nmax_interfaces = 10");
    (void)directory.write("30-c.toml", "max_interfaces = 30");
    const Config expected{.defaults = {.action = Action::Allow}, .max_interfaces = 30, .interfaces = {}};
    EXPECT_EQ(load_config(directory.path()), expected);
}

TEST(LoadConfig, ReadsOnlyFilesThatEndInToml) {
    const test::TemporaryDirectory directory;
    for (const char *file : {"a.toml~", "a.conf", "toml", "a.toml.bak", "a.TOML", "README"}) {
        (void)directory.write(file, "this is not TOML");
    }
    (void)directory.write("a.toml", "max_interfaces = 1");
    EXPECT_EQ(load_config(directory.path()).max_interfaces, 1U);
}

TEST(LoadConfig, NamesTheFileThatIsWrong) {
    const test::TemporaryDirectory directory;
    (void)directory.write("a.toml", "max_interfaces = 1");
    const auto wrong = directory.write("b.toml", "max_interfaces = 1\naction = 2");
    EXPECT_THAT(test::message_of(Errc::InvalidOption, [&] { (void)load_config(directory.path()); }),
                HasSubstr(wrong.string() + ":2: action must be a string"));
}

TEST(LoadConfig, AnUnreadableFileIsAnErrorThatNamesIt) {
    const test::TemporaryDirectory directory;
    const auto file = directory.write("a.toml", "max_interfaces = 1");
    std::filesystem::permissions(file, std::filesystem::perms::none);
    const test::AsNobody as_nobody;
    EXPECT_THAT(test::message_of(Errc::InvalidOption, [&] { (void)load_config(directory.path()); }),
                AllOf(HasSubstr(file.string()), HasSubstr("Permission denied")));
}

TEST(LoadConfig, AnUnreadableDirectoryIsAnErrorNotADefault) {
    const test::TemporaryDirectory directory;
    (void)directory.write("a.toml", "max_interfaces = 1");
    std::filesystem::permissions(directory.path(), std::filesystem::perms::none);
    const test::AsNobody as_nobody;
    EXPECT_THAT(test::message_of(Errc::InvalidOption, [&] { (void)load_config(directory.path()); }),
                HasSubstr("Permission denied"));
}

TEST(LoadConfig, ADirectoryNamedLikeAFileIsAnError) {
    const test::TemporaryDirectory directory;
    std::filesystem::create_directory(directory.path() / "a.toml");
    EXPECT_THAT(test::message_of(Errc::InvalidOption, [&] { (void)load_config(directory.path()); }),
                AllOf(HasSubstr("a.toml"), HasSubstr("Is a directory")));
}

}  // namespace
}  // namespace vmac::store
