// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/options_json.hpp"

#include <nlohmann/json.hpp>

#include "model/error.hpp"
#include "model/quoting.hpp"

namespace vmac::store {
namespace {

using nlohmann::json;

// get_ref() takes only the very type; get() would make an object of an array, and a large number of -1.

json options_to_json(const Options &options) {
    json object = json::object();
    if (options.action) {
        object["action"] = to_string(*options.action);
    }
    if (options.parent) {
        object["parent"] = *options.parent;
    }
    if (options.messages) {
        object["messages"] = json::array();
        for (const Message message : *options.messages) {
            object["messages"].push_back(to_string(message));
        }
    }
    if (options.runtime) {
        object["runtime"] = *options.runtime;
    }
    return object;
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
json guard_to_json(const GuardScope &scope) {
    if (scope.mode == GuardScope::Mode::Parents && !scope.devices.empty()) {
        json devices = json::array();
        for (const auto &name : scope.devices) {
            devices.push_back(name.str());
        }
        return devices;
    }
    return to_string(scope.mode);
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

json interfaces_to_json(const InterfaceOptions &interfaces) {
    json object = json::object();
    for (const auto &[name, options] : interfaces) {
        object[name.str()] = options_to_json(options);
    }
    return object;
}

InterfaceOptions interfaces_from_json(const json &object) {
    InterfaceOptions interfaces;
    for (const auto &[name, options] : object.get_ref<const json::object_t &>()) {
        interfaces.emplace(InterfaceName::parse(name), options_from_json(options));
    }
    return interfaces;
}

json config_to_json(const Config &config) {
    return {{"defaults", options_to_json(config.defaults)},
            {"max_interfaces", config.max_interfaces},
            {"auto_detect", config.auto_detect},
            {"guard", guard_to_json(config.guard)},
            {"own_tables", config.own_tables},
            {"interfaces", interfaces_to_json(config.interfaces)}};
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
