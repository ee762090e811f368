// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/commands.hpp"

#include <algorithm>

#include "model/error.hpp"

namespace vmac::nft {

using nlohmann::json;

namespace {

constexpr auto kOwner = "owner";
constexpr auto kPersist = "persist";

/// Kind and name of an object, by which lists of objects are compared. Rules have the name of their chain, and keep
/// their order in it.
std::string place_of(const json &object) {
    const std::string &kind = object.begin().key();
    return kind + ' ' + object.begin()->value(kind == "rule" ? "chain" : "name", "");
}

}  // namespace

const char *to_string(Family family) {
    return family == Family::Ip6 ? "ip6" : family == Family::Ip ? "ip" : "netdev";
}

std::optional<Family> family_named(std::string_view name) {
    const auto *const found = std::ranges::find(kFamilies, name, [](Family family) { return to_string(family); });
    return found == kFamilies.end() ? std::nullopt : std::optional(*found);
}

json command(const char *verb, const char *object, json body) {
    return {{verb, {{object, std::move(body)}}}};
}

json ours(Family family, json body) {
    body["family"] = to_string(family);
    body["table"] = kTable;
    return body;
}

json table_of(Family family, std::string_view name) {
    return {{"family", to_string(family)}, {"name", name}};
}

std::string in_words(Family family) {
    return std::string("table ") + to_string(family) + ' ' + kTable;
}

json new_table(Family family, bool owned) {
    json table = table_of(family);
    if (owned) {
        table["flags"] = {kOwner, kPersist};
    }
    return table;
}

bool take_ownership_out(json &object) {
    if (!object.contains("table") || !object["table"].contains("flags")) {
        return false;
    }
    json &flags = object["table"]["flags"];
    if (!flags.is_array()) {
        flags = json::array({flags});  // a single one is listed without brackets
    }
    const auto take = [&](const char *flag) {
        const auto found = std::ranges::find(flags, json(flag));
        const bool is_there = found != flags.end();
        if (is_there) {
            flags.erase(found);
        }
        return is_there;
    };
    const bool owned = take(kOwner);
    const bool persists = take(kPersist);
    if (flags.empty()) {
        object["table"].erase("flags");
    }
    return owned && persists;
}

json probe_ownership() {
    json table = new_table(Family::Ip6, true);
    table["name"] = kProbeTable;
    json commands = end_ownership_probe();
    commands["nftables"].push_back(command("add", "table", std::move(table)));
    return commands;
}

json end_ownership_probe() {
    return {{"nftables", json::array({command("destroy", "table", table_of(Family::Ip6, kProbeTable))})}};
}

json payload(const char *protocol, const char *field) {
    return {{"payload", {{"protocol", protocol}, {"field", field}}}};
}

json meta(const char *key) {
    return {{"meta", {{"key", key}}}};
}

json match(json left, json right, const char *op) {
    return {{"match", {{"op", op}, {"left", std::move(left)}, {"right", std::move(right)}}}};
}

json rule(Family family, const std::string &chain, json statements) {
    return {{"rule", ours(family, {{"chain", chain}, {"expr", std::move(statements)}})}};
}

bool is_readable(std::string_view device) {
    return is_utf8(device) && device.find_first_of("\"\\") == std::string_view::npos;
}

std::string written(const InterfaceName &name) {
    std::string text = name.str();
    if (text.ends_with('*')) {
        text.insert(text.size() - 1, 1, '\\');
    }
    return text;
}

void append_elements(json &commands, const char *verb, Family family, const char *name, json elements) {
    if (!elements.empty()) {
        commands.push_back(command(verb, "element", ours(family, {{"name", name}, {"elem", std::move(elements)}})));
    }
}

json list_table(Family family, std::string_view name) {
    return {{"nftables", json::array({command("list", "table", table_of(family, name))})}};
}

json no_commands() {
    return joined({});
}

bool is_empty(const json &commands) {
    return commands.at("nftables").empty();
}

json joined(std::initializer_list<json> lists) {
    json commands = json::array();
    for (const json &list : lists) {
        commands.insert(commands.end(), list.at("nftables").begin(), list.at("nftables").end());
    }
    return {{"nftables", std::move(commands)}};
}

json parse_document(const std::string &text) {
    constexpr int kDeepest = 128;
    return json::parse(text, [](int depth, json::parse_event_t /*event*/, json & /*value*/) {
        if (depth > kDeepest) {
            throw Error(Errc::KernelRejected, "a value that is nested too deep");
        }
        return true;
    });
}

std::vector<json> read_objects(const std::string &text) {
    std::vector<json> objects;
    const json document = parse_document(text);
    for (const json &object : document.at("nftables")) {
        if (!object.is_object() || object.size() != 1 || !object.begin()->is_object()) {
            throw Error(Errc::KernelRejected, "not an object of a listing");
        }
        if (!object.contains("metainfo")) {
            objects.push_back(object);
        }
    }
    return objects;
}

Count read_counter(const json &counter) {
    // get_ref() takes only the very type; get() would make something of a negative number, or one with a fraction.
    return {counter.at("packets").get_ref<const json::number_unsigned_t &>(),
            counter.at("bytes").get_ref<const json::number_unsigned_t &>()};
}

json as_written(json object) {
    for (auto &body : object) {
        body.erase("handle");
        body.erase("elem");
        if (!body.contains("expr")) {
            continue;
        }
        for (auto &statement : body["expr"]) {
            // Where there is an /etc/protocols the number is printed by its name.
            if (statement.contains("match") && statement["match"].value("right", json()) == "igmp") {
                statement["match"]["right"] = kIgmpProtocol;
            }
            if (statement.contains("counter")) {
                statement["counter"] = nullptr;
            }
        }
    }
    return object;
}

bool same_objects(std::vector<json> one, std::vector<json> other) {
    std::ranges::stable_sort(one, {}, place_of);
    std::ranges::stable_sort(other, {}, place_of);
    return one == other;
}

}  // namespace vmac::nft
