// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/element_messages.hpp"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "net/netlink.hpp"
#include "nft/commands.hpp"

namespace vmac::nft {
namespace {

constexpr auto kVerdicts = "verdicts";
constexpr auto kParents = "parents";
constexpr auto kRelocate = "relocate";
constexpr auto kCounter = "counter";

/// An attribute, as a list of elements is, has at most 64 KiB; an element of ours has about 80 bytes.
constexpr std::size_t kElementsInMessage = 400;
constexpr std::size_t kMessageBytes = 65536;

/// The names of our tables and maps, and one key.
constexpr std::size_t kRequestBytes = 256;

std::uint8_t protocol_of(Family family) {
    return family == Family::Ip6 ? NFPROTO_IPV6 : family == Family::Ip ? NFPROTO_IPV4 : NFPROTO_NETDEV;
}

/// One message after the other, each made in a buffer of its own.
class Writer {
public:
    /// @param longest of one message, in bytes
    explicit Writer(std::uint32_t sequence, std::size_t longest = kRequestBytes)
        : next_(sequence), buffer_(longest / sizeof(std::uint64_t)) {}

    /// @param resource the subsystem of a batch, else 0
    nlmsghdr *begin(int type, unsigned flags, std::uint8_t protocol, std::uint16_t resource = 0) {
        nlmsghdr *message = mnl_nlmsg_put_header(buffer_.data());
        message->nlmsg_type = static_cast<std::uint16_t>(type);
        message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
        message->nlmsg_seq = next_++;
        auto *header = static_cast<nfgenmsg *>(mnl_nlmsg_put_extra_header(message, sizeof(nfgenmsg)));
        header->nfgen_family = protocol;
        header->version = NFNETLINK_V0;
        header->res_id = htons(resource);
        return message;
    }

    nlmsghdr *begin(nf_tables_msg_types type, unsigned flags, Family family) {
        return begin(NFNL_SUBSYS_NFTABLES << 8 | type, flags, protocol_of(family));
    }

    void end(const nlmsghdr *message) {
        const auto *bytes = static_cast<const char *>(static_cast<const void *>(message));
        messages_.insert(messages_.end(), bytes, bytes + message->nlmsg_len);
        messages_.resize(NLMSG_ALIGN(messages_.size()));
    }

    [[nodiscard]] std::uint32_t last() const { return next_ - 1; }
    [[nodiscard]] Messages take() { return std::move(messages_); }

private:
    std::uint32_t next_;
    std::vector<std::uint64_t> buffer_;  // aligned
    Messages messages_;
};

/// The bytes of a key: the name, and the type in the one field that the map of family ip6 has besides.
class Key {
public:
    Key(const InterfaceName &name, std::optional<std::uint8_t> type) {
        std::memcpy(bytes_.data(), name.str().data(), name.str().size());
        if (type) {
            bytes_[IFNAMSIZ] = static_cast<char>(*type);
            size_ += sizeof(std::uint32_t);
        }
    }

    void put(nlmsghdr *message) const {
        nlattr *nest = mnl_attr_nest_start(message, NFTA_SET_ELEM_KEY);
        mnl_attr_put(message, NFTA_DATA_VALUE, size_, bytes_.data());
        mnl_attr_nest_end(message, nest);
    }

private:
    std::array<char, IFNAMSIZ + sizeof(std::uint32_t)> bytes_{};
    std::size_t size_ = IFNAMSIZ;
};

void put_verdict(nlmsghdr *message, Verdict verdict) {
    nlattr *nest = mnl_attr_nest_start(message, NFTA_DATA_VERDICT);
    if (verdict == Verdict::Relocate) {
        mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl(static_cast<std::uint32_t>(NFT_GOTO)));
        mnl_attr_put_strz(message, NFTA_VERDICT_CHAIN, kRelocate);
    } else {
        mnl_attr_put_u32(message, NFTA_VERDICT_CODE, htonl(NF_DROP));
    }
    mnl_attr_nest_end(message, nest);
}

void put(nlmsghdr *message, const VerdictElement &element, bool with_value) {
    nlattr *nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
    Key(element.name, icmpv6_type(element.message)).put(message);
    if (with_value) {
        nlattr *data = mnl_attr_nest_start(message, NFTA_SET_ELEM_DATA);
        put_verdict(message, element.verdict);
        mnl_attr_nest_end(message, data);
    }
    mnl_attr_nest_end(message, nest);
}

void put(nlmsghdr *message, const ParentElement &element, bool with_value) {
    nlattr *nest = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
    Key(element.name, std::nullopt).put(message);
    if (with_value) {
        nlattr *data = mnl_attr_nest_start(message, NFTA_SET_ELEM_DATA);
        mnl_attr_put_u32(message, NFTA_DATA_VALUE, element.index);  // in the byte order of the host
        mnl_attr_nest_end(message, data);
    }
    mnl_attr_nest_end(message, nest);
}

bool is_in(Family family, const VerdictElement &element) {
    return family_of(element.message) == family;
}

bool is_in(Family /*family*/, const ParentElement & /*element*/) {
    return true;
}

void put_map(nlmsghdr *message, const char *map) {
    mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, kTable);
    mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, map);
}

