// SPDX-License-Identifier: GPL-2.0-or-later
// What the system says about an interface, from files as programs write them.
#include "audit/facts.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "support.hpp"

namespace vmac::audit {
namespace {

constexpr unsigned kIndex = 7;

class FactsTest : public testing::Test {
protected:
    void write(const std::string &file, const std::string &content) const {
        const auto path = root.path() / file;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << content;
    }

    [[nodiscard]] Facts facts(const std::string &name = "vrrp1") const {
        return FactsReader(root.path()).read({.index = kIndex, .name = name});
    }

    [[nodiscard]] std::optional<DeviceCounts> counts(const std::string &name = "vrrp1") const {
        return FactsReader(root.path()).counts({.index = kIndex, .name = name});
    }

    [[nodiscard]] Manager network_manager(const std::string &state) const {
        write("run/NetworkManager/devices/7", "[device]\n" + state);
        return facts().manager;
    }

    [[nodiscard]] Manager networkd(const std::string &state) const {
        write("run/systemd/netif/links/7", "# This is private data. Do not parse.\nADMIN_STATE=" + state + "\n");
        return facts().manager;
    }

    test::TemporaryDirectory root;
};

TEST_F(FactsTest, NothingIsKnownOfWhatIsNotThere) {
    EXPECT_EQ(facts(), Facts{});
    EXPECT_EQ(counts(), std::nullopt);
}

TEST_F(FactsTest, SysctlsOfTheInterface) {
    write("proc/sys/net/ipv6/conf/vrrp1/disable_ipv6", "0\n");
    write("proc/sys/net/ipv6/conf/vrrp1/forwarding", "1\n");
    write("proc/sys/net/ipv6/conf/vrrp1/accept_ra", "2\n");
    write("proc/sys/net/ipv6/conf/vrrp1/autoconf", "1\n");
    write("proc/sys/net/ipv6/conf/vrrp1/addr_gen_mode", "3\n");
    EXPECT_EQ(facts(), (Facts{.disable_ipv6 = 0, .forwarding = 1, .accept_ra = 2, .autoconf = 1, .addr_gen_mode = 3}));
}

TEST_F(FactsTest, AFileThatMakesNoSenseSaysNothing) {
    write("proc/sys/net/ipv6/conf/vrrp1/accept_ra", "yes\n");
    write("proc/sys/net/ipv6/conf/vrrp1/autoconf", "");
    EXPECT_EQ(facts(), Facts{});
}

TEST_F(FactsTest, TheSettingsForAllAreNotThoseOfAnInterfaceOfThatName) {
    for (const char *name : {"all", "default"}) {
        write(std::string("proc/sys/net/ipv6/conf/") + name + "/accept_ra", "1\n");
        EXPECT_EQ(facts(name), Facts{}) << name;
    }
}

TEST_F(FactsTest, ANameIsNeverAWayToAnotherDirectory) {
    write("proc/sys/net/ipv6/conf/accept_ra", "1\n");
    write("proc/sys/net/ipv6/accept_ra", "1\n");
    write("proc/sys/net/ipv6/conf/other/accept_ra", "1\n");
    write("proc/net/dev_snmp6/other", "ifIndex 7\n");
    write("proc/net/other", "ifIndex 7\n");
    const auto absolute = (root.path() / "proc/net/other").string();
    for (const std::string &name : {std::string("."), std::string(".."), std::string(), std::string("a/../other"),
                                    std::string("../other"), absolute, std::string("other\0x", 7)}) {
        EXPECT_EQ(facts(name), Facts{}) << name;
        EXPECT_EQ(counts(name), std::nullopt) << name;
    }
    EXPECT_TRUE(counts("other")) << "or this test proves nothing";
}

TEST_F(FactsTest, NamesWithDotsAndOtherBytesAreNames) {
    for (const char *name : {"eth0.5", "...", "vrrp*", "\xff", "-"}) {
        write(std::string("proc/sys/net/ipv6/conf/") + name + "/accept_ra", "1\n");
        EXPECT_EQ(facts(name).accept_ra, 1) << name;
    }
}

TEST_F(FactsTest, WhatWasSent) {
    write("proc/net/dev_snmp6/vrrp1",
          "ifIndex                         \t7\n"
          "Ip6InReceives                   \t3\n"
          "Ip6OutDiscards                  \t18446744073709551615\n"
          "Icmp6OutMsgs                    \t9\n"
          "Icmp6OutMLDv2Reports            \t5\n"
          "Icmp6OutType131                 \t2\n"
          "Icmp6OutType133                 \t1\n"
          "Icmp6OutType143                 \t5\n");
    const DeviceCounts expected{
        .ifindex = kIndex,
        .sent = {{Message::MldReport, 2}, {Message::MldDone, 0}, {Message::Mld2Report, 5}, {Message::RouterSolicit, 1}},
        .discarded = 18446744073709551615ULL};
    EXPECT_EQ(counts(), expected);
}

TEST_F(FactsTest, CountsOfAnotherInterfaceThatHasTheNameNowAreNotItsOwn) {
    write("proc/net/dev_snmp6/vrrp1", "ifIndex 8\nIcmp6OutType143 5\n");
    EXPECT_EQ(counts(), std::nullopt);
    write("proc/net/dev_snmp6/vrrp1", "Icmp6OutType143 5\n");
    EXPECT_EQ(counts(), std::nullopt);
}

TEST_F(FactsTest, CountsThatMakeNoSenseAreNone) {
    write("proc/net/dev_snmp6/vrrp1", "ifIndex 7\nIcmp6OutType143 5x\nIcmp6OutType131\n\nIcmp6OutType132 -1\n");
    const auto known = counts();
    ASSERT_TRUE(known);
    for (const auto &[message, count] : known->sent) {
        EXPECT_EQ(count, 0U) << to_string(message);
    }
}

// As NetworkManager 1.42 writes them.
TEST_F(FactsTest, NetworkManagerThatLeavesItAlone) {
    EXPECT_EQ(network_manager("managed=false\nperm-hw-addr-fake=00:00:5E:00:02:05\nnm-owned=false\n"), Manager{});
    EXPECT_EQ(network_manager(""), Manager{});
}

TEST_F(FactsTest, NetworkManagerThatHasMadeIt) {
    EXPECT_EQ(
        network_manager("managed=true\nconnection-uuid=77d9\nnm-owned=true\nroute-metric-default-effective=410\n"),
        (Manager{.name = "NetworkManager", .holding = Holding::Made}));
}

TEST_F(FactsTest, NetworkManagerThatSeesSomebodyElsesInterface) {
    EXPECT_EQ(network_manager("managed=true\nconnection-uuid=d5eb\nnm-owned=false\n"),
              (Manager{.name = "NetworkManager", .holding = Holding::Observes}));
}

TEST_F(FactsTest, NetworkManagerThatConfiguresSomebodyElsesInterface) {
    const Manager holds{.name = "NetworkManager", .holding = Holding::Holds};
    EXPECT_EQ(network_manager("managed=true\nconnection-uuid=348c\nnm-owned=false\n"
                              "route-metric-default-effective=413\nroute-metric-default-aspired=410\n"),
              holds);
    EXPECT_EQ(network_manager("managed=true\nperm-hw-addr-fake=00:00:5E:00:02:05\nnm-owned=false\n"), holds);
}

// As systemd-networkd 252 writes them.
TEST_F(FactsTest, NetworkdThatLeavesItAlone) {
    for (const char *state : {"pending", "initialized", "unmanaged", "linger", ""}) {
        EXPECT_EQ(networkd(state), Manager{}) << state;
    }
}

TEST_F(FactsTest, NetworkdThatConfiguresIt) {
    for (const char *state : {"configuring", "configured", "failed"}) {
        EXPECT_EQ(networkd(state), (Manager{.name = "systemd-networkd", .holding = Holding::Holds})) << state;
    }
}

TEST_F(FactsTest, TheMachineAsItIs) {
    ASSERT_TRUE(std::filesystem::exists("/proc/net/dev_snmp6/lo")) << "these tests need IPv6";
    EXPECT_TRUE(FactsReader().counts({.index = 1, .name = "lo"}));
    EXPECT_TRUE(FactsReader().read({.index = 1, .name = "lo"}).accept_ra);
}

}  // namespace
}  // namespace vmac::audit
