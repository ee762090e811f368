// SPDX-License-Identifier: GPL-2.0-or-later
// From options and links to entries, and from those to rules.
#include "daemon/entries.hpp"

#include <gmock/gmock.h>

#include "support.hpp"

namespace vmac {
namespace {

using net::Link;
using net::LinkTable;
using test::name;
using testing::IsEmpty;

constexpr auto kVmac = "vrrp1";
constexpr auto kMac = "02:00:00:00:00:07";

/// eth0 with index 2 and macvlan vrrp1 with index 7 on it, which has no VRRP MAC and so is not detected.
LinkTable usual_links() {
    LinkTable links;
    links.apply({.link = {.index = 2, .name = "eth0", .mac = "02:00:00:00:00:02"}});
    links.apply({.link = {.index = 7, .name = kVmac, .mac = kMac, .kind = "macvlan", .lower = 2}});
    return links;
}

LinkTable links_of(std::initializer_list<Link> list) {
    LinkTable links;
    for (const Link &link : list) {
        links.apply({.link = link});
    }
    return links;
}

Entry entry_of(const Entries &entries, const char *interface = kVmac) {
    return entries.at(name(interface));
}

/// What becomes of vrrp1 with @p options, added over the bus.
Entry resolved(const Options &options, const LinkTable &links) {
    return entry_of(resolve({}, {{name(kVmac), options}}, links));
}

TEST(Resolve, NobodyWantsAnything) {
    EXPECT_THAT(resolve({}, {}, usual_links()), IsEmpty());
}

TEST(Resolve, WithoutOptionsAMacvlanRelocatesEverythingToItsLowerDevice) {
    const Entry expected{.name = name(kVmac),
                         .action = Action::Relocate,
                         .effective_action = Action::Relocate,
                         .messages = MessageSet(kAllMessages.begin(), kAllMessages.end()),
                         .origins = {.api = true},
                         .parent = "eth0",
                         .parent_index = 2,
                         .present = true,
                         .ifindex = 7,
                         .mac = kMac};
    EXPECT_EQ(resolved({}, usual_links()), expected);
}

TEST(Resolve, TheBusCountsBeforeTheInterfaceCountsBeforeTheDefaults) {
    Config config{.defaults = {.action = Action::Drop, .messages = MessageSet{Message::Igmp}}, .interfaces = {}};
    config.interfaces[name("both")] = {.action = Action::Allow, .messages = MessageSet{Message::MldDone}};
    config.interfaces[name("config")] = {.messages = MessageSet{Message::MldReport}};
    const InterfaceOptions api = {{name("both"), {.action = Action::Relocate}}, {name("api"), {}}};
    const Entries entries = resolve(config, api, {});

    ASSERT_EQ(entries.size(), 3U);
    EXPECT_EQ(entry_of(entries, "both").action, Action::Relocate);
    EXPECT_EQ(entry_of(entries, "both").messages, MessageSet{Message::MldDone});
    EXPECT_EQ(entry_of(entries, "both").origins, (Origins{.config = true, .api = true}));
    EXPECT_EQ(entry_of(entries, "config").action, Action::Drop);
    EXPECT_EQ(entry_of(entries, "config").messages, MessageSet{Message::MldReport});
    EXPECT_EQ(entry_of(entries, "config").origins, (Origins{.config = true}));
    EXPECT_EQ(entry_of(entries, "api").action, Action::Drop);
    EXPECT_EQ(entry_of(entries, "api").messages, MessageSet{Message::Igmp});
    EXPECT_EQ(entry_of(entries, "api").origins, (Origins{.api = true}));
}

TEST(Resolve, AnEmptyParentOnTheBusOverridesThatOfTheConfiguration) {
    LinkTable links = usual_links();
    links.apply({.link = {.index = 3, .name = "eth1"}});
    const Config config{.defaults = {}, .interfaces = {{name(kVmac), {.parent = "eth1"}}}};
    EXPECT_EQ(entry_of(resolve(config, {}, links)).parent, "eth1");
    EXPECT_EQ(entry_of(resolve(config, {{name(kVmac), {.parent = ""}}}, links)).parent, "eth0");
}

TEST(Resolve, RuntimeIsTold) {
    EXPECT_TRUE(resolved({.runtime = true}, {}).runtime);
    EXPECT_FALSE(resolved({.runtime = false}, {}).runtime);
    EXPECT_FALSE(resolved({}, {}).runtime);
}

TEST(Resolve, ANamedParentCountsBeforeTheLowerDeviceAndNeedsNoMacvlan) {
    LinkTable links = usual_links();
    links.apply({.link = {.index = 3, .name = "eth1"}});
    EXPECT_EQ(resolved({.parent = "eth1"}, links).parent_index, 3U);
    EXPECT_EQ(resolved({.parent = "eth1"}, links).parent, "eth1");

    const LinkTable no_vmac = links_of({{.index = 3, .name = "eth1"}});
    const Entry entry = resolved({.parent = "eth1"}, no_vmac);
    EXPECT_FALSE(entry.present);
    EXPECT_EQ(entry.ifindex, 0U);
    EXPECT_EQ(entry.mac, "");
    EXPECT_EQ(entry.parent_index, 3U);
    EXPECT_EQ(entry.effective_action, Action::Relocate);
}

struct Fallback {
    const char *what;
    Options options;
    LinkTable links;
    const char *reason;
};

void PrintTo(const Fallback &fallback, std::ostream *stream) {
    *stream << fallback.what;
}

class FallsBack : public testing::TestWithParam<Fallback> {};

TEST_P(FallsBack, ToDropAndSaysWhy) {
    const Entry entry = resolved(GetParam().options, GetParam().links);
    EXPECT_EQ(entry.action, Action::Relocate);
    EXPECT_EQ(entry.effective_action, Action::Drop);
    EXPECT_EQ(entry.reason, GetParam().reason);
    EXPECT_EQ(entry.parent_index, 0U);
    EXPECT_EQ(entry.parent, "");
    EXPECT_TRUE(is_utf8(entry.reason)) << "it goes over the bus";
}

INSTANTIATE_TEST_SUITE_P(
    Reasons, FallsBack,
    testing::Values(
        Fallback{"absent", {}, {}, "vrrp1 does not exist, so its parent is not known"},
        Fallback{"named parent absent", {.parent = "eth9"}, usual_links(), "its parent eth9 does not exist"},
        Fallback{"not a macvlan",
                 {},
                 links_of({{.index = 7, .name = kVmac, .kind = "veth", .lower = 2}}),
                 "vrrp1 is not a macvlan, and no parent was named"},
        Fallback{"in another namespace",
                 {},
                 links_of({{.index = 2, .name = "eth0"},
                           {.index = 7, .name = kVmac, .kind = "macvlan", .lower = 2, .lower_elsewhere = true}}),
                 "its parent is in another network namespace"},
        Fallback{"lower device absent",
                 {},
                 links_of({{.index = 7, .name = kVmac, .kind = "macvlan", .lower = 2}}),
                 "its parent does not exist"},
        Fallback{"without lower device",
                 {},
                 links_of({{.index = 7, .name = kVmac, .kind = "macvtap"}}),
                 "its parent does not exist"},
        Fallback{"named itself", {.parent = kVmac}, usual_links(), "it cannot be its own parent"},
        Fallback{"its own lower device",
                 {},
                 links_of({{.index = 7, .name = kVmac, .kind = "macvlan", .lower = 7}}),
                 "it cannot be its own parent"},
        Fallback{
            "parent not UTF-8",
            {},
            links_of({{.index = 2, .name = "\xff\xfe"}, {.index = 7, .name = kVmac, .kind = "macvlan", .lower = 2}}),
            "nftables cannot read back the name of its parent"},
        Fallback{"parent with a quote",
                 {},
                 links_of({{.index = 2, .name = "a\"b"}, {.index = 7, .name = kVmac, .kind = "macvlan", .lower = 2}}),
                 "nftables cannot read back the name of its parent"}));

TEST(Resolve, ActionsThatDoNotRelocateGiveNoReasonButTellTheParent) {
    for (const Action action : {Action::Drop, Action::Allow}) {
        const Entry entry = resolved({.action = action}, usual_links());
        EXPECT_EQ(entry.effective_action, action);
        EXPECT_EQ(entry.reason, "");
        EXPECT_EQ(entry.parent_index, 0U);
        EXPECT_EQ(entry.parent, "eth0");
        EXPECT_EQ(resolved({.action = action}, {}).reason, "") << "no parent is needed";
    }
}

TEST(Resolve, AParentUnderManagementIsRefused) {
    const InterfaceOptions api = {{name(kVmac), {}}, {name("eth0"), {.action = Action::Drop}}};
    const Entry entry = entry_of(resolve({}, api, usual_links()));
    EXPECT_EQ(entry.effective_action, Action::Drop);
    EXPECT_EQ(entry.reason, "its parent eth0 is under management itself");
    EXPECT_EQ(entry.parent_index, 0U);
    EXPECT_EQ(entry.parent, "eth0") << "it is told, though nothing leaves from it";
}

TEST(Resolve, AParentWithActionAllowIsFree) {
    const InterfaceOptions api = {{name(kVmac), {}}, {name("eth0"), {.action = Action::Allow}}};
    EXPECT_EQ(entry_of(resolve({}, api, usual_links())).parent_index, 2U);
}

TEST(Resolve, TwoThatNameEachOtherBothDrop) {
    const LinkTable links = links_of({{.index = 2, .name = "a"}, {.index = 3, .name = "b"}});
    const Entries entries = resolve({}, {{name("a"), {.parent = "b"}}, {name("b"), {.parent = "a"}}}, links);
    for (const char *interface : {"a", "b"}) {
        EXPECT_EQ(entry_of(entries, interface).effective_action, Action::Drop);
        EXPECT_EQ(entry_of(entries, interface).parent_index, 0U);
    }
}

TEST(Resolve, AnAbsentEntryDoesNotMakeAParentManaged) {
    const InterfaceOptions api = {{name(kVmac), {}}, {name("absent"), {.action = Action::Drop}}};
    EXPECT_EQ(entry_of(resolve({}, api, usual_links())).effective_action, Action::Relocate);
}

nft::Ruleset rules_of(const Options &options, const LinkTable &links) {
    return desired_ruleset(resolve({}, {{name(kVmac), options}}, links));
}

TEST(DesiredRuleset, RelocatesAllButRouterSolicitations) {
    using nft::Verdict;
    const nft::Ruleset expected{.verdicts = {{name(kVmac),
                                              {{Message::MldReport, Verdict::Relocate},
                                               {Message::MldDone, Verdict::Relocate},
                                               {Message::Mld2Report, Verdict::Relocate},
                                               {Message::RouterSolicit, Verdict::Drop},
                                               {Message::Igmp, Verdict::Relocate}}}},
                                .parents = {{name(kVmac), 2}}};
    EXPECT_EQ(rules_of({}, usual_links()), expected);
}

TEST(DesiredRuleset, VerdictsDoNotDependOnTheParent) {
    const nft::Ruleset with = rules_of({}, usual_links());
    const nft::Ruleset without = rules_of({}, {});
    EXPECT_EQ(with.verdicts, without.verdicts);
    EXPECT_THAT(without.parents, IsEmpty());
}

TEST(DesiredRuleset, DropsWithoutParent) {
    const nft::Ruleset rules = rules_of({.action = Action::Drop, .parent = "eth0"}, usual_links());
    EXPECT_THAT(rules.parents, IsEmpty());
    ASSERT_EQ(rules.verdicts.at(name(kVmac)).size(), kAllMessages.size());
    for (const auto &[message, verdict] : rules.verdicts.at(name(kVmac))) {
        EXPECT_EQ(verdict, nft::Verdict::Drop);
    }
}

TEST(DesiredRuleset, AllowIsNothingInTheKernel) {
    EXPECT_EQ(rules_of({.action = Action::Allow}, usual_links()), nft::Ruleset{});
}

TEST(DesiredRuleset, HasOnlyTheMessagesAskedFor) {
    const nft::Ruleset expected{.verdicts = {{name(kVmac), {{Message::MldDone, nft::Verdict::Relocate}}}},
                                .parents = {{name(kVmac), 2}}};
    EXPECT_EQ(rules_of({.messages = MessageSet{Message::MldDone}}, usual_links()), expected);
}

}  // namespace
}  // namespace vmac
