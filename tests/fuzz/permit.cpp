// SPDX-License-Identifier: GPL-2.0-or-later
// What the worker lets through to libnftables. Of any text: what is taken names, wherever something is changed, one of
// our tables; here it is looked for in the text itself, path by path. And all commands that the service makes are
// taken, as they are.
#include "worker/permit.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "../unit/element_commands.hpp"
#include "model/error.hpp"
#include "nft/commands.hpp"
#include "nft/guard.hpp"
#include "nft/ruleset.hpp"
#include "recipe.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

using nft::Guard;
using nft::Ruleset;
using nlohmann::json;

const std::set<std::string> kOurTables = {"vmac_mldfilter", "vmac_mldfilter_probe"};
const std::set<std::string> kOurFamilies = {"ip", "ip6", "netdev"};
const std::set<std::string> kChanges = {"add", "delete", "destroy", "flush"};

/// The part of a path up to its next '/', taken off.
std::string step(std::string &path) {
    const auto end = std::min(path.find('/', 1), path.size());
    std::string first = path.substr(0, end);
    path.erase(0, end);
    return first;
}

/// What is said of the command with one number: verbs and kinds of objects that occur, and what the object holds.
struct Said {
    std::set<std::string> verbs;
    std::set<std::string> kinds;
    std::map<std::string, json> members;  ///< by path below the kind
};

/// From the text, as a list of paths and their values.
std::map<std::string, Said> read(const std::string &text) {
    std::map<std::string, Said> commands;
    const json paths = json::parse(text).flatten();
    for (const auto &[path, value] : paths.items()) {
        std::string rest = path;
        require(step(rest) == "/nftables", "there are commands, and nothing else");
        if (rest.empty()) {
            require(value.is_null() || value.empty(), "commands are a list");
            continue;
        }
        Said &said = commands[step(rest)];
        said.verbs.insert(step(rest));
        said.kinds.insert(step(rest));
        said.members[rest] = value;
    }
    return commands;
}

void check(const Said &said) {
    require(said.verbs.size() == 1 && said.kinds.size() == 1, "a command is one verb for one object");
    const std::string verb = said.verbs.begin()->substr(1);
    const std::string kind = said.kinds.begin()->substr(1);
    if (verb == "list") {
        return;
    }
    require(kChanges.contains(verb), "other changes are not made");
    require(kind != "ruleset", "nobody changes all rules");
    const auto family = said.members.find("/family");
    const auto table = said.members.find(kind == "table" ? "/name" : "/table");
    require(family != said.members.end() && table != said.members.end(), "an object names its table");
    require(family->second.is_string() && kOurFamilies.contains(family->second), "there are no other families");
    require(table->second.is_string() && kOurTables.contains(table->second), "tables of others are left alone");
}

void try_text(std::string_view text) {
    json taken;
    try {
        taken = worker::require_ours(text);
    } catch (const Error &error) {
        require(error.code() == Errc::AccessDenied, "what is not taken is denied");
        require(is_readable(error.what()), "the daemon can say what was not taken");
        return;
    }
    const std::string given = taken.dump();
    for (const auto &[number, said] : read(given)) {
        check(said);
    }
    require(worker::require_ours(given) == taken, "what libnftables gets would be taken, too");
}

Guard make_guard(Recipe &recipe) {
    Guard guard;
    recipe.several(2, [&] { guard.devices[recipe.name()] = recipe.mac(); });
    recipe.several(2, [&] { guard.registered.insert({recipe.name(), recipe.mac()}); });
    recipe.several(2, [&] { guard.exempt.insert({{recipe.name(), recipe.mac()}, recipe.message()}); });
    return guard;
}

Ruleset make_ruleset(Recipe &recipe) {
    Ruleset ruleset;
    recipe.several(2, [&] {
        ruleset.verdicts[recipe.name()][recipe.message()] = recipe.flip() ? nft::Verdict::Drop : nft::Verdict::Relocate;
    });
    recipe.several(2, [&] { ruleset.parents[recipe.name()] = recipe.byte(); });
    ruleset.owned = recipe.flip();
    return ruleset;
}

void try_recipe(Recipe recipe) {
    const Ruleset present = make_ruleset(recipe);
    const Ruleset wanted = make_ruleset(recipe);
    const Guard guard = make_guard(recipe);
    const Guard other = make_guard(recipe);
    const bool flag = recipe.flip();
    for (const json &commands :
         {test::replace_tables(wanted, flag), test::change_elements(present, wanted), nft::replace_guard(guard, flag),
          nft::change_guard(guard, other, flag), nft::probe_guard(recipe.name().str()), nft::probe_ownership(),
          nft::end_ownership_probe(), nft::list_table(nft::Family::Netdev)}) {
        require(worker::require_ours(commands.dump()) == commands, "what the service asks for is taken");
    }
}

}  // namespace

void try_input(Input input) {
    const std::string_view text = text_of(input);
    try_text(text);
    if (!is_object(text)) {
        try_recipe(Recipe(input));
    }
}

}  // namespace vmac::fuzz
