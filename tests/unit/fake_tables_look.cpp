// SPDX-License-Identifier: GPL-2.0-or-later
// What tests ask the fake kernel, and the packets that they send through it.
#include <algorithm>
#include <stdexcept>

#include "fake_tables.hpp"
#include "nft/guard.hpp"
#include "nft/ruleset.hpp"

namespace vmac::test {
namespace {

using nlohmann::json;

json key_of_message(const std::string &name, Message message) {
    return message == Message::Igmp ? json(name) : json{{"concat", {name, to_string(message)}}};
}

bool leads_to(const json &rule, const std::string &chain) {
    return std::ranges::any_of(rule.at("expr"), [&](const json &statement) {
        return statement.contains("goto") && statement.at("goto").at("target") == chain;
    });
}

}  // namespace

void FakeTables::count(const std::string &name, Message message, const Count &more) {
    Table &table = tables_.at({nft::to_string(nft::family_of(message)), nft::kTable});
    table.maps.at("verdicts").elements.at(key_of_message(name, message)).count += more;
}

void FakeTables::count_guard(const std::string &device, Message message, const Count &more) {
    const auto type = icmpv6_type(message);
    const json match = type ? nft::match(nft::payload("icmpv6", "type"), *type)
                            : nft::match(nft::payload("ip", "protocol"), nft::kIgmpProtocol);
    Table &table = tables_.at({nft::to_string(nft::Family::Netdev), nft::kTable});
    const auto rule = std::ranges::find_if(table.rules, [&](const Rule &one) {
        return one.body.at("chain") == std::string(nft::kVmacChain) + device && one.body.at("expr").at(0) == match &&
               one.body.at("expr").at(1).contains("counter");
    });
    if (rule == table.rules.end()) {
        throw std::logic_error("there is no guard on " + device);
    }
    rule->count += more;
}

json FakeTables::element(nft::Family family, const char *map, const json &key) const {
    const Table *table = find(family);
    if (table == nullptr || !table->maps.contains(map) || !table->maps.at(map).elements.contains(key)) {
        return nullptr;
    }
    return table->maps.at(map).elements.at(key).value;
}

std::vector<std::string> FakeTables::keys(nft::Family family, const char *map) const {
    std::vector<std::string> keys;
    const Table *table = find(family);
    if (table == nullptr || !table->maps.contains(map)) {
        return keys;
    }
    for (const auto &[key, element] : table->maps.at(map).elements) {
        const json parts = key.is_object() ? key.at("concat") : json::array({key});
        std::string text;
        for (const json &part : parts) {
            text += (text.empty() ? "" : " . ") + (part.is_string() ? part.get<std::string>() : part.dump());
        }
        keys.push_back(text);
    }
    return keys;
}

std::map<std::string, std::string> FakeTables::guards() const {
    std::map<std::string, std::string> guards;
    const Table *table = find(nft::Family::Netdev);
    if (table == nullptr) {
        return guards;
    }
    for (const auto &[name, chain] : table->chains) {
        const auto device = chain.value("dev", "");
        const std::string rules = std::string(nft::kVmacChain) + device;
        if (device.empty() || !std::ranges::any_of(table->rules, [&, &egress = name](const Rule &rule) {
                return rule.body.at("chain") == egress && leads_to(rule.body, rules);
            })) {
            continue;
        }
        for (const Rule &rule : table->rules) {
            const json &last = rule.body.at("expr").back();
            if (rule.body.at("chain") == rules && last.contains("mangle")) {
                guards[device] = last.at("mangle").at("value");
            }
        }
    }
    return guards;
}

}  // namespace vmac::test
