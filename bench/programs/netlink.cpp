// SPDX-License-Identifier: GPL-2.0-or-later
#include "netlink.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace bench {
namespace {

constexpr auto kTable = "vmac_mldfilter";
constexpr std::array<std::uint8_t, 3> kRelocated = {131, 132, 143};
constexpr std::uint8_t kRouterSolicit = 133;
constexpr int kRoom = 64 << 20;           // bytes in the kernel for what was not read, or not sent, yet
constexpr std::size_t kBuffer = 1 << 20;  // bytes
constexpr std::size_t kMost = 60'000;     // bytes of elements in one attribute, whose length has 16 bits
constexpr std::size_t kSmall = 1024;      // bytes, more than any message without elements has
constexpr std::size_t kOneElement = 256;  // bytes, more than any has
constexpr std::size_t kAlign = 3;         // bits that are not set in where a message begins
constexpr long kPatience = 60;            // seconds

[[noreturn]] void fail(const char *what) {
    throw std::system_error(errno, std::generic_category(), what);
}

mnl_socket *open_socket(unsigned groups, long seconds) {
    mnl_socket *socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
    if (socket == nullptr || mnl_socket_bind(socket, groups, MNL_SOCKET_AUTOPID) < 0) {
        fail("netlink");
    }
    const int descriptor = mnl_socket_get_fd(socket);
    const timeval patience{.tv_sec = seconds, .tv_usec = 0};
    for (const int option : {SO_RCVBUFFORCE, SO_SNDBUFFORCE}) {
        if (setsockopt(descriptor, SOL_SOCKET, option, &kRoom, sizeof kRoom) < 0) {
            fail("setsockopt");
        }
    }
    if (setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) < 0) {
        fail("setsockopt");
    }
    return socket;
}

/// Messages one behind the other, in one buffer that grows between them and not while one is made.
class Messages {
public:
    Messages() : buffer_(kBuffer) {}

    /// @p room is how much this message may need, in bytes.
    nlmsghdr *start(std::uint16_t type, std::uint16_t flags, std::uint8_t family, std::uint16_t resource,
                    std::uint32_t sequence, std::size_t room) {
        finish();
        if (buffer_.size() < used_ + room) {
            buffer_.resize(2 * (used_ + room));
        }
        message_ = mnl_nlmsg_put_header(buffer_.data() + used_);
        message_->nlmsg_type = type;
        message_->nlmsg_flags = NLM_F_REQUEST | flags;
        message_->nlmsg_seq = sequence;
        auto *header = static_cast<nfgenmsg *>(mnl_nlmsg_put_extra_header(message_, sizeof(nfgenmsg)));
        header->nfgen_family = family;
        header->version = NFNETLINK_V0;
        header->res_id = htons(resource);
        return message_;
    }

    const std::vector<char> &finished() {
        finish();
        buffer_.resize(used_);
        return buffer_;
    }

private:
    void finish() {
        used_ += message_ == nullptr ? 0 : message_->nlmsg_len;
        message_ = nullptr;
    }

    std::vector<char> buffer_;
    std::size_t used_ = 0;
    nlmsghdr *message_ = nullptr;
};

std::uint16_t type_of(int message) {
    return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

/// One element of a map: its key, and a verdict or the index of a device.
struct Element {
    std::array<char, IFNAMSIZ + 4> key{};  ///< a name, and the ICMPv6 type where it is a part of the key
    std::size_t key_size = IFNAMSIZ;
    bool has_verdict = true;
    bool relocates = false;
    std::uint32_t device = 0;
};

Element element_of(const std::string &name, std::uint8_t type = 0) {
    Element element;
    name.copy(element.key.data(), IFNAMSIZ - 1);
    if (type != 0) {
        element.key[IFNAMSIZ] = static_cast<char>(type);
        element.key_size = element.key.size();
    }
    return element;
}

void put(nlmsghdr *message, const Element &element, bool with_data) {
    nlattr *whole = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
    nlattr *key = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
    mnl_attr_put(message, NFTA_DATA_VALUE, element.key_size, element.key.data());
    mnl_attr_nest_end(message, key);
    if (with_data) {
        nlattr *data = mnl_attr_nest_start(message, NFTA_SET_ELEM_DATA);
        if (element.has_verdict) {
            nlattr *verdict = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
            mnl_attr_put_u32(message, NFTA_VERDICT_CODE,
                             htonl(static_cast<std::uint32_t>(element.relocates ? NFT_GOTO : NF_DROP)));
            if (element.relocates) {
                mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, "relocate");
            }
            mnl_attr_nest_end(message, verdict);
        } else {
            mnl_attr_put(message, NFTA_DATA_VALUE, sizeof element.device, &element.device);
        }
        mnl_attr_nest_end(message, data);
    }
    mnl_attr_nest_end(message, whole);
}

