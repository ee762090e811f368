// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/guard.hpp"

#include <nlohmann/json.hpp>

#include "nft/commands.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;

/// The first four bytes of every VRRP MAC, and where they are in a frame: 48 bits into the link-layer header.
constexpr int kMacStart = 0x00005e00;
constexpr int kSourceBit = 48;
constexpr int kMacStartBits = 32;

std::string chain_of(std::string_view prefix, const InterfaceName &device) {
    return std::string(prefix) + device.str();
}

json source() {
    return payload("ether", "saddr");
}

json sender() {
    return {{"concat", {meta("oifname"), source()}}};
}

json is_message(Message message) {
    const auto type = icmpv6_type(message);
    return type ? match(payload("icmpv6", "type"), *type) : match(payload("ip", "protocol"), kIgmpProtocol);
}

/// What is done about one message. A router solicitation has the MAC in its payload too, so no other source would
/// help it.
json message_rule(const std::string &chain, Message message, const std::string &mac) {
    const json set_source = {{"mangle", {{"key", source()}, {"value", mac}}}};
    const json what = message == Message::RouterSolicit ? json{{"drop", nullptr}} : set_source;
    return rule(Family::Netdev, chain, json::array({is_message(message), {{"counter", nullptr}}, what}));
}

/// The two chains of a device, in the order in which they must be added.
void append_device(json &objects, const InterfaceName &device, const Guard &guard) {
    const json accept = {{"accept", nullptr}};
    const json vrrp_macs = {{"range", {"00:00:5e:00:01:00", "00:00:5e:00:02:ff"}}};
    const std::string vmac = chain_of(kVmacChain, device);
    objects.push_back({{"chain", ours(Family::Netdev, {{"name", vmac}})}});
    objects.push_back(
        rule(Family::Netdev, vmac,
             json::array({match(source(), vrrp_macs, "!="), match(sender(), "@registered", "!="), accept})));
    const json key = {{"concat", {meta("oifname"), source(), payload("icmpv6", "type")}}};
    objects.push_back(rule(Family::Netdev, vmac, json::array({match(key, "@exempt"), accept})));
    objects.push_back(
        rule(Family::Netdev, vmac, json::array({is_message(Message::Igmp), match(sender(), "@exempt_igmp"), accept})));
    for (const Message message : kAllMessages) {
        objects.push_back(message_rule(vmac, message, guard.devices.at(device)));
    }

    const std::string egress = chain_of(kEgressChain, device);
    const json to_vmac = {{"goto", {{"target", vmac}}}};
    const json start_of_source = {{"payload", {{"base", "ll"}, {"offset", kSourceBit}, {"len", kMacStartBits}}}};
    objects.push_back({{"chain", ours(Family::Netdev, {{"name", egress},
                                                       {"type", "filter"},
                                                       {"hook", "egress"},
                                                       {"dev", device.str()},
                                                       {"prio", 0},
                                                       {"policy", "accept"}})}});
    objects.push_back(rule(Family::Netdev, egress, json::array({match(start_of_source, kMacStart), to_vmac})));
    if (guard.has_registered(device)) {
        objects.push_back(rule(Family::Netdev, egress, json::array({match(sender(), "@registered"), to_vmac})));
    }
}

/// The table with its sets, and nothing on any device.
json bare_table(bool owned) {
    const auto set = [](const char *name, json type) {
        return json{{"set", ours(Family::Netdev, {{"name", name}, {"type", std::move(type)}})}};
    };
    return {
        {{"table", new_table(Family::Netdev, owned)}},
        set("registered", {"ifname", "ether_addr"}),
        set("exempt", {"ifname", "ether_addr", "icmpv6_type"}),
        set("exempt_igmp", {"ifname", "ether_addr"}),
    };
}

void append_added(json &commands, json objects) {
    for (json &object : objects) {
        commands.push_back({{"add", std::move(object)}});
    }
}

/// Commands for the elements that are in @p from and not in @p other.
void append_elements(json &commands, const char *verb, const Guard &from, const Guard &other) {
    json registered = json::array();
    json exempt = json::array();
    json exempt_igmp = json::array();
    for (const auto &one : from.registered) {
        if (!other.registered.contains(one)) {
            registered.push_back({{"concat", {written(one.device), one.mac}}});
        }
    }
    for (const auto &one : from.exempt) {
        if (other.exempt.contains(one)) {
            continue;
        }
        json key = {written(one.sender.device), one.sender.mac};
        if (const auto type = icmpv6_type(one.message)) {
            key.push_back(*type);
            exempt.push_back({{"concat", std::move(key)}});
        } else {
            exempt_igmp.push_back({{"concat", std::move(key)}});
        }
    }
    append_elements(commands, verb, Family::Netdev, "registered", std::move(registered));
    append_elements(commands, verb, Family::Netdev, "exempt", std::move(exempt));
    append_elements(commands, verb, Family::Netdev, "exempt_igmp", std::move(exempt_igmp));
}

}  // namespace

bool Guard::has_registered(const InterfaceName &device) const {
    const auto first = registered.lower_bound({.device = device, .mac = ""});
    return first != registered.end() && first->device == device;
}

bool is_guardable(const InterfaceName &device) {
    return !device.str().ends_with('*') && is_readable(device.str());
}

bool keeps_chains(const Guard &present, const Guard &wanted, const InterfaceName &device) {
    const auto was = present.devices.find(device);
    const auto will_be = wanted.devices.find(device);
    return was != present.devices.end() && will_be != wanted.devices.end() && was->second == will_be->second &&
           present.has_registered(device) == wanted.has_registered(device);
}

json guard_objects(const Guard &guard, bool owned) {
    json objects = bare_table(owned);
    for (const auto &[device, mac] : guard.devices) {
        append_device(objects, device, guard);
    }
    return objects;
}

json replace_guard(const Guard &wanted, bool there, bool owned) {
    json commands = json::array();
    if (there) {
        commands.push_back(command("delete", "table", table_of(Family::Netdev)));
    }
    if (!wanted.devices.empty()) {
        append_added(commands, guard_objects(wanted, owned));
        append_elements(commands, "add", wanted, {});
    }
    return {{"nftables", std::move(commands)}};
}

json change_guard(const Guard &present, const Guard &wanted, bool owned) {
    if (present.devices.empty() || wanted.devices.empty()) {
        return replace_guard(wanted, !present.devices.empty(), owned);
    }
    json commands = json::array();
    for (const auto &[device, mac] : present.devices) {
        if (!keeps_chains(present, wanted, device)) {
            // With its rules. The first one goes to the second.
            for (const auto prefix : {kEgressChain, kVmacChain}) {
                commands.push_back(
                    command("delete", "chain", ours(Family::Netdev, {{"name", chain_of(prefix, device)}})));
            }
        }
    }
    append_elements(commands, "delete", present, wanted);
    append_elements(commands, "add", wanted, present);
    for (const auto &[device, mac] : wanted.devices) {
        if (!keeps_chains(present, wanted, device)) {
            json objects = json::array();
            append_device(objects, device, wanted);
            append_added(commands, std::move(objects));
        }
    }
    return {{"nftables", std::move(commands)}};
}

json probe_guard(const std::string &device) {
    const json table = table_of(Family::Netdev, kProbeTable);
    const json chain = {{"family", "netdev"}, {"table", kProbeTable}, {"name", "probe"}, {"type", "filter"},
                        {"hook", "egress"},   {"dev", device},        {"prio", 0},       {"policy", "accept"}};
    return {{"nftables", json::array({command("add", "table", table), command("add", "chain", chain),
                                      command("delete", "table", table)})}};
}

}  // namespace vmac::nft
