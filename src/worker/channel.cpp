// SPDX-License-Identifier: GPL-2.0-or-later
#include "worker/channel.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <numeric>
#include <system_error>

namespace vmac::worker {
namespace {

constexpr std::size_t kHeaderBytes = 4;

using Header = std::array<char, kHeaderBytes>;

[[noreturn]] void fail(int error, const char *what) {
    throw std::system_error(error, std::generic_category(), what);
}

Header encode(std::size_t length) {
    Header header{};
    for (char &byte : header) {
        byte = static_cast<char>(length & 0xffU);
        length >>= 8U;
    }
    return header;
}

std::size_t decode(const Header &header) {
    return std::accumulate(header.rbegin(), header.rend(), std::size_t{0}, [](std::size_t length, char byte) {
        return length << 8U | static_cast<unsigned char>(byte);
    });
}

/// Whether a call on a socket is to be made again.
bool is_passing(int error) {
    return error == EINTR || error == EAGAIN;
}

}  // namespace

void Channel::wait_for(short events, std::optional<Clock::time_point> deadline) const {
    pollfd socket{.fd = socket_.get(), .events = events, .revents = 0};
    int milliseconds = -1;
    if (deadline) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
        milliseconds = static_cast<int>(std::max<std::int64_t>(left, 0));
    }
    const int ready = ::poll(&socket, 1, milliseconds);
    if (ready == 0) {
        fail(ETIMEDOUT, "waiting for the other side");
    }
    if (ready < 0 && errno != EINTR) {
        fail(errno, "waiting for the other side");
    }
}

void Channel::send(std::string_view text, std::optional<Clock::time_point> deadline) const {
    if (text.size() > kMostBytes) {
        fail(EMSGSIZE, "sending");
    }
    const Header header = encode(text.size());
    std::string all(header.begin(), header.end());
    all += text;
    for (std::string_view rest = all; !rest.empty();) {
        wait_for(POLLOUT, deadline);
        const ssize_t sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(sent));
        } else if (!is_passing(errno)) {
            fail(errno, "sending");
        }
    }
}

/// @return how much of it came before the other side has closed
std::size_t Channel::fill(char *buffer, std::size_t size, std::optional<Clock::time_point> deadline) const {
    std::size_t filled = 0;
    while (filled < size) {
        wait_for(POLLIN, deadline);
        const ssize_t got = ::recv(socket_.get(), buffer + filled, size - filled, MSG_DONTWAIT);
        if (got == 0) {
            break;
        }
        if (got > 0) {
            filled += static_cast<std::size_t>(got);
        } else if (!is_passing(errno)) {
            fail(errno, "receiving");
        }
    }
    return filled;
}

std::optional<std::string> Channel::receive(std::optional<Clock::time_point> deadline) const {
    Header header{};
    const std::size_t got = fill(header.data(), header.size(), deadline);
    if (got == 0) {
        return std::nullopt;
    }
    const std::size_t length = decode(header);
    if (got < header.size() || length > kMostBytes) {
        fail(EPROTO, "receiving");
    }
    // Grown as it comes: whoever announces much and sends little gets little.
    constexpr std::size_t kStep = std::size_t{1} << 20U;
    std::string text;
    while (text.size() < length) {
        const std::size_t have = text.size();
        const std::size_t step = std::min(length - have, kStep);
        text.resize(have + step);
        if (fill(text.data() + have, step, deadline) < step) {
            fail(EPROTO, "receiving");
        }
    }
    return text;
}

bool Channel::is_readable() const {
    pollfd socket{.fd = socket_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&socket, 1, 0) != 0;
}

}  // namespace vmac::worker
