// SPDX-License-Identifier: GPL-2.0-or-later
// What libnftables lists of the first line. Of any text: what is judged to be ours is what we make, by another
// comparison. Of our own tables, in any order that the kernel may list them in: they are ours, and with one thing
// changed they are not. Of rules that a recipe makes: the commands that lead from one to the other name nothing but
// elements that have to change.
#include "nft/listing.hpp"

#include <map>
#include <set>
#include <vector>

#include "../unit/element_commands.hpp"
#include "listings.hpp"
#include "recipe.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

using nft::Family;
using nft::Ruleset;
using nft::Structure;

/// Objects by kind and by what they are called, rules by their chain, which keep their order there.
using Places = std::map<std::string, std::vector<json>>;

Places by_place(const json &objects) {
    Places places;
    for (const json &object : objects) {
        for (const auto &[kind, body] : object.items()) {
            places[kind + ' ' + body.value("chain", body.value("name", ""))].push_back(body);
        }
    }
    return places;
}

/// Takes the flags out of the table, which must be what a table can be owned by. @return whether it is
bool take_flags(json &objects) {
    std::set<json> flags;
    for (json &object : objects) {
        if (!object.contains("table")) {
            continue;
        }
        const json listed = object["table"].value("flags", json::array());
        for (const json &flag : listed.is_array() ? listed : json::array({listed})) {
            require(flag == "owner" || flag == "persist", "our table has no other flags");
            require(flags.insert(flag).second, "our table has no flag twice");
        }
        object["table"].erase("flags");
    }
    return flags.size() == 2;
}

/// What is judged to be ours has our objects, but for what a listing says besides.
void require_ours(Family family, const std::string &text, const Structure &structure) {
    const json document = json::parse(text);
    json objects = json::array();
    for (json object : document.at("nftables")) {
        if (object.contains("metainfo")) {
            continue;
        }
        require(object.size() == 1, "an object is of one kind");
        object.begin()->erase("handle");
        object.begin()->erase("elem");
        if (object.contains("rule") && object["rule"]["expr"][0].contains("match")) {
            json &protocol = object["rule"]["expr"][0]["match"]["right"];
            protocol = protocol == "igmp" ? json(nft::kIgmpProtocol) : protocol;
        }
        objects.push_back(std::move(object));
    }
    require(take_flags(objects) == structure.owned, "an owned table is known by its flags");
    require(by_place(objects) == by_place(nft::table_objects(family)), "what is ours has our objects");
}

void try_text(Family family, const std::string &text) {
    const Structure structure = nft::judge_structure(family, text);
    require(is_readable(structure.deviation), "a signal carries what deviates");
    if (structure.deviation.empty()) {
        require_ours(family, text, structure);
    }
}

/// Our objects in an order in which a kernel may list them: whatever the order is of things of different places.
json in_any_order(Recipe &recipe, const json &objects) {
    json rules = json::array();
    json others = json::array();
    for (const json &object : objects) {
        if (object.contains("rule")) {
            rules.push_back(object);
        } else {
            others.insert(others.begin() + recipe.byte() % static_cast<int>(others.size() + 1), object);
        }
    }
    // Those of "relocate" come first; the one of "output" may be before, between or behind them.
    std::rotate(rules.end() - 1 - recipe.byte() % static_cast<int>(rules.size()), rules.end() - 1, rules.end());
    others.insert(others.begin() + recipe.byte() % static_cast<int>(others.size() + 1), rules.begin(), rules.end());
    return others;
}

