// SPDX-License-Identifier: GPL-2.0-or-later
// What libnftables lists of the first line. Of any text: what is in it is one of ours, and if nothing in it deviates,
// the same rules listed again are the same. Of rules that a recipe makes: they are found as they are, and the commands
// that lead from one to the other name nothing but elements that have to change.
#include "nft/listing.hpp"

#include <map>

#include "listings.hpp"
#include "recipe.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

using nft::Family;
using nft::Listing;
using nft::Ruleset;

bool is_same(const Listing &one, const Listing &other) {
    return one.ruleset == other.ruleset && one.counters == other.counters && one.deviation == other.deviation;
}

void try_text(Family family, const std::string &text) {
    const Listing listing = nft::parse_listing(family, text, index_of);
    require(is_readable(listing.deviation), "a signal carries what deviates");
    require(listing.counters.size() == listing.ruleset.verdicts.size(), "each verdict counts");
    for (const auto &[name, verdicts] : listing.ruleset.verdicts) {
        for (const auto &[message, verdict] : verdicts) {
            require(nft::family_of(message) == family, "a table has the messages of its family");
            require(listing.counters.at(name).contains(message), "each verdict counts");
        }
    }
    if (listing.deviation.empty()) {
        const std::string again = list_first_line(family, listing.ruleset, listing.counters);
        require(is_same(nft::parse_listing(family, again, index_of), listing), "what was read is what is listed");
    }
}

Ruleset make_ruleset(Recipe &recipe) {
    constexpr std::array kVerdicts = {nft::Verdict::Relocate, nft::Verdict::Drop};
    Ruleset ruleset;
    recipe.several(5, [&] { ruleset.verdicts[recipe.name()][recipe.message()] = recipe.pick(kVerdicts); });
    recipe.several(3, [&] { ruleset.parents[recipe.name()] = 1U + recipe.byte(); });
    ruleset.owned = recipe.flip();
    return ruleset;
}

Ruleset only(Family family, Ruleset ruleset) {
    for (auto &[name, verdicts] : ruleset.verdicts) {
        for (const Message message : kAllMessages) {
            if (nft::family_of(message) != family) {
                verdicts.erase(message);
            }
        }
    }
    std::erase_if(ruleset.verdicts, [](const auto &verdicts) { return verdicts.second.empty(); });
    return ruleset;
}

Counters make_counters(Recipe &recipe, const Ruleset &ruleset) {
    Counters counters;
    for (const auto &[name, verdicts] : ruleset.verdicts) {
        for (const auto &[message, verdict] : verdicts) {
            counters[name][message] = {recipe.number(), recipe.number()};
        }
    }
    return counters;
}

Listing read(const Ruleset &ruleset, const Counters &counters) {
    Listing both;
    for (const Family family : nft::kFirstLine) {
        Listing one = nft::parse_listing(family, list_first_line(family, only(family, ruleset), counters), index_of);
        both = family == Family::Ip6 ? std::move(one) : nft::merge(std::move(both), std::move(one));
    }
    return both;
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

void try_recipe(Recipe recipe) {
    const Ruleset present = make_ruleset(recipe);
    const Counters counters = make_counters(recipe, present);
    const Listing listing = read(present, counters);
    require(listing.deviation.empty(), "our own tables do not deviate");
    require(listing.ruleset == present && listing.counters == counters, "our own tables are found as they are");

    const Ruleset wanted = make_ruleset(recipe);
    Elements there;
    Elements expected;
    run(nft::change_elements({}, present), there);
    run(nft::change_elements({}, wanted), expected);
    run(nft::change_elements(present, wanted), there);
    std::erase_if(there, [](const auto &map) { return map.second.empty(); });
    require(there == expected, "a change leads to what is wanted");
    require(nft::is_empty(nft::change_elements(wanted, wanted)), "nothing is done where nothing is to do");
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
        try_recipe(Recipe(input));
    }
}

}  // namespace vmac::fuzz
