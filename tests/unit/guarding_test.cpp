// SPDX-License-Identifier: GPL-2.0-or-later
// Which devices the guard is for, and what it lets through.
#include "daemon/guarding.hpp"

#include <gmock/gmock.h>
#include <linux/if_arp.h>

#include "support.hpp"

namespace vmac {
namespace {

using net::Link;
using net::LinkTable;
using test::name;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr auto kEth0Mac = "02:00:00:00:00:02";
constexpr auto kEth1Mac = "02:00:00:00:00:03";
constexpr auto kVmac = "00:00:5e:00:02:05";
constexpr auto kOwnMac = "02:00:00:00:00:07";

Link ethernet(unsigned index, const char *name, const char *mac) {
    return {.index = index, .name = name, .mac = mac, .type = ARPHRD_ETHER};
}

Link macvlan(unsigned index, const char *name, const char *mac, unsigned lower) {
    return {.index = index, .name = name, .mac = mac, .kind = "macvlan", .lower = lower, .type = ARPHRD_ETHER};
}

/// eth0, and on it v6 with a VRRP MAC.
class Guarding : public testing::Test {
protected:
    Guarding() {
        add(ethernet(2, "eth0", kEth0Mac));
        add(macvlan(7, "v6", kVmac, 2));
    }

    void add(const Link &link) { links.apply({.link = link}); }
    void drop(const char *device) { links.apply({.link = *links.by_name(device), .gone = true}); }

    [[nodiscard]] Entries entries() const { return resolve(config, said, links); }

    /// What the guard must be, after the parents were remembered.
    nft::Guard guard(bool absent_too = true) {
        parents = remember_parents(std::move(parents), entries(), links);
        return desired_guard(config.guard, parents, entries(), links, absent_too);
    }

    static nft::Sender on(const char *device, const char *mac) { return {.device = name(device), .mac = mac}; }