/// Changes one thing in the structure.
void spoil(Recipe &recipe, json &objects) {
    const auto chosen = objects.begin() + recipe.byte() % static_cast<int>(objects.size());
    switch (recipe.byte() % 5) {
        case 0:
            objects.erase(chosen);
            return;
        case 1:
            objects.push_back(json(*chosen));
            return;
        case 2:
            (*chosen->begin())["comment"] = recipe.byte();
            return;
        case 3:
            for (auto one = objects.begin(); one != objects.end(); ++one) {
                const auto next = std::find_if(one + 1, objects.end(), [&](const json &other) {
                    return one->contains("rule") && other.contains("rule") &&
                           other["rule"]["chain"] == (*one)["rule"]["chain"];
                });
                if (next != objects.end()) {
                    std::swap(*one, *next);
                    return;
                }
            }
            throw Broken("a chain of ours has two rules");
        default: {
            // One value, however deep.
            json values = chosen->flatten();
            auto value = values.begin();
            std::advance(value, recipe.byte() % values.size());
            *value = value->is_string() ? json(value->get<std::string>() + '~') : json("~");
            *chosen = values.unflatten();
        }
    }
}

void try_our_own(Recipe &recipe) {
    for (const Family family : nft::kFirstLine) {
        const bool owned = recipe.flip();
        json objects = in_any_order(recipe, nft::table_objects(family, owned));
        const Structure structure = nft::judge_structure(family, listing_of(objects));
        require(structure.deviation.empty(), "our own table does not deviate");
        require(structure.owned == owned, "our own table is found as it is");
        spoil(recipe, objects);
        require(!nft::judge_structure(family, listing_of(objects)).deviation.empty(), "one change deviates");
    }
}

Ruleset make_ruleset(Recipe &recipe) {
    constexpr std::array kVerdicts = {nft::Verdict::Relocate, nft::Verdict::Drop};
    Ruleset ruleset;
    recipe.several(5, [&] { ruleset.verdicts[recipe.name()][recipe.message()] = recipe.pick(kVerdicts); });
    recipe.several(3, [&] { ruleset.parents[recipe.name()] = 1U + recipe.byte(); });
    return ruleset;
}

/// The elements of the kernel's maps, after "family map", by key.
using Elements = std::map<std::string, std::map<std::string, std::string>>;

/// Runs "add element" and "delete element" as the kernel does, which refuses to delete what is not there, or the same
/// element with another value.
void run(const json &commands, Elements &elements) {
    for (const json &command : commands.at("nftables")) {
        require(command.size() == 1 && command.begin()->size() == 1 && command.begin()->contains("element"),
                "only elements are touched");
        const json &body = command.begin()->at("element");
        require(body.at("table") == nft::kTable, "only our tables are touched");
        auto &map = elements[body.at("family").get<std::string>() + ' ' + body.at("name").get<std::string>()];
        for (const json &element : body.at("elem")) {
            const std::string key = element.at(0).dump();
            const std::string value = element.at(1).dump();
            if (command.contains("add")) {
                require(map.emplace(key, value).second, "what is added was not there");
            } else {
                require(command.contains("delete") && map[key] == value, "what is deleted was there");
                map.erase(key);
            }
        }
    }
}

void try_change(Recipe &recipe) {
    const Ruleset present = make_ruleset(recipe);
    const Ruleset wanted = make_ruleset(recipe);
    Elements there;
    Elements expected;
    run(test::change_elements({}, present), there);
    run(test::change_elements({}, wanted), expected);
    run(test::change_elements(present, wanted), there);
    std::erase_if(there, [](const auto &map) { return map.second.empty(); });
    require(there == expected, "a change leads to what is wanted");
    require(nft::is_empty(test::change_elements(wanted, wanted)), "nothing is done where nothing is to do");
    const bool same = present.verdicts == wanted.verdicts && present.parents == wanted.parents;
    require(nft::difference_in_words(present, wanted).empty() == same, "a difference is said");
}

}  // namespace

void try_input(Input input) {
    const std::string text(text_of(input));
    for (const Family family : nft::kFirstLine) {
        try_text(family, text);
    }
    if (!is_object(text)) {
        Recipe recipe(input);
        try_our_own(recipe);
        try_change(recipe);
    }
}

}  // namespace vmac::fuzz
