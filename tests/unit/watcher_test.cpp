// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel tells about changes of rules: good messages, such as no kernel sends, and the kernel itself.
#include "nft/watcher.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "element_commands.hpp"
#include "net/netlink.hpp"
#include "netlink_message.hpp"
#include "nft/engine.hpp"
#include "nft/guard.hpp"
#include "nft/ruleset.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;
using test::change_elements;
using test::replace_tables;
using testing::ElementsAre;
using testing::SizeIs;
using namespace std::string_literals;

/// Builds one message.
class Message {
public:
    explicit Message(int type, std::uint8_t family = NFPROTO_IPV6, int subsystem = NFNL_SUBSYS_NFTABLES)
        : buffer_(4096), header_(mnl_nlmsg_put_header(buffer_.data())) {
        header_->nlmsg_type = static_cast<std::uint16_t>(subsystem << 8 | type);
        auto *body = static_cast<nfgenmsg *>(mnl_nlmsg_put_extra_header(header_, sizeof(nfgenmsg)));
        body->nfgen_family = family;
    }

    Message &text(std::uint16_t type, const char *text) {
        mnl_attr_put_strz(header_, type, text);
        return *this;
    }

    Message &raw(std::uint16_t type, std::string_view payload) {
        mnl_attr_put(header_, type, payload.size(), payload.data());
        return *this;
    }

    Message &number(std::uint16_t type, std::uint32_t value) {
        mnl_attr_put_u32(header_, type, htonl(value));
        return *this;
    }

    [[nodiscard]] nlmsghdr &header() { return *header_; }
    [[nodiscard]] std::optional<TableEvent> parse() const { return parse_table_event(*header_); }

    /// Reads the first @p bytes of it.
    [[nodiscard]] std::optional<TableEvent> parse_cut(std::size_t bytes) const {
        return test::parse_cut(*header_, bytes, parse_table_event);
    }

private:
    std::vector<char> buffer_;
    nlmsghdr *header_;
};

Message generation(std::uint32_t number) {
    Message message(NFT_MSG_NEWGEN, AF_UNSPEC);
    message.number(NFTA_GEN_ID, number);
    return message;
}

constexpr std::array kObjects = {NFT_MSG_NEWTABLE,     NFT_MSG_DELTABLE,    NFT_MSG_NEWCHAIN, NFT_MSG_DELCHAIN,
                                 NFT_MSG_NEWRULE,      NFT_MSG_DELRULE,     NFT_MSG_NEWSET,   NFT_MSG_DELSET,
                                 NFT_MSG_NEWSETELEM,   NFT_MSG_DELSETELEM,  NFT_MSG_NEWOBJ,   NFT_MSG_DELOBJ,
                                 NFT_MSG_NEWFLOWTABLE, NFT_MSG_DELFLOWTABLE};

TEST(ParseTableEvent, EveryKindOfObjectOfOurTablesIsOurs) {
    for (const int type : kObjects) {
        for (const std::uint8_t family : {NFPROTO_IPV6, NFPROTO_IPV4, NFPROTO_NETDEV}) {
            EXPECT_EQ(Message(type, family).text(NFTA_TABLE_NAME, "vmac_mldfilter").parse(), TableEvent{.ours = true})
                << type << ' ' << int{family};
        }
    }
}

TEST(ParseTableEvent, OtherTablesAreNot) {
    for (const char *table :
         {"", "filter", "vmac_mldfilter_probe", "vmac_mldfilte", "VMAC_MLDFILTER", "xvmac_mldfilter"}) {
        EXPECT_EQ(Message(NFT_MSG_NEWRULE).text(NFTA_RULE_TABLE, table).parse(), TableEvent{}) << table;
    }
    EXPECT_EQ(Message(NFT_MSG_NEWRULE).parse(), TableEvent{}) << "without any table";
}

TEST(ParseTableEvent, TablesOfOurNameInOtherFamiliesAreNot) {
    for (const std::uint8_t family : {NFPROTO_UNSPEC, NFPROTO_INET, NFPROTO_ARP, NFPROTO_BRIDGE}) {
        EXPECT_EQ(Message(NFT_MSG_NEWTABLE, family).text(NFTA_TABLE_NAME, "vmac_mldfilter").parse(), TableEvent{})
            << int{family};
    }
}

TEST(ParseTableEvent, OurNameElsewhereInAMessageIsNoTable) {
    EXPECT_EQ(Message(NFT_MSG_NEWCHAIN)
                  .text(NFTA_CHAIN_TABLE, "filter")
                  .text(NFTA_CHAIN_NAME, "vmac_mldfilter")
                  .text(NFTA_CHAIN_USERDATA, "vmac_mldfilter")
                  .parse(),
              TableEvent{});
}

