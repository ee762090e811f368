// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/state.hpp"

#include <nlohmann/json.hpp>
#include <system_error>
#include <tuple>
#include <utility>

#include "model/error.hpp"
#include "model/mac.hpp"
#include "model/quoting.hpp"
#include "store/options_json.hpp"

namespace vmac::store {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr unsigned kVersion = 1;
constexpr int kAsideTries = 1000;

void write(JsonText &text, const Counters &counters) {
    text.begin_object(JsonText::Layout::Lines);
    for (const auto &[name, counts] : counters) {
        if (counts.empty()) {
            continue;
        }
        text.key(name.str());
        text.begin_object();
        for (const auto &[message, count] : counts) {
            text.key(to_string(message));
            text.begin_array();
            text.value(count.packets);
            text.value(count.bytes);
            text.end_array();
        }
        text.end_object();
    }
    text.end_object();
}

Counters counters_from_json(const json &object) {
    Counters counters;
    for (const auto &[name, counts] : object.get_ref<const json::object_t &>()) {
        for (const auto &[word, count] : counts.get_ref<const json::object_t &>()) {
            counters[InterfaceName::parse(name)][parse_message(word)] = {
                count.at(0).get_ref<const json::number_unsigned_t &>(),
                count.at(1).get_ref<const json::number_unsigned_t &>()};
        }
    }
    return counters;
}

void write(JsonText &text, const Ledger &ledger, const Counters &seen) {
    text.begin_object(JsonText::Layout::Lines);
    text.key("carried");
    write(text, ledger.carried);
    text.key("base_line");
    write(text, ledger.base_line);
    text.key("seen");
    write(text, seen);
    text.end_object();
}

std::pair<Ledger, Counters> ledger_from_json(const json &object) {
    Ledger ledger{.carried = counters_from_json(object.at("carried")),
                  .base_line = counters_from_json(object.at("base_line"))};
    return {std::move(ledger), object.contains("seen") ? counters_from_json(object.at("seen")) : Counters{}};
}

void write(JsonText &text, const Parents &parents) {
    text.begin_object(JsonText::Layout::Lines);
    for (const auto &[name, mac] : parents) {
        text.member(name.str(), mac);
    }
    text.end_object();
}

Parents parents_from_json(const json &object) {
    Parents parents;
    for (const auto &[name, mac] : object.get_ref<const json::object_t &>()) {
        parents.emplace(InterfaceName::parse(name), parse_mac(mac.get<std::string>()));
    }
    return parents;
}

/// The first free name to keep a bad file under.
fs::path aside(const fs::path &path) {
    for (int i = 1; i < kAsideTries; ++i) {
        fs::path candidate = path.string() + ".rejected" + (i == 1 ? "" : "." + std::to_string(i));
        std::error_code ignored;
        if (!fs::exists(fs::symlink_status(candidate, ignored))) {
            return candidate;
        }
    }
    throw Error(Errc::StoreFailed, "there are " + std::to_string(kAsideTries) + " rejected files already");
}

/// Whether it is not the disk that is short of something, but this process or the machine, for now. To go on without
/// the state would take rules out of the kernel that must stay.
bool is_passing(const std::error_code &error) {
    return error == std::errc::too_many_files_open || error == std::errc::too_many_files_open_in_system ||
           error == std::errc::not_enough_memory;
}

}  // namespace

std::string format_state(const State &state, const std::string &boot_id) {
    JsonText text;
    text.begin_object(JsonText::Layout::Lines);
    text.member("version", std::uint64_t{kVersion});
    text.member("boot_id", boot_id);
    text.key("interfaces");
    write(text, state.interfaces);
    text.key("configuration");
    write(text, state.last_good);
    text.key("counters");
    write(text, state.ledger, state.seen);
    text.key("guard_counters");
    write(text, state.guard_ledger, state.guard_seen);
    text.key("parents");
    write(text, state.parents);
    text.member("structure", state.structure);
    text.end_object();
    return text.take() + '\n';
}

State parse_state(const std::string &text, const std::string &boot_id) {
    try {
        const json document = json::parse(text);
        const json &version = document.at("version");
        if (!version.is_number_integer()) {
            throw Error(Errc::StoreFailed, "its version is not a whole number");
        }
        if (version != kVersion) {
            throw Error(Errc::StoreFailed,
                        "it has version " + version.dump() + ", this program reads " + std::to_string(kVersion));
        }
        State state{.interfaces = interfaces_from_json(document.at("interfaces")),
                    .last_good = config_from_json(document.at("configuration"))};
        // Version 0.1 knew neither parents nor guard nor structure.
        if (document.contains("parents")) {
            state.parents = parents_from_json(document.at("parents"));
        }
        if (document.at("boot_id").get_ref<const std::string &>() == boot_id) {
            std::tie(state.ledger, state.seen) = ledger_from_json(document.at("counters"));
            if (document.contains("guard_counters")) {
                std::tie(state.guard_ledger, state.guard_seen) = ledger_from_json(document.at("guard_counters"));
            }
            state.structure = document.value("structure", "");
        } else {
            std::erase_if(state.interfaces, [](const auto &entry) { return entry.second.runtime.value_or(false); });
        }
        return state;
    } catch (const json::exception &error) {
        throw Error(Errc::StoreFailed, "it is damaged: " + on_one_line(error.what()));
    } catch (const Error &error) {
        throw Error(Errc::StoreFailed, error.what());
    }
}

StateFile::StateFile(const fs::path &directory, std::string boot_id)
    : path_(directory / "state.json"), boot_id_(std::move(boot_id)) {}

State StateFile::read() const {
    std::string text;
    try {
        text = read_file(path_);
    } catch (const std::system_error &error) {
        if (error.code() == std::errc::no_such_file_or_directory) {
            return {};
        }
        throw;
    }
    return parse_state(text, boot_id_);
}

StateFile::Loaded StateFile::load() {
    blocked_.clear();
    try {
        return {.state = read(), .complaint = {}};
    } catch (const std::system_error &error) {
        if (is_passing(error.code())) {
            throw;
        }
        blocked_ = std::string("it cannot be read: ") + error.what();
        return {.state = {},
                .complaint = blocked_ + "; nothing is saved until it is moved away and the service is restarted"};
    } catch (const Error &error) {
        const std::string what = path_.string() + " is not used: " + error.what();
        try {
            const fs::path kept = aside(path_);
            fs::rename(path_, kept);
            return {.state = {}, .complaint = what + "; it was kept as " + kept.string()};
        } catch (const std::exception &why_not) {
            blocked_ = what + "; it could not be set aside: " + why_not.what();
            return {.state = {}, .complaint = blocked_};
        }
    }
}

StagedFile StateFile::stage(const State &state) const {
    if (!blocked_.empty()) {
        throw Error(Errc::StoreFailed, blocked_);
    }
    try {
        return {path_, format_state(state, boot_id_)};
    } catch (const std::system_error &error) {
        throw Error(Errc::StoreFailed, error.what());
    }
}

}  // namespace vmac::store
