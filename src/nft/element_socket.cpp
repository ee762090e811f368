// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/element_socket.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "model/error.hpp"
#include "nft/commands.hpp"

namespace vmac::nft {
namespace {

/// What the kernel fills at once when it lists much.
constexpr std::size_t kBufferBytes = 65536;

/// How often what others change meanwhile is read again. Whoever compares it with what must be there looks twice.
constexpr int kAttempts = 4;

/// Events and answers that came before are of no use, and there are not many.
constexpr int kMostLeftOver = 4096;

[[noreturn]] void fail(const std::string &what, int error) {
    throw Error(Errc::EngineUnavailable, "netlink cannot be used: " + what + ": " + std::strerror(error));
}

[[noreturn]] void refuse(int error) {
    throw Error(Errc::KernelRejected, std::string("the kernel refused: ") + std::strerror(error));
}

[[noreturn]] void fail_to_read(int error) {
    if (error == EPERM) {
        refuse(error);  // as each change would be, without CAP_NET_ADMIN
    }
    const std::string hint = error == EINVAL ? "; this kernel may lack nf_tables" : "";
    throw Error(Errc::EngineUnavailable, std::string("nftables cannot be read: ") + std::strerror(error) + hint);
}

}  // namespace

ElementSocket::ElementSocket(int fd) : fd_(fd), buffer_(kBufferBytes / sizeof(std::uint64_t)) {}

void ElementSocket::send(const Messages &messages) {
    sockaddr_nl kernel{};
    kernel.nl_family = AF_NETLINK;
    // The kernel wants room for all of it in the buffer of the socket, and counts what it keeps about it too.
    const int needed = static_cast<int>(messages.size() + messages.size() / 2);
    int room = 0;
    socklen_t length = sizeof(room);
    if (getsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &room, &length) == 0 && room < needed) {
        setsockopt(fd_, SOL_SOCKET, SO_SNDBUFFORCE, &needed, sizeof(needed));
    }
    while (sendto(fd_, messages.data(), messages.size(), 0, static_cast<const sockaddr *>(static_cast<void *>(&kernel)),
                  sizeof(kernel)) < 0) {
        if (errno != EINTR) {
            fail("sending", errno);
        }
    }
}

/// Hands on all that answers question number @p last. The kernel answers before sending returns, and goes on with what
/// is long whenever some of it is taken: so there is never anything to wait for.
/// @param more whether errors may come behind the answer
/// @return the first error among the acknowledgments, else 0
int ElementSocket::take_answers(const Handler &handle, std::uint32_t last, bool more) {
    int failure = 0;
    bool is_done = false;
    while (more || !is_done) {
        sockaddr_nl sender{};
        iovec part{.iov_base = buffer_.data(), .iov_len = kBufferBytes};
        msghdr datagram{};
        datagram.msg_name = &sender;
        datagram.msg_namelen = sizeof(sender);
        datagram.msg_iov = &part;
        datagram.msg_iovlen = 1;
        const ssize_t got = recvmsg(fd_, &datagram, MSG_DONTWAIT);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 && errno == EAGAIN) {
            if (!is_done && failure == 0) {
                fail("the kernel has not answered", EPROTO);
            }
            return failure;
        }
        if (got < 0 || (datagram.msg_flags & MSG_TRUNC) != 0) {
            fail("receiving", got < 0 ? errno : EMSGSIZE);
        }
        if (sender.nl_pid != 0) {
            continue;  // not from the kernel
        }
        const auto *bytes = static_cast<const char *>(static_cast<const void *>(buffer_.data()));
        for (auto left = static_cast<std::size_t>(got); left >= sizeof(nlmsghdr);) {
            const auto &message = *static_cast<const nlmsghdr *>(static_cast<const void *>(bytes));
            if (message.nlmsg_len < sizeof(nlmsghdr) || message.nlmsg_len > left) {
                break;
            }
            interrupted_ |= (message.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
            if (const auto error = parse_acknowledgment(message)) {
                failure = failure == 0 ? *error : failure;
                is_done |= message.nlmsg_seq == last;
            } else if (message.nlmsg_type == NLMSG_DONE) {
                failure = failure == 0 ? parse_end(message) : failure;
                is_done |= message.nlmsg_seq == last;
            } else {
                handle(message);
            }
            const std::size_t step = std::min<std::size_t>(NLMSG_ALIGN(message.nlmsg_len), left);
            bytes += step;
            left -= step;
        }
    }
    return failure;
}

