// SPDX-License-Identifier: GPL-2.0-or-later
// The guard as the service holds it: where it is, what it counts, and that it is never in the way of the first line.
#include "filter_fixture.hpp"

namespace vmac {
namespace {

using test::FakeEngine;
using test::FilterFixture;
using test::kEth0;
using test::kEth0Mac;
using test::kEth1;
using test::name;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

constexpr unsigned kV6 = 1000011;
constexpr auto kOtherMac = "02:00:00:00:00:99";

Config with_guard(GuardScope::Mode mode) {
    Config config;
    config.guard.mode = mode;
    return config;
}

class FilterGuard : public FilterFixture {
protected:
    void SetUp() override {
        add_vmac("v6", kV6);
        start();
    }

    void give_eth0_another_mac(const char *mac) {
        add_link({.index = kEth0, .name = "eth0", .mac = mac, .type = ARPHRD_ETHER});
        filter->links_changed();
    }

    /// @p packets MLDv1 reports come to the guard on eth0.
    void send(std::uint64_t packets) { kernel.count_guard("eth0", Message::MldReport, {packets, packets * 90}); }

    std::uint64_t sent() {
        const Count count = filter->guard_counters().at(name("eth0")).at(Message::MldReport);
        EXPECT_EQ(count.bytes, count.packets * 90);
        return count.packets;
    }
};

TEST_F(FilterGuard, IsOnTheParentAndTold) {
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac)));
    EXPECT_TRUE(filter->is_guard_active());
    EXPECT_EQ(filter->guard_objection(), "");
    EXPECT_THAT(filter->features(), Contains("guard"));
    EXPECT_THAT(filter->guard().devices, ElementsAre(Pair(name("eth0"), kEth0Mac)));
}

TEST_F(FilterGuard, IsArmedAtTheStartBeforeAnyVmacComes) {
    EXPECT_THAT(saved().parents, ElementsAre(Pair(name("eth0"), kEth0Mac)));
    drop_link("v6");
    kernel.flush();
    start({}, "next boot");
    EXPECT_THAT(filter->entries(), IsEmpty());
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac)));
}

TEST_F(FilterGuard, IsArmedOnAParentThatComesLater) {
    drop_link("v6");
    drop_link("vrrp1");
    drop_link("eth0");
    kernel.flush();
    start({}, "next boot");
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac))) << "with the last MAC that it had";

    add_link({.index = kEth1, .name = "eth0", .mac = kOtherMac, .type = ARPHRD_ETHER});
    filter->links_changed();
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kOtherMac)));
}

TEST_F(FilterGuard, WhereTheKernelCannotItComesWithTheParent) {
    kernel.can.absent_devices = false;
    drop_link("v6");
    drop_link("vrrp1");
    drop_link("eth0");
    kernel.flush();
    start({}, "next boot");
    EXPECT_THAT(kernel.guards(), IsEmpty());
    EXPECT_TRUE(filter->is_guard_active()) << "there is nothing to guard";

    kernel.can.devices.insert("eth0");
    add_link({.index = kEth0, .name = "eth0", .mac = kEth0Mac, .type = ARPHRD_ETHER});
    filter->links_changed();
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac)));
}

TEST_F(FilterGuard, FollowsTheMacOfAParentOnDiskToo) {
    give_eth0_another_mac(kOtherMac);
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kOtherMac)));
    EXPECT_TRUE(filter->is_unsettled());
    EXPECT_THAT(saved().parents, ElementsAre(Pair(name("eth0"), kEth0Mac)));
    filter->settle();
    EXPECT_THAT(saved().parents, ElementsAre(Pair(name("eth0"), kOtherMac)));
    EXPECT_EQ(filter->restorations(), 0U);
}

TEST_F(FilterGuard, OfARegisteredMacIsThereAsLongAsTheInterfaceIs) {
    filter->add(name("vrrp1"), {});
    EXPECT_THAT(kernel.guard_set("registered"), ElementsAre("eth0 . 02:00:00:00:00:07"));
    filter->remove(name("vrrp1"));
    EXPECT_THAT(kernel.guard_set("registered"), IsEmpty());
}

TEST_F(FilterGuard, IsTurnedOffAndOnByTheConfiguration) {
    filter->configure(with_guard(GuardScope::Mode::Off));
    EXPECT_FALSE(kernel.has_table(nft::Family::Netdev));
    EXPECT_FALSE(filter->is_guard_active());
    EXPECT_EQ(filter->guard_objection(), "") << "nobody wants it";
    EXPECT_FALSE(filter->is_check_due());
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
    EXPECT_THAT(diary.read(), ElementsAre("not guarded: ", "properties GuardActive"));
    filter->configure({});
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac)));
    EXPECT_THAT(diary.read(), ElementsAre("guarded", "properties GuardActive"));
}

