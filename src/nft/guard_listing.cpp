// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/guard_listing.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "model/mac.hpp"
#include "nft/commands.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;

Sender sender_of(const json &element) {
    const json &key = element.at("concat");
    return {.device = InterfaceName::parse(key.at(0).get<std::string>()),
            .mac = parse_mac(key.at(1).get<std::string>())};
}

/// @throws json::exception or Error where an element has a form that we do not make.
void read_set(const json &set, Guard &guard) {
    const auto name = set.at("name").get<std::string>();
    if (!set.contains("elem")) {
        return;
    }
    for (const json &element : set.at("elem")) {
        if (name == "registered") {
            guard.registered.insert(sender_of(element));
        } else if (name == "exempt") {
            guard.exempt.insert({.sender = sender_of(element),
                                 .message = parse_message(element.at("concat").at(2).get<std::string>())});
        } else if (name == "exempt_igmp") {
            guard.exempt.insert({.sender = sender_of(element), .message = Message::Igmp});
        }
    }
}

/// The statement of that kind in a rule, null without.
json statement(const json &rule, const char *kind) {
    for (const json &one : rule.at("expr")) {
        if (one.contains(kind)) {
            return one.at(kind);
        }
    }
    return nullptr;
}

/// The message that a rule of a chain "vmac_…" is about.
Message message_of(const json &rule) {
    const json right = rule.at("expr").at(0).at("match").at("right");
    return right.is_number() ? Message::Igmp : parse_message(right.get<std::string>());
}

/// Takes what a rule that counts says: the counter, and the MAC of the device.
void read_rule(const json &rule, GuardListing &listing) {
    const auto chain = rule.at("chain").get<std::string>();
    const json counter = statement(rule, "counter");
    if (!chain.starts_with(kVmacChain) || counter.is_null()) {
        return;
    }
    const auto device = InterfaceName::parse(std::string_view(chain).substr(kVmacChain.size()));
    const json mangle = statement(rule, "mangle");
    if (!mangle.is_null()) {
        listing.guard.devices[device] = parse_mac(mangle.at("value").get<std::string>());
    }
    listing.counters[device][message_of(rule)] += read_counter(counter);
}

/// Where the listing does not say which device a chain is for, as libnftables 1.0.6 does not, ours need not either.
json without_device(json object) {
    for (auto &body : object) {
        body.erase("dev");
    }
    return object;
}

/// A type of ICMPv6 is written as a number, and listed by its name.
json by_name(json object) {
    for (auto &body : object) {
        if (!body.contains("expr")) {
            continue;
        }
        for (auto &one : body["expr"]) {
            for (const Message message : kAllMessages) {
                const auto type = icmpv6_type(message);
                if (type && one.contains("match") && one["match"]["left"] == payload("icmpv6", "type") &&
                    one["match"]["right"] == *type) {
                    one["match"]["right"] = to_string(message);
                }
            }
        }
    }
    return object;
}

bool is_ours(std::vector<json> listed, const Guard &guard) {
    std::vector<json> wanted;
    const json objects = guard_objects(guard);
    std::ranges::transform(objects, std::back_inserter(wanted), by_name);
    const bool says_devices =
        std::ranges::any_of(listed, [](const json &object) { return object.begin()->contains("dev"); });
    if (!says_devices) {
        std::ranges::transform(wanted, wanted.begin(), without_device);
    }
    return same_objects(std::move(listed), std::move(wanted));
}

}  // namespace

GuardListing parse_guard_listing(const std::string &text) {
    GuardListing listing;
    std::vector<json> structure;
    const std::string table = in_words(Family::Netdev);
    const auto tolerate = [&](auto read) {
        try {
            read();
        } catch (const std::exception &) {
            listing.deviation = table + " had other content";
        }
    };
    try {
        for (const json &object : read_objects(text)) {
            if (object.contains("set")) {
                tolerate([&] { read_set(object.at("set"), listing.guard); });
            } else if (object.contains("rule")) {
                tolerate([&] { read_rule(object.at("rule"), listing); });
            }
            structure.push_back(as_written(object));
            listing.owned |= take_ownership_out(structure.back());
        }
        if (listing.deviation.empty() && !is_ours(std::move(structure), listing.guard)) {
            listing.deviation = table + " had other content";
        }
    } catch (const std::exception &) {
        listing.deviation = table + " could not be read";
    }
    return listing;
}

std::string difference_in_words(const Guard &present, const Guard &wanted) {
    for (const auto &[device, mac] : wanted.devices) {
        if (!keeps_chains(present, wanted, device)) {
            return "the guard on " + device.str() + " was missing or changed";
        }
    }
    if (present.devices != wanted.devices) {
        return "there was a guard on a device that needs none";
    }
    return present == wanted ? "" : "the exemptions from the guard were changed";
}

}  // namespace vmac::nft