TEST(ParseTableEvent, AForgedNameIsNotReadBeyondItsEnd) {
    EXPECT_EQ(Message(NFT_MSG_NEWTABLE).raw(NFTA_TABLE_NAME, "vmac_mldfilter").parse(), TableEvent{.ours = true})
        << "without NUL";
    EXPECT_EQ(Message(NFT_MSG_NEWTABLE).raw(NFTA_TABLE_NAME, "vmac_mldfilter\0more"s).parse(),
              TableEvent{.ours = true});
    EXPECT_EQ(Message(NFT_MSG_NEWTABLE).raw(NFTA_TABLE_NAME, "\0vmac_mldfilter"s).parse(), TableEvent{});
}

TEST(ParseTableEvent, AGenerationEndsATransactionAndNamesItsProcess) {
    EXPECT_EQ(generation(7).number(NFTA_GEN_PROC_PID, 1234).text(NFTA_GEN_PROC_NAME, "nft").parse(),
              (TableEvent{.end = true, .generation = 7, .process = "nft, process 1234"}));
    EXPECT_EQ(generation(8).parse(), (TableEvent{.end = true, .generation = 8})) << "an old kernel names nobody";
    EXPECT_EQ(generation(9).number(NFTA_GEN_PROC_PID, 5).parse()->process, "process 5");
    EXPECT_EQ(generation(9).text(NFTA_GEN_PROC_NAME, "nft").parse()->process, "nft");
    EXPECT_EQ(generation(UINT32_MAX).parse()->generation, UINT32_MAX);
}

TEST(ParseTableEvent, AProcessMayCallItselfAnything) {
    const auto process = [](std::string_view name) {
        return generation(1).number(NFTA_GEN_PROC_PID, 5).raw(NFTA_GEN_PROC_NAME, name).parse()->process;
    };
    EXPECT_EQ(process("a b\0"s), "a b, process 5");
    EXPECT_EQ(process("n\x1b[31mft\n\x7f"), "n[31mft, process 5");
    EXPECT_EQ(process("\xff\xfe\xc3\xa4"), "process 5");
    EXPECT_EQ(process(""), "process 5");
    EXPECT_EQ(process("nft\0hidden"s), "nft, process 5");
}

TEST(ParseTableEvent, AForgedNumberIsNone) {
    EXPECT_EQ(Message(NFT_MSG_NEWGEN).raw(NFTA_GEN_ID, "\1").parse()->generation, 0U);
    EXPECT_EQ(generation(1).raw(NFTA_GEN_PROC_PID, "12345678").parse()->process, "");
}

TEST(ParseTableEvent, OtherSubsystemsAreNone) {
    for (const int subsystem :
         {int{NFNL_SUBSYS_NONE}, NFNL_SUBSYS_CTNETLINK, NFNL_SUBSYS_IPSET, NFNL_SUBSYS_NFT_COMPAT, 0xFF}) {
        EXPECT_EQ(Message(NFT_MSG_NEWTABLE, NFPROTO_IPV6, subsystem).text(NFTA_TABLE_NAME, "vmac_mldfilter").parse(),
                  std::nullopt)
            << subsystem;
    }
}

TEST(ParseTableEvent, CutAnywhereItReadsNoByteBeyond) {
    Message message(NFT_MSG_NEWTABLE);
    message.text(NFTA_TABLE_NAME, "vmac_mldfilter");
    const std::size_t whole = message.header().nlmsg_len;
    const std::size_t name_end = mnl_nlmsg_size(sizeof(nfgenmsg)) + sizeof(nlattr) + std::strlen(kTable);
    for (std::size_t bytes = sizeof(nlmsghdr); bytes <= whole; ++bytes) {
        const auto event = message.parse_cut(bytes);
        EXPECT_EQ(event.has_value(), bytes >= mnl_nlmsg_size(sizeof(nfgenmsg))) << bytes;
        // Messages are padded to four bytes, and libmnl takes the padding for part of the last attribute.
        EXPECT_EQ(event && event->ours, bytes >= name_end) << bytes;
    }
}

TEST(ParseTableEvent, ForgedLengthsOfAttributesAreSurvived) {
    for (std::uint32_t length = 0; length <= 0xffff; length += 251) {
        Message message = generation(7);
        message.text(NFTA_GEN_PROC_NAME, "nft");
        static_cast<nlattr *>(mnl_nlmsg_get_payload_offset(&message.header(), sizeof(nfgenmsg)))->nla_len =
            static_cast<std::uint16_t>(length);
        EXPECT_EQ(message.parse()->generation, 0U) << length;
    }
}

