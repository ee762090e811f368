// SPDX-License-Identifier: GPL-2.0-or-later
#include "worker/keeper.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "worker/keeper_process.hpp"

namespace vmac::worker {
namespace {

/// For how many of the last workers it is known how they have ended. More than are ever asked for.
constexpr std::size_t kRemembered = 16;

std::array<Descriptor, 2> connected_pair(int type) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) < 0) {
        throw std::system_error(errno, std::generic_category(), "making a pair of sockets");
    }
    return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// @param passed a descriptor that goes along; -1 for none
void send_order(int control, Order order, int passed) {
    iovec part{.iov_base = &order, .iov_len = sizeof(order)};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
    msghdr message{.msg_iov = &part, .msg_iovlen = 1};
    if (passed >= 0) {
        message.msg_control = space.data();
        message.msg_controllen = space.size();
        cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(header), &passed, sizeof(passed));
    }
    while (::sendmsg(control, &message, MSG_NOSIGNAL) < 0) {
        if (errno != EINTR) {
            throw std::system_error(errno, std::generic_category(), "giving an order to the keeper of the workers");
        }
    }
}

std::string in_words(int status) {
    if (WIFSIGNALED(status)) {
        return std::string("crashed (") + ::strsignal(WTERMSIG(status)) + ")";
    }
    return "ended (status " + std::to_string(WEXITSTATUS(status)) + ")";
}

}  // namespace

Keeper::Keeper() {
    auto [ours, theirs] = connected_pair(SOCK_SEQPACKET);
    const pid_t parent = ::getpid();
    const pid_t process = ::fork();
    if (process < 0) {
        throw std::system_error(errno, std::generic_category(), "starting the keeper of the workers");
    }
    if (process == 0) {
        ours.close();
        keep(std::move(theirs), parent);
    }
    process_ = process;
    control_ = std::move(ours);
}

Keeper::~Keeper() {
    control_.close();
    while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

Keeper::Worker Keeper::start(Post post) {
    auto [ours, theirs] = connected_pair(SOCK_STREAM);
    send_order(fd(), {.verb = Order::Verb::Start, .post = post, .serial = ++last_serial_}, theirs.get());
    return {.serial = last_serial_, .socket = std::move(ours)};
}

void Keeper::stop(Post post) {
    send_order(fd(), {.verb = Order::Verb::Stop, .post = post}, -1);
}

bool Keeper::wait_for_notice(std::chrono::milliseconds patience) const {
    pollfd control{.fd = fd(), .events = POLLIN, .revents = 0};
    return ::poll(&control, 1, static_cast<int>(patience.count())) > 0;
}

std::optional<int> Keeper::status_of(std::uint32_t serial) const {
    const auto found = std::ranges::find(ended_, serial, &std::pair<std::uint32_t, int>::first);
    return found == ended_.end() ? std::nullopt : std::optional(found->second);
}

std::string Keeper::fate_of(std::uint32_t serial) {
    constexpr std::chrono::milliseconds kPatience{1000};
    while (!has_ended(serial) && !is_gone_ && wait_for_notice(kPatience)) {
        take_notices();
    }
    const auto status = status_of(serial);
    return status ? in_words(*status) : "does not answer";
}

void Keeper::take_notices() {
    while (true) {
        Notice notice;
        const ssize_t got = ::recv(fd(), &notice, sizeof(notice), MSG_DONTWAIT);
        if (got == sizeof(notice)) {
            ended_.emplace_back(notice.serial, notice.status);
            if (ended_.size() > kRemembered) {
                ended_.pop_front();
            }
        } else if (got >= 0 || errno != EINTR) {
            is_gone_ |= got >= 0 || errno != EAGAIN;
            return;
        }
    }
}

}  // namespace vmac::worker
