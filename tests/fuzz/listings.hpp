// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "model/counters.hpp"
#include "nft/commands.hpp"
#include "nft/guard.hpp"

// Listings as libnftables makes them, for the targets that read them: what it lists is what was added, with handles,
// and for the guard with elements and counters.
namespace vmac::fuzz {

using nlohmann::json;

/// What is listed of objects that were added, in this order.
inline std::string listing_of(json objects) {
    json all = json::array({{{"metainfo", {{"json_schema_version", 1}}}}});
    for (json &object : objects) {
        object.begin().value()["handle"] = all.size();
        all.push_back(std::move(object));
    }
    return json{{"nftables", std::move(all)}}.dump();
}

inline json counter_of(const Count &count) {
    return {{"packets", count.packets}, {"bytes", count.bytes}};
}

/// The table of the guard. Types of ICMPv6 are written as numbers, and listed by their names.
inline std::string list_guard(const nft::Guard &guard, const Counters &counters, bool owned) {
    json elements = {{"registered", json::array()}, {"exempt", json::array()}, {"exempt_igmp", json::array()}};
    for (const auto &sender : guard.registered) {
        elements["registered"].push_back({{"concat", {sender.device.str(), sender.mac}}});
    }
    for (const auto &[sender, message] : guard.exempt) {
        json key = {sender.device.str(), sender.mac};
        if (message != Message::Igmp) {
            key.push_back(to_string(message));
        }
        elements[message == Message::Igmp ? "exempt_igmp" : "exempt"].push_back({{"concat", std::move(key)}});
    }
    json objects = nft::guard_objects(guard, owned);
    for (json &object : objects) {
        if (object.contains("set")) {
            object["set"]["elem"] = elements[object["set"]["name"].get<std::string>()];
        }
        if (!object.contains("rule") || !object["rule"]["expr"].at(1).contains("counter")) {
            continue;
        }
        json &right = object["rule"]["expr"][0]["match"]["right"];
        const auto message = *std::ranges::find_if(
            kAllMessages, [&](Message each) { return icmpv6_type(each).value_or(nft::kIgmpProtocol) == right; });
        right = to_string(message);
        const std::string chain = object["rule"]["chain"];
        const auto device = InterfaceName::parse(std::string_view(chain).substr(nft::kVmacChain.size()));
        object["rule"]["expr"][1]["counter"] = counter_of(counters.at(device).at(message));
    }
    return listing_of(std::move(objects));
}

}  // namespace vmac::fuzz