/// What is left over of a question that libnftables did not hear out.
void ElementSocket::drain() {
    for (int i = 0; i < kMostLeftOver; ++i) {
        if (recv(fd_, buffer_.data(), kBufferBytes, MSG_DONTWAIT) < 0 && errno != EINTR && errno != ENOBUFS) {
            return;
        }
    }
}

int ElementSocket::ask(const Messages &question, const Handler &handle) {
    send(question);
    return take_answers(handle, next_++, false);
}

std::uint32_t ElementSocket::generation() {
    std::optional<std::uint32_t> number;
    const int error = ask(ask_generation(next_),
                          [&number](const nlmsghdr &message) { number = number ? number : parse_generation(message); });
    if (error != 0) {
        fail_to_read(error);
    }
    return number.value_or(0);
}

void ElementSocket::change(const ElementChanges &changes) {
    if (changes.empty()) {
        return;
    }
    drain();
    // Where no answer can be received, nothing is changed: nobody would know.
    static_cast<void>(generation());
    const Batch batch = change_batch(changes, next_);
    next_ = batch.last + 2;
    send(batch.messages);
    if (const int error = take_answers([](const nlmsghdr & /*message*/) {}, batch.last, true); error != 0) {
        refuse(error);
    }
}

std::string ElementSocket::read(std::string_view query) {
    drain();
    if (query == kQueryAll) {
        return read_tables(true);
    }
    std::string lines;
    if (query.starts_with(kQueryStructure)) {
        lines = read_tables(false);
        query.remove_prefix(kQueryStructure.size());
    }
    return lines + read_keys(parse_keys(query));
}

std::string ElementSocket::read_tables(bool with_elements) {
    std::string lines;
    for (int i = 0; i < kAttempts; ++i) {
        lines.clear();
        interrupted_ = false;
        const std::uint32_t before = generation();
        for (const Family family : kFamilies) {
            read_table(family, with_elements, lines);
        }
        if (!interrupted_ && generation() == before) {
            break;
        }
    }
    return lines;
}

void ElementSocket::read_table(Family family, bool with_elements, std::string &lines) {
    std::string structure;
    const auto take_structure = [&structure](const nlmsghdr &message) { structure += structure_of(message); };
    const auto require_read = [](int error) {
        if (error != 0 && error != ENOENT) {
            fail_to_read(error);
        }
    };
    const int error = ask(ask_table(family, next_), take_structure);
    require_read(error);
    if (error == ENOENT) {
        return;
    }
    if (family != Family::Netdev) {
        require_read(ask(ask_maps(family, next_), take_structure));
        for (const char *chain : {"relocate", "output"}) {
            require_read(ask(ask_chain(family, chain, next_), take_structure));
        }
        require_read(ask(ask_rules(family, next_), take_structure));
    }
    if (family != Family::Netdev && with_elements) {
        for (const char *map : {"verdicts", "parents"}) {
            require_read(ask(ask_elements(family, map, next_),
                             [&](const nlmsghdr &message) { append_elements(lines, family, message); }));
        }
    }
    append_structure(lines, family, structure);
}

std::string ElementSocket::read_keys(const std::vector<ElementKey> &keys) {
    std::string lines;
    for (const auto &key : keys) {
        for (const Family family : kFirstLine) {
            if (key.message && family_of(*key.message) != family) {
                continue;
            }
            const int error = ask(ask_element(family, key, next_),
                                  [&](const nlmsghdr &message) { append_elements(lines, family, message); });
            if (error != 0 && error != ENOENT) {
                fail_to_read(error);
            }
        }
    }
    return lines;
}

bool is_netfilter_socket(int fd) {
    int domain = 0;
    int protocol = 0;
    socklen_t length = sizeof(int);
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_NETLINK &&
           getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 && protocol == NETLINK_NETFILTER;
}

int find_netfilter_socket(int lowest) {
    constexpr int kMostOthers = 16;  // that were opened with it
    for (int fd = lowest; fd < lowest + kMostOthers; ++fd) {
        if (is_netfilter_socket(fd)) {
            return fd;
        }
    }
    return -1;
}

}  // namespace vmac::nft