/// What the service has in one of its maps for these names.
std::vector<Element> elements_of(std::uint8_t family, std::string_view map, const std::vector<std::string> &names,
                                 std::uint32_t parent) {
    std::vector<Element> elements;
    for (const std::string &name : names) {
        if (map == "parents") {
            elements.push_back(element_of(name));
            elements.back().has_verdict = false;
            elements.back().device = parent;
        } else if (family == NFPROTO_IPV4) {
            elements.push_back(element_of(name));
            elements.back().relocates = true;
        } else {
            for (const std::uint8_t type : kRelocated) {
                elements.push_back(element_of(name, type));
                elements.back().relocates = true;
            }
            elements.push_back(element_of(name, kRouterSolicit));
        }
    }
    return elements;
}

/// What lies one behind the other. The macros of libmnl that do this are C, and no C++.
template <typename Visit>
void for_each(const void *first, std::size_t size, Visit visit) {
    const auto *end = static_cast<const char *>(first) + size;
    for (const auto *attribute = static_cast<const nlattr *>(first);
         mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char *>(attribute)));
         attribute = mnl_attr_next(attribute)) {
        visit(attribute);
    }
}

template <typename Visit>
void for_each_in(const nlattr *outer, Visit visit) {
    for_each(mnl_attr_get_payload(outer), mnl_attr_get_payload_len(outer), visit);
}

template <typename Visit>
void for_each_in(const nlmsghdr *message, Visit visit) {
    for_each(mnl_nlmsg_get_payload_offset(message, sizeof(nfgenmsg)),
             mnl_nlmsg_get_payload_len(message) - sizeof(nfgenmsg), visit);
}

const nlattr *nested(const nlattr *outer, std::uint16_t type) {
    const nlattr *found = nullptr;
    for_each_in(outer, [&](const nlattr *attribute) {
        if (mnl_attr_get_type(attribute) == type) {
            found = attribute;
        }
    });
    return found;
}

/// The packets that this element has counted.
std::uint64_t packets_of(const nlattr *element) {
    const nlattr *expression = nested(element, NFTA_SET_ELEM_EXPR);
    const nlattr *data = expression == nullptr ? nullptr : nested(expression, NFTA_EXPR_DATA);
    const nlattr *packets = data == nullptr ? nullptr : nested(data, NFTA_COUNTER_PACKETS);
    return packets == nullptr ? 0 : be64toh(mnl_attr_get_u64(packets));
}

struct Counted {
    std::size_t elements = 0;
    std::uint64_t packets = 0;
};

Counted count(const nlmsghdr *message, bool with_counters) {
    Counted counted;
    for_each_in(message, [&](const nlattr *attribute) {
        if (mnl_attr_get_type(attribute) == NFTA_SET_ELEM_LIST_ELEMENTS) {
            for_each_in(attribute, [&](const nlattr *element) {
                ++counted.elements;
                counted.packets += with_counters ? packets_of(element) : 0;
            });
        }
    });
    return counted;
}

}  // namespace

Netlink::Netlink() : socket_(open_socket(0, kPatience)), buffer_(kBuffer) {}

/// Sends messages and hands on what the kernel answers, until @p is_last says so of an answer.
/// @throws std::system_error what the kernel refused
template <typename Function>
void Netlink::ask(const std::vector<char> &messages, Function is_last) {
    if (mnl_socket_sendto(socket_.get(), messages.data(), messages.size()) < 0) {
        fail("sendto");
    }
    while (true) {
        const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
        if (got < 0) {
            fail("recvfrom");
        }
        int left = static_cast<int>(got);
        for (auto *message = reinterpret_cast<nlmsghdr *>(buffer_.data()); mnl_nlmsg_ok(message, left);
             message = mnl_nlmsg_next(message, &left)) {
            if (message->nlmsg_type == NLMSG_ERROR) {
                errno = -static_cast<const nlmsgerr *>(mnl_nlmsg_get_payload(message))->error;
                if (errno != 0) {
                    fail("the kernel refused");
                }
            }
            if (is_last(message)) {
                return;
            }
        }
    }
}