    LinkTable links;
    Config config;
    InterfaceOptions said;
    Parents parents;
};

TEST_F(Guarding, IsOnTheParentWithItsMac) {
    EXPECT_THAT(guard().devices, ElementsAre(Pair(name("eth0"), kEth0Mac)));
    EXPECT_THAT(guard().registered, IsEmpty());
    EXPECT_THAT(guard().exempt, IsEmpty());
}

TEST_F(Guarding, WithoutInterfacesThereIsNone) {
    drop("v6");
    EXPECT_TRUE(guard() == nft::Guard{});
}

TEST_F(Guarding, OffIsNone) {
    config.guard.mode = GuardScope::Mode::Off;
    EXPECT_TRUE(guard() == nft::Guard{});
    EXPECT_THAT(parents, ElementsAre(Pair(name("eth0"), kEth0Mac))) << "they are remembered for when it is on again";
}

TEST_F(Guarding, NamedDevicesAreGuardedBesidesParents) {
    add(ethernet(3, "eth1", kEth1Mac));
    add(ethernet(4, "eth2", "02:00:00:00:00:04"));
    config.guard.devices = {name("eth1"), name("absent")};
    EXPECT_THAT(guard().devices, ElementsAre(Pair(name("eth0"), kEth0Mac), Pair(name("eth1"), kEth1Mac)));
}

TEST_F(Guarding, AllIsEveryEthernetDeviceButMacvlans) {
    add(ethernet(3, "eth1", kEth1Mac));
    add({.index = 1, .name = "lo", .mac = "00:00:00:00:00:00", .type = ARPHRD_LOOPBACK});
    add({.index = 4, .name = "tun0", .type = ARPHRD_NONE});
    add({.index = 5, .name = "macless", .type = ARPHRD_ETHER});
    add(ethernet(6, "eth*", kEth1Mac));
    add(ethernet(8, "\xff\xfe", kEth1Mac));
    config.guard.mode = GuardScope::Mode::All;
    EXPECT_THAT(guard().devices, ElementsAre(Pair(name("eth0"), kEth0Mac), Pair(name("eth1"), kEth1Mac)));
}

TEST_F(Guarding, StaysOnAParentWhenItsLastVmacIsGone) {
    (void)guard();
    drop("v6");
    EXPECT_THAT(guard().devices, ElementsAre(Pair(name("eth0"), kEth0Mac)));
}

TEST_F(Guarding, StaysOnAnAbsentParentWhereTheKernelCanDoThat) {
    (void)guard();
    drop("v6");
    drop("eth0");
    EXPECT_THAT(guard(true).devices, ElementsAre(Pair(name("eth0"), kEth0Mac)));
    EXPECT_THAT(guard(false).devices, IsEmpty());
    add(ethernet(9, "eth0", "02:00:00:00:00:99"));
    EXPECT_THAT(guard(false).devices, ElementsAre(Pair(name("eth0"), "02:00:00:00:00:99"))) << "made again";
}

TEST_F(Guarding, FollowsAParentWithAnotherMac) {
    (void)guard();
    add(ethernet(2, "eth0", "02:00:00:00:00:99"));
    EXPECT_THAT(guard().devices, ElementsAre(Pair(name("eth0"), "02:00:00:00:00:99")));
    EXPECT_THAT(parents, ElementsAre(Pair(name("eth0"), "02:00:00:00:00:99")));
}

TEST_F(Guarding, FollowsAParentThatIsRenamed) {
    (void)guard();
    add(ethernet(2, "wan", kEth0Mac));
    EXPECT_THAT(guard(false).devices, ElementsAre(Pair(name("wan"), kEth0Mac)));
}

TEST_F(Guarding, FollowsAVmacToAnotherParent) {
    (void)guard();
    add(ethernet(3, "eth1", kEth1Mac));
    add(macvlan(7, "v6", kVmac, 3));
    EXPECT_THAT(guard().devices, ElementsAre(Pair(name("eth0"), kEth0Mac), Pair(name("eth1"), kEth1Mac)));
}

TEST_F(Guarding, AParentInAnotherNamespaceIsNoneOfOurs) {
    Link elsewhere = macvlan(7, "v6", kVmac, 2);
    elsewhere.lower_elsewhere = true;
    add(elsewhere);
    EXPECT_TRUE(guard() == nft::Guard{}) << "its index means another device here";
    EXPECT_EQ(lower_device(entries().at(name("v6")), links), nullptr);
}

TEST_F(Guarding, ANamedParentIsNotTheDeviceThatFramesLeaveThrough) {
    add(ethernet(3, "eth1", kEth1Mac));
    said[name("v6")] = {.parent = "eth1"};
    EXPECT_THAT(guard().devices, ElementsAre(Pair(name("eth0"), kEth0Mac)));
}

TEST_F(Guarding, WhatIsNoMacvlanHasNoDeviceBelow) {
    add({.index = 8, .name = "veth0", .mac = kOwnMac, .kind = "veth", .lower = 3, .type = ARPHRD_ETHER});
    add(ethernet(3, "eth1", kEth1Mac));
    said[name("veth0")] = {};
    said[name("absent")] = {};
    EXPECT_THAT(guard().devices, ElementsAre(Pair(name("eth0"), kEth0Mac)));
}

TEST_F(Guarding, AllowLetsAllMessagesOfThatInterfaceThrough) {
    said[name("v6")] = {.action = Action::Allow};
    std::set<nft::Exemption> all;
    for (const Message message : kAllMessages) {
        all.insert({.sender = on("eth0", kVmac), .message = message});
    }
    EXPECT_EQ(guard().exempt, all);
    EXPECT_THAT(guard().devices, ElementsAre(Pair(name("eth0"), kEth0Mac))) << "others on it are still guarded";
}

TEST_F(Guarding, MessagesThatAreNotToBeHandledPass) {
    said[name("v6")] = {.messages = MessageSet{Message::MldReport, Message::MldDone, Message::Mld2Report}};
    const std::set<nft::Exemption> expected = {{.sender = on("eth0", kVmac), .message = Message::RouterSolicit},
                                               {.sender = on("eth0", kVmac), .message = Message::Igmp}};
    EXPECT_EQ(guard().exempt, expected);
}

TEST_F(Guarding, AnotherMacIsRegistered) {
    add(macvlan(7, "v6", kOwnMac, 2));
    EXPECT_TRUE(guard() == nft::Guard{}) << "nobody has said so";
    said[name("v6")] = {.messages = MessageSet{Message::Igmp}};
    EXPECT_THAT(guard().registered, ElementsAre(on("eth0", kOwnMac)));
    EXPECT_EQ(guard().exempt.size(), kAllMessages.size() - 1);
}

TEST_F(Guarding, AnotherMacThatMayPassNeedsNoMention) {
    add(macvlan(7, "v6", kOwnMac, 2));
    said[name("v6")] = {.action = Action::Allow};
    EXPECT_THAT(guard().registered, IsEmpty());
    EXPECT_THAT(guard().exempt, IsEmpty());
}

TEST_F(Guarding, AMacvlanInPassthruModeIsTheDeviceItself) {
    add(macvlan(8, "pass", kEth0Mac, 2));
    said[name("pass")] = {};
    EXPECT_THAT(guard().registered, IsEmpty()) << "else the device would be kept from speaking";
    EXPECT_THAT(guard().exempt, IsEmpty());
}

TEST_F(Guarding, APassthruMacvlanWithAVrrpMacIsTheDeviceItselfToo) {
    add(ethernet(2, "eth0", kVmac));
    said[name("v6")] = {.action = Action::Allow};
    EXPECT_THAT(guard().exempt, IsEmpty());
}

TEST_F(Guarding, TheSameMacOnTwoParentsIsTwoSenders) {
    add(ethernet(3, "eth1", kEth1Mac));
    add(macvlan(8, "w6", kVmac, 3));
    said[name("w6")] = {.action = Action::Allow};
    const nft::Guard both = guard();
    EXPECT_EQ(both.devices.size(), 2U);
    ASSERT_EQ(both.exempt.size(), kAllMessages.size());
    for (const auto &one : both.exempt) {
        EXPECT_EQ(one.sender, on("eth1", kVmac));
    }
}

TEST_F(Guarding, NoSenderIsNamedOnADeviceThatIsNotGuarded) {
    add(ethernet(2, "eth*", kEth0Mac));
    said[name("v6")] = {.action = Action::Allow};
    EXPECT_TRUE(guard() == nft::Guard{});
}

TEST_F(Guarding, WhatCannotBeGuardedIsToldWithTheReason) {
    EXPECT_THAT(unguardable(links), IsEmpty());
    add(ethernet(2, "eth*", kEth0Mac));
    add({.index = 3, .name = "ib0", .type = ARPHRD_INFINIBAND});
    add(macvlan(8, "w6", kVmac, 3));
    EXPECT_THAT(unguardable(links), ElementsAre(Pair("eth*", "nftables cannot write its name"),
                                                Pair("ib0", "it is not an Ethernet device")));
}

TEST_F(Guarding, ThousandsOfDevicesThatCameAndWentAreForgotten) {
    for (int i = 0; i < 2000; ++i) {
        parents.emplace(name("old" + std::to_string(i)), kEth1Mac);
    }
    parents.erase(parents.begin(), std::next(parents.begin(), 976));
    ASSERT_EQ(parents.size(), 1024U);
    EXPECT_TRUE(guard().devices.contains(name("eth0"))) << "what is in use always has room";
    EXPECT_EQ(parents.size(), 1024U);
    EXPECT_TRUE(parents.contains(name("eth0")));
}

TEST_F(Guarding, AThousandThatAreThereAreKept) {
    for (unsigned i = 0; i < 1024; ++i) {
        add(ethernet(100 + i, ("e" + std::to_string(i)).c_str(), kEth1Mac));
        parents.emplace(name("e" + std::to_string(i)), kEth1Mac);
    }
    const auto before = parents;
    EXPECT_TRUE(guard().devices.contains(name("eth0"))) << "guarded all the same, only not remembered";
    EXPECT_EQ(parents, before);
}

TEST_F(Guarding, AParentThatIsRememberedKeepsItsPlaceWhenThereAreTooMany) {
    for (int i = 0; i < 1023; ++i) {
        parents.emplace(name("old" + std::to_string(i)), kEth1Mac);
    }
    parents.emplace(name("eth0"), kEth1Mac);
    (void)guard();
    EXPECT_EQ(parents.size(), 1024U);
    EXPECT_EQ(parents.at(name("eth0")), kEth0Mac);
}

}  // namespace
}  // namespace vmac