/// The elements of one map that come, or leave.
template <typename Element>
void append(Writer &writer, Family family, const char *map, const std::vector<Element> &elements, bool come) {
    std::vector<const Element *> rest;
    for (const Element &element : elements) {
        if (is_in(family, element)) {
            rest.push_back(&element);
        }
    }
    for (std::span left(rest); !left.empty();) {
        const auto some = left.first(std::min(left.size(), kElementsInMessage));
        nlmsghdr *message =
            come ? writer.begin(NFT_MSG_NEWSETELEM, NLM_F_CREATE, family) : writer.begin(NFT_MSG_DELSETELEM, 0, family);
        put_map(message, map);
        nlattr *list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
        for (const Element *element : some) {
            put(message, *element, come);
        }
        mnl_attr_nest_end(message, list);
        writer.end(message);
        left = left.subspan(some.size());
    }
}

/// Where in @p messages the last one begins.
nlmsghdr *last_of(Messages &messages) {
    std::size_t at = 0;
    while (true) {
        auto *message = static_cast<nlmsghdr *>(static_cast<void *>(messages.data() + at));
        const std::size_t next = at + NLMSG_ALIGN(message->nlmsg_len);
        if (next >= messages.size()) {
            return message;
        }
        at = next;
    }
}

/// A request for what in our table has the attributes that @p put puts.
template <typename Put>
Messages ask(nf_tables_msg_types type, unsigned flags, Family family, std::uint32_t sequence, Put put) {
    Writer writer(sequence);
    nlmsghdr *message = writer.begin(type, flags, family);
    put(message);
    writer.end(message);
    return writer.take();
}

/// Attributes by their type.
template <std::size_t Types>
using Attributes = std::array<const nlattr *, Types>;

/// Those of an object, and all that are nested in something.
using ObjectAttributes = Attributes<24>;
using NestedAttributes = Attributes<NFTA_SET_ELEM_EXPRESSIONS + 1>;

/// Those with types that have room. Whether there are others is in @p others, unless it is null.
template <std::size_t Types>
Attributes<Types> attributes_in(const nlattr *first, std::size_t bytes, bool *others) {
    Attributes<Types> found{};
    const auto *position = static_cast<const char *>(static_cast<const void *>(first));
    while (bytes >= sizeof(nlattr)) {
        const auto *attribute = static_cast<const nlattr *>(static_cast<const void *>(position));
        if (attribute->nla_len < sizeof(nlattr) || attribute->nla_len > bytes) {
            break;
        }
        if (const auto type = mnl_attr_get_type(attribute); type < found.size()) {
            found[type] = attribute;
        } else if (others != nullptr) {
            *others = true;
        }
        const std::size_t step = std::min<std::size_t>(NLA_ALIGN(attribute->nla_len), bytes);
        position += step;
        bytes -= step;
    }
    return found;
}

ObjectAttributes attributes_in(const nlmsghdr &message) {
    const auto *payload = static_cast<const char *>(mnl_nlmsg_get_payload(&message)) + NLMSG_ALIGN(sizeof(nfgenmsg));
    return attributes_in<std::tuple_size_v<ObjectAttributes>>(
        static_cast<const nlattr *>(static_cast<const void *>(payload)),
        message.nlmsg_len - mnl_nlmsg_size(NLMSG_ALIGN(sizeof(nfgenmsg))), nullptr);
}

NestedAttributes attributes_in(const nlattr *nest, bool *others = nullptr) {
    return attributes_in<std::tuple_size_v<NestedAttributes>>(static_cast<const nlattr *>(mnl_attr_get_payload(nest)),
                                                              mnl_attr_get_payload_len(nest), others);
}

std::string_view bytes_of(const nlattr *attribute) {
    return {static_cast<const char *>(mnl_attr_get_payload(attribute)), mnl_attr_get_payload_len(attribute)};
}

