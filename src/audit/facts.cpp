// SPDX-License-Identifier: GPL-2.0-or-later
#include "audit/facts.hpp"

#include <charconv>
#include <fstream>
#include <functional>
#include <sstream>
#include <string_view>

namespace vmac::audit {
namespace {

namespace fs = std::filesystem;

using Fields = std::map<std::string, std::string, std::less<>>;

/// Whether a name can only ever be one entry of a directory. The kernel sees to it; this is the second lock.
bool is_entry_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
           name.find('\0') == std::string_view::npos;
}

std::optional<std::uint64_t> number(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// The number in a file of one line. Sysctls may be negative, which no fact of ours is.
std::optional<int> read_number(const fs::path &file) {
    std::ifstream stream(file);
    int value = 0;
    return stream >> value ? std::optional(value) : std::nullopt;
}

/// The lines of a file, cut in two at the first of @p separators. Empty when it cannot be read.
Fields read_fields(const fs::path &file, const char *separators) {
    Fields fields;
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);) {
        const auto cut = line.find_first_of(separators);
        const auto value = cut == std::string::npos ? cut : line.find_first_not_of(separators, cut);
        fields[line.substr(0, cut)] = value == std::string::npos ? "" : line.substr(value);
    }
    return fields;
}

std::string value_of(const Fields &fields, std::string_view key) {
    const auto found = fields.find(key);
    return found == fields.end() ? "" : found->second;
}

/// What NetworkManager keeps for its own next start (1.42 and 1.52 alike); there is no file for an interface that it
/// has never looked at. An interface that another program has made and set up is "managed" too, as "connected
/// (externally)": then there is a connection, but no route metric, for it makes no routes.
Holding network_manager(const Fields &state) {
    if (value_of(state, "managed") != "true") {
        return Holding::Nothing;
    }
    if (value_of(state, "nm-owned") == "true") {
        return Holding::Made;
    }
    const bool external = state.contains("connection-uuid") && !state.contains("route-metric-default-effective");
    return external ? Holding::Observes : Holding::Holds;
}

/// The states before a .network file was found for it, and after none was.
Holding networkd(const Fields &state) {
    const std::string admin = value_of(state, "ADMIN_STATE");
    const bool idle =
        admin.empty() || admin == "pending" || admin == "initialized" || admin == "unmanaged" || admin == "linger";
    return idle ? Holding::Nothing : Holding::Holds;
}

}  // namespace

Facts FactsReader::read(const net::Link &link) const {
    Facts facts;
    // "all" and "default" are no interfaces there; the kernel refuses IPv6 to an interface of that name.
    if (is_entry_name(link.name) && link.name != "all" && link.name != "default") {
        const fs::path conf = root_ / "proc/sys/net/ipv6/conf" / link.name;
        facts.disable_ipv6 = read_number(conf / "disable_ipv6");
        facts.forwarding = read_number(conf / "forwarding");
        facts.accept_ra = read_number(conf / "accept_ra");
        facts.autoconf = read_number(conf / "autoconf");
        facts.addr_gen_mode = read_number(conf / "addr_gen_mode");
    }
    facts.manager = manager_of(link);
    return facts;
}

std::optional<DeviceCounts> FactsReader::counts(const net::Link &link) const {
    if (!is_entry_name(link.name)) {
        return std::nullopt;
    }
    const Fields fields = read_fields(root_ / "proc/net/dev_snmp6" / link.name, " \t");
    const auto field = [&](const std::string &key) { return number(value_of(fields, key)).value_or(0); };
    DeviceCounts counts{.ifindex = static_cast<unsigned>(field("ifIndex")), .discarded = field("Ip6OutDiscards")};
    for (const Message message : kAllMessages) {
        if (const auto type = icmpv6_type(message)) {
            counts.sent[message] = field("Icmp6OutType" + std::to_string(*type));  // no line until the first one
        }
    }
    // Another index: the interface of this name is not the one that was meant any more.
    return counts.ifindex == link.index && counts.ifindex != 0 ? std::optional(counts) : std::nullopt;
}

Manager FactsReader::manager_of(const net::Link &link) const {
    const std::string index = std::to_string(link.index);
    const Holding first = network_manager(read_fields(root_ / "run/NetworkManager/devices" / index, "="));
    if (first != Holding::Nothing) {
        return {.name = "NetworkManager", .holding = first};
    }
    const Holding second = networkd(read_fields(root_ / "run/systemd/netif/links" / index, "="));
    return second == Holding::Nothing ? Manager{} : Manager{.name = "systemd-networkd", .holding = second};
}

}  // namespace vmac::audit
