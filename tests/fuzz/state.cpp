// SPDX-License-Identifier: GPL-2.0-or-later
// The state file, twice: the input as its text, which is taken or refused and then comes back the same; and the input
// as a recipe for a state, which must come back from the file as it was.
#include "store/state.hpp"

#include <nlohmann/json.hpp>

#include "model/error.hpp"
#include "recipe.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

const std::string kBoot = "5eed0000-0000-4000-8000-000000000001";
const std::string kNextBoot = "5eed0000-0000-4000-8000-000000000002";

/// Also without what holds for one boot only.
void check(const store::State &state) {
    const std::string text = store::format_state(state, kBoot);
    require(is_utf8(text), "a state file is UTF-8");
    require(store::parse_state(text, kBoot) == state, "a state that is written can be read");

    store::State kept = state;
    std::erase_if(kept.interfaces, [](const auto &entry) { return entry.second.runtime.value_or(false); });
    kept.ledger = kept.guard_ledger = {};
    kept.seen = kept.guard_seen = {};
    kept.structure = {};
    require(store::parse_state(text, kNextBoot) == kept, "a reboot takes what is for one boot, and nothing else");
}

void try_text(const std::string &text) {
    store::State state;
    try {
        state = store::parse_state(text, kBoot);
    } catch (const Error &error) {
        require(error.code() == Errc::StoreFailed, "a wrong state file is StoreFailed");
        require(is_readable(error.what()), "the journal shows what is wrong");
        return;
    }
    require(nlohmann::json::parse(text).at("version").dump() == "1", "a file of another version is not read");
    check(state);
}

Config make_config(Recipe &recipe) {
    constexpr std::array kModes = {GuardScope::Mode::Parents, GuardScope::Mode::Off, GuardScope::Mode::All};
    Config config;
    config.defaults = recipe.options();
    config.max_interfaces = 1 + recipe.number() / 2;
    config.auto_detect = recipe.flip();
    config.own_tables = recipe.flip();
    config.guard.mode = recipe.pick(kModes);
    if (config.guard.mode == GuardScope::Mode::Parents) {
        recipe.several(3, [&] { config.guard.devices.insert(recipe.name()); });
    }
    config.interfaces = recipe.interfaces();
    return config;
}

void try_recipe(Recipe recipe) {
    store::State state{.interfaces = recipe.interfaces(),
                       .last_good = make_config(recipe),
                       .ledger = {.carried = recipe.counters(), .base_line = recipe.counters()},
                       .guard_ledger = {.carried = recipe.counters(), .base_line = recipe.counters()},
                       .seen = recipe.counters(),
                       .guard_seen = recipe.counters(),
                       .structure = recipe.name().str(),
                       .parents = {}};
    recipe.several(3, [&] { state.parents.insert_or_assign(recipe.name(), recipe.mac()); });
    check(state);
}

}  // namespace

void try_input(Input input) {
    const std::string text(text_of(input));
    try_text(text);
    if (!is_object(text)) {
        try_recipe(Recipe(input));
    }
}

}  // namespace vmac::fuzz