/// Whether a message is whole as far as what all of nf_tables have.
bool is_of_nf_tables(const nlmsghdr &message) {
    return NFNL_SUBSYS_ID(message.nlmsg_type) == NFNL_SUBSYS_NFTABLES &&
           message.nlmsg_len >= mnl_nlmsg_size(NLMSG_ALIGN(sizeof(nfgenmsg)));
}

/// A number of one size, as the kernel has it in its own byte order or that of networks; none where it has another
/// size.
template <typename Number>
std::optional<Number> number_in(const nlattr *attribute) {
    if (attribute == nullptr || mnl_attr_get_payload_len(attribute) != sizeof(Number)) {
        return std::nullopt;
    }
    Number number = 0;
    std::memcpy(&number, mnl_attr_get_payload(attribute), sizeof(Number));
    return number;
}

std::uint64_t from_network(std::uint64_t number) {
    std::array<std::uint8_t, sizeof(number)> bytes{};
    std::memcpy(bytes.data(), &number, sizeof(number));
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) {
        value = value << 8U | byte;
    }
    return value;
}

std::optional<InterfaceName> name_in(std::string_view field) {
    const std::string_view name = field.substr(0, field.find('\0'));
    const bool is_filled_up = field.find_first_not_of('\0', name.size()) == std::string_view::npos;
    return is_filled_up ? InterfaceName::from_kernel(name) : std::nullopt;
}

std::optional<Message> message_of(std::string_view field) {
    const auto type = static_cast<std::uint8_t>(field.front());
    const auto *const found =
        std::ranges::find_if(kAllMessages, [type](Message message) { return icmpv6_type(message) == type; });
    const bool is_filled_up = field.find_first_not_of('\0', 1) == std::string_view::npos;
    return is_filled_up && found != kAllMessages.end() ? std::optional(*found) : std::nullopt;
}

std::optional<Verdict> verdict_in(const nlattr *data) {
    const nlattr *nest = attributes_in(data)[NFTA_DATA_VERDICT];
    if (nest == nullptr) {
        return std::nullopt;
    }
    const NestedAttributes parts = attributes_in(nest);
    const auto code = number_in<std::uint32_t>(parts[NFTA_VERDICT_CODE]);
    const nlattr *chain = parts[NFTA_VERDICT_CHAIN];
    if (code == htonl(NF_DROP) && chain == nullptr) {
        return Verdict::Drop;
    }
    if (code == htonl(static_cast<std::uint32_t>(NFT_GOTO)) && chain != nullptr && net::text_of(chain) == kRelocate) {
        return Verdict::Relocate;
    }
    return std::nullopt;
}

/// The counter that an element has, which is the only expression of ours.
std::optional<Count> count_in(const nlattr *expression) {
    if (expression == nullptr) {
        return std::nullopt;
    }
    const NestedAttributes parts = attributes_in(expression);
    const nlattr *name = parts[NFTA_EXPR_NAME];
    const nlattr *data = parts[NFTA_EXPR_DATA];
    if (name == nullptr || data == nullptr || net::text_of(name) != kCounter) {
        return std::nullopt;
    }
    const NestedAttributes numbers = attributes_in(data);
    const auto packets = number_in<std::uint64_t>(numbers[NFTA_COUNTER_PACKETS]);
    const auto bytes = number_in<std::uint64_t>(numbers[NFTA_COUNTER_BYTES]);
    if (!packets || !bytes) {
        return std::nullopt;
    }
    return Count{from_network(*packets), from_network(*bytes)};
}

/// Whether an element has nothing that we give to none.
bool is_plain(const NestedAttributes &element, bool others) {
    constexpr std::array kStrange = {NFTA_SET_ELEM_FLAGS,  NFTA_SET_ELEM_TIMEOUT, NFTA_SET_ELEM_EXPIRATION,
                                     NFTA_SET_ELEM_OBJREF, NFTA_SET_ELEM_KEY_END, NFTA_SET_ELEM_EXPRESSIONS};
    return !others &&
           std::ranges::all_of(kStrange, [&](const auto attribute) { return element.at(attribute) == nullptr; });
}

