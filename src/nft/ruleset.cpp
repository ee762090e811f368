// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/ruleset.hpp"

#include <nlohmann/json.hpp>

namespace vmac::nft {
namespace {

using nlohmann::json;

constexpr int kFilterPlus10 = 10;

/// How a device is written in a map. The parser tries a name before a number, so a device called "7" would shadow
/// the index 7. The blank makes sure: strtol() skips it, and no name has one.
std::string written_index(unsigned index) {
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

/// Deleting comes first: an element that changes is deleted and added.
void append(json &commands, Change &&change) {
    for (auto &[family, maps] : change) {
        append_elements(commands, "delete", family, "verdicts", std::move(maps.verdicts.deleted));
        append_elements(commands, "delete", family, "parents", std::move(maps.parents.deleted));
        append_elements(commands, "add", family, "parents", std::move(maps.parents.added));
        append_elements(commands, "add", family, "verdicts", std::move(maps.verdicts.added));
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
            for (const Family family : kFirstLine) {
                (change[family].parents.*list).push_back(json::array({written(name), written_index(index)}));
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

}  // namespace

Family family_of(Message message) {
    return message == Message::Igmp ? Family::Ip : Family::Ip6;
}

json table_objects(Family family, bool owned) {
    const bool mld = family == Family::Ip6;
    const json oifname = meta("oifname");
    const json to_parent = {{"map", {{"key", oifname}, {"data", "@parents"}}}};
    const json is_igmp = match(payload("ip", "protocol"), kIgmpProtocol);
    const json key = mld ? json{{"concat", {oifname, payload("icmpv6", "type")}}} : oifname;
    const json look_up = {{"vmap", {{"key", key}, {"data", "@verdicts"}}}};
    const json key_type = mld ? json{"ifname", "icmpv6_type"} : json("ifname");

    return {
        {{"table", new_table(family, owned)}},
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

json replace_tables(const Ruleset &wanted, bool can_destroy) {
    json commands = json::array();
    for (const Family family : kFirstLine) {
        if (can_destroy) {
            commands.push_back(command("destroy", "table", table_of(family)));
        } else {
            // Deleting what is not there fails; adding what is there does not.
            commands.push_back(command("add", "table", table_of(family)));
            commands.push_back(command("delete", "table", table_of(family)));
        }
        for (json object : table_objects(family, wanted.owned)) {
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

}  // namespace vmac::nft
