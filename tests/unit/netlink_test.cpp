// SPDX-License-Identifier: GPL-2.0-or-later
// Reading what waits at a netlink socket, with a pair of sockets in the kernel's place.
#include "net/netlink.hpp"

#include <gmock/gmock.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <system_error>
#include <vector>

namespace vmac::net {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ReadWaiting : public testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()), 0); }

    void TearDown() override {
        for (const int socket : sockets) {
            close(socket);
        }
    }

    /// Sends messages of these types in one datagram, as the kernel does for a dump.
    void send(std::initializer_list<std::uint16_t> types) {
        std::vector<char> datagram(64 * types.size());
        std::size_t bytes = 0;
        for (const auto type : types) {
            nlmsghdr *header = mnl_nlmsg_put_header(datagram.data() + bytes);
            header->nlmsg_type = type;
            bytes += header->nlmsg_len;  // a multiple of four already
        }
        send_bytes({datagram.data(), bytes});
    }

    void send_bytes(std::string_view bytes) {
        ASSERT_EQ(::send(sockets[1], bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    }

    /// Reads, and writes the types down.
    Waiting read() {
        seen.clear();
        return read_waiting(sockets[0], [this](const nlmsghdr &message) { seen.push_back(message.nlmsg_type); });
    }

    std::array<int, 2> sockets{-1, -1};
    std::vector<int> seen;
};

TEST_F(ReadWaiting, NothingIsNoWait) {
    EXPECT_EQ(read(), Waiting::Read);
    EXPECT_THAT(seen, IsEmpty());
}

TEST_F(ReadWaiting, HandsOnAllThatWaitsInItsOrder) {
    send({RTM_NEWLINK, RTM_DELLINK});
    send({RTM_NEWADDR});
    EXPECT_EQ(read(), Waiting::Read);
    EXPECT_THAT(seen, ElementsAre(RTM_NEWLINK, RTM_DELLINK, RTM_NEWADDR));
    EXPECT_EQ(read(), Waiting::Read);
    EXPECT_THAT(seen, IsEmpty()) << "it was taken";
}

TEST_F(ReadWaiting, GoesOnBehindADatagramThatIsNoMessage) {
    send_bytes("x");
    send_bytes(std::string(64, '\0'));
    send_bytes(std::string(64, '\xff'));
    send({RTM_NEWLINK});
    EXPECT_EQ(read(), Waiting::Read);
    EXPECT_THAT(seen, ElementsAre(RTM_NEWLINK));
}

TEST_F(ReadWaiting, AMessageThatIsLongerThanAllThatCameIsNone) {
    for (const std::uint32_t length : {65U, 0x7fffffffU, 0x80000000U, 0xfffffff0U}) {
        std::string datagram(64, '\0');
        const nlmsghdr header{.nlmsg_len = length, .nlmsg_type = RTM_NEWLINK};
        std::memcpy(datagram.data(), &header, sizeof(header));
        send_bytes(datagram);
        EXPECT_EQ(read(), Waiting::Read);
        EXPECT_THAT(seen, IsEmpty()) << length;
    }
}

TEST_F(ReadWaiting, AnExceptionOfTheHandlerGetsOutAndTheRestStays) {
    send({RTM_NEWLINK});
    send({RTM_DELLINK});
    EXPECT_THROW(read_waiting(sockets[0], [](const nlmsghdr &) { throw std::runtime_error("full"); }),
                 std::runtime_error);
    EXPECT_EQ(read(), Waiting::Read);
    EXPECT_THAT(seen, ElementsAre(RTM_DELLINK));
}

TEST_F(ReadWaiting, ASocketThatCannotBeReadIsAnError) {
    try {
        read_waiting(-1, [](const nlmsghdr &) {});
        FAIL() << "nothing was thrown";
    } catch (const std::system_error &error) {
        EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
    }
}

TEST(OpenNetlink, OfAnUnknownFamilyIsAnError) {
    EXPECT_THROW((void)open_netlink(9999), std::system_error);
}

TEST(TextOf, EndsAtTheNulOrAtTheEndOfTheAttribute) {
    const auto text = [](std::string_view payload) {
        std::vector<char> buffer(256);
        nlmsghdr *header = mnl_nlmsg_put_header(buffer.data());
        mnl_attr_put(header, 1, payload.size(), payload.data());
        return text_of(static_cast<nlattr *>(mnl_nlmsg_get_payload(header)));
    };
    EXPECT_EQ(text({"eth0\0", 5}), "eth0");
    EXPECT_EQ(text("eth0"), "eth0");
    EXPECT_EQ(text({"eth0\0more", 9}), "eth0");
    EXPECT_EQ(text(""), "");
}

}  // namespace
}  // namespace vmac::net
