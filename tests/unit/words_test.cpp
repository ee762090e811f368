// SPDX-License-Identifier: GPL-2.0-or-later
// The words for actions and messages, and options laid over each other.
#include <gmock/gmock.h>

#include <string>

#include "model/action.hpp"
#include "model/message.hpp"
#include "model/options.hpp"
#include "model/quoting.hpp"
#include "support.hpp"

namespace vmac {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

TEST(ActionWords, AreFixed) {
    EXPECT_EQ(to_string(Action::Relocate), "relocate");
    EXPECT_EQ(to_string(Action::Drop), "drop");
    EXPECT_EQ(to_string(Action::Allow), "allow");
}

TEST(ActionWords, AreReadAsTheyArePrinted) {
    for (const Action action : {Action::Relocate, Action::Drop, Action::Allow}) {
        EXPECT_EQ(parse_action(to_string(action)), action);
    }
}

TEST(ActionWords, UnknownOneIsToldWhatThereIs) {
    for (const char *word : {"", "Drop", "DROP", "drop ", "accept", "relocate\n"}) {
        EXPECT_EQ(test::message_of(Errc::InvalidOption, [&] { parse_action(word); }),
                  "unknown action " + in_quotes(word) + "; there are relocate, drop, allow");
    }
}

TEST(GuardWords, AreReadAsTheyArePrinted) {
    EXPECT_EQ(to_string(GuardScope::Mode::Parents), "auto");
    EXPECT_EQ(to_string(GuardScope::Mode::Off), "off");
    EXPECT_EQ(to_string(GuardScope::Mode::All), "all");
    for (const auto mode : {GuardScope::Mode::Parents, GuardScope::Mode::Off, GuardScope::Mode::All}) {
        EXPECT_EQ(parse_guard_mode(to_string(mode)), mode);
    }
}

TEST(GuardWords, UnknownOneIsToldWhatThereIs) {
    for (const char *word : {"", "Auto", "on", "none", "parents", "eth0"}) {
        EXPECT_EQ(test::message_of(Errc::InvalidOption, [&] { parse_guard_mode(word); }),
                  std::string("unknown guard \"") + word + "\"; there are auto, off, all");
    }
}

struct MessageRow {
    Message message;
    const char *word;
    std::optional<std::uint8_t> type;
};

TEST(MessageWords, AreThoseOfNftablesWithTheTypesOfTheRfcs) {
    const auto rows = {MessageRow{Message::MldReport, "mld-listener-report", 131},
                       MessageRow{Message::MldDone, "mld-listener-done", 132},
                       MessageRow{Message::Mld2Report, "mld2-listener-report", 143},
                       MessageRow{Message::RouterSolicit, "nd-router-solicit", 133},
                       MessageRow{Message::Igmp, "igmp", std::nullopt}};
    EXPECT_EQ(rows.size(), kAllMessages.size());
    for (const auto &row : rows) {
        EXPECT_EQ(to_string(row.message), row.word);
        EXPECT_EQ(parse_message(row.word), row.message);
        EXPECT_EQ(icmpv6_type(row.message), row.type) << row.word;
    }
}

TEST(MessageWords, UnknownOneIsToldWhatThereIs) {
    for (const char *word : {"", "IGMP", "131", "mld2-listener-done", "mld-listener-reduction"}) {
        EXPECT_EQ(test::message_of(Errc::InvalidOption, [&] { parse_message(word); }),
                  std::string("unknown message \"") + word +
                      "\"; there are mld-listener-report, mld-listener-done, mld2-listener-report, nd-router-solicit, "
                      "igmp");
    }
}

TEST(MessageWords, MakeASet) {
    EXPECT_THAT(parse_messages({"igmp", "mld-listener-report", "igmp"}),
                ElementsAre(Message::MldReport, Message::Igmp));
}

TEST(MessageWords, NoneAtAllIsAnErrorThatNamesTheWayOut) {
    EXPECT_THAT(test::message_of(Errc::InvalidOption, [] { parse_messages({}); }), HasSubstr("action=allow"));
}

TEST(MessageWords, OneBadWordSpoilsAll) {
    EXPECT_THAT(test::message_of(Errc::InvalidOption, [] { parse_messages({"igmp", "mld"}); }), HasSubstr("\"mld\""));
}

TEST(Options, WhatIsSaidCountsBeforeWhatIsBelow) {
    const Options lower{.action = Action::Drop, .parent = "eth0", .messages = {{Message::Igmp}}, .runtime = true};
    EXPECT_EQ(Options{}.over(lower), lower);
    EXPECT_EQ(lower.over({}), lower);

    const Options upper{.action = Action::Allow, .parent = "", .messages = {{Message::MldDone}}, .runtime = false};
    EXPECT_EQ(upper.over(lower), upper) << "the empty parent and runtime=false are said too";
}

TEST(Options, EachIsLaidOverOnItsOwn) {
    const Options lower{.action = Action::Drop, .parent = "eth0", .messages = {{Message::Igmp}}, .runtime = true};
    Options expected = lower;
    expected.action = Action::Relocate;
    EXPECT_EQ(Options{.action = Action::Relocate}.over(lower), expected);

    expected = lower;
    expected.parent = "eth1";
    EXPECT_EQ(Options{.parent = "eth1"}.over(lower), expected);

    expected = lower;
    expected.messages = MessageSet{Message::MldDone};
    EXPECT_EQ(Options{.messages = MessageSet{Message::MldDone}}.over(lower), expected);

    expected = lower;
    expected.runtime = false;
    EXPECT_EQ(Options{.runtime = false}.over(lower), expected);
}

TEST(ParentOption, IsAnInterfaceNameOrEmpty) {
    EXPECT_EQ(parse_parent(""), "");
    EXPECT_EQ(parse_parent("eth0.100"), "eth0.100");
    for (const char *wrong : {"..", "a/b", "eth0 ", "sixteen-bytes-xx", "@set"}) {
        EXPECT_THAT(test::message_of(Errc::InvalidOption, [&] { parse_parent(wrong); }),
                    AllOf(StartsWith("parent: "), HasSubstr(wrong)));
    }
}

TEST(Config, HasTheDefaultsOfTheDocumentation) {
    EXPECT_EQ(Config{}.max_interfaces, 8192U);
    EXPECT_EQ(Config{}.defaults, Options{});
    EXPECT_TRUE(Config{}.interfaces.empty());
}

}  // namespace
}  // namespace vmac
