// SPDX-License-Identifier: GPL-2.0-or-later
// The lines about elements between daemon and worker: whatever is taken is, written again, what was taken, and what is
// written is taken.
#include "nft/element_lines.hpp"

#include <algorithm>

#include "model/error.hpp"
#include "recipe.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

template <typename Parse>
auto unless_refused(Errc code, std::string_view text, Parse parse) -> std::optional<decltype(parse(text))> {
    try {
        return parse(text);
    } catch (const Error &error) {
        require(error.code() == code, "what is no line is refused");
        return std::nullopt;
    }
}

void try_text(std::string_view text) {
    if (const auto changes = unless_refused(Errc::AccessDenied, text, nft::parse_changes)) {
        const std::string lines = nft::to_lines(*changes);
        require(nft::parse_changes(lines) == *changes, "changes are written as they are read");
        require(lines.size() == text.size(), "nothing was passed over");
    }
    if (const auto keys = unless_refused(Errc::AccessDenied, text, nft::parse_keys)) {
        require(nft::to_lines(*keys) == text, "keys are written as they are read");
    }
    if (const auto reading = unless_refused(Errc::EngineUnavailable, text, nft::parse_reading)) {
        std::string lines;
        for (const auto &[family, bytes] : reading->structure) {
            nft::append_structure(lines, family, bytes);
        }
        for (const auto &[name, verdicts] : reading->verdicts) {
            for (const auto &[message, verdict] : verdicts) {
                nft::append_verdict(lines, {name, message, verdict}, reading->counters.at(name).at(message));
            }
        }
        for (const auto &[name, index] : reading->parents) {
            nft::append_parent(lines, nft::Family::Ip6, {name, index});
        }
        for (const auto &[name, index] : reading->parents_in_ip) {
            nft::append_parent(lines, nft::Family::Ip, {name, index});
        }
        for (const nft::Family family : reading->foreign) {
            nft::append_foreign(lines, family);
        }
        require(nft::parse_reading(lines) == *reading, "a reading is written as it is read");
        require(lines.size() == text.size(), "nothing was passed over");
    }
}

nft::VerdictElement verdict(Recipe &recipe) {
    InterfaceName name = recipe.name();
    const Message message = recipe.message();
    return {std::move(name), message, recipe.flip() ? nft::Verdict::Drop : nft::Verdict::Relocate};
}

nft::ParentElement parent(Recipe &recipe) {
    InterfaceName name = recipe.name();
    return {std::move(name), static_cast<unsigned>(recipe.number())};
}

void try_recipe(Recipe recipe) {
    nft::ElementChanges changes;
    recipe.several(3, [&] { changes.deleted_verdicts.push_back(verdict(recipe)); });
    recipe.several(3, [&] { changes.deleted_parents.push_back(parent(recipe)); });
    recipe.several(3, [&] { changes.added_parents.push_back(parent(recipe)); });
    recipe.several(3, [&] { changes.added_verdicts.push_back(verdict(recipe)); });
    require(nft::parse_changes(nft::to_lines(changes)) == changes, "what is written is read");
}

}  // namespace

void try_input(Input input) {
    try_text(text_of(input));
    try_recipe(Recipe(input));
}

}  // namespace vmac::fuzz
