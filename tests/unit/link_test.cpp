// SPDX-License-Identifier: GPL-2.0-or-later
// rtnetlink messages, good ones and such as no kernel sends, and the table that they fill.
#include <gmock/gmock.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "net/link.hpp"
#include "netlink_message.hpp"

namespace vmac::net {
namespace {

using testing::IsNull;
using testing::NotNull;
using namespace std::string_literals;

constexpr std::array<std::uint8_t, 6> kVrrpMac = {0x00, 0x00, 0x5e, 0x00, 0x02, 0xff};

/// Builds one message.
class Message {
public:
    explicit Message(std::uint16_t type = RTM_NEWLINK, int index = 7, unsigned char family = AF_UNSPEC)
        : buffer_(4096), header_(mnl_nlmsg_put_header(buffer_.data())) {
        header_->nlmsg_type = type;
        auto *body = static_cast<ifinfomsg *>(mnl_nlmsg_put_extra_header(header_, sizeof(ifinfomsg)));
        body->ifi_family = family;
        body->ifi_index = index;
    }

    Message &name(const char *text) {
        mnl_attr_put_strz(header_, IFLA_IFNAME, text);
        return *this;
    }

    Message &raw(std::uint16_t type, std::string_view payload) {
        mnl_attr_put(header_, type, payload.size(), payload.data());
        return *this;
    }

    Message &mac(std::span<const std::uint8_t> bytes) {
        mnl_attr_put(header_, IFLA_ADDRESS, bytes.size(), bytes.data());
        return *this;
    }

    Message &number(std::uint16_t type, std::uint32_t value) {
        mnl_attr_put_u32(header_, type, value);
        return *this;
    }

    Message &type(unsigned short number) {
        static_cast<ifinfomsg *>(mnl_nlmsg_get_payload(header_))->ifi_type = number;
        return *this;
    }

    /// A bridge that says whether it does snooping.
    Message &bridge(std::string_view snooping) {
        nlattr *nest = mnl_attr_nest_start(header_, IFLA_LINKINFO);
        mnl_attr_put_strz(header_, IFLA_INFO_KIND, "bridge");
        nlattr *data = mnl_attr_nest_start(header_, IFLA_INFO_DATA);
        mnl_attr_put_u32(header_, IFLA_BR_FORWARD_DELAY, 1);
        mnl_attr_put(header_, IFLA_BR_MCAST_SNOOPING, snooping.size(), snooping.data());
        mnl_attr_nest_end(header_, data);
        mnl_attr_nest_end(header_, nest);
        return *this;
    }

    Message &kind(const char *text) {
        nlattr *nest = mnl_attr_nest_start(header_, IFLA_LINKINFO);
        mnl_attr_put_u32(header_, IFLA_INFO_XSTATS, 0);
        mnl_attr_put_strz(header_, IFLA_INFO_KIND, text);
        mnl_attr_nest_end(header_, nest);
        return *this;
    }

    [[nodiscard]] nlmsghdr &header() { return *header_; }
    [[nodiscard]] std::optional<LinkEvent> parse() const { return parse_link(*header_); }

