// SPDX-License-Identifier: GPL-2.0-or-later
// The guard in the kernel, and that the fake one is like it there too.
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "element_commands.hpp"
#include "engine_fixture.hpp"
#include "net/netlink.hpp"
#include "nft/guard_listing.hpp"
#include "nft/ruleset.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;
using test::command;
using test::name;
using test::replace_tables;
using testing::IsEmpty;

constexpr auto kMac = "02:00:00:00:00:02";
constexpr auto kVmac = "00:00:5e:00:02:05";

/// Some of the names are hard to write.
constexpr std::array kDevices = {"eth0", "a-b.1", "drop", "42", "{}", "\xe7\xbd\x91"};

/// Makes a device (and its peer) in this network namespace.
void make_device(const char *device) {
    std::vector<char> buffer(net::kNetlinkBuffer);
    nlmsghdr *message = mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = RTM_NEWLINK;
    message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
    mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg));
    mnl_attr_put_strz(message, IFLA_IFNAME, device);
    nlattr *nest = mnl_attr_nest_start(message, IFLA_LINKINFO);
    mnl_attr_put_strz(message, IFLA_INFO_KIND, "veth");
    mnl_attr_nest_end(message, nest);
    const auto socket = net::open_netlink(NETLINK_ROUTE);
    ASSERT_GE(mnl_socket_sendto(socket.get(), message, message->nlmsg_len), 0);
    const auto got = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    ASSERT_GE(mnl_cb_run(buffer.data(), static_cast<std::size_t>(got), 0, 0, nullptr, nullptr), 0)
        << device << ": " << std::strerror(errno);
}

/// A guard on all of them.
Guard some_guard() {
    Guard guard;
    for (const char *device : kDevices) {
        guard.devices[name(device)] = kMac;
    }
    guard.registered = {{.device = name("eth0"), .mac = "02:00:00:00:00:07"}};
    for (const Message message : kAllMessages) {
        guard.exempt.insert({.sender = {.device = name("eth0"), .mac = kVmac}, .message = message});
        guard.exempt.insert({.sender = {.device = name("42"), .mac = kVmac}, .message = message});
        guard.exempt.insert({.sender = {.device = name("eth*"), .mac = kVmac}, .message = message});
    }
    return guard;
}

class FakeGuard : public test::BothKernels {
protected:
    void SetUp() override {
        BothKernels::SetUp();
        for (const char *device : kDevices) {
            make_device(device);
            fake.can.devices.insert(device);
        }
        // Versions of libnftables differ in what they print.
        kernel.run(replace_guard(on("lo"), false).dump());
        fake.can.prints_devices = kernel.run(list_table(Family::Netdev).dump()).find("\"dev\"") != std::string::npos;
        kernel.run(replace_guard({}, true).dump());
        watcher->take();
    }

    static Guard on(const char *device, const char *mac = kMac) {
        return {.devices = {{name(device), mac}}, .registered = {}, .exempt = {}};
    }
};

TEST_F(FakeGuard, TakesWhatWeWriteAndReadsBackTheSame) {
    EXPECT_TRUE(taken(replace_guard(some_guard(), false)));
    EXPECT_TRUE(taken(replace_guard(some_guard(), true)));
    for (Engine *engine : {static_cast<Engine *>(&kernel), static_cast<Engine *>(&fake)}) {
        const GuardListing listing = parse_guard_listing(engine->run(list_table(Family::Netdev).dump()));
        EXPECT_THAT(listing.deviation, IsEmpty());
        EXPECT_TRUE(listing.guard == some_guard());
        EXPECT_EQ(listing.counters.size(), some_guard().devices.size());
        EXPECT_EQ(listing.counters.at(name("eth0")).size(), kAllMessages.size());
    }
}

TEST_F(FakeGuard, TakesEveryStepFromOneGuardToAnother) {
    Guard plain = on("eth0");
    Guard registering = plain;
    registering.registered.insert({.device = name("eth0"), .mac = "02:00:00:00:00:07"});
    Guard exempting = registering;
    exempting.exempt.insert({.sender = {.device = name("eth0"), .mac = kVmac}, .message = Message::Igmp});
    exempting.exempt.insert({.sender = {.device = name("eth0"), .mac = kVmac}, .message = Message::MldReport});
    const std::vector guards = {Guard{}, plain, registering, exempting, some_guard(), on("eth0", kVmac), on("lo")};
    for (const Guard &from : guards) {
        for (const Guard &to : guards) {
            ASSERT_TRUE(taken(change_guard({}, from)));
            ASSERT_TRUE(taken(change_guard(from, to)));
            ASSERT_TRUE(taken(change_guard(to, {})));
            EXPECT_FALSE(fake.has_table(Family::Netdev));
        }
    }
}

