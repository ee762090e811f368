// SPDX-License-Identifier: GPL-2.0-or-later
#include "fake_engine.hpp"

#include <algorithm>
#include <utility>

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

}  // namespace

std::string FakeEngine::run(const std::string &commands) {
    const json list = json::parse(commands).at("nftables");
    const Runs which = runs_of(list);
    lists_ += which == Runs::Lists ? 1 : 0;
    if (which == Runs::Changes) {
        changes_.push_back(list);
    }
    if (auto &[left, code] = refused_[which]; left > 0) {
        --left;
        throw Error(code, "the kernel refused: Operation not permitted");
    }
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
    change(list, kOwnProcess);
    if (which == Runs::Changes && interruption_) {
        std::exchange(interruption_, nullptr)();
    }
    return {};
}

void FakeEngine::foreign(const json &commands) {
    change(commands.at("nftables"), kForeignProcess);
}

void FakeEngine::change(const json &list, const char *process) {
    const bool was_there =
        std::ranges::any_of(kFamilies, [this](const nft::Family family) { return tables_.has_table(family); });
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
