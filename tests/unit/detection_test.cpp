// SPDX-License-Identifier: GPL-2.0-or-later
// Interfaces that come under management by themselves, because they are macvlans with a VRRP MAC.
#include <gmock/gmock.h>
#include <linux/if_arp.h>

#include "daemon/entries.hpp"
#include "support.hpp"

namespace vmac {
namespace {

using net::Link;
using net::LinkTable;
using test::name;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kVmac = "00:00:5e:00:02:01";

Link vmac(unsigned index, std::string name, const char *mac = kVmac) {
    return {.index = index, .name = std::move(name), .mac = mac, .kind = "macvlan", .lower = 2, .type = ARPHRD_ETHER};
}

/// eth0, and what a test puts on it.
class Detection : public testing::Test {
protected:
    Detection() { add({.index = 2, .name = "eth0", .mac = "02:00:00:00:00:02", .type = ARPHRD_ETHER}); }

    void add(const Link &link) { links.apply({.link = link}); }

    [[nodiscard]] Entries entries() const { return resolve(config, said, links); }
    [[nodiscard]] Entry entry(const char *interface) const { return entries().at(name(interface)); }

    [[nodiscard]] std::vector<std::string> managed() const {
        std::vector<std::string> names;
        for (const auto &[name, entry] : entries()) {
            names.push_back(name.str());
        }
        return names;
    }

