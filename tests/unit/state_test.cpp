// SPDX-License-Identifier: GPL-2.0-or-later
// The state file: what is written is read, and whatever else is on the disk is kept and reported.
#include "store/state.hpp"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "support.hpp"

namespace vmac::store {
namespace {

using nlohmann::json;
using test::name;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto kBoot = "boot-1";

State full_state() {
    return {.interfaces = {{name("vrrp1"),
                            {.action = Action::Drop,
                             .parent = "eth0",
                             .messages = MessageSet{Message::MldReport, Message::Igmp},
                             .runtime = false}},
                           {name("vrrp*"), {.action = Action::Relocate, .parent = ""}},
                           {name("\xe7\xbd\x91"), {.runtime = true}},
                           {name("\";x;\""), {}}},
            .last_good = {.defaults = {.action = Action::Allow, .messages = MessageSet{Message::MldDone}},
                          .max_interfaces = 77,
                          .auto_detect = false,
                          .guard = {.mode = GuardScope::Mode::Parents, .devices = {name("eth0"), name("eth1")}},
                          .own_tables = false,
                          .interfaces = {{name("eth0.1"), {.action = Action::Drop}}}},
            .ledger = {.carried = {{name("vrrp1"), {{Message::Igmp, {UINT64_MAX, 3}}}}},
                       .base_line = {{name("old"), {{Message::RouterSolicit, {4, 5}}}}}},
            .guard_ledger = {.carried = {{name("eth0"), {{Message::MldReport, {7, 630}}}}},
                             .base_line = {{name("eth0"), {{Message::MldReport, {2, 180}}}}}},
            .seen = {{name("vrrp1"), {{Message::MldReport, {8, 608}}}}},
            .guard_seen = {{name("eth0"), {{Message::Igmp, {9, 486}}}}},
            .structure = "made by 1\nstructure ip6 00ff\n",
            .parents = {{name("eth0"), "02:00:00:00:00:02"}, {name("e*"), "02:00:00:00:00:03"}}};
}

std::string complaint_about(const std::string &text) {
    return test::message_of(Errc::StoreFailed, [&] { parse_state(text, kBoot); });
}

TEST(StateText, IsReadAsItWasWritten) {
    EXPECT_EQ(parse_state(format_state(full_state(), kBoot), kBoot), full_state());
    EXPECT_EQ(parse_state(format_state({}, kBoot), kBoot), State{});
}

TEST(StateText, HasTheDocumentedForm) {
    const json document = json::parse(format_state(full_state(), kBoot));
    EXPECT_EQ(document.at("version"), 1);
    EXPECT_EQ(document.at("boot_id"), kBoot);
    EXPECT_EQ(document.at("interfaces").at("vrrp1"),
              json::parse(R"({"action": "drop", "parent": "eth0", "messages": ["mld-listener-report", "igmp"],
                              "runtime": false})"));
    EXPECT_EQ(document.at("interfaces").at("\";x;\""), json::object());
    EXPECT_EQ(document.at("configuration"),
              json::parse(R"({"defaults": {"action": "allow", "messages": ["mld-listener-done"]},
                              "max_interfaces": 77, "auto_detect": false, "guard": ["eth0", "eth1"], "own_tables": false,
                              "interfaces": {"eth0.1": {"action": "drop"}}})"));
    EXPECT_EQ(document.at("counters").at("base_line"), json::parse(R"({"old": {"nd-router-solicit": [4, 5]}})"));
    EXPECT_EQ(document.at("parents"), json::parse(R"({"eth0": "02:00:00:00:00:02", "e*": "02:00:00:00:00:03"})"));
    EXPECT_EQ(document.at("guard_counters"), json::parse(R"({"carried": {"eth0": {"mld-listener-report": [7, 630]}},
                              "base_line": {"eth0": {"mld-listener-report": [2, 180]}},
                              "seen": {"eth0": {"igmp": [9, 486]}}})"));
}

TEST(StateText, HasEveryKindOfGuard) {
    for (const GuardScope &guard : {GuardScope{.mode = GuardScope::Mode::Off, .devices = {}},
                                    GuardScope{.mode = GuardScope::Mode::All, .devices = {}},
                                    GuardScope{.mode = GuardScope::Mode::Parents, .devices = {}},
                                    GuardScope{.mode = GuardScope::Mode::Parents, .devices = {name("off")}}}) {
        State state;
        state.last_good.guard = guard;
        EXPECT_EQ(parse_state(format_state(state, kBoot), kBoot).last_good.guard, guard) << to_string(guard.mode);
    }
}

TEST(StateText, OfTheFirstReleaseIsReadWithDefaults) {
    State state = full_state();
    json document = json::parse(format_state(state, kBoot));
    for (const char *key : {"/parents", "/guard_counters", "/configuration/auto_detect", "/configuration/guard",
                            "/configuration/own_tables", "/counters/seen", "/structure"}) {
        const json::json_pointer place(key);
        ASSERT_TRUE(document.contains(place)) << key;
        document.at(place.parent_pointer()).erase(place.back());
    }
    state.parents = {};
    state.guard_ledger = {};
    state.seen = {};
    state.guard_seen = {};
    state.structure = {};
    state.last_good.auto_detect = true;
    state.last_good.guard = {};
    state.last_good.own_tables = true;
    EXPECT_EQ(parse_state(document.dump(), kBoot), state);
}

TEST(StateText, InAnotherBootRuntimeEntriesAndCountersAreOver) {
    const State later = parse_state(format_state(full_state(), kBoot), "boot-2");
    State expected = full_state();
    expected.interfaces.erase(name("\xe7\xbd\x91"));
    expected.ledger = {};
    expected.guard_ledger = {};
    expected.seen = {};
    expected.guard_seen = {};
    expected.structure = {};
    EXPECT_EQ(later, expected);
}

TEST(StateText, CutAnywhereIsRefusedAndNeverCrashes) {
    const std::string text = format_state(full_state(), kBoot);
    // The last byte is the newline after the document.
    for (std::size_t bytes = 0; bytes + 1 < text.size(); ++bytes) {
        EXPECT_THAT(complaint_about(text.substr(0, bytes)), HasSubstr("it is damaged")) << bytes;
    }
}

TEST(StateText, WithAnyByteChangedIsReadOrRefused) {
    const std::string text = format_state(full_state(), kBoot);
    int refused = 0;
    for (std::size_t place = 0; place < text.size(); ++place) {
        for (const char wrong : {'\0', '"', '}', '9', '-', '\xff'}) {
            std::string damaged = text;
            damaged[place] = wrong;
            try {
                parse_state(damaged, kBoot);
            } catch (const Error &error) {
                EXPECT_EQ(error.code(), Errc::StoreFailed);
                ++refused;
            }
        }
    }
    EXPECT_GT(refused, 1000);
}

TEST(StateText, OfAnotherVersionSaysSo) {
    json document = json::parse(format_state(full_state(), kBoot));
    for (const int version : {0, 2, 99, -1}) {
        document["version"] = version;
        EXPECT_EQ(complaint_about(document.dump()),
                  "it has version " + std::to_string(version) + ", this program reads 1");
    }
    EXPECT_THAT(complaint_about(R"({"version": 2})"), HasSubstr("version 2")) << "whatever else it holds";
}

struct Wrong {
    const char *place;
    const char *value;
};

void PrintTo(const Wrong &wrong, std::ostream *stream) {
    *stream << wrong.place << " = " << wrong.value;
}

class WrongState : public testing::TestWithParam<Wrong> {};

TEST_P(WrongState, IsRefused) {
    json document = json::parse(format_state(full_state(), kBoot));
    document[json::json_pointer(GetParam().place)] = json::parse(GetParam().value);
    EXPECT_THAT(complaint_about(document.dump()), Not(IsEmpty()));
}

INSTANTIATE_TEST_SUITE_P(
    Values, WrongState,
    testing::Values(
        Wrong{"", "[]"}, Wrong{"", "null"}, Wrong{"", "1"}, Wrong{"", "{}"}, Wrong{"/version", "\"1\""},
        Wrong{"/version", "null"}, Wrong{"/version", "[1]"}, Wrong{"/interfaces", "7"}, Wrong{"/interfaces", "\"x\""},
        Wrong{"/interfaces/vrrp1", "\"drop\""}, Wrong{"/interfaces", "[{}]"}, Wrong{"/interfaces", "null"},
        Wrong{"/interfaces/vrrp1", "null"}, Wrong{"/configuration/max_interfaces", "0"},
        Wrong{"/configuration/max_interfaces", "-1"}, Wrong{"/configuration/max_interfaces", "1.5"},
        Wrong{"/counters/carried/vrrp1/igmp", "[-1, 2]"}, Wrong{"/boot_id", "7"}, Wrong{"/interfaces/vrrp1", "3"},
        Wrong{"/interfaces/vrrp1", "[\"drop\"]"}, Wrong{"/interfaces/vrrp1/action", "1"},
        Wrong{"/interfaces/vrrp1/action", "\"deny\""}, Wrong{"/interfaces/vrrp1/parent", "1"},
        Wrong{"/interfaces/vrrp1/parent", "\"a/b\""}, Wrong{"/interfaces/vrrp1/parent", "\"\\u00e0\""},
        Wrong{"/interfaces/vrrp1/messages", "[]"}, Wrong{"/interfaces/vrrp1/messages", "\"igmp\""},
        Wrong{"/interfaces/vrrp1/messages", "[1]"}, Wrong{"/interfaces/vrrp1/messages", "[\"mld\"]"},
        Wrong{"/interfaces/vrrp1/runtime", "1"}, Wrong{"/interfaces/vrrp1/runtime", "\"true\""},
        Wrong{"/interfaces/vrrp1/color", "\"red\""}, Wrong{"/interfaces/a~1b", "{}"}, Wrong{"/interfaces/", "{}"},
        Wrong{"/interfaces/sixteen-bytes-xx", "{}"}, Wrong{"/configuration", "{}"}, Wrong{"/configuration", "null"},
        Wrong{"/configuration/max_interfaces", "\"a\""}, Wrong{"/configuration/defaults", "7"},
        Wrong{"/configuration/interfaces", "7"}, Wrong{"/counters", "null"}, Wrong{"/counters", "{}"},
        Wrong{"/counters/carried", "7"}, Wrong{"/counters/carried/vrrp1", "7"},
        Wrong{"/counters/carried/vrrp1/igmp", "7"}, Wrong{"/counters/carried/vrrp1/igmp", "[1]"},
        Wrong{"/counters/carried/vrrp1/igmp", "[\"1\", 2]"}, Wrong{"/counters/carried/vrrp1/mld", "[1, 2]"},
        Wrong{"/counters/carried/a~1b", R"({"igmp": [1, 2]})"}, Wrong{"/parents", "null"}, Wrong{"/parents", "[]"},
        Wrong{"/parents/a~1b", "\"02:00:00:00:00:02\""}, Wrong{"/parents/eth0", "null"}, Wrong{"/parents/eth0", "\"\""},
        Wrong{"/parents/eth0", "\"02:00:00:00:00\""}, Wrong{"/parents/eth0", "\"02:00:00:00:00:0G\""},
        Wrong{"/parents/eth0", "\"02:00:00:00:00:AB\""}, Wrong{"/parents/eth0", "[2, 0, 0, 0, 0, 2]"},
        Wrong{"/guard_counters", "null"}, Wrong{"/guard_counters", "{}"},
        Wrong{"/guard_counters/carried/eth0/igmp", "[1]"}, Wrong{"/counters/seen", "7"},
        Wrong{"/counters/seen/vrrp1/mld", "[1, 2]"}, Wrong{"/guard_counters/base_line/eth0/mld", "[1, 2]"},
        Wrong{"/configuration/auto_detect", "1"}, Wrong{"/configuration/auto_detect", "\"true\""},
        Wrong{"/configuration/own_tables", "1"}, Wrong{"/configuration/guard", "null"},
        Wrong{"/configuration/guard", "true"}, Wrong{"/configuration/guard", "\"on\""},
        Wrong{"/configuration/guard", "[1]"}, Wrong{"/configuration/guard", "[\"a/b\"]"},
        Wrong{"/configuration/guard", "{}"}));

TEST(StateText, DeepNestingIsRefusedAndNeverCrashes) {
    EXPECT_THAT(complaint_about(std::string(1000000, '[')), HasSubstr("it is damaged"));
}

class StateFileTest : public testing::Test {
protected:
    [[nodiscard]] StateFile file(const char *boot = kBoot) const { return StateFile(directory.path(), boot); }

