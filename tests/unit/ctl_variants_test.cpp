// SPDX-License-Identifier: GPL-2.0-or-later
// From the bus to reports and on to JSON, with services that are older and newer; and what errors of the bus mean.
#include "ctl/variants.hpp"

#include <gmock/gmock.h>

#include "bus/errors.hpp"
#include "bus/variants.hpp"
#include "ctl/json.hpp"
#include "ctl_support.hpp"

namespace vmac::ctl {
namespace {

using audit::Severity;
using nlohmann::json;
using sdbus::Variant;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Words = std::vector<std::string>;

Properties all_properties() {
    return {{bus::compat::PropertyName{"Version"}, Variant{std::string("0.1.0")}},
            {bus::compat::PropertyName{"Protected"}, Variant{true}},
            {bus::compat::PropertyName{"GuardActive"}, Variant{true}},
            {bus::compat::PropertyName{"AutoDetect"}, Variant{true}},
            {bus::compat::PropertyName{"Restorations"}, Variant{std::uint64_t{1} << 40U}},
            {bus::compat::PropertyName{"Features"}, Variant{Words{"mld", "igmp"}}},
            {bus::compat::PropertyName{"Interfaces"}, Variant{Words{"vrrp6"}}}};
}

Dictionary all_of_an_interface() {
    return {{"action", Variant{std::string("relocate")}},   {"effective-action", Variant{std::string("drop")}},
            {"reason", Variant{std::string("no parent")}},  {"messages", Variant{Words{"igmp"}}},
            {"origins", Variant{Words{"api", "detected"}}}, {"runtime", Variant{true}},
            {"parent", Variant{std::string("eth0")}},       {"present", Variant{true}},
            {"ifindex", Variant{std::uint32_t{7}}},         {"mac", Variant{std::string("00:00:5e:00:02:05")}}};
}

TEST(ReadProperties, TakesEach) {
    Overview overview;
    read_properties(all_properties(), overview);
    EXPECT_EQ(overview.version, "0.1.0");
    EXPECT_TRUE(overview.is_protected);
    EXPECT_TRUE(overview.guard_active);
    EXPECT_TRUE(overview.auto_detect);
    EXPECT_EQ(overview.restorations, std::uint64_t{1} << 40U);
    EXPECT_THAT(overview.features, ElementsAre("mld", "igmp"));
    EXPECT_THAT(overview.interfaces, ElementsAre("vrrp6"));
}

TEST(ReadProperties, EachSwitchIsItsOwn) {
    const auto switches = [](const char *name) {
        Overview overview;
        read_properties({{bus::compat::PropertyName{name}, Variant{true}}}, overview);
        return std::vector<bool>{overview.is_protected, overview.guard_active, overview.auto_detect};
    };
    EXPECT_THAT(switches("Protected"), ElementsAre(true, false, false));
    EXPECT_THAT(switches("GuardActive"), ElementsAre(false, true, false));
    EXPECT_THAT(switches("AutoDetect"), ElementsAre(false, false, true));
}

TEST(ReadProperties, LeavesWhatIsNotSaid) {
    Overview overview;
    read_properties(all_properties(), overview);
    read_properties({{bus::compat::PropertyName{"Protected"}, Variant{false}}}, overview);
    EXPECT_FALSE(overview.is_protected);
    EXPECT_TRUE(overview.guard_active);
    EXPECT_EQ(overview.version, "0.1.0");
}

TEST(ReadProperties, PassesByWhatItDoesNotKnow) {
    Overview overview;
    read_properties({{bus::compat::PropertyName{"Moon"}, Variant{std::string("full")}},
                     {bus::compat::PropertyName{"Protected"}, Variant{std::string("yes")}},
                     {bus::compat::PropertyName{"Restorations"}, Variant{std::uint32_t{5}}},
                     {bus::compat::PropertyName{"Features"}, Variant{std::string("mld")}},
                     {bus::compat::PropertyName{"Version"}, Variant{Words{"0.1.0"}}}},
                    overview);
    EXPECT_EQ(to_json(overview, {}), to_json(Overview{}, {}));
}

TEST(ReadInterface, TakesEach) {
    EXPECT_EQ(to_json(read_interface("vrrp6", all_of_an_interface())), json::parse(R"({"name": "vrrp6",
        "action": "relocate", "effective-action": "drop", "reason": "no parent", "messages": ["igmp"],
        "origins": ["api", "detected"], "runtime": true, "parent": "eth0", "present": true, "ifindex": 7,
        "mac": "00:00:5e:00:02:05"})"));
}

TEST(ReadInterface, WhatIsMissingIsNothing) {
    EXPECT_EQ(to_json(read_interface("a", {})), json::parse(R"({"name": "a", "action": "", "effective-action": "",
        "reason": "", "messages": [], "origins": [], "runtime": false, "parent": "", "present": false, "ifindex": 0,
        "mac": ""})"));
}

TEST(ReadInterface, WhatIsOfAnotherTypeIsNothing) {
    Dictionary wrong;
    for (const auto &[key, value] : all_of_an_interface()) {
        wrong.emplace(key, Variant{std::int64_t{1}});
    }
    EXPECT_EQ(to_json(read_interface("a", wrong)), to_json(read_interface("a", {})));
}

TEST(ReadInterface, OneKeyOfAnotherTypeSpoilsNoOther) {
    for (const auto &[key, value] : all_of_an_interface()) {
        auto dictionary = all_of_an_interface();
        dictionary.at(key) = Variant{std::int64_t{1}};
        const json read = to_json(read_interface("vrrp6", dictionary));
        json expected = to_json(read_interface("vrrp6", all_of_an_interface()));
        expected[key] = to_json(ManagedInterface{}).at(key);
        EXPECT_EQ(read, expected) << key;
    }
}

TEST(ReadInterface, NewWordsAndKeysOfANewerServiceDoNoHarm) {
    auto dictionary = all_of_an_interface();
    dictionary["action"] = Variant{std::string("teleport")};
    dictionary["colour"] = Variant{std::string("blue")};
    EXPECT_EQ(read_interface("a", dictionary).action, "teleport");
}

TEST(ReadFinding, TakesEach) {
    const auto finding = read_finding({{"interface", Variant{std::string("vrrp6")}},
                                       {"severity", Variant{std::string("warning")}},
                                       {"id", Variant{std::string("rules-restored")}},
                                       {"message", Variant{std::string("somebody was there")}}});
    EXPECT_EQ(finding, (audit::Finding{"vrrp6", Severity::Warning, "rules-restored", "somebody was there"}));
}

TEST(ReadFinding, ASeverityThatIsNotKnownIsCritical) {
    const auto severity = [](const Variant &word) { return read_finding({{"severity", word}}).severity; };
    EXPECT_EQ(severity(Variant{std::string("ok")}), Severity::Ok);
    EXPECT_EQ(severity(Variant{std::string("critical")}), Severity::Critical);
    EXPECT_EQ(severity(Variant{std::string("disastrous")}), Severity::Critical);
    EXPECT_EQ(severity(Variant{std::string("")}), Severity::Critical);
    EXPECT_EQ(severity(Variant{true}), Severity::Critical);
    EXPECT_EQ(read_finding({}).severity, Severity::Critical);
}

TEST(OptionsOf, AWishThatSaysNothingIsEmpty) {
    EXPECT_THAT(options_of({.name = "a"}), IsEmpty());
}

TEST(OptionsOf, AWishAreThoseThatTheServiceReads) {
    const auto options = bus::read_options(options_of({.name = "a",
                                                       .action = "drop",
                                                       .parent = "eth0",
                                                       .messages = Words{"igmp", "mld-listener-done"},
                                                       .runtime = true}));
    EXPECT_EQ(options, (Options{.action = Action::Drop,
                                .parent = "eth0",
                                .messages = MessageSet{Message::Igmp, Message::MldDone},
                                .runtime = true}));
}

TEST(OptionsOf, NoAndNothingAreSaidToo) {
    EXPECT_EQ(bus::read_options(options_of({.name = "a", .runtime = false})), (Options{.runtime = false}));
    EXPECT_EQ(bus::read_options(options_of({.name = "a", .parent = ""})), (Options{.parent = ""}));
}

TEST(Json, OfAnOverviewCountsTheFindings) {
    Overview overview;
    read_properties(all_properties(), overview);
    const auto object = to_json(
        overview, {{"", Severity::Ok, "", ""}, {"", Severity::Critical, "", ""}, {"", Severity::Critical, "", ""}});
    EXPECT_EQ(object, json::parse(R"({"running": true, "version": "0.1.0", "protected": true, "guard-active": true,
        "auto-detect": true, "restorations": 1099511627776, "features": ["mld", "igmp"], "interfaces": ["vrrp6"],
        "findings": {"ok": 1, "warning": 0, "critical": 2}})"));
}

TEST(Json, OfNothingIsStillOfItsKind) {
    EXPECT_EQ(to_json(CounterTable{}), json::object());
    EXPECT_EQ(to_json(CounterTable{{"a", {}}}), json::parse(R"({"a": {}})"));
    EXPECT_EQ(to_json(std::vector<audit::Finding>{}), json::array());
    EXPECT_EQ(to_json(Overview{}, {}).at("findings"), json::parse(R"({"ok": 0, "warning": 0, "critical": 0})"));
}

TEST(Json, OfCountersIsExact) {
    const CounterTable table{{"vrrp6", {{"igmp", {UINT64_MAX, (1ULL << 53U) + 1}}, {"new-message", {0, 1}}}}};
    EXPECT_EQ(to_json(table).dump(), R"({"vrrp6":{"igmp":{"bytes":9007199254740993,"packets":18446744073709551615},)"
                                     R"("new-message":{"bytes":1,"packets":0}}})");
}

TEST(Json, OfAFindingAndOfAListOfThem) {
    const audit::Finding finding{"vrrp6", Severity::Warning, "an-id", "do this"};
    const auto object =
        json::parse(R"({"interface": "vrrp6", "severity": "warning", "id": "an-id", "message": "do this"})");
    EXPECT_EQ(to_json(finding), object);
    EXPECT_EQ(to_json(std::vector{finding, finding}), json::array({object, object}));
}

Failure failure(const std::string &name, const std::string &message = "what was said") {
    return failure_of(sdbus::Error(bus::compat::ErrorName{name}, message));
}

TEST(FailureOf, TheServiceIsARefusalInItsOwnWords) {
    for (const Errc code : {Errc::InvalidName, Errc::InvalidOption, Errc::KernelRejected, Errc::EngineUnavailable,
                            Errc::StoreFailed, Errc::LimitReached}) {
        const auto why = failure(bus::dbus_name(code));
        EXPECT_EQ(why.status(), kRefused) << bus::dbus_name(code);
        EXPECT_STREQ(why.what(), "what was said");
    }
    EXPECT_EQ(failure("org.vmac.MldFilter.Error.OfANewerService").status(), kRefused);
}

TEST(FailureOf, WhatHasACommandThatHelpsNamesItInsteadOfTheBus) {
    const auto missing = failure(bus::dbus_name(Errc::NotFound), "a is not under management; ListInterfaces tells");
    EXPECT_EQ(missing.status(), kRefused);
    EXPECT_STREQ(missing.what(), "a is not under management; mldfilterctl list shows what is");
    const auto detected = failure(bus::dbus_name(Errc::StillDetected), "a has a VRRP MAC");
    EXPECT_EQ(detected.status(), kRefused);
    EXPECT_THAT(detected.what(), StartsWith("a has a VRRP MAC; mldfilterctl add NAME --action allow"));
}

TEST(FailureOf, WhatIsNotAllowedSaysHowItWouldBe) {
    const auto denied = failure(bus::dbus_name(Errc::AccessDenied));
    EXPECT_EQ(denied.status(), kNotAllowed);
    EXPECT_STREQ(denied.what(), "what was said");
    const auto interactive = failure(bus::dbus_name(Errc::InteractiveAuthorizationRequired));
    EXPECT_EQ(interactive.status(), kNotAllowed);
    EXPECT_THAT(interactive.what(), AllOf(HasSubstr("password"), HasSubstr("as root")));
}

TEST(FailureOf, AServiceThatCannotBeReachedIsUnreachable) {
    struct Row {
        const char *name;
        const char *says;
    };
    for (const auto &[name, says] : {Row{"ServiceUnknown", "the service is not installed, or cannot be started"},
                                     Row{"NameHasNoOwner", "the service does not run; start it: systemctl start"},
                                     Row{"NoReply", "the service did not answer in time; see: journalctl"},
                                     Row{"Timeout", "the service did not answer in time; see: journalctl"},
                                     Row{"TimedOut", "the service could not be started in time; see: journalctl"},
                                     Row{"Disconnected", "the bus has gone away"}}) {
        const auto why = failure(std::string("org.freedesktop.DBus.Error.") + name);
        EXPECT_EQ(why.status(), kUnreachable) << name;
        EXPECT_THAT(why.what(), StartsWith(says));
    }
}

TEST(FailureOf, AnOlderServiceIsToBeRestarted) {
    const auto why = failure("org.freedesktop.DBus.Error.UnknownMethod");
    EXPECT_EQ(why.status(), kRefused);
    EXPECT_THAT(why.what(), HasSubstr("older"));
}

TEST(FailureOf, AnythingElseIsPassedOnWithItsName) {
    for (const std::string name : {"System.Error.EIO", "org.freedesktop.systemd1.UnitMasked", "NoReply", "com.NoReply",
                                   "org.freedesktop.DBus.Error.NoReplyAtAll"}) {
        const auto why = failure(name);
        EXPECT_EQ(why.status(), kUnreachable) << name;
        EXPECT_EQ(why.what(), "what was said (" + name + ")");
    }
}

}  // namespace
}  // namespace vmac::ctl
