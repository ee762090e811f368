// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/ruleset.hpp"

#include <nlohmann/json.hpp>

namespace vmac::nft {
namespace {

using nlohmann::json;

constexpr int kFilterPlus10 = 10;

json command(const char *verb, const char *object, json body) {
    return {{verb, {{object, std::move(body)}}}};
}

/// An object of our table of that family.
json ours(Family family, json body) {
    body["family"] = to_string(family);
    body["table"] = kTable;
    return body;
}

json payload(const char *protocol, const char *field) {
    return {{"payload", {{"protocol", protocol}, {"field", field}}}};
}

/// How a name is written in a set. A '*' at its end would make it a prefix, were it not escaped; see string
/// evaluation in libnftables' evaluate.c.
std::string written(const InterfaceName &name) {
    std::string text = name.str();
    if (text.ends_with('*')) {
        text.insert(text.size() - 1, 1, '\\');
    }
    return text;
}

/// How a device is written in a map. The parser tries a name before a number, so a device called "7" would shadow
/// the index 7. The blank makes sure: strtol() skips it, and no name has one.
std::string written(unsigned index) {
    return std::string(" ").append(std::to_string(index));
}

json verdict_element(const InterfaceName &name, Message message, Verdict verdict) {
    json value = verdict == Verdict::Drop ? json{{"drop", nullptr}} : json{{"goto", {{"target", "relocate"}}}};
    const auto type = icmpv6_type(message);
    json key = type ? json{{"concat", {written(name), *type}}} : json(written(name));
    return json::array({std::move(key), std::move(value)});
}

/// The elements to add to and to delete from one map.
struct MapChange {
    json added = json::array();
    json deleted = json::array();
};

struct FamilyChange {
    MapChange verdicts;
    MapChange parents;
};

using Change = std::map<Family, FamilyChange>;

void append(json &commands, const char *verb, Family family, const char *map, json elements) {
    if (!elements.empty()) {
        commands.push_back(command(verb, "element", ours(family, {{"name", map}, {"elem", std::move(elements)}})));
    }
}

/// Deleting comes first: an element that changes is deleted and added.
void append(json &commands, Change &&change) {
    for (auto &[family, maps] : change) {
        append(commands, "delete", family, "verdicts", std::move(maps.verdicts.deleted));
        append(commands, "delete", family, "parents", std::move(maps.parents.deleted));
        append(commands, "add", family, "parents", std::move(maps.parents.added));
        append(commands, "add", family, "verdicts", std::move(maps.verdicts.added));
    }
}

void collect_verdicts(const Ruleset &from, const Ruleset &other, Change &change, json MapChange::*list) {
    for (const auto &[name, verdicts] : from.verdicts) {
        const auto others = other.verdicts.find(name);
        for (const auto &[message, verdict] : verdicts) {
            const auto same = others == other.verdicts.end() ? verdicts.end() : others->second.find(message);
            const bool kept = others != other.verdicts.end() && same != others->second.end() && same->second == verdict;
            if (!kept) {
                (change[family_of(message)].verdicts.*list).push_back(verdict_element(name, message, verdict));
            }
        }
    }
}

void collect_parents(const Ruleset &from, const Ruleset &other, Change &change, json MapChange::*list) {
    for (const auto &[name, index] : from.parents) {
        const auto same = other.parents.find(name);
        if (same == other.parents.end() || same->second != index) {
            for (const Family family : kFamilies) {
                (change[family].parents.*list).push_back(json::array({written(name), written(index)}));
            }
        }
    }
}

Change difference(const Ruleset &present, const Ruleset &wanted) {
    Change change;
    collect_verdicts(present, wanted, change, &MapChange::deleted);
    collect_verdicts(wanted, present, change, &MapChange::added);
    collect_parents(present, wanted, change, &MapChange::deleted);
    collect_parents(wanted, present, change, &MapChange::added);
    return change;
}

json rule(Family family, const char *chain, json statements) {
    return {{"rule", ours(family, {{"chain", chain}, {"expr", std::move(statements)}})}};
}

}  // namespace

const char *to_string(Family family) {
    return family == Family::Ip6 ? "ip6" : "ip";
}

Family family_of(Message message) {
    return message == Message::Igmp ? Family::Ip : Family::Ip6;
}

json table_objects(Family family) {
    const bool mld = family == Family::Ip6;
    const json oifname = {{"meta", {{"key", "oifname"}}}};
    const json to_parent = {{"map", {{"key", oifname}, {"data", "@parents"}}}};
    const json is_igmp = {{"match", {{"op", "=="}, {"left", payload("ip", "protocol")}, {"right", kIgmpProtocol}}}};
    const json key = mld ? json{{"concat", {oifname, payload("icmpv6", "type")}}} : oifname;
    const json look_up = {{"vmap", {{"key", key}, {"data", "@verdicts"}}}};
    const json key_type = mld ? json{"ifname", "icmpv6_type"} : json("ifname");

    return {
        {{"table", {{"family", to_string(family)}, {"name", kTable}}}},
        {{"chain", ours(family, {{"name", "relocate"}})}},
        {{"map", ours(family, {{"name", "verdicts"},
                               {"type", key_type},
                               {"map", "verdict"},
                               {"stmt", json::array({{{"counter", nullptr}}})}})}},
        {{"map", ours(family, {{"name", "parents"}, {"type", "ifname"}, {"map", "iface_index"}})}},
        rule(family, "relocate",
             json::array({{{"dup", {{"addr", payload(to_string(family), "daddr")}, {"dev", to_parent}}}}})),
        rule(family, "relocate", json::array({{{"drop", nullptr}}})),
        {{"chain", ours(family, {{"name", "output"},
                                 {"type", "filter"},
                                 {"hook", "output"},
                                 {"prio", kFilterPlus10},
                                 {"policy", "accept"}})}},
        rule(family, "output", mld ? json::array({look_up}) : json::array({is_igmp, look_up})),
    };
}

json list_table(Family family) {
    const json table = {{"family", to_string(family)}, {"name", kTable}};
    return {{"nftables", json::array({command("list", "table", table)})}};
}

json replace_tables(const Ruleset &wanted) {
    json commands = json::array();
    for (const Family family : kFamilies) {
        const json table = {{"family", to_string(family)}, {"name", kTable}};
        // Deleting what is not there fails; adding what is there does not.
        commands.push_back(command("add", "table", table));
        commands.push_back(command("delete", "table", table));
        for (json object : table_objects(family)) {
            commands.push_back({{"add", std::move(object)}});
        }
    }
    append(commands, difference({}, wanted));
    return {{"nftables", std::move(commands)}};
}

json change_elements(const Ruleset &present, const Ruleset &wanted) {
    json commands = json::array();
    append(commands, difference(present, wanted));
    return {{"nftables", std::move(commands)}};
}

bool is_empty(const json &commands) {
    return commands.at("nftables").empty();
}

}  // namespace vmac::nft
