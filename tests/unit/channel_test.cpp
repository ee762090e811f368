// SPDX-License-Identifier: GPL-2.0-or-later
// What goes between the daemon and a worker, byte by byte, over real sockets.
#include "worker/channel.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <system_error>
#include <thread>

namespace vmac::worker {
namespace {

using std::chrono::milliseconds;

class ChannelTest : public testing::Test {
protected:
    ChannelTest() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        near = std::make_unique<Channel>(Descriptor(ends[0]));
        far_socket = ends[1];
        far = std::make_unique<Channel>(Descriptor(ends[1]));
    }

    void write(std::string_view bytes) const {
        ASSERT_EQ(::send(far_socket, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    }

    /// The number of the error that @p function throws; 0 for none.
    static int error_of(const std::function<void()> &function) {
        try {
            function();
        } catch (const std::system_error &error) {
            return error.code().value();
        }
        return 0;
    }

    static Channel::Clock::time_point soon() { return Channel::Clock::now() + milliseconds(20); }

    std::unique_ptr<Channel> near;
    std::unique_ptr<Channel> far;
    int far_socket = -1;
};

TEST_F(ChannelTest, CarriesTextsOfAnyBytes) {
    near->send("one");
    near->send("");
    near->send(std::string("two\0three\n", 10));
    EXPECT_EQ(far->receive(), "one");
    EXPECT_EQ(far->receive(), "");
    EXPECT_EQ(far->receive(), std::string("two\0three\n", 10));
    far->send("back");
    EXPECT_EQ(near->receive(), "back");
}

TEST_F(ChannelTest, PutsTheLengthBeforeIt) {
    near->send(std::string(0x0102, 'x'));
    std::string bytes(4, '?');
    EXPECT_EQ(::recv(far_socket, bytes.data(), 4, 0), 4);
    EXPECT_EQ(bytes, std::string("\x02\x01\0\0", 4));
}

TEST_F(ChannelTest, CarriesMoreThanASocketHolds) {
    const std::string much(std::size_t{5} << 20U, 'x');
    std::thread reader([&] { EXPECT_EQ(far->receive(), much); });
    near->send(much);
    reader.join();
}

TEST_F(ChannelTest, KnowsTheEnd) {
    EXPECT_FALSE(near->is_readable());
    far.reset();
    EXPECT_TRUE(near->is_readable());
    EXPECT_EQ(near->receive(), std::nullopt);
    EXPECT_EQ(error_of([&] { near->send("lost"); }), EPIPE) << "and no signal";
}

TEST_F(ChannelTest, DoesNotTakeHalfAText) {
    for (const std::string_view torn :
         {std::string_view("\x05", 1), std::string_view("\x05\0\0\0", 4), std::string_view("\x05\0\0\0half", 8)}) {
        std::array<int, 2> ends{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
        const Channel channel{Descriptor(ends[0])};
        ASSERT_EQ(::send(ends[1], torn.data(), torn.size(), 0), static_cast<ssize_t>(torn.size()));
        ::close(ends[1]);
        EXPECT_EQ(error_of([&] { (void)channel.receive(); }), EPROTO) << torn.size();
    }
}

TEST_F(ChannelTest, TakesAndSendsNoMoreThanIsSane) {
    write("\xff\xff\xff\xff");
    EXPECT_EQ(error_of([&] { (void)near->receive(); }), EPROTO);
    EXPECT_EQ(error_of([&] { near->send(std::string(Channel::kMostBytes + 1, 'x')); }), EMSGSIZE);
}

TEST_F(ChannelTest, DoesNotWaitLongerThanItMay) {
    EXPECT_EQ(error_of([&] { (void)near->receive(soon()); }), ETIMEDOUT) << "nothing came";
    write(std::string_view("\x05\0\0\0h", 5));
    EXPECT_EQ(error_of([&] { (void)near->receive(soon()); }), ETIMEDOUT) << "half of it came";
    EXPECT_EQ(error_of([&] { near->send(std::string(std::size_t{8} << 20U, 'x'), soon()); }), ETIMEDOUT)
        << "nobody took it";
}

}  // namespace
}  // namespace vmac::worker
