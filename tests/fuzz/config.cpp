// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration: a file is taken, or refused with its name and a line that it has. What was taken can be written,
// to the state file and as a configuration, and is read again as the same.
#include "store/config.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "model/error.hpp"
#include "recipe.hpp"
#include "store/options_json.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

const std::string kFile = "10-fuzz.toml";

/// What JSON writes for these values, TOML takes, but for two halves of one character and for DEL.
std::string as_toml(const nlohmann::json &value) {
    std::string text;
    for (const char c : value.dump()) {
        text += c == '\x7f' ? "\\u007f" : std::string(1, c);
    }
    return text;
}

template <typename Values, typename Function>
std::string array_of(const Values &values, Function text) {
    auto words = nlohmann::json::array();
    for (const auto &value : values) {
        words.push_back(text(value));
    }
    return as_toml(words);
}

std::string written(const Options &options) {
    std::string text;
    if (options.action) {
        text += "action = " + as_toml(to_string(*options.action)) + '\n';
    }
    if (options.messages) {
        text += "messages = " + array_of(*options.messages, [](Message message) { return to_string(message); }) + '\n';
    }
    if (options.parent) {
        text += "parent = " + as_toml(*options.parent) + '\n';
    }
    return text;
}

/// A file that says all of it.
std::string written(const Config &config) {
    const auto truth = [](bool value) { return value ? "true\n" : "false\n"; };
    std::string text = written(config.defaults);
    text += "max_interfaces = " + std::to_string(config.max_interfaces) + '\n';
    text += std::string("auto_detect = ") + truth(config.auto_detect);
    text += std::string("own_tables = ") + truth(config.own_tables);
    text += "guard = ";
    text += config.guard.devices.empty()
                ? as_toml(to_string(config.guard.mode))
                : array_of(config.guard.devices, [](const InterfaceName &name) { return name.str(); });
    text += '\n';
    for (const auto &[name, options] : config.interfaces) {
        text += "[interface." + as_toml(name.str()) + "]\n" + written(options);
    }
    return text;
}

void check_refusal(const Error &error, std::string_view text) {
    const std::string_view what = error.what();
    require(error.code() == Errc::InvalidOption, "a wrong file is InvalidOption");
    require(is_readable(what), "the bus carries what is wrong");
    require(what.starts_with(kFile + ':'), "the file is named");
    std::size_t line = 0;
    const std::string_view rest = what.substr(kFile.size() + 1);
    const auto [end, status] = std::from_chars(rest.data(), rest.data() + rest.size(), line);
    require(status == std::errc() && rest.substr(static_cast<std::size_t>(end - rest.data())).starts_with(": "),
            "the line is named");
    const auto lines = 1 + static_cast<std::size_t>(std::ranges::count(text, '\n'));
    require(line >= 1 && line <= lines, "the line is one of the file");
}

void check(const Config &config) {
    require(config.max_interfaces >= 1, "there may be interfaces");
    require(!config.defaults.parent && !config.defaults.runtime, "parent and runtime have no default");
    for (const auto &[name, options] : config.interfaces) {
        require(options.parent != name.str(), "no interface is its own parent");
        require(!options.messages || !options.messages->empty(), "messages are never empty");
        require(!options.runtime, "runtime is for the bus");
    }
    store::JsonText text;
    store::write(text, config);
    require(store::config_from_json(nlohmann::json::parse(text.take())) == config,
            "the state file holds any configuration");
    require(store::parse_config({}, written(config), kFile) == config, "a configuration that is written can be read");
}

}  // namespace

void try_input(Input input) {
    const std::string_view text = text_of(input);
    Config config;
    try {
        config = store::parse_config({}, text, kFile);
    } catch (const Error &error) {
        check_refusal(error, text);
        return;
    }
    check(config);
    require(store::parse_config(config, text, kFile) == config, "a file laid over itself changes nothing");
}

}  // namespace vmac::fuzz