    test::TemporaryDirectory directory;
};

TEST_F(StateFileTest, WithoutFileThereIsNothingToComplainAbout) {
    const auto loaded = file().load();
    EXPECT_EQ(loaded.state, State{});
    EXPECT_THAT(loaded.complaint, IsEmpty());
}

TEST_F(StateFileTest, WhatWasSavedIsLoaded) {
    file().stage(full_state()).publish();
    const auto loaded = file().load();
    EXPECT_EQ(loaded.state, full_state());
    EXPECT_THAT(loaded.complaint, IsEmpty());
    EXPECT_THAT(directory.files(), ElementsAre("state.json"));
}

TEST_F(StateFileTest, StagingAloneSavesNothing) {
    { const auto staged = file().stage(full_state()); }
    EXPECT_THAT(directory.files(), IsEmpty());
}

TEST_F(StateFileTest, KnowsItsBoot) {
    file().stage(full_state()).publish();
    EXPECT_FALSE(file("boot-2").load().state.interfaces.contains(name("\xe7\xbd\x91")));
    EXPECT_TRUE(file().load().state.interfaces.contains(name("\xe7\xbd\x91")));
}

TEST_F(StateFileTest, ABadFileIsSetAsideAndTheNextOneSaved) {
    (void)directory.write("state.json", "torn");
    auto state_file = file();
    const auto loaded = state_file.load();
    EXPECT_EQ(loaded.state, State{});
    EXPECT_THAT(loaded.complaint, AllOf(HasSubstr((directory.path() / "state.json").string() + " is not used"),
                                        HasSubstr("it is damaged"), HasSubstr("state.json.rejected")));
    EXPECT_THAT(directory.files(), ElementsAre("state.json.rejected"));
    EXPECT_EQ(read_file(directory.path() / "state.json.rejected"), "torn");

    state_file.stage(full_state()).publish();
    EXPECT_EQ(file().load().state, full_state());
}

TEST_F(StateFileTest, ReadingLeavesABadFileAlone) {
    EXPECT_EQ(file().read(), State{});
    (void)directory.write("state.json", "torn");
    EXPECT_THAT(test::message_of(Errc::StoreFailed, [&] { (void)file().read(); }), HasSubstr("it is damaged"));
    EXPECT_THAT(directory.files(), ElementsAre("state.json"));
    file().stage(full_state()).publish();
    EXPECT_EQ(file().read(), full_state());
}

TEST_F(StateFileTest, EveryBadFileIsKept) {
    for (const char *text : {"first", "second", "third"}) {
        (void)directory.write("state.json", text);
        EXPECT_THAT(file().load().complaint, Not(IsEmpty()));
    }
    EXPECT_THAT(directory.files(),
                ElementsAre("state.json.rejected", "state.json.rejected.2", "state.json.rejected.3"));
    EXPECT_EQ(read_file(directory.path() / "state.json.rejected"), "first");
    EXPECT_EQ(read_file(directory.path() / "state.json.rejected.2"), "second");
    EXPECT_EQ(read_file(directory.path() / "state.json.rejected.3"), "third");
}

TEST_F(StateFileTest, ADanglingLinkIsANameThatIsTaken) {
    std::filesystem::create_symlink("nowhere", directory.path() / "state.json.rejected");
    (void)directory.write("state.json", "torn");
    (void)file().load();
    EXPECT_THAT(directory.files(), ElementsAre("state.json.rejected", "state.json.rejected.2"));
}

TEST_F(StateFileTest, OfAFutureVersionIsSetAside) {
    (void)directory.write("state.json", R"({"version": 2, "everything": "else"})");
    EXPECT_THAT(file().load().complaint, HasSubstr("it has version 2, this program reads 1"));
    EXPECT_THAT(directory.files(), ElementsAre("state.json.rejected"));
}

TEST_F(StateFileTest, AnEmptyFileIsSetAside) {
    (void)directory.write("state.json", "");
    EXPECT_THAT(file().load().complaint, HasSubstr("it is damaged"));
    EXPECT_THAT(directory.files(), ElementsAre("state.json.rejected"));
}

TEST_F(StateFileTest, ADirectoryIsReportedAndNothingIsSaved) {
    std::filesystem::create_directory(directory.path() / "state.json");
    auto state_file = file();
    const auto loaded = state_file.load();
    EXPECT_EQ(loaded.state, State{});
    EXPECT_THAT(loaded.complaint, AllOf(HasSubstr("it cannot be read"), HasSubstr("Is a directory"),
                                        HasSubstr("nothing is saved until it is moved away")));
    EXPECT_THAT(test::message_of(Errc::StoreFailed, [&] { (void)state_file.stage({}); }), HasSubstr("Is a directory"));
    EXPECT_TRUE(std::filesystem::is_directory(directory.path() / "state.json"));
    EXPECT_THAT(directory.files(), ElementsAre("state.json"));
}

TEST_F(StateFileTest, AnUnreadableFileIsReportedAndNeverOverwritten) {
    const auto path = directory.write("state.json", format_state(full_state(), kBoot));
    std::filesystem::permissions(path, std::filesystem::perms::none);
    // The directory is writable: the file could be replaced, and must not be.
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0777));
    {
        const test::AsNobody as_nobody;
        auto state_file = file();
        EXPECT_THAT(state_file.load().complaint, HasSubstr("Permission denied"));
        test::message_of(Errc::StoreFailed, [&] { state_file.stage({}).publish(); });
    }
    std::filesystem::permissions(path, std::filesystem::perms(0644));
    EXPECT_EQ(file().load().state, full_state());
}