    LinkTable links;
    Config config;
    InterfaceOptions said;
};

TEST_F(Detection, IsOfMacvlansAndMacvtapsWithAMacOfEitherProtocol) {
    add(vmac(7, "v4", "00:00:5e:00:01:01"));
    add(vmac(8, "v6", "00:00:5e:00:02:ff"));
    Link tap = vmac(9, "tap");
    tap.kind = "macvtap";
    add(tap);
    EXPECT_THAT(managed(), ElementsAre("tap", "v4", "v6"));
    EXPECT_EQ(entry("v6").origins, (Origins{.detected = true}));
    EXPECT_EQ(entry("v6").effective_action, Action::Relocate);
    EXPECT_EQ(entry("v6").parent, "eth0");
    EXPECT_EQ(entry("v6").messages.size(), kAllMessages.size());
    EXPECT_FALSE(entry("v6").runtime);
}

TEST_F(Detection, IsOfNothingElse) {
    add(vmac(7, "plain", "02:00:00:00:00:07"));
    add(vmac(8, "macless", ""));
    for (const char *kind : {"", "veth", "dummy", "ipvlan", "bridge", "vlan"}) {
        Link link = vmac(20, "other");
        link.kind = kind;
        add(link);
        EXPECT_THAT(managed(), IsEmpty()) << kind;
    }
}

TEST_F(Detection, EndsWithTheLinkOrItsMac) {
    add(vmac(7, "v6"));
    EXPECT_THAT(managed(), ElementsAre("v6"));
    add(vmac(7, "v6", "02:00:00:00:00:07"));
    EXPECT_THAT(managed(), IsEmpty());
    add(vmac(7, "v6"));
    EXPECT_THAT(managed(), ElementsAre("v6"));
    add(vmac(7, "renamed"));
    EXPECT_THAT(managed(), ElementsAre("renamed"));
    links.apply({.link = vmac(7, "renamed"), .gone = true});
    EXPECT_THAT(managed(), IsEmpty());
}

TEST_F(Detection, CanBeTurnedOff) {
    add(vmac(7, "v6"));
    add(vmac(8, "said"));
    said[name("said")] = {};
    config.auto_detect = false;
    EXPECT_THAT(managed(), ElementsAre("said"));
    EXPECT_EQ(entry("said").origins, (Origins{.api = true})) << "nothing is detected then";
}

TEST_F(Detection, IsOneOfSeveralOrigins) {
    add(vmac(7, "a"));
    add(vmac(8, "b"));
    config.interfaces[name("a")] = {};
    said[name("a")] = {};
    said[name("b")] = {};
    EXPECT_EQ(entry("a").origins, (Origins{.config = true, .api = true, .detected = true}));
    EXPECT_EQ(entry("b").origins, (Origins{.api = true, .detected = true}));
}

TEST_F(Detection, HasTheOptionsOfTheDefaultsThenOfTheInterfaceThenOfTheBus) {
    add(vmac(7, "v6"));
    config.defaults = {.action = Action::Drop, .messages = MessageSet{Message::Igmp}};
    EXPECT_EQ(entry("v6").action, Action::Drop);
    EXPECT_EQ(entry("v6").messages, MessageSet{Message::Igmp});

    config.interfaces[name("v6")] = {.messages = MessageSet{Message::MldDone}};
    EXPECT_EQ(entry("v6").action, Action::Drop);
    EXPECT_EQ(entry("v6").messages, MessageSet{Message::MldDone});

    said[name("v6")] = {.action = Action::Allow};
    EXPECT_EQ(entry("v6").action, Action::Allow);
    EXPECT_EQ(entry("v6").messages, MessageSet{Message::MldDone});
}

TEST_F(Detection, OfAVmacWhoseParentIsElsewhereDropsAndSaysWhy) {
    Link elsewhere = vmac(7, "v6");
    elsewhere.lower_elsewhere = true;
    add(elsewhere);
    EXPECT_EQ(entry("v6").effective_action, Action::Drop);
    EXPECT_EQ(entry("v6").reason, "its parent is in another network namespace");
}

TEST_F(Detection, LeavesNamesThatNftCannotWriteToTheGuard) {
    for (const char *strange : {"@x", "udp", "\xff\xfe"}) {
        ASSERT_FALSE(InterfaceName::from_kernel(strange)) << strange;
        add(vmac(7, strange));
        EXPECT_THAT(managed(), IsEmpty()) << strange;
    }
    add(vmac(7, "v*"));
    EXPECT_THAT(managed(), ElementsAre("v*"));
}

TEST_F(Detection, HasNoRoomBeyondTheLimit) {
    config.max_interfaces = 2;
    for (unsigned i = 0; i < 5; ++i) {
        add(vmac(7 + i, "v" + std::to_string(i)));
    }
    EXPECT_EQ(managed().size(), 2U);
    EXPECT_EQ(count_named(config, said), 0U) << "what is detected keeps nobody from adding";
}

TEST_F(Detection, TakesNoRoomFromWhatSomebodyHasNamed) {
    config.max_interfaces = 2;
    config.interfaces[name("z1")] = {};
    add(vmac(7, "a1"));
    add(vmac(8, "a2"));
    EXPECT_THAT(managed(), ElementsAre("a1", "z1"));
    said[name("z2")] = {};
    EXPECT_THAT(managed(), ElementsAre("z1", "z2"));
    EXPECT_EQ(count_named(config, said), 2U);
}

TEST_F(Detection, NeedsNoRoomOfItsOwnForWhatIsNamed) {
    config.max_interfaces = 1;
    said[name("v6")] = {};
    add(vmac(7, "v6"));
    EXPECT_EQ(entry("v6").origins, (Origins{.api = true, .detected = true}));
}

TEST_F(Detection, OfOneOnAnotherKeepsTheFirstFromRelocatingToIt) {
    add(vmac(7, "below"));
    Link above = vmac(8, "above");
    above.lower = 7;
    add(above);
    EXPECT_EQ(entry("above").effective_action, Action::Drop);
    EXPECT_EQ(entry("above").reason, "its parent below is under management itself");
    EXPECT_EQ(entry("below").effective_action, Action::Relocate);
}

TEST(FromKernel, IsParseWithoutAnError) {
    EXPECT_EQ(InterfaceName::from_kernel("eth0"), name("eth0"));
    for (const char *wrong : {"", ".", "..", "a/b", "a b", "sixteen-bytes-xx"}) {
        EXPECT_EQ(InterfaceName::from_kernel(wrong), std::nullopt) << wrong;
    }
}

}  // namespace
}  // namespace vmac
