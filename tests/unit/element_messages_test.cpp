// SPDX-License-Identifier: GPL-2.0-or-later
// Messages about elements, without a kernel: what is sent, and what is made of answers, whole and cut off anywhere.
// That the kernel understands them is what element_socket_test.cpp is for.
#include "nft/element_messages.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "netlink_message.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using test::name;
using testing::ElementsAre;

std::vector<const nlmsghdr *> messages_in(const Messages &bytes) {
    std::vector<const nlmsghdr *> messages;
    for (std::size_t at = 0; at < bytes.size();) {
        messages.push_back(static_cast<const nlmsghdr *>(static_cast<const void *>(bytes.data() + at)));
        at += NLMSG_ALIGN(messages.back()->nlmsg_len);
    }
    return messages;
}

std::vector<int> types_in(const Messages &bytes) {
    std::vector<int> types;
    for (const nlmsghdr *message : messages_in(bytes)) {
        types.push_back(message->nlmsg_type & 0xff);
    }
    return types;
}

TEST(ElementMessages, OfOneTransactionAreOneBatch) {
    const ElementChanges changes{.deleted_verdicts = {{name("a"), Message::Igmp, Verdict::Drop}},
                                 .deleted_parents = {},
                                 .added_parents = {{name("a"), 7}},
                                 .added_verdicts = {{name("a"), Message::MldDone, Verdict::Drop}}};
    const Batch batch = change_batch(changes, 100);
    EXPECT_THAT(types_in(batch.messages), ElementsAre(NFNL_MSG_BATCH_BEGIN, NFT_MSG_NEWSETELEM, NFT_MSG_NEWSETELEM,
                                                      NFT_MSG_DELSETELEM, NFT_MSG_NEWSETELEM, NFNL_MSG_BATCH_END));
    EXPECT_EQ(batch.last, 104U);
    std::uint32_t sequence = 100;
    for (const nlmsghdr *message : messages_in(batch.messages)) {
        EXPECT_EQ(message->nlmsg_seq, sequence);
        EXPECT_EQ((message->nlmsg_flags & NLM_F_ACK) != 0, sequence == batch.last);
        ++sequence;
    }
    EXPECT_TRUE(change_batch({}, 1).messages.empty());
}

TEST(ElementMessages, AreNeverTooLong) {
    ElementChanges changes;
    for (int i = 0; i < 4096; ++i) {
        changes.added_verdicts.push_back({name("vmac-" + std::to_string(i)), Message::MldDone, Verdict::Relocate});
    }
    const Batch batch = change_batch(changes, 1);
    for (const nlmsghdr *message : messages_in(batch.messages)) {
        EXPECT_LT(message->nlmsg_len, 65536U);
    }
}

TEST(ElementMessages, HaveKeysAsRegistersHaveThem) {
    const Messages bytes = ask_element(Family::Ip6, {name("fifteen-bytes.!"), Message::Mld2Report}, 1);
    const std::string_view text(bytes.data(), bytes.size());
    const std::string key("fifteen-bytes.!\0\x8f\0\0\0", 20);
    EXPECT_NE(text.find(key), std::string_view::npos);
    EXPECT_EQ(text.find(key) + key.size(), text.size());
}

