// SPDX-License-Identifier: GPL-2.0-or-later
// Between the types of the model and those of the bus, without a bus.
#include <gmock/gmock.h>

#include <array>
#include <set>
#include <stdexcept>

#include "bus/compat.hpp"
#include "bus/errors.hpp"
#include "bus/variants.hpp"
#include "store/files.hpp"
#include "support.hpp"

namespace vmac::bus {
namespace {

using sdbus::Variant;
using test::name;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;
using Words = std::vector<std::string>;

constexpr auto kOwnErrors = "org.vmac.MldFilter.Error.";

struct ErrorRow {
    Errc code;
    const char *name;
};

/// The names that are promised to callers. A code without a row makes the compiler complain in bus/errors.cpp.
constexpr std::array kErrors = {
    ErrorRow{Errc::InvalidName, "InvalidName"},
    ErrorRow{Errc::InvalidOption, "InvalidOption"},
    ErrorRow{Errc::NotFound, "NotFound"},
    ErrorRow{Errc::StillDetected, "StillDetected"},
    ErrorRow{Errc::KernelRejected, "KernelRejected"},
    ErrorRow{Errc::EngineUnavailable, "EngineUnavailable"},
    ErrorRow{Errc::StoreFailed, "StoreFailed"},
    ErrorRow{Errc::LimitReached, "LimitReached"},
};

std::string content_of(const std::string &path) {
    return store::read_file(std::string(SOURCE_ROOT "/") + path);
}

TEST(ErrorNames, AreThoseThatArePromised) {
    for (const auto &row : kErrors) {
        EXPECT_EQ(dbus_name(row.code), std::string(kOwnErrors) + row.name);
    }
    EXPECT_STREQ(dbus_name(Errc::AccessDenied), "org.freedesktop.DBus.Error.AccessDenied");
    EXPECT_STREQ(dbus_name(Errc::InteractiveAuthorizationRequired),
                 "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired");
}

TEST(ErrorNames, AreDifferentForEachCode) {
    std::set<std::string> names;
    const int last = static_cast<int>(Errc::InteractiveAuthorizationRequired);
    for (int code = 0; code <= last; ++code) {
        names.insert(dbus_name(static_cast<Errc>(code)));
    }
    EXPECT_EQ(names.size(), static_cast<std::size_t>(last) + 1);
    EXPECT_EQ(names.count("org.freedesktop.DBus.Error.Failed"), 0U);
    EXPECT_EQ(names.size(), kErrors.size() + 2) << "the table of this test is not complete";
}

TEST(ErrorNames, AreAllInTheInterfaceAndInTheManPage) {
    const std::string xml = content_of("dbus/org.vmac.MldFilter.xml");
    const std::string man = content_of("man/org.vmac.MldFilter.5.rst.in");
    for (const auto &row : kErrors) {
        EXPECT_THAT(xml, HasSubstr(row.name));
        EXPECT_THAT(man, HasSubstr(std::string("\n``") + row.name + "``\n")) << "not in section ERRORS";
    }
    EXPECT_THAT(man, HasSubstr(kOwnErrors));
}

/// What goes over the bus for @p thrown.
template <typename Exception>
sdbus::Error on_the_bus(const Exception &thrown) {
    try {
        throw thrown;
    } catch (...) {
        return current_error();
    }
}

TEST(CurrentError, CarriesCodeAndText) {
    const auto error = on_the_bus(Error(Errc::LimitReached, "too many"));
    EXPECT_EQ(std::string(error.getName()), std::string(kOwnErrors) + "LimitReached");
    EXPECT_EQ(error.getMessage(), "too many");
}

TEST(CurrentError, LeavesErrorsOfTheBusAsTheyAre) {
    const auto error = on_the_bus(sdbus::Error(compat::ErrorName{"org.example.Some"}, "text"));
    EXPECT_EQ(std::string(error.getName()), "org.example.Some");
    EXPECT_EQ(error.getMessage(), "text");
}

TEST(CurrentError, AnythingElseIsAFailureAndNotTheEndOfTheService) {
    const auto error = on_the_bus(std::runtime_error("disk on fire"));
    EXPECT_EQ(std::string(error.getName()), "org.freedesktop.DBus.Error.Failed");
    EXPECT_EQ(error.getMessage(), "disk on fire");
}

TEST(ReadOptions, NothingSaidIsNothing) {
    EXPECT_EQ(read_options({}), Options{});
}

TEST(ReadOptions, ReadsAllFour) {
    const Options expected{.action = Action::Drop,
                           .parent = "eth0",
                           .messages = MessageSet{Message::MldDone, Message::Igmp},
                           .runtime = true};
    EXPECT_EQ(read_options({{"action", Variant{std::string("drop")}},
                            {"parent", Variant{std::string("eth0")}},
                            {"messages", Variant{Words{"igmp", "mld-listener-done"}}},
                            {"runtime", Variant{true}}}),
              expected);
}

TEST(ReadOptions, AnEmptyParentIsSaid) {
    EXPECT_EQ(read_options({{"parent", Variant{std::string()}}}).parent, "");
}

struct WrongOption {
    const char *key;
    Variant (*value)();  ///< made when the test runs: a Variant must not outlive what sdbus-c++ keeps in statics
    const char *complaint;
};

/// A Variant of a fixed value.
template <auto Value>
Variant fixed() {
    return Variant{Value};
}

void PrintTo(const WrongOption &option, std::ostream *stream) {
    *stream << option.key << ": " << option.complaint;
}

class WrongOptions : public testing::TestWithParam<WrongOption> {};

TEST_P(WrongOptions, AreRefusedInWords) {
    EXPECT_THAT(test::message_of(Errc::InvalidOption,
                                 [] {
                                     read_options({{GetParam().key, GetParam().value()}});
                                 }),
                StartsWith(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    Options, WrongOptions,
    testing::Values(WrongOption{"color", [] { return Variant{std::string("red")}; },
                                "unknown option \"color\"; there are action, parent, messages and runtime"},
                    WrongOption{"", fixed<true>, "unknown option \"\""},
                    WrongOption{"Action", fixed<true>, "unknown option"},
                    WrongOption{"action", fixed<7>, "option action has type i; it must have type s"},
                    WrongOption{"action", [] { return Variant{Words{"drop"}}; },
                                "option action has type as; it must have type s"},
                    WrongOption{"action", [] { return Variant{std::string("deny")}; },
                                "unknown action \"deny\"; there are relocate, drop, allow"},
                    WrongOption{"parent", fixed<2U>, "option parent has type u; it must have type s"},
                    WrongOption{"parent", [] { return Variant{sdbus::ObjectPath{"/eth0"}}; },
                                "option parent has type o; it must have type s"},
                    WrongOption{"parent", [] { return Variant{std::string("a/b")}; },
                                "parent: \"a/b\" is not a usable interface name"},
                    WrongOption{"messages", [] { return Variant{std::string("igmp")}; },
                                "option messages has type s; it must have type as"},
                    WrongOption{"messages", [] { return Variant{std::vector<std::uint8_t>{131}}; },
                                "option messages has type ay; it must have type as"},
                    WrongOption{"messages", [] { return Variant{Words{}}; }, "messages is empty"},
                    WrongOption{"messages", [] { return Variant{Words{"mld"}}; },
                                "unknown message \"mld\"; there are mld-listener-report"},
                    WrongOption{"runtime", fixed<1>, "option runtime has type i; it must have type b"},
                    WrongOption{"runtime", [] { return Variant{std::string("true")}; },
                                "option runtime has type s; it must have type b"}));

TEST(Describe, TellsAllThatIsDocumented) {
    const Entry entry{.name = name("vrrp1"),
                      .action = Action::Relocate,
                      .effective_action = Action::Drop,
                      .reason = "its parent does not exist",
                      .messages = {Message::Mld2Report, Message::Igmp},
                      .origins = {.config = true, .api = true, .detected = true},
                      .runtime = true,
                      .parent = "eth0",
                      .parent_index = 2,
                      .present = true,
                      .ifindex = 7,
                      .mac = "00:00:5e:00:02:01"};
    const Dictionary said = describe(entry);
    EXPECT_EQ(said.size(), 10U);
    EXPECT_EQ(said.at("action").get<std::string>(), "relocate");
    EXPECT_EQ(said.at("effective-action").get<std::string>(), "drop");
    EXPECT_EQ(said.at("reason").get<std::string>(), "its parent does not exist");
    EXPECT_EQ(said.at("messages").get<Words>(), (Words{"mld2-listener-report", "igmp"}));
    EXPECT_EQ(said.at("origins").get<Words>(), (Words{"config", "api", "detected"}));
    EXPECT_TRUE(said.at("runtime").get<bool>());
    EXPECT_EQ(said.at("parent").get<std::string>(), "eth0");
    EXPECT_TRUE(said.at("present").get<bool>());
    EXPECT_EQ(said.at("ifindex").get<std::uint32_t>(), 7U);
    EXPECT_EQ(said.at("mac").get<std::string>(), "00:00:5e:00:02:01");
}

TEST(Describe, AnAbsentInterfaceHasEveryKeyToo) {
    const Dictionary said = describe(Entry{.name = name("a"), .origins = {.api = true}});
    EXPECT_EQ(said.size(), 10U);
    EXPECT_EQ(said.at("origins").get<Words>(), Words{"api"});
    EXPECT_EQ(said.at("mac").get<std::string>(), "");
    EXPECT_FALSE(said.at("present").get<bool>());
    EXPECT_THAT(said.at("messages").get<Words>(), IsEmpty());
}

TEST(Describe, CountersGoByTheNamesOfTheMessages) {
    const CounterDictionary said =
        describe(MessageCounts{{Message::Igmp, {1, 40}}, {Message::MldDone, {UINT64_MAX, 7}}});
    EXPECT_EQ(said.size(), 2U);
    EXPECT_EQ(std::get<0>(said.at("igmp")), 1U);
    EXPECT_EQ(std::get<1>(said.at("igmp")), 40U);
    EXPECT_EQ(std::get<0>(said.at("mld-listener-done")), UINT64_MAX);
}

TEST(Describe, CountersOfTheGuardGoByDeviceAndMessage) {
    const auto said = describe(Counters{{name("eth0"), {{Message::Igmp, {1, 54}}}}, {name("eth1"), {}}});
    ASSERT_EQ(said.size(), 2U);
    EXPECT_EQ(said.at("eth0"), describe(MessageCounts{{Message::Igmp, {1, 54}}}));
    EXPECT_THAT(said.at("eth1"), IsEmpty());
}

}  // namespace
}  // namespace vmac::bus
