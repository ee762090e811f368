// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_engine.hpp"

#include <algorithm>
#include <utility>

#include "json_listing.hpp"
#include "nft/element_lines.hpp"
#include "nft/elements.hpp"
#include "nft/ruleset.hpp"

namespace vmac::test {
namespace {

using nlohmann::json;

/// The table that a command is about, "" for all of them.
std::string table_of(const json &command) {
    const json &object = command.begin().value();
    const json &body = object.begin().value();
    return body.is_null() ? "" : body.value(object.contains("table") ? "name" : "table", "");
}

bool any_about(const json &list, std::initializer_list<const char *> tables) {
    return std::ranges::any_of(list, [&](const json &command) {
        return std::ranges::any_of(tables, [&](const char *table) { return table_of(command) == table; });
    });
}

FakeEngine::Runs runs_of(const json &list) {
    if (std::ranges::all_of(list, [](const json &command) { return command.contains("list"); })) {
        return FakeEngine::Runs::Lists;
    }
    return any_about(list, {nft::kTable, ""}) ? FakeEngine::Runs::Changes : FakeEngine::Runs::Probes;
}

/// The elements of a reading as its lines.
std::string to_lines(const nft::Reading &elements) {
    std::string lines;
    for (const auto &[name, verdicts] : elements.verdicts) {
        for (const auto &[message, verdict] : verdicts) {
            nft::append_verdict(lines, {name, message, verdict}, elements.counters.at(name).at(message));
        }
    }
    for (const auto &[name, index] : elements.parents) {
        nft::append_parent(lines, nft::Family::Ip6, {name, index});
    }
    for (const auto &[name, index] : elements.parents_in_ip) {
        nft::append_parent(lines, nft::Family::Ip, {name, index});
    }
    for (const nft::Family family : elements.foreign) {
        nft::append_foreign(lines, family);
    }
    return lines;
}

}  // namespace

std::string FakeEngine::run(const std::string &commands) {
    const json list = json::parse(commands).at("nftables");
    const Runs which = runs_of(list);
    lists_ += which == Runs::Lists ? 1 : 0;
    if (which == Runs::Changes) {
        changes_.push_back(list);
    }
    take_fault(which);
    if (which == Runs::Lists) {
        json output;
        for (const json &command : list) {
            output = tables_.print(command.at("list").at("table"), can);
        }
        return output.is_null() ? "" : output.dump();
    }
    if (which == Runs::Changes && swallowed_ > 0) {
        --swallowed_;
        return {};
    }
    apply(list, kOwnProcess);
    if (which == Runs::Changes && interruption_) {
        std::exchange(interruption_, nullptr)();
    }
    return {};
}

void FakeEngine::foreign(const json &commands) {
    apply(commands.at("nftables"), kForeignProcess);
}

void FakeEngine::take_fault(Runs which) {
    if (auto &[left, code] = refused_[which]; left > 0) {
        --left;
        throw Error(code, "the kernel refused: Operation not permitted");
    }
}

/// As a newer libnftables does; an older one looks at all elements for it, and prints none.
std::string FakeEngine::outline(nft::Family family) {
    json listing = json::parse(run(nft::list_table(family).dump()));
    for (json &object : listing.at("nftables")) {
        object.begin()->erase("elem");
    }
    return listing.dump();
}

void FakeEngine::change(const std::string &lines) {
    run(nft::commands_for(nft::parse_changes(lines)).dump());
}

std::string FakeEngine::read(const std::string &query) {
    ++lists_;
    take_fault(Runs::Lists);
    if (query == nft::kQueryAll) {
        return read_tables(true);
    }
    const bool with_structure = query.starts_with(nft::kQueryStructure);
    const auto keys = nft::parse_keys(std::string_view(query).substr(with_structure ? nft::kQueryStructure.size() : 0));
    const nft::Reading all = nft::parse_reading(read_tables(true));
    std::string lines = with_structure ? read_tables(false) : "";
    for (const auto &[name, of] : keys) {
        if (!of) {
            for (const auto &[family, parents] :
                 {std::pair(nft::Family::Ip6, all.parents), std::pair(nft::Family::Ip, all.parents_in_ip)}) {
                if (parents.contains(name)) {
                    nft::append_parent(lines, family, {name, parents.at(name)});
                }
            }
            continue;
        }
        const Message message = *of;
        if (all.verdicts.contains(name) && all.verdicts.at(name).contains(message)) {
            nft::append_verdict(lines, {name, message, all.verdicts.at(name).at(message)},
                                all.counters.at(name).at(message));
        }
    }
    return lines;
}

std::string FakeEngine::read_tables(bool with_elements) const {
    std::string lines;
    nft::Reading elements;
    for (const nft::Family family : nft::kFamilies) {
        if (!tables_.has_table(family)) {
            continue;
        }
        const std::string text = tables_.print(nft::table_of(family), can).dump();
        std::string structure;
        for (const json &object : nft::read_objects(text)) {
            structure += nft::as_written(object).dump();
        }
        nft::append_structure(lines, family, structure);
        if (with_elements && family != nft::Family::Netdev) {
            take_elements(family, text, elements);
        }
    }
    return lines + to_lines(elements);
}

void FakeEngine::apply(const json &list, const char *process) {
    const bool was_there =
        std::ranges::any_of(nft::kFamilies, [this](const nft::Family family) { return tables_.has_table(family); });
    FakeTables next = tables_;
    for (const json &command : list) {
        next.apply(command, can, process);
    }
    tables_ = std::move(next);
    if (any_about(list, {nft::kTable}) || (was_there && any_about(list, {""}))) {
        watcher.tell(names_processes ? process : "");
    }
}

void FakeEngine::refuse(Runs which, int runs, Errc code) {
    refused_[which] = {runs, code};
}

void FakeEngine::unplug(const std::string &device) {
    can.devices.erase(device);
    if (!can.absent_devices) {
        tables_.release(device);
    }
}

std::string FakeEngine::verdict(const std::string &name, Message message) const {
    const json key = message == Message::Igmp ? json(name) : json{{"concat", {name, to_string(message)}}};
    const json value = tables_.element(nft::family_of(message), "verdicts", key);
    if (value.is_null()) {
        return {};
    }
    return value.contains("goto") ? value.at("goto").at("target").get<std::string>() : value.begin().key();
}

std::string FakeEngine::parent(const std::string &family, const std::string &name) const {
    const json value = tables_.element(family == "ip6" ? nft::Family::Ip6 : nft::Family::Ip, "parents", name);
    return value.is_null() ? "" : value.get<std::string>();
}

std::size_t FakeEngine::verdicts(const std::string &family) const {
    return tables_.keys(family == "ip6" ? nft::Family::Ip6 : nft::Family::Ip, "verdicts").size();
}

}  // namespace vmac::test