/// An element as the kernel lists it.
class Answer {
public:
    Answer() {
        message_ = mnl_nlmsg_put_header(buffer_.data());
        message_->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM;
        auto *header = static_cast<nfgenmsg *>(mnl_nlmsg_put_extra_header(message_, sizeof(nfgenmsg)));
        header->nfgen_family = NFPROTO_IPV6;
        mnl_attr_put_strz(message_, NFTA_SET_ELEM_LIST_TABLE, "vmac_mldfilter");
        mnl_attr_put_strz(message_, NFTA_SET_ELEM_LIST_SET, "verdicts");
        nlattr *list = mnl_attr_nest_start(message_, NFTA_SET_ELEM_LIST_ELEMENTS);
        nlattr *element = mnl_attr_nest_start(message_, NFTA_LIST_ELEM);
        nlattr *nest = mnl_attr_nest_start(message_, NFTA_SET_ELEM_KEY);
        mnl_attr_put(message_, NFTA_DATA_VALUE, 20, "vrrp6\0\0\0\0\0\0\0\0\0\0\0\x83\0\0\0");
        mnl_attr_nest_end(message_, nest);
        nest = mnl_attr_nest_start(message_, NFTA_SET_ELEM_DATA);
        nlattr *verdict = mnl_attr_nest_start(message_, NFTA_DATA_VERDICT);
        mnl_attr_put_u32(message_, NFTA_VERDICT_CODE, htonl(static_cast<std::uint32_t>(NFT_GOTO)));
        mnl_attr_put_strz(message_, NFTA_VERDICT_CHAIN, "relocate");
        mnl_attr_nest_end(message_, verdict);
        mnl_attr_nest_end(message_, nest);
        nest = mnl_attr_nest_start(message_, NFTA_SET_ELEM_EXPR);
        mnl_attr_put_strz(message_, NFTA_EXPR_NAME, "counter");
        nlattr *data = mnl_attr_nest_start(message_, NFTA_EXPR_DATA);
        mnl_attr_put(message_, NFTA_COUNTER_BYTES, 8, "\0\0\0\0\0\0\x01\x02");
        mnl_attr_put(message_, NFTA_COUNTER_PACKETS, 8, "\0\0\0\0\0\0\0\x03");
        mnl_attr_nest_end(message_, data);
        mnl_attr_nest_end(message_, nest);
        mnl_attr_nest_end(message_, element);
        mnl_attr_nest_end(message_, list);
    }

    [[nodiscard]] const nlmsghdr &get() const { return *message_; }

private:
    std::array<std::uint64_t, 128> buffer_{};
    nlmsghdr *message_ = nullptr;
};

TEST(ElementMessages, AreReadAsTheKernelWritesThem) {
    std::string lines;
    append_elements(lines, Family::Ip6, Answer().get());
    EXPECT_EQ(lines, "verdict vrrp6 mld-listener-report relocate 3 258\n");
    lines.clear();
    append_elements(lines, Family::Ip, Answer().get());
    EXPECT_EQ(lines, "foreign ip\n") << "there a key has no type";
}

TEST(ElementMessages, ThatAreCutOffGiveNothingOfOurs) {
    const Answer answer;
    for (std::size_t bytes = sizeof(nlmsghdr); bytes < answer.get().nlmsg_len; ++bytes) {
        const std::string lines = test::parse_cut(answer.get(), bytes, [](const nlmsghdr &message) {
            std::string read;
            append_elements(read, Family::Ip6, message);
            structure_of(message);
            parse_generation(message);
            parse_acknowledgment(message);
            return read;
        });
        EXPECT_EQ(lines, "") << bytes;
    }
}

TEST(ElementMessages, AcknowledgeWithTheError) {
    std::array<std::uint64_t, 16> buffer{};
    nlmsghdr *message = mnl_nlmsg_put_header(buffer.data());
    message->nlmsg_type = NLMSG_ERROR;
    static_cast<nlmsgerr *>(mnl_nlmsg_put_extra_header(message, sizeof(nlmsgerr)))->error = -ENOENT;
    EXPECT_EQ(parse_acknowledgment(*message), ENOENT);
    EXPECT_EQ(parse_acknowledgment(Answer().get()), std::nullopt);
    for (const int strange : {1, INT_MIN, INT_MAX, -4096}) {
        static_cast<nlmsgerr *>(mnl_nlmsg_get_payload(message))->error = strange;
        EXPECT_EQ(parse_acknowledgment(*message), EPROTO) << strange;
        EXPECT_EQ(parse_end(*message), EPROTO) << strange;
    }
    message->nlmsg_len -= 4;
    EXPECT_EQ(parse_acknowledgment(*message), std::nullopt);
}

}  // namespace
}  // namespace vmac::nft