/// Appends the element to the lines; false where it is none of ours.
bool append_verdict_in(std::string &lines, Family family, std::string_view key, const NestedAttributes &element) {
    constexpr std::size_t kField = sizeof(std::uint32_t);
    const bool mld = family == Family::Ip6;
    if (key.size() != (mld ? IFNAMSIZ + kField : IFNAMSIZ)) {
        return false;
    }
    const auto name = name_in(key.substr(0, IFNAMSIZ));
    const auto message = mld ? message_of(key.substr(IFNAMSIZ)) : Message::Igmp;
    const auto verdict = verdict_in(element[NFTA_SET_ELEM_DATA]);
    const auto count = count_in(element[NFTA_SET_ELEM_EXPR]);
    if (!name || !message || !verdict || !count) {
        return false;
    }
    append_verdict(lines, {*name, *message, *verdict}, *count);
    return true;
}

bool append_parent_in(std::string &lines, Family family, std::string_view key, const NestedAttributes &element) {
    const auto name = key.size() == IFNAMSIZ ? name_in(key) : std::nullopt;
    const auto index = number_in<std::uint32_t>(attributes_in(element[NFTA_SET_ELEM_DATA])[NFTA_DATA_VALUE]);
    if (!name || !index || element[NFTA_SET_ELEM_EXPR] != nullptr) {
        return false;
    }
    append_parent(lines, family, {*name, *index});
    return true;
}

bool append_element(std::string &lines, Family family, bool is_verdict, const nlattr *attribute) {
    bool others = false;
    const NestedAttributes element = attributes_in(attribute, &others);
    const nlattr *key = element[NFTA_SET_ELEM_KEY];
    const nlattr *value = key == nullptr ? nullptr : attributes_in(key)[NFTA_DATA_VALUE];
    if (value == nullptr || element[NFTA_SET_ELEM_DATA] == nullptr || !is_plain(element, others)) {
        return false;
    }
    return is_verdict ? append_verdict_in(lines, family, bytes_of(value), element)
                      : append_parent_in(lines, family, bytes_of(value), element);
}

/// The error number that the kernel sends as a negative one, 0 for none. What is no error number is an error too.
int number_of_error(int sent) {
    constexpr int kLargest = 4095;  // as the kernel has it (linux/err.h)
    return sent > 0 || sent < -kLargest ? EPROTO : -sent;
}

/// Whether an attribute of an object says how many elements there are, or what they refer to.
bool changes_with_elements(int type, std::size_t attribute) {
    switch (type) {
        case NFT_MSG_NEWCHAIN:
            return attribute == NFTA_CHAIN_USE || attribute == NFTA_CHAIN_COUNTERS;
        case NFT_MSG_NEWSET:
            return attribute > NFTA_SET_EXPRESSIONS;  // the number of elements, and how the kernel keeps them (6.16)
        default:
            return false;
    }
}

}  // namespace

