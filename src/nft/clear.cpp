// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/clear.hpp"

#include <string_view>

#include "model/error.hpp"
#include "nft/commands.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;

/// The kernel's words for a table that is not there.
constexpr auto kNotThere = "No such file or directory";

/// The families that have our table.
std::vector<Family> find_tables(Engine &engine) {
    std::vector<Family> found;
    for (const Family family : kFamilies) {
        try {
            engine.run(list_table(family).dump());
            found.push_back(family);
        } catch (const Error &error) {
            if (error.code() != Errc::KernelRejected ||
                std::string_view(error.what()).find(kNotThere) == std::string_view::npos) {
                throw;
            }
        }
    }
    return found;
}

}  // namespace

std::vector<std::string> clear(Engine &engine) {
    std::vector<std::string> cleared;
    const auto tables = find_tables(engine);
    if (tables.empty()) {
        return cleared;
    }
    json commands = json::array();
    for (const Family family : tables) {
        commands.push_back(command("delete", "table", table_of(family)));
        cleared.push_back(in_words(family));
    }
    engine.run(json{{"nftables", commands}}.dump());
    if (!find_tables(engine).empty()) {
        throw Error(Errc::KernelRejected, "the tables were there again at once; does the service run?");
    }
    return cleared;
}

}  // namespace vmac::nft
