// SPDX-License-Identifier: GPL-2.0-or-later
#include "worker/permit.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "model/error.hpp"
#include "nft/commands.hpp"

namespace vmac::worker {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 4> kVerbs = {"add", "delete", "destroy", "flush"};
constexpr std::array<std::string_view, 6> kObjects = {"table", "chain", "rule", "set", "map", "element"};
constexpr std::array<std::string_view, 2> kTables = {nft::kTable, nft::kProbeTable};

[[noreturn]] void refuse(const std::string &what) {
    throw Error(Errc::AccessDenied, "the worker does not take " + what);
}

/// The only member of an object.
json::const_iterator only_member(const json &object, const char *what) {
    if (!object.is_object() || object.size() != 1) {
        refuse(std::string("what is not one ") + what);
    }
    return object.begin();
}

template <typename Words>
void require_one_of(const Words &words, const json &value, const char *what) {
    if (!value.is_string() || std::ranges::find(words, value.get_ref<const std::string &>()) == words.end()) {
        refuse(std::string("this ") + what + ": " + value.dump(-1, ' ', true, json::error_handler_t::replace));
    }
}

void require_our_table(const json &body, const char *table_key) {
    if (!body.is_object() || !body.contains("family") || !body.contains(table_key)) {
        refuse("an object that names no table");
    }
    std::array<std::string_view, nft::kFamilies.size()> families;
    std::ranges::transform(nft::kFamilies, families.begin(), [](nft::Family family) { return nft::to_string(family); });
    require_one_of(families, body.at("family"), "family");
    require_one_of(kTables, body.at(table_key), "table");
}

void require_permitted(const json &command) {
    const auto verb = only_member(command, "command");
    const auto object = only_member(verb.value(), "object");
    if (verb.key() == "list") {
        return;
    }
    require_one_of(kVerbs, verb.key(), "verb");
    require_one_of(kObjects, object.key(), "object");
    require_our_table(object.value(), object.key() == "table" ? "name" : "table");
}

}  // namespace

json require_ours(std::string_view text) {
    json document = json::parse(text, nullptr, false);
    if (document.is_discarded()) {
        refuse("what is not JSON");
    }
    const auto list = only_member(document, "command list");
    if (list.key() != "nftables" || !list.value().is_array()) {
        refuse("what is not a command list");
    }
    std::ranges::for_each(list.value(), require_permitted);
    return document;
}

}  // namespace vmac::worker