TEST_F(FilterGuard, OfNamedDevicesIsThereBeforeTheyAreParents) {
    add_link({.index = kEth1, .name = "eth1", .mac = kOtherMac, .type = ARPHRD_ETHER});
    Config config;
    config.guard.devices = {name("eth1")};
    filter->configure(config);
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac), Pair("eth1", kOtherMac)));
    EXPECT_THAT(saved().parents, ElementsAre(Pair(name("eth0"), kEth0Mac))) << "which it is not";
}

TEST_F(FilterGuard, OfAllDevicesFollowsThemAll) {
    filter->configure(with_guard(GuardScope::Mode::All));
    add_link({.index = kEth1, .name = "eth1", .mac = kOtherMac, .type = ARPHRD_ETHER});
    filter->links_changed();
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac), Pair("eth1", kOtherMac)));
    drop_link("eth1");
    filter->links_changed();
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac)));
}

TEST_F(FilterGuard, AKernelWithoutTheHookProtectsWithTheFirstLineAlone) {
    kernel.flush();
    kernel.can.egress = false;
    start();
    EXPECT_TRUE(filter->is_protected());
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
    EXPECT_FALSE(filter->is_guard_active());
    EXPECT_THAT(filter->guard_objection(), HasSubstr("the kernel has no egress hook: "));
    EXPECT_THAT(filter->features(), Not(Contains("guard")));
    EXPECT_FALSE(filter->is_check_due()) << "it will not grow one";
    EXPECT_TRUE(filter->add(name("vrrp1"), {}));
    EXPECT_EQ(filter->guard_counters().size(), 1U);
    EXPECT_FALSE(kernel.has_table(nft::Family::Netdev));
}

TEST_F(FilterGuard, ARefusedGuardFailsNoCallAndIsTriedAgain) {
    kernel.can.absent_devices = false;  // and the daemon has not noticed
    kernel.can.devices = {"lo"};
    EXPECT_TRUE(filter->add(name("vrrp1"), {}));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "relocate");
    EXPECT_TRUE(saved().interfaces.contains(name("vrrp1")));
    EXPECT_TRUE(filter->is_protected());
    EXPECT_FALSE(filter->is_guard_active());
    EXPECT_THAT(filter->guard_objection(), HasSubstr("No such file or directory"));
    EXPECT_TRUE(filter->is_check_due());
    EXPECT_THAT(diary.read(), ElementsAre("added vrrp1",
                                          "not guarded: not on eth0: the kernel refused: Could not process rule: "
                                          "No such file or directory",
                                          "properties Interfaces GuardActive"));
    filter->check();
    EXPECT_THAT(diary.read(), IsEmpty()) << "it is told once";

    kernel.can.devices.insert("eth0");
    filter->check();
    EXPECT_TRUE(filter->is_guard_active());
    EXPECT_FALSE(filter->is_check_due());
    EXPECT_THAT(kernel.guard_set("registered"), ElementsAre("eth0 . 02:00:00:00:00:07"));
    EXPECT_THAT(diary.read(), ElementsAre("guarded", "properties GuardActive"));
    EXPECT_EQ(filter->restorations(), 0U);
}

TEST_F(FilterGuard, ADeviceThatCannotHaveOneIsTold) {
    EXPECT_THAT(filter->unguarded(), IsEmpty());
    add_link({.index = kEth1, .name = "eth*", .mac = kOtherMac, .type = ARPHRD_ETHER});
    add_vmac("w6", 1000012, "00:00:5e:00:02:06", kEth1);
    diary.read();
    filter->links_changed();
    EXPECT_EQ(filter->entries().at(name("w6")).effective_action, Action::Relocate) << "the first line holds";
    EXPECT_FALSE(filter->is_guard_active()) << "not on every device that it is for";
    EXPECT_THAT(filter->guard_objection(), HasSubstr("eth*"));
    EXPECT_THAT(filter->unguarded(), ElementsAre(Pair("eth*", HasSubstr("name"))));
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac)));
    EXPECT_THAT(diary.read(), Contains(HasSubstr("not guarded: not on eth*")));

    drop_link("w6");
    filter->links_changed();
    EXPECT_TRUE(filter->is_guard_active());
}

TEST_F(FilterGuard, WhatWasSeenBeforeAStopIsNotLostWithTheTables) {
    kernel.count("v6", Message::Igmp, {2, 80});
    send(3);
    filter->stop();
    kernel.flush();
    start();
    EXPECT_EQ(sent(), 3U);
    EXPECT_EQ(counted("v6", Message::Igmp), (Count{2, 80}));
    send(1);
    EXPECT_EQ(sent(), 4U);
    filter->stop();
    start();
    EXPECT_EQ(sent(), 4U) << "nor counted twice";
    EXPECT_EQ(counted("v6", Message::Igmp), (Count{2, 80}));
}