    /// Reads the first @p bytes of it.
    [[nodiscard]] std::optional<LinkEvent> parse_cut(std::size_t bytes) const {
        return test::parse_cut(*header_, bytes, parse_link);
    }

private:
    std::vector<char> buffer_;
    nlmsghdr *header_;
};

Message macvlan() {
    Message message;
    message.name("vrrp1").mac(kVrrpMac).kind("macvlan").number(IFLA_LINK, 2);
    return message;
}

TEST(ParseLink, ReadsAMacvlan) {
    const LinkEvent expected{
        .link = {.index = 7, .name = "vrrp1", .mac = "00:00:5e:00:02:ff", .kind = "macvlan", .lower = 2}};
    EXPECT_EQ(macvlan().parse(), expected);
    EXPECT_TRUE(expected.link.is_macvlan());
}

TEST(ParseLink, ReadsAPlainDevice) {
    const LinkEvent expected{.link = {.index = 7, .name = "eth0"}};
    EXPECT_EQ(Message().name("eth0").parse(), expected);
    EXPECT_FALSE(expected.link.is_macvlan());
}

TEST(ParseLink, AMacvtapIsAMacvlanAndAVlanIsNot) {
    EXPECT_TRUE(Message().name("tap0").kind("macvtap").parse()->link.is_macvlan());
    EXPECT_FALSE(Message().name("eth0.1").kind("vlan").number(IFLA_LINK, 2).parse()->link.is_macvlan());
}

TEST(ParseLink, ReadsTypeAndMaster) {
    const auto link = Message().name("eth0").type(ARPHRD_ETHER).number(IFLA_MASTER, 5).parse()->link;
    EXPECT_EQ(link.type, unsigned{ARPHRD_ETHER});
    EXPECT_EQ(link.master, 5U);
    EXPECT_EQ(Message().name("eth0").raw(IFLA_MASTER, "\1").parse()->link.master, 0U);
}

TEST(ParseLink, ReadsWhetherABridgeSnoops) {
    EXPECT_EQ(Message().name("br0").bridge("\1").parse()->link.snooping, true);
    EXPECT_EQ(Message().name("br0").bridge({"\0", 1}).parse()->link.snooping, false);
    EXPECT_EQ(Message().name("br0").bridge("").parse()->link.snooping, std::nullopt) << "forged";
    EXPECT_EQ(Message().name("br0").kind("bridge").parse()->link.snooping, std::nullopt);
    EXPECT_EQ(macvlan().parse()->link.snooping, std::nullopt);
}

TEST(Link, IsAVmacWhenItIsAMacvlanWithAVrrpMac) {
    EXPECT_TRUE((net::Link{.mac = "00:00:5e:00:01:01", .kind = "macvlan"}.is_vmac()));
    EXPECT_TRUE((net::Link{.mac = "00:00:5e:00:02:01", .kind = "macvtap"}.is_vmac()));
    EXPECT_FALSE((net::Link{.mac = "00:00:5e:00:02:01", .kind = "veth"}.is_vmac()));
    EXPECT_FALSE((net::Link{.mac = "02:00:00:00:02:01", .kind = "macvlan"}.is_vmac()));
    EXPECT_FALSE((net::Link{.kind = "macvlan"}.is_vmac()));
}

TEST(ParseLink, ReadsThatALinkIsGone) {
    const auto event = Message(RTM_DELLINK).name("vrrp1").parse();
    ASSERT_TRUE(event);
    EXPECT_TRUE(event->gone);
    EXPECT_FALSE(macvlan().parse()->gone);
}

TEST(ParseLink, AParentInAnotherNamespaceIsElsewhere) {
    const auto event = macvlan().number(IFLA_LINK_NETNSID, 0).parse();
    ASSERT_TRUE(event);
    EXPECT_TRUE(event->link.lower_elsewhere);
    EXPECT_FALSE(macvlan().parse()->link.lower_elsewhere);
}

TEST(ParseLink, FormatsMacAddressesInLowerCaseWithZeros) {
    const std::array<std::uint8_t, 6> mac = {0xAB, 0x00, 0x0C, 0xFF, 0x10, 0x01};
    EXPECT_EQ(Message().name("a").mac(mac).parse()->link.mac, "ab:00:0c:ff:10:01");
}

TEST(ParseLink, AnAddressOfAnotherLengthIsNoMac) {
    const std::array<std::uint8_t, 20> infiniband{};
    EXPECT_EQ(Message().name("ib0").mac(infiniband).parse()->link.mac, "");
    EXPECT_EQ(Message().name("tunl0").mac(std::span(kVrrpMac).first(4)).parse()->link.mac, "");
    EXPECT_EQ(Message().name("tun0").mac({}).parse()->link.mac, "");
}

TEST(ParseLink, KeepsANameThatIsNotUtf8) {
    EXPECT_EQ(Message().name("\xff\xfe").parse()->link.name, "\xff\xfe");
}

TEST(ParseLink, ForgedNameWithoutNulEndsWithItsAttribute) {
    EXPECT_EQ(Message().raw(IFLA_IFNAME, "vrrp").number(IFLA_LINK, 0x41414141).parse()->link.name, "vrrp");
    EXPECT_EQ(Message().raw(IFLA_IFNAME, "vr\0rp"s).parse()->link.name, "vr");
}

TEST(ParseLink, WithoutNameThereIsNoLink) {
    EXPECT_EQ(Message().mac(kVrrpMac).parse(), std::nullopt);
    EXPECT_EQ(Message().name("").parse(), std::nullopt);
    EXPECT_EQ(Message().raw(IFLA_IFNAME, "").parse(), std::nullopt);
}

TEST(ParseLink, ForgedIndexOfTheLowerDeviceIsNotRead) {
    EXPECT_EQ(Message().name("a").raw(IFLA_LINK, "\1").parse()->link.lower, 0U);
    EXPECT_EQ(Message().name("a").raw(IFLA_LINK, "").parse()->link.lower, 0U);
    EXPECT_EQ(Message().name("a").raw(IFLA_LINK, "12345678").parse()->link.lower, 0U);
}

TEST(ParseLink, ForgedNestIsNotFollowedBeyondItsEnd) {
    Message message;
    message.name("a").raw(IFLA_LINKINFO, "\xff\xff\1\0macvlan"s);
    EXPECT_EQ(message.parse()->link.kind, "");
}

TEST(ParseLink, OtherMessagesAreNone) {
    for (const int type : {int{RTM_GETLINK}, int{RTM_SETLINK}, int{RTM_NEWADDR}, NLMSG_DONE, NLMSG_ERROR, 0}) {
        EXPECT_EQ(Message(static_cast<std::uint16_t>(type)).name("a").parse(), std::nullopt) << type;
    }
}

TEST(ParseLink, APortThatLeavesItsBridgeIsStillThere) {
    EXPECT_EQ(Message(RTM_DELLINK, 7, AF_BRIDGE).name("eth0").parse(), std::nullopt);
    EXPECT_EQ(Message(RTM_NEWLINK, 7, AF_BRIDGE).name("eth0").parse(), std::nullopt);
}

TEST(ParseLink, IndexesArePositive) {
    EXPECT_EQ(Message(RTM_NEWLINK, 0).name("a").parse(), std::nullopt);
    EXPECT_EQ(Message(RTM_NEWLINK, -1).name("a").parse(), std::nullopt);
    EXPECT_TRUE(Message(RTM_NEWLINK, 1).name("a").parse());
}

TEST(ParseLink, CutAnywhereItReadsNoByteBeyond) {
    const std::size_t whole = macvlan().header().nlmsg_len;
    const std::size_t first_attribute = mnl_nlmsg_size(sizeof(ifinfomsg));
    const std::size_t name_end = first_attribute + sizeof(nlattr) + sizeof("vrrp1");
    for (std::size_t bytes = sizeof(nlmsghdr); bytes <= whole; ++bytes) {
        const auto event = macvlan().parse_cut(bytes);
        // Messages are padded to four bytes, and libmnl takes the padding for part of the last attribute.
        EXPECT_EQ(event.has_value(), MNL_ALIGN(static_cast<int>(bytes)) >= static_cast<int>(name_end)) << bytes;
        if (event) {
            EXPECT_EQ(event->link.name, "vrrp1");
        }
    }
    EXPECT_EQ(macvlan().parse_cut(whole), macvlan().parse());
}

TEST(ParseLink, ForgedLengthsOfAttributesAreSurvived) {
    for (std::uint32_t length = 0; length <= 0xffff; length += 251) {
        Message message = macvlan();
        auto *first = static_cast<nlattr *>(mnl_nlmsg_get_payload_offset(&message.header(), sizeof(ifinfomsg)));
        const auto right = first->nla_len;
        first->nla_len = static_cast<std::uint16_t>(length);
        EXPECT_EQ(message.parse().has_value(), length == right) << length;
    }
}

class Table : public testing::Test {
protected:
    bool there(unsigned index, const char *name, unsigned lower = 0) {
        return table.apply({.link = {.index = index, .name = name, .lower = lower}});
    }

