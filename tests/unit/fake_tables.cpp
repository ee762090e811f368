// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_tables.hpp"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "model/error.hpp"
#include "nft/guard.hpp"
#include "nft/ruleset.hpp"

namespace vmac::test {
namespace {

using nlohmann::json;

[[noreturn]] void refuse_with(const std::string &reason) {
    throw Error(Errc::KernelRejected, "the kernel refused: Could not process rule: " + reason);
}

[[noreturn]] void refuse_missing() {
    refuse_with("No such file or directory");
}

/// A type of ICMPv6 as it is listed: those that we know by their names.
json named_type(const json &type) {
    for (const Message message : kAllMessages) {
        if (icmpv6_type(message) && type == *icmpv6_type(message)) {
            return to_string(message);
        }
    }
    return type;
}

/// The key as it is listed: names without the escape for '*', types by their names.
json key_of(const json &written) {
    if (written.is_object()) {
        json key = written;
        key["concat"][0] = key_of(written.at("concat").at(0));
        std::transform(key["concat"].begin() + 1, key["concat"].end(), key["concat"].begin() + 1, named_type);
        return key;
    }
    auto name = written.get<std::string>();
    if (name.ends_with("\\*")) {
        name.erase(name.size() - 2, 1);
    } else if (name.ends_with('*')) {
        throw std::logic_error("a name that ends in * must be escaped");
    }
    return name;
}

/// A device is listed by its name, or by its number where it has none.
json device_of(const json &written) {
    const auto text = written.get<std::string>();
    unsigned index = if_nametoindex(text.c_str());
    if (index == 0) {
        index = static_cast<unsigned>(std::stoul(text));
    }
    std::array<char, IF_NAMESIZE> name{};
    return if_indextoname(index, name.data()) == nullptr ? std::to_string(index) : std::string(name.data());
}

/// The chain that a rule leads to, empty when it leads nowhere.
std::string target_of(const json &rule) {
    for (const json &statement : rule.at("expr")) {
        for (const char *verb : {"goto", "jump"}) {
            if (statement.contains(verb)) {
                return statement.at(verb).at("target");
            }
        }
    }
    return {};
}

/// A statement as it is listed.
json printed(json statement, const Count &count) {
    if (statement.contains("counter")) {
        statement["counter"] = {{"packets", count.packets}, {"bytes", count.bytes}};
    } else if (statement.contains("match")) {
        json &match = statement["match"];
        if (match["left"] == nft::payload("ip", "protocol") && match["right"] == nft::kIgmpProtocol) {
            match["right"] = "igmp";
        } else if (match["left"] == nft::payload("icmpv6", "type")) {
            match["right"] = named_type(match["right"]);
        }
    }
    return statement;
}

}  // namespace

void FakeTables::Table::erase_rules(const std::string &chain) {
    std::erase_if(rules, [&](const Rule &rule) { return rule.body.at("chain") == chain; });
}

void FakeTables::Table::erase_chain(const std::string &name) {
    erase_rules(name);
    chains.erase(name);
}

bool FakeTables::Table::leads_to(const std::string &chain) const {
    return std::ranges::any_of(rules, [&](const Rule &rule) { return target_of(rule.body) == chain; });
}

FakeTables::Table &FakeTables::table_of(const json &body, const char *key, const std::string &process) {
    const auto table = tables_.find({body.at("family"), body.at(key)});
    if (table == tables_.end()) {
        refuse_missing();
    }
    if (!table->second.owner.empty() && table->second.owner != process) {
        refuse_with("Operation not permitted");
    }
    return table->second;
}

const FakeTables::Table *FakeTables::find(nft::Family family) const {
    const auto table = tables_.find({nft::to_string(family), nft::kTable});
    return table == tables_.end() ? nullptr : &table->second;
}

void FakeTables::apply(const json &command, const Abilities &can, const std::string &process) {
    const std::string &verb = command.begin().key();
    const json &object = command.begin().value();
    const std::string &kind = object.begin().key();
    const json &body = object.begin().value();
    if (kind == "ruleset" && verb == "flush") {
        std::erase_if(tables_,
                      [&](const auto &table) { return table.second.owner.empty() || table.second.owner == process; });
    } else if (kind == "table") {
        apply_to_table(verb, body, can, process);
    } else if (kind == "element") {
        change_elements(table_of(body, "table", process), verb, body);
    } else if (kind == "chain" && verb == "delete") {
        delete_chain(table_of(body, "table", process), body.at("name"));
    } else if (kind == "chain" && verb == "flush") {
        table_of(body, "table", process).erase_rules(body.at("name"));
    } else if (verb == "add") {
        add(table_of(body, "table", process), kind, body, can);
    } else {
        throw std::logic_error("the fake kernel does not know " + verb + ' ' + kind);
    }
}

void FakeTables::apply_to_table(const std::string &verb, const json &body, const Abilities &can,
                                const std::string &process) {
    const json id = {body.at("family"), body.at("name")};
    if (verb == "add") {
        const auto [place, is_new] = tables_.try_emplace(id);
        Table &table = table_of(body, "name", process);
        if (is_new && can.ownership && body.contains("flags")) {
            table.flags = body.at("flags");
            table.owner = process;
        }
    } else if (verb == "delete") {
        table_of(body, "name", process);
        tables_.erase(id);
    } else if (verb == "destroy" && !can.ownership) {
        refuse_with("the verb is younger than this libnftables");
    } else if (verb == "destroy") {
        if (tables_.contains(id)) {
            table_of(body, "name", process);
            tables_.erase(id);
        }
    } else {
        throw std::logic_error("the fake kernel does not know " + verb + " table");
    }
}

void FakeTables::delete_chain(Table &table, const std::string &name) {
    if (!table.chains.contains(name)) {
        refuse_missing();
    }
    if (table.leads_to(name)) {
        refuse_with("Device or resource busy");
    }
    table.erase_chain(name);
}

void FakeTables::add(Table &table, const std::string &kind, const json &body, const Abilities &can) {
    if (kind == "chain") {
        if (body.value("hook", "") == "egress") {
            if (!can.egress) {
                refuse_with("Operation not supported");
            }
            if (!can.absent_devices && !can.devices.contains(body.at("dev"))) {
                refuse_missing();
            }
        }
        table.chains.emplace(body.at("name"), body);
    } else if (kind == "map" || kind == "set") {
        table.maps.try_emplace(body.at("name"),
                               Map{.kind = kind == "map" ? "map" : "set", .definition = body, .elements = {}});
    } else if (kind == "rule") {
        add_rule(table, body);
    } else {
        throw std::logic_error("the fake kernel does not know add " + kind);
    }
}

void FakeTables::add_rule(Table &table, const json &body) {
    const std::string target = target_of(body);
    if (!table.chains.contains(body.at("chain")) || (!target.empty() && !table.chains.contains(target))) {
        refuse_missing();
    }
    for (const json &statement : body.at("expr")) {
        const json right = statement.contains("match") ? statement.at("match").at("right") : json();
        if (right.is_string() && right.get<std::string>().starts_with('@') &&
            !table.maps.contains(right.get<std::string>().substr(1))) {
            refuse_missing();
        }
    }
    table.rules.push_back({.body = body, .count = {}});
}

void FakeTables::change_elements(Table &table, const std::string &verb, const json &body) {
    const auto map = table.maps.find(body.at("name"));
    if (map == table.maps.end()) {
        refuse_missing();
    }
    const bool is_set = std::string(map->second.kind) == "set";
    for (const json &element : body.at("elem")) {
        if (verb == "add") {
            add_element(table, map->second, is_set ? json::array({element, ""}) : element);
        } else if (map->second.elements.erase(key_of(is_set ? element : element.at(0))) == 0) {
            refuse_missing();
        }
    }
}

void FakeTables::add_element(const Table &table, Map &map, const json &element) {
    json value = element.at(1);
    if (map.definition.value("map", "") == "iface_index") {
        value = device_of(value);
    } else if (value.contains("goto") && !table.chains.contains(value["goto"].at("target"))) {
        refuse_missing();
    }
    const auto [place, is_new] = map.elements.try_emplace(key_of(element.at(0)), Element{.value = value, .count = {}});
    if (!is_new && place->second.value != value) {
        refuse_with("File exists");
    }
}

json FakeTables::print(const json &name, const Abilities &can) const {
    const auto found = tables_.find({name.at("family"), name.at("name")});
    if (found == tables_.end()) {
        refuse_missing();
    }
    const Table &table = found->second;
    int handle = 0;
    json objects = json::array({{{"metainfo", {{"version", "fake"}, {"json_schema_version", 1}}}}});
    const auto append = [&](const char *kind, json body) {
        body["handle"] = ++handle;
        objects.push_back({{kind, std::move(body)}});
    };
    json head = name;
    if (!table.flags.empty()) {
        head["flags"] = table.flags.size() == 1 ? table.flags.at(0) : table.flags;
    }
    append("table", head);
    for (const auto &[map_name, map] : table.maps) {
        json body = map.definition;
        for (const auto &[key, element] : map.elements) {
            const json counter = {{"packets", element.count.packets}, {"bytes", element.count.bytes}};
            const json left = body.contains("stmt") ? json{{"elem", {{"val", key}, {"counter", counter}}}} : key;
            body["elem"].push_back(element.value == "" ? left : json::array({left, element.value}));
        }
        append(map.kind, std::move(body));
    }
    for (const auto &[chain_name, chain] : table.chains) {
        json body = chain;
        if (!can.prints_devices) {
            body.erase("dev");
        }
        append("chain", std::move(body));
    }
    for (const auto &[chain_name, chain] : table.chains) {
        for (const Rule &rule : table.rules) {
            if (rule.body.at("chain") == chain_name) {
                json body = rule.body;
                for (json &statement : body["expr"]) {
                    statement = printed(std::move(statement), rule.count);
                }
                append("rule", std::move(body));
            }
        }
    }
    return {{"nftables", std::move(objects)}};
}

void FakeTables::release(const std::string &device) {
    for (auto &[id, table] : tables_) {
        std::vector<std::string> names;
        for (const auto &[name, chain] : table.chains) {
            if (chain.value("dev", "") == device) {
                names.push_back(name);
            }
        }
        for (const auto &name : names) {
            table.erase_chain(name);
        }
    }
}

void FakeTables::orphan() {
    for (auto &[id, table] : tables_) {
        if (!table.owner.empty()) {
            table.owner.clear();
            table.flags = {"persist"};
        }
    }
}

bool FakeTables::is_owned(nft::Family family) const {
    const Table *table = find(family);
    return table != nullptr && !table->owner.empty();
}

bool FakeTables::has_table(nft::Family family) const {
    return find(family) != nullptr;
}

}  // namespace vmac::test
