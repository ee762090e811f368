// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/options_json.hpp"

#include <nlohmann/json.hpp>

#include "model/error.hpp"
#include "model/quoting.hpp"

namespace vmac::store {
namespace {

using nlohmann::json;

// get_ref() takes only the very type; get() would make an object of an array, and a large number of -1.

void write(JsonText &text, const Options &options) {
    text.begin_object();
    if (options.action) {
        text.member("action", to_string(*options.action));
    }
    if (options.parent) {
        text.member("parent", *options.parent);
    }
    if (options.messages) {
        text.key("messages");
        text.begin_array();
        for (const Message message : *options.messages) {
            text.value(to_string(message));
        }
        text.end_array();
    }
    if (options.runtime) {
        text.member("runtime", *options.runtime);
    }
    text.end_object();
}

Options options_from_json(const json &object) {
    Options options;
    for (const auto &[key, value] : object.get_ref<const json::object_t &>()) {
        if (key == "action") {
            options.action = parse_action(value.get<std::string>());
        } else if (key == "parent") {
            options.parent = parse_parent(value.get<std::string>());
        } else if (key == "messages") {
            options.messages = parse_messages(value.get<std::vector<std::string>>());
        } else if (key == "runtime") {
            options.runtime = value.get<bool>();
        } else {
            throw Error(Errc::StoreFailed, "unknown option " + in_quotes(key));
        }
    }
    return options;
}

/// As in the configuration file, so that there is one form to know.
void write(JsonText &text, const GuardScope &scope) {
    if (scope.mode != GuardScope::Mode::Parents || scope.devices.empty()) {
        text.value(to_string(scope.mode));
        return;
    }
    text.begin_array();
    for (const auto &name : scope.devices) {
        text.value(name.str());
    }
    text.end_array();
}

GuardScope guard_from_json(const json &value) {
    if (value.is_string()) {
        return {.mode = parse_guard_mode(value.get<std::string>()), .devices = {}};
    }
    GuardScope scope;
    for (const json &name : value.get_ref<const json::array_t &>()) {
        scope.devices.insert(InterfaceName::parse(name.get<std::string>()));
    }
    return scope;
}

}  // namespace

void write(JsonText &text, const InterfaceOptions &interfaces) {
    text.begin_object(JsonText::Layout::Lines);
    for (const auto &[name, options] : interfaces) {
        text.key(name.str());
        write(text, options);
    }
    text.end_object();
}

InterfaceOptions interfaces_from_json(const json &object) {
    InterfaceOptions interfaces;
    for (const auto &[name, options] : object.get_ref<const json::object_t &>()) {
        interfaces.emplace(InterfaceName::parse(name), options_from_json(options));
    }
    return interfaces;
}

void write(JsonText &text, const Config &config) {
    text.begin_object(JsonText::Layout::Lines);
    text.key("defaults");
    write(text, config.defaults);
    text.member("max_interfaces", std::uint64_t{config.max_interfaces});
    text.member("auto_detect", config.auto_detect);
    text.key("guard");
    write(text, config.guard);
    text.member("own_tables", config.own_tables);
    text.key("interfaces");
    write(text, config.interfaces);
    text.end_object();
}

Config config_from_json(const json &object) {
    const auto limit = object.at("max_interfaces").get_ref<const json::number_unsigned_t &>();
    if (limit < 1) {
        throw Error(Errc::StoreFailed, "max_interfaces is 0");
    }
    return {.defaults = options_from_json(object.at("defaults")),
            .max_interfaces = limit,
            .auto_detect = object.value("auto_detect", true),
            .guard = object.contains("guard") ? guard_from_json(object.at("guard")) : GuardScope{},
            .own_tables = object.value("own_tables", true),
            .interfaces = interfaces_from_json(object.at("interfaces"))};
}

}  // namespace vmac::store