    bool gone(unsigned index, const char *name) {
        return table.apply({.link = {.index = index, .name = name}, .gone = true});
    }

    [[nodiscard]] unsigned index_of(const char *name) const {
        const Link *link = table.by_name(name);
        return link == nullptr ? 0 : link->index;
    }

    LinkTable table;
};

TEST_F(Table, IsEmptyAtFirst) {
    EXPECT_THAT(table.by_index(1), IsNull());
    EXPECT_THAT(table.by_name("lo"), IsNull());
    EXPECT_THAT(table.by_name(""), IsNull());
}

TEST_F(Table, FindsLinksByIndexAndName) {
    EXPECT_TRUE(there(1, "lo"));
    EXPECT_TRUE(there(2, "eth0", 5));
    ASSERT_THAT(table.by_index(2), NotNull());
    EXPECT_EQ(table.by_index(2)->name, "eth0");
    EXPECT_EQ(table.by_index(2)->lower, 5U);
    EXPECT_EQ(index_of("lo"), 1U);
}

TEST_F(Table, TellsWhetherAnEventSaidAnythingNew) {
    EXPECT_TRUE(there(2, "eth0"));
    EXPECT_FALSE(there(2, "eth0"));
    EXPECT_TRUE(there(2, "eth0", 5));
    EXPECT_TRUE(gone(2, "eth0"));
    EXPECT_FALSE(gone(2, "eth0"));
}

TEST_F(Table, ForgetsALinkThatIsGone) {
    there(2, "eth0");
    gone(2, "eth0");
    EXPECT_THAT(table.by_index(2), IsNull());
    EXPECT_EQ(index_of("eth0"), 0U);
}

TEST_F(Table, FollowsARename) {
    there(2, "eth0");
    EXPECT_TRUE(there(2, "wan"));
    EXPECT_EQ(index_of("eth0"), 0U);
    EXPECT_EQ(index_of("wan"), 2U);
}

TEST_F(Table, SwapOfTwoNamesEndsRightInWhateverOrderItIsTold) {
    there(2, "a");
    there(3, "b");
    there(2, "b");  // in between both have the name
    there(3, "a");
    EXPECT_EQ(index_of("a"), 3U);
    EXPECT_EQ(index_of("b"), 2U);

    there(3, "b");
    there(2, "a");
    EXPECT_EQ(index_of("a"), 2U);
    EXPECT_EQ(index_of("b"), 3U);
}

TEST_F(Table, ALinkThatIsMadeAgainHasAnotherIndex) {
    there(2, "vrrp1");
    gone(2, "vrrp1");
    there(9, "vrrp1");
    EXPECT_EQ(index_of("vrrp1"), 9U);
    EXPECT_THAT(table.by_index(2), IsNull());
}

TEST_F(Table, ALateGoodbyeDoesNotTakeTheNameFromItsNewOwner) {
    there(2, "vrrp1");
    there(9, "vrrp1");
    gone(2, "vrrp1");
    EXPECT_EQ(index_of("vrrp1"), 9U);
}

TEST_F(Table, IsEqualWhenItHoldsTheSameLinks) {
    LinkTable other;
    other.apply({.link = {.index = 2, .name = "a"}});
    EXPECT_FALSE(table == other);
    there(2, "a");
    EXPECT_TRUE(table == other);
}

}  // namespace
}  // namespace vmac::net