void Netlink::send(const std::vector<char> &messages, std::uint32_t last) {
    ask(messages,
        [last](const nlmsghdr *message) { return message->nlmsg_type == NLMSG_ERROR && message->nlmsg_seq == last; });
}

void Netlink::change(bool add, const std::vector<std::string> &names, std::uint32_t parent) {
    Messages messages;
    messages.start(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, sequence_++, kSmall);
    nlmsghdr *message = nullptr;
    for (const std::uint8_t family : {NFPROTO_IPV6, NFPROTO_IPV4}) {
        for (const char *map : {"parents", "verdicts"}) {
            const std::vector<Element> elements = elements_of(family, map, names, parent);
            for (std::size_t next = 0; next < elements.size();) {
                message = messages.start(type_of(add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM), add ? NLM_F_CREATE : 0,
                                         family, 0, sequence_++, 2 * kMost);
                mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, kTable);
                mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, map);
                nlattr *list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
                while (next < elements.size() && message->nlmsg_len < kMost - kOneElement) {
                    put(message, elements[next++], add);
                }
                mnl_attr_nest_end(message, list);
            }
        }
    }
    const std::uint32_t last = sequence_ - 1;
    message->nlmsg_flags |= NLM_F_ACK;
    messages.start(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, sequence_++, kSmall);
    send(messages.finished(), last);
}

void Netlink::flush() {
    Messages messages;
    messages.start(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, sequence_++, kSmall);
    const std::uint32_t last = sequence_++;
    messages.start(type_of(NFT_MSG_DELTABLE), NLM_F_ACK, AF_UNSPEC, 0, last, kSmall);
    messages.start(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES, sequence_++, kSmall);
    send(messages.finished(), last);
}

std::size_t Netlink::dump_map(std::uint8_t family) {
    Messages messages;
    nlmsghdr *request = messages.start(type_of(NFT_MSG_GETSETELEM), NLM_F_DUMP, family, 0, sequence_++, kSmall);
    mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_TABLE, kTable);
    mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_SET, "verdicts");
    std::size_t elements = 0;
    ask(messages.finished(), [&elements](const nlmsghdr *message) {
        if (message->nlmsg_type == NLMSG_DONE) {
            return true;
        }
        elements += count(message, true).elements;
        return false;
    });
    return elements;
}

std::size_t Netlink::dump() {
    return dump_map(NFPROTO_IPV6) + dump_map(NFPROTO_IPV4);
}

Events::Events(long patience) : socket_(open_socket(1U << (NFNLGRP_NFTABLES - 1), patience)), buffer_(kBuffer) {}

Transaction Events::next() {
    Transaction transaction;
    while (true) {
        if (left_ == 0) {
            const ssize_t got = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
            if (got < 0) {
                fail("events");
            }
            at_ = 0;
            left_ = static_cast<std::size_t>(got);
        }
        while (left_ != 0) {
            const auto *message = reinterpret_cast<const nlmsghdr *>(buffer_.data() + at_);
            if (!mnl_nlmsg_ok(message, static_cast<int>(left_))) {
                left_ = 0;
                break;
            }
            const std::size_t size = std::min((message->nlmsg_len + kAlign) & ~kAlign, left_);
            at_ += size;
            left_ -= size;
            if (message->nlmsg_type == type_of(NFT_MSG_NEWSETELEM)) {
                transaction.elements += count(message, false).elements;
            } else if (message->nlmsg_type == type_of(NFT_MSG_DELTABLE)) {
                transaction.deletes_table = true;
            } else if (message->nlmsg_type == type_of(NFT_MSG_NEWGEN)) {
                for_each_in(message, [&](const nlattr *attribute) {
                    if (mnl_attr_get_type(attribute) == NFTA_GEN_PROC_NAME) {
                        transaction.process = mnl_attr_get_str(attribute);
                    }
                });
                return transaction;
            }
        }
    }
}

}  // namespace bench