TEST_F(StateFileTest, WhatCannotBeSetAsideIsNotOverwritten) {
    const auto path = directory.write("state.json", "torn");
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0555));
    auto state_file = file();
    {
        const test::AsNobody as_nobody;
        EXPECT_THAT(state_file.load().complaint, HasSubstr("it could not be set aside"));
    }
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0755));
    test::message_of(Errc::StoreFailed, [&] { (void)state_file.stage({}); });
    EXPECT_EQ(read_file(path), "torn");
}

TEST_F(StateFileTest, LoadingAgainLiftsTheBlock) {
    std::filesystem::create_directory(directory.path() / "state.json");
    auto state_file = file();
    (void)state_file.load();
    std::filesystem::remove(directory.path() / "state.json");
    EXPECT_THAT(state_file.load().complaint, IsEmpty());
    state_file.stage(full_state()).publish();
    EXPECT_EQ(file().load().state, full_state());
}

TEST_F(StateFileTest, ADirectoryThatTakesNoFileIsAStoreFailure) {
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0555));
    const test::AsNobody as_nobody;
    EXPECT_THAT(test::message_of(Errc::StoreFailed, [this] { (void)file().stage({}); }),
                HasSubstr("Permission denied"));
    const StateFile nowhere(directory.path() / "nothing", kBoot);
    test::message_of(Errc::StoreFailed, [&] { (void)nowhere.stage({}); });
}

}  // namespace
}  // namespace vmac::store
