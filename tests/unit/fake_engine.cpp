// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_engine.hpp"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <stdexcept>

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

/// The key as it is listed: names without the escape for '*', types by their names.
json key_of(const json &written) {
    if (written.is_object()) {
        json key = written;
        key["concat"][0] = key_of(written.at("concat").at(0));
        for (const Message message : kAllMessages) {
            if (icmpv6_type(message) && key["concat"][1] == *icmpv6_type(message)) {
                key["concat"][1] = to_string(message);
            }
        }
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

json key_of_message(const std::string &name, Message message) {
    return message == Message::Igmp ? json(name) : json{{"concat", {name, to_string(message)}}};
}

}  // namespace

std::string FakeEngine::run(const std::string &commands) {
    const json list = json::parse(commands).at("nftables");
    const bool only_lists = std::ranges::all_of(list, [](const json &command) { return command.contains("list"); });
    if (only_lists) {
        ++lists_;
    } else {
        changes_.push_back(list);
    }
    if (auto &[left, code] = refused_[only_lists ? Runs::Lists : Runs::Changes]; left > 0) {
        --left;
        throw Error(code, "the kernel refused: Operation not permitted");
    }
    if (!only_lists && swallowed_ > 0) {
        --swallowed_;
        return {};
    }
    Tables next = tables_;
    json output;
    for (const json &command : list) {
        const std::string &verb = command.begin().key();
        const json &object = command.begin().value();
        const std::string &kind = object.begin().key();
        const json &body = object.begin().value();
        if (verb == "list") {
            const json id = {body.at("family"), body.at("name")};
            output = {{"nftables", print(id, table_of(next, body, "name"))}};
        } else {
            apply(next, verb, kind, body);
        }
    }
    tables_ = std::move(next);
    return output.is_null() ? "" : output.dump();
}

void FakeEngine::refuse(Runs which, int runs, Errc code) {
    refused_[which] = {runs, code};
}

FakeEngine::Table &FakeEngine::table_of(Tables &tables, const json &body, const char *key) {
    const auto table = tables.find({body.at("family"), body.at(key)});
    if (table == tables.end()) {
        refuse_missing();
    }
    return table->second;
}

void FakeEngine::apply(Tables &tables, const std::string &verb, const std::string &kind, const json &body) {
    if (kind == "ruleset" && verb == "flush") {
        tables.clear();
    } else if (kind == "table" && verb == "add") {
        tables.try_emplace({body.at("family"), body.at("name")});
    } else if (kind == "table" && verb == "delete") {
        table_of(tables, body, "name");
        tables.erase({body.at("family"), body.at("name")});
    } else if (kind == "element") {
        Table &table = table_of(tables, body, "table");
        const auto map = table.maps.find(body.at("name"));
        if (map == table.maps.end()) {
            refuse_missing();
        }
        for (const json &element : body.at("elem")) {
            if (verb == "add") {
                add_element(table, map->second, element);
            } else if (map->second.elements.erase(key_of(element.at(0))) == 0) {
                refuse_missing();
            }
        }
    } else if (verb == "add") {
        add(table_of(tables, body, "table"), kind, body);
    } else {
        throw std::logic_error("the fake kernel does not know " + verb + ' ' + kind);
    }
}

void FakeEngine::add(Table &table, const std::string &kind, const json &body) {
    if (kind == "chain") {
        table.chains.emplace(body.at("name"), body);
    } else if (kind == "map") {
        table.maps.try_emplace(body.at("name"), Map{.definition = body, .elements = {}});
    } else if (kind == "rule") {
        if (!table.chains.contains(body.at("chain"))) {
            refuse_missing();
        }
        table.rules.push_back(body);
    } else {
        throw std::logic_error("the fake kernel does not know add " + kind);
    }
}

void FakeEngine::add_element(const Table &table, Map &map, const json &element) {
    json value = element.at(1);
    if (map.definition.at("map") == "iface_index") {
        value = device_of(value);
    } else if (value.contains("goto") && !table.chains.contains(value["goto"].at("target"))) {
        refuse_missing();
    }
    const auto [place, is_new] = map.elements.try_emplace(key_of(element.at(0)), Element{.value = value, .count = {}});
    if (!is_new && place->second.value != value) {
        refuse_with("File exists");
    }
}

json FakeEngine::print(const json &id, const Table &table) {
    int handle = 0;
    json objects = json::array({{{"metainfo", {{"version", "fake"}, {"json_schema_version", 1}}}},
                                {{"table", {{"family", id.at(0)}, {"name", id.at(1)}, {"handle", ++handle}}}}});
    const auto append = [&](const char *kind, json body) {
        body["handle"] = ++handle;
        objects.push_back({{kind, std::move(body)}});
    };
    for (const auto &[name, map] : table.maps) {
        json body = map.definition;
        for (const auto &[key, element] : map.elements) {
            const json counter = {{"packets", element.count.packets}, {"bytes", element.count.bytes}};
            const json left = body.contains("stmt") ? json{{"elem", {{"val", key}, {"counter", counter}}}} : key;
            body["elem"].push_back(json::array({left, element.value}));
        }
        append("map", std::move(body));
    }
    for (const auto &[name, chain] : table.chains) {
        append("chain", chain);
    }
    for (const auto &[name, chain] : table.chains) {
        for (json rule : table.rules) {
            if (rule.at("chain") != name) {
                continue;
            }
            for (json &statement : rule["expr"]) {
                if (statement.contains("match") && statement["match"]["right"] == 2) {
                    statement["match"]["right"] = "igmp";
                }
            }
            append("rule", std::move(rule));
        }
    }
    return objects;
}

const FakeEngine::Map *FakeEngine::find(const std::string &family, const std::string &map) const {
    const auto table = tables_.find({family, nft::kTable});
    if (table == tables_.end() || !table->second.maps.contains(map)) {
        return nullptr;
    }
    return &table->second.maps.at(map);
}

void FakeEngine::count(const std::string &name, Message message, const Count &more) {
    auto &table = tables_.at({nft::to_string(nft::family_of(message)), nft::kTable});
    table.maps.at("verdicts").elements.at(key_of_message(name, message)).count += more;
}

std::string FakeEngine::verdict(const std::string &name, Message message) const {
    const Map *map = find(nft::to_string(nft::family_of(message)), "verdicts");
    const json key = key_of_message(name, message);
    if (map == nullptr || !map->elements.contains(key)) {
        return {};
    }
    const json &value = map->elements.at(key).value;
    return value.contains("goto") ? value.at("goto").at("target").get<std::string>() : value.begin().key();
}

std::string FakeEngine::parent(const std::string &family, const std::string &name) const {
    const Map *map = find(family, "parents");
    return map == nullptr || !map->elements.contains(name) ? "" : map->elements.at(name).value.get<std::string>();
}

std::size_t FakeEngine::verdicts(const std::string &family) const {
    const Map *map = find(family, "verdicts");
    return map == nullptr ? 0 : map->elements.size();
}

}  // namespace vmac::test