Batch change_batch(const ElementChanges &changes, std::uint32_t sequence) {
    if (changes.empty()) {
        return {};
    }
    Writer writer(sequence, kMessageBytes);
    writer.end(writer.begin(NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
    for (const Family family : kFirstLine) {
        append(writer, family, kVerdicts, changes.deleted_verdicts, false);
        append(writer, family, kParents, changes.deleted_parents, false);
        append(writer, family, kParents, changes.added_parents, true);
        append(writer, family, kVerdicts, changes.added_verdicts, true);
    }
    Batch batch{.messages = writer.take(), .last = writer.last()};
    last_of(batch.messages)->nlmsg_flags |= NLM_F_ACK;
    Writer end(batch.last + 1);
    end.end(end.begin(NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
    const Messages tail = end.take();
    batch.messages.insert(batch.messages.end(), tail.begin(), tail.end());
    return batch;
}

Messages ask_generation(std::uint32_t sequence) {
    Writer writer(sequence);
    writer.end(writer.begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, NLM_F_ACK, AF_UNSPEC));
    return writer.take();
}

Messages ask_table(Family family, std::uint32_t sequence) {
    return ask(NFT_MSG_GETTABLE, NLM_F_ACK, family, sequence,
               [](nlmsghdr *message) { mnl_attr_put_strz(message, NFTA_TABLE_NAME, kTable); });
}

Messages ask_chain(Family family, const char *chain, std::uint32_t sequence) {
    return ask(NFT_MSG_GETCHAIN, NLM_F_ACK, family, sequence, [chain](nlmsghdr *message) {
        mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, kTable);
        mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain);
    });
}

Messages ask_maps(Family family, std::uint32_t sequence) {
    return ask(NFT_MSG_GETSET, NLM_F_DUMP, family, sequence,
               [](nlmsghdr *message) { mnl_attr_put_strz(message, NFTA_SET_TABLE, kTable); });
}

Messages ask_rules(Family family, std::uint32_t sequence) {
    return ask(NFT_MSG_GETRULE, NLM_F_DUMP, family, sequence,
               [](nlmsghdr *message) { mnl_attr_put_strz(message, NFTA_RULE_TABLE, kTable); });
}

Messages ask_elements(Family family, const char *map, std::uint32_t sequence) {
    return ask(NFT_MSG_GETSETELEM, NLM_F_DUMP, family, sequence, [map](nlmsghdr *message) { put_map(message, map); });
}

Messages ask_element(Family family, const ElementKey &key, std::uint32_t sequence) {
    return ask(NFT_MSG_GETSETELEM, NLM_F_ACK, family, sequence, [&key](nlmsghdr *message) {
        put_map(message, key.message ? kVerdicts : kParents);
        nlattr *list = mnl_attr_nest_start(message, NFTA_SET_ELEM_LIST_ELEMENTS);
        if (key.message) {
            put(message, VerdictElement{key.name, *key.message, {}}, false);
        } else {
            put(message, ParentElement{key.name, 0}, false);
        }
        mnl_attr_nest_end(message, list);
    });
}

std::optional<std::uint32_t> parse_generation(const nlmsghdr &message) {
    if (!is_of_nf_tables(message) || NFNL_MSG_TYPE(message.nlmsg_type) != NFT_MSG_NEWGEN) {
        return std::nullopt;
    }
    const auto number = number_in<std::uint32_t>(attributes_in(message)[NFTA_GEN_ID]);
    return number ? std::optional(ntohl(*number)) : std::nullopt;
}

std::string structure_of(const nlmsghdr &message) {
    const int type = NFNL_MSG_TYPE(message.nlmsg_type);
    constexpr std::array kObjects = {NFT_MSG_NEWTABLE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE, NFT_MSG_NEWSET};
    if (!is_of_nf_tables(message) || std::ranges::find(kObjects, type) == kObjects.end()) {
        return {};
    }
    std::string bytes(1, static_cast<char>(type));
    const ObjectAttributes attributes = attributes_in(message);
    for (std::size_t i = 0; i < attributes.size(); ++i) {
        if (attributes[i] != nullptr && !changes_with_elements(type, i)) {
            const std::string_view value = bytes_of(attributes[i]);
            bytes.push_back(static_cast<char>(i));
            bytes.push_back(static_cast<char>(value.size() >> 8U));
            bytes.push_back(static_cast<char>(value.size()));
            bytes += value;
        }
    }
    return bytes;
}

void append_elements(std::string &lines, Family family, const nlmsghdr &message) {
    if (!is_of_nf_tables(message) || NFNL_MSG_TYPE(message.nlmsg_type) != NFT_MSG_NEWSETELEM) {
        return;
    }
    const ObjectAttributes attributes = attributes_in(message);
    const nlattr *list = attributes[NFTA_SET_ELEM_LIST_ELEMENTS];
    const nlattr *map = attributes[NFTA_SET_ELEM_LIST_SET];
    const std::string name = map == nullptr ? "" : net::text_of(map);
    if (list == nullptr || (name != kVerdicts && name != kParents)) {
        return;
    }
    std::string_view rest = bytes_of(list);
    while (rest.size() >= sizeof(nlattr)) {
        const auto *element = static_cast<const nlattr *>(static_cast<const void *>(rest.data()));
        if (element->nla_len < sizeof(nlattr) || element->nla_len > rest.size()) {
            return;
        }
        if (!append_element(lines, family, name == kVerdicts, element)) {
            append_foreign(lines, family);
        }
        rest.remove_prefix(std::min<std::size_t>(NLA_ALIGN(element->nla_len), rest.size()));
    }
}

int parse_end(const nlmsghdr &message) {
    int error = 0;
    if (message.nlmsg_len >= mnl_nlmsg_size(sizeof(error))) {
        std::memcpy(&error, mnl_nlmsg_get_payload(&message), sizeof(error));
    }
    return number_of_error(error);
}

std::optional<int> parse_acknowledgment(const nlmsghdr &message) {
    if (message.nlmsg_type != NLMSG_ERROR || message.nlmsg_len < mnl_nlmsg_size(sizeof(nlmsgerr))) {
        return std::nullopt;
    }
    return number_of_error(static_cast<const nlmsgerr *>(mnl_nlmsg_get_payload(&message))->error);
}

}  // namespace vmac::nft