TEST_F(FilterGuard, AKernelThatRefusesAllLeavesItAsItWas) {
    kernel.refuse(FakeEngine::Runs::Changes, 3);
    test::message_of(Errc::KernelRejected, [this] { filter->add(name("vrrp1"), {}); });
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac)));
    EXPECT_THAT(kernel.guard_set("registered"), IsEmpty());
    EXPECT_THAT(filter->guard().registered, IsEmpty());
    EXPECT_TRUE(filter->is_guard_active());
}

TEST_F(FilterGuard, AFailureOfTheDiskIsTakenBackInTheGuardToo) {
    send(3);
    break_publishing();
    test::message_of(Errc::StoreFailed, [this] { filter->add(name("vrrp1"), {}); });
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac)));
    EXPECT_THAT(kernel.guard_set("registered"), IsEmpty());
    EXPECT_TRUE(filter->is_guard_active());
    EXPECT_EQ(sent(), 3U) << "though its chain was made anew twice";
}

TEST_F(FilterGuard, AFailureOfTheDiskLeavesTheParentsAsTheyWere) {
    add_link({.index = kEth1, .name = "eth1", .mac = kOtherMac, .type = ARPHRD_ETHER});
    add_link({.index = 1000020,
              .name = "w",
              .mac = "02:00:00:00:00:20",
              .kind = "macvlan",
              .lower = kEth1,
              .type = ARPHRD_ETHER});
    break_publishing();
    test::message_of(Errc::StoreFailed, [this] { filter->add(name("w"), {}); });
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac)));
    filter->links_changed();
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac))) << "nothing of it is remembered";
}

TEST_F(FilterGuard, CountersAreThereForEachDeviceAndMessage) {
    send(3);
    const Counters counters = filter->guard_counters();
    ASSERT_EQ(counters.size(), 1U);
    EXPECT_EQ(counters.at(name("eth0")).size(), kAllMessages.size());
    EXPECT_EQ(counters.at(name("eth0")).at(Message::MldReport), (Count{3, 270}));
    EXPECT_EQ(counters.at(name("eth0")).at(Message::Igmp), Count{});
}

TEST_F(FilterGuard, CountersNeverGoBackwardsWhateverHappens) {
    std::uint64_t total = 0;
    const std::vector<std::function<void()>> events = {
        [this] { give_eth0_another_mac(kOtherMac); },
        [this] { give_eth0_another_mac(kEth0Mac); },
        [this] { filter->add(name("vrrp1"), {}); },
        [this] { filter->remove(name("vrrp1")); },
        [this] { kernel.flush(); },
        [this] { start(); },
        [&] {
            filter->configure(with_guard(GuardScope::Mode::Off));
            EXPECT_EQ(sent(), total) << "off";
            filter->configure({});
        },
        [this] {
            drop_link("v6");
            filter->links_changed();
            add_vmac("v6", kV6);
            filter->links_changed();
        },
        [this] {
            filter->stop();
            kernel.flush();
            start();
        },
    };
    for (int round = 0; round < 3; ++round) {
        for (std::size_t i = 0; i < events.size(); ++i) {
            send(1);
            EXPECT_EQ(sent(), ++total);
            events[i]();
            EXPECT_EQ(sent(), total) << round << ' ' << i;
        }
    }
}

TEST_F(FilterGuard, CountersStartFromZeroInAnotherBoot) {
    send(3);
    give_eth0_another_mac(kOtherMac);
    filter->settle();
    kernel.flush();
    start({}, "next boot");
    EXPECT_EQ(sent(), 0U);
}

TEST_F(FilterGuard, CountersAreResetWithAllAndWithNothingElse) {
    send(3);
    filter->reset_counters(std::vector{name("v6")});
    EXPECT_EQ(sent(), 3U);
    filter->reset_counters({});
    EXPECT_EQ(sent(), 0U);
    send(2);
    EXPECT_EQ(sent(), 2U);
    start();
    EXPECT_EQ(sent(), 2U);
    give_eth0_another_mac(kOtherMac);
    EXPECT_EQ(sent(), 2U);
}

TEST_F(FilterGuard, AResetThatCannotBeSavedIsNone) {
    send(3);
    break_publishing();
    test::message_of(Errc::StoreFailed, [this] { filter->reset_counters({}); });
    EXPECT_EQ(sent(), 3U);
}

TEST_F(FilterGuard, SlippedIsWhatCameSinceTheLastInterface) {
    send(3);
    filter->check();
    EXPECT_EQ(filter->slipped().at(name("eth0")).at(Message::MldReport).packets, 3U);

    filter->add(name("vrrp1"), {});
    EXPECT_EQ(filter->slipped().at(name("eth0"))[Message::MldReport], Count{}) << "what was sent before is explained";
    send(2);
    filter->check();
    EXPECT_EQ(filter->slipped().at(name("eth0")).at(Message::MldReport), (Count{2, 180}));

    filter->reset_counters({});
    EXPECT_EQ(filter->slipped().at(name("eth0")).at(Message::MldReport), (Count{2, 180})) << "a reset explains nothing";
}

}  // namespace
}  // namespace vmac
