// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/ruleset.hpp"

#include <nlohmann/json.hpp>

namespace vmac::nft {
namespace {

using nlohmann::json;

constexpr int kFilterPlus10 = 10;

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

json replace_structure(bool owned, bool can_destroy) {
    json commands = json::array();
    for (const Family family : kFirstLine) {
        if (can_destroy) {
            commands.push_back(command("destroy", "table", table_of(family)));
        } else {
            // Deleting what is not there fails; adding what is there does not.
            commands.push_back(command("add", "table", table_of(family)));
            commands.push_back(command("delete", "table", table_of(family)));
        }
        for (json object : table_objects(family, owned)) {
            commands.push_back({{"add", std::move(object)}});
        }
    }
    return {{"nftables", std::move(commands)}};
}

}  // namespace vmac::nft