/// The kernel, in a network namespace of its own.
class KernelWatcher : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_EQ(unshare(CLONE_NEWNET), 0) << "these tests need CAP_SYS_ADMIN: " << std::strerror(errno);
    }

    void run(const json &commands) { engine.run(commands.dump()); }

    void run(const char *command) { run({{"nftables", json::array({json::parse(command)})}}); }

    /// How the kernel must name this process, whose number it tells as the first process namespace has it.
    static auto self() {
        return testing::MatchesRegex(std::string(program_invocation_short_name) + ", process [0-9]+");
    }

    LibnftablesEngine engine;
};

constexpr auto kForeignTable = R"({"add": {"table": {"family": "ip6", "name": "foreign"}}})";

TEST_F(KernelWatcher, TellsOfEachTransactionOnceAndByWhom) {
    NetlinkWatcher watcher;
    ASSERT_EQ(watcher.failure(), "");
    EXPECT_FALSE(watcher.take().any());
    run(replace_tables({}));
    const Activity first = watcher.take();
    EXPECT_THAT(first.transactions, ElementsAre(self()));
    EXPECT_FALSE(first.lost);
    EXPECT_FALSE(watcher.take().any());
    run(change_elements({}, {.verdicts = {{test::name("a"), {{vmac::Message::Igmp, Verdict::Drop}}}}, .parents = {}}));
    run(R"({"flush": {"ruleset": null}})");
    EXPECT_THAT(watcher.take().transactions, ElementsAre(self(), self()));
}

TEST_F(KernelWatcher, HasToldWhenTheCallReturnsThatMadeTheChange) {
    NetlinkWatcher watcher;
    run(replace_tables({}));
    pollfd waiting{.fd = watcher.fd(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&waiting, 1, 0), 1);
    EXPECT_TRUE(watcher.take().any());
    EXPECT_EQ(poll(&waiting, 1, 0), 0);
}

TEST_F(KernelWatcher, SeesTheGuardToo) {
    NetlinkWatcher watcher;
    run(replace_guard({.devices = {{test::name("lo"), "02:00:00:00:00:02"}}, .registered = {}, .exempt = {}}, false));
    EXPECT_THAT(watcher.take().transactions, SizeIs(1));
    run(R"({"delete": {"chain": {"family": "netdev", "table": "vmac_mldfilter", "name": "egress_lo"}}})");
    EXPECT_THAT(watcher.take().transactions, SizeIs(1));
}

TEST_F(KernelWatcher, TablesOfOthersAreNoActivityButCount) {
    NetlinkWatcher watcher;
    run(kForeignTable);
    run(R"({"add": {"table": {"family": "inet", "name": "vmac_mldfilter"}}})");
    run(probe_guard("lo"));
    EXPECT_FALSE(watcher.take().any());
    const auto generation = watcher.generation();
    EXPECT_GE(generation, 2U);
    run(kForeignTable);
    run(replace_tables({}));
    EXPECT_THAT(watcher.take().transactions, SizeIs(1));
    EXPECT_GT(watcher.generation(), generation);
}

TEST_F(KernelWatcher, ARefusedTransactionIsNone) {
    NetlinkWatcher watcher;
    EXPECT_THROW(run(R"({"delete": {"table": {"family": "ip6", "name": "vmac_mldfilter"}}})"), Error);
    EXPECT_FALSE(watcher.take().any());
}

TEST_F(KernelWatcher, SaysSoWhenMoreHappenedThanItCouldKeep) {
    NetlinkWatcher watcher;
    const int small = 1;
    ASSERT_EQ(setsockopt(watcher.fd(), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    for (int i = 0; i < 50; ++i) {
        run(replace_tables({}));
    }
    const auto generation = watcher.generation();
    EXPECT_TRUE(watcher.take().lost);
    EXPECT_GT(watcher.generation(), generation);
    EXPECT_FALSE(watcher.take().any()) << "it is told once";
    run(replace_tables({}));
    EXPECT_TRUE(watcher.take().any());
}

TEST_F(KernelWatcher, WithoutPrivilegeNothingIsSeenAndItSaysWhy) {
    const test::AsNobody as_nobody;
    NetlinkWatcher watcher;
    EXPECT_NE(watcher.failure(), "");
    EXPECT_EQ(watcher.fd(), -1);
    EXPECT_FALSE(watcher.take().any());
}

}  // namespace
}  // namespace vmac::nft