TEST_F(FakeGuard, BelongsToNoOtherTable) {
    EXPECT_TRUE(taken(replace_tables({})));
    EXPECT_TRUE(taken(replace_guard(on("lo"), false)));
    EXPECT_TRUE(taken(replace_tables({})));
    EXPECT_TRUE(taken(replace_guard({}, true)));
}

TEST_F(FakeGuard, RefusesToDeleteAChainThatAnotherGoesTo) {
    EXPECT_TRUE(taken(replace_guard(on("lo"), false)));
    EXPECT_FALSE(taken(R"({"delete": {"chain": {"family": "netdev", "table": "vmac_mldfilter", "name": "vmac_lo"}}})"));
    EXPECT_TRUE(taken(R"({"delete": {"chain": {"family": "netdev", "table": "vmac_mldfilter", "name": "egress_lo"}}})"))
        << "with its rules";
    EXPECT_TRUE(taken(R"({"delete": {"chain": {"family": "netdev", "table": "vmac_mldfilter", "name": "vmac_lo"}}})"));
    EXPECT_FALSE(taken(R"({"delete": {"chain": {"family": "netdev", "table": "vmac_mldfilter", "name": "vmac_lo"}}})"));
}

TEST_F(FakeGuard, RefusesWhatIsNotThere) {
    EXPECT_FALSE(taken(change_guard(on("lo"), some_guard()))) << "no table";
    EXPECT_FALSE(taken(replace_guard({}, true)));
    EXPECT_TRUE(taken(replace_guard(on("lo"), false)));
    for (const char *text :
         {R"({"add": {"rule": {"family": "netdev", "table": "vmac_mldfilter", "chain": "egress_lo",
                               "expr": [{"goto": {"target": "vmac_eth0"}}]}}})",
          R"({"add": {"rule": {"family": "netdev", "table": "vmac_mldfilter", "chain": "vmac_eth0",
                               "expr": [{"drop": null}]}}})",
          R"({"add": {"rule": {"family": "netdev", "table": "vmac_mldfilter", "chain": "vmac_lo", "expr": [
                {"match": {"op": "==", "left": {"concat": [{"meta": {"key": "oifname"}},
                                                           {"payload": {"protocol": "ether", "field": "saddr"}}]},
                           "right": "@nothing"}}, {"accept": null}]}}})",
          R"({"delete": {"element": {"family": "netdev", "table": "vmac_mldfilter", "name": "registered",
                                     "elem": [{"concat": ["lo", "02:00:00:00:00:07"]}]}}})"}) {
        EXPECT_FALSE(taken(text)) << text;
    }
}

TEST_F(FakeGuard, TakesAnElementTwiceAndGivesItBackOnce) {
    EXPECT_TRUE(taken(replace_guard(on("lo"), false)));
    const auto element = [](const char *verb) {
        return command((std::string(R"({")") + verb +
                        R"(": {"element": {"family": "netdev", "table": "vmac_mldfilter", "name": "exempt",
                                           "elem": [{"concat": ["lo", "00:00:5e:00:02:05", 131]}]}}})")
                           .c_str());
    };
    EXPECT_TRUE(taken(element("add")));
    EXPECT_TRUE(taken(element("add")));
    EXPECT_TRUE(taken(element("delete")));
    EXPECT_FALSE(taken(element("delete")));
}

TEST_F(FakeGuard, AFlushedChainIsThereAndEmpty) {
    EXPECT_TRUE(taken(replace_guard(on("lo"), false)));
    EXPECT_TRUE(taken(R"({"flush": {"chain": {"family": "netdev", "table": "vmac_mldfilter", "name": "egress_lo"}}})"));
    EXPECT_THAT(fake.guards(), IsEmpty());
}

TEST_F(FakeGuard, AProbeLeavesNothing) {
    EXPECT_TRUE(taken(probe_guard("lo")));
    EXPECT_TRUE(taken(probe_guard("lo"))) << "and so can be run again";
    EXPECT_THAT(test::answer_of(kernel, command(R"({"list": {"table": {"family": "netdev",
                                                                       "name": "vmac_mldfilter_probe"}}})")),
                testing::StartsWith("rejected"));
}

TEST_F(FakeGuard, AChainForADeviceThatIsNotThereIsRefusedByBothOrByNone) {
    fake.can.absent_devices = test::answer_of(kernel, probe_guard("vmac-no-device")).empty();
    EXPECT_EQ(taken(probe_guard("vmac-no-device")), fake.can.absent_devices);
    EXPECT_EQ(taken(replace_guard(on("vmac-no-device"), false)), fake.can.absent_devices);
}

}  // namespace
}  // namespace vmac::nft
