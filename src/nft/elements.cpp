// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/elements.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace vmac::nft {
namespace {

using nlohmann::json;

/// How a device is written in a map. The parser tries a name before a number, so a device called "7" would shadow
/// the index 7. The blank makes sure: strtol() skips it, and no name has one.
std::string written_index(unsigned index) {
    return std::string(" ").append(std::to_string(index));
}

json to_json(const VerdictElement &element) {
    json value = element.verdict == Verdict::Drop ? json{{"drop", nullptr}} : json{{"goto", {{"target", "relocate"}}}};
    const auto type = icmpv6_type(element.message);
    json key = type ? json{{"concat", {written(element.name), *type}}} : json(written(element.name));
    return json::array({std::move(key), std::move(value)});
}

json to_json(const ParentElement &element) {
    return json::array({written(element.name), written_index(element.index)});
}

void append(json &commands, const char *verb, Family family, const std::vector<VerdictElement> &elements) {
    json list = json::array();
    for (const auto &element : elements) {
        if (family_of(element.message) == family) {
            list.push_back(to_json(element));
        }
    }
    append_elements(commands, verb, family, "verdicts", std::move(list));
}

void append(json &commands, const char *verb, Family family, const std::vector<ParentElement> &elements) {
    json list = json::array();
    for (const auto &element : elements) {
        list.push_back(to_json(element));
    }
    append_elements(commands, verb, family, "parents", std::move(list));
}

/// The verdicts of @p from that @p other does not have.
std::vector<VerdictElement> only_in(const std::map<InterfaceName, PerMessage<Verdict>> &from,
                                    const std::map<InterfaceName, PerMessage<Verdict>> &other) {
    std::vector<VerdictElement> only;
    for (const auto &[name, verdicts] : from) {
        const auto others = other.find(name);
        if (others != other.end() && others->second == verdicts) {
            continue;
        }
        for (const auto &[message, verdict] : verdicts) {
            const bool kept =
                others != other.end() && others->second.contains(message) && others->second.at(message) == verdict;
            if (!kept) {
                only.push_back({name, message, verdict});
            }
        }
    }
    return only;
}

std::vector<ParentElement> only_in(const std::map<InterfaceName, unsigned> &from,
                                   const std::map<InterfaceName, unsigned> &other) {
    std::vector<ParentElement> only;
    for (const auto &[name, index] : from) {
        const auto same = other.find(name);
        if (same == other.end() || same->second != index) {
            only.push_back({name, index});
        }
    }
    return only;
}

}  // namespace

ElementChanges difference(const Ruleset &present, const Ruleset &wanted) {
    return {.deleted_verdicts = only_in(present.verdicts, wanted.verdicts),
            .deleted_parents = only_in(present.parents, wanted.parents),
            .added_parents = only_in(wanted.parents, present.parents),
            .added_verdicts = only_in(wanted.verdicts, present.verdicts)};
}

void apply(const ElementChanges &changes, Ruleset &ruleset) {
    for (const auto &[name, message, verdict] : changes.deleted_verdicts) {
        if (const auto found = ruleset.verdicts.find(name); found != ruleset.verdicts.end()) {
            found->second.erase(message);
            if (found->second.empty()) {
                ruleset.verdicts.erase(found);
            }
        }
    }
    for (const auto &element : changes.deleted_parents) {
        ruleset.parents.erase(element.name);
    }
    for (const auto &[name, index] : changes.added_parents) {
        ruleset.parents.insert_or_assign(name, index);
    }
    for (const auto &[name, message, verdict] : changes.added_verdicts) {
        ruleset.verdicts[name][message] = verdict;
    }
}

json commands_for(const ElementChanges &changes) {
    json commands = json::array();
    for (const Family family : kFirstLine) {
        append(commands, "delete", family, changes.deleted_verdicts);
        append(commands, "delete", family, changes.deleted_parents);
        append(commands, "add", family, changes.added_parents);
        append(commands, "add", family, changes.added_verdicts);
    }
    return {{"nftables", std::move(commands)}};
}

}  // namespace vmac::nft
