// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/variants.hpp"

#include "model/error.hpp"
#include "model/quoting.hpp"

namespace vmac::bus {
namespace {

template <typename T>
T get(const std::string &option, const sdbus::Variant &value, const char *type) {
    if (!value.containsValueOfType<T>()) {
        throw Error(Errc::InvalidOption, "option " + option + " has type " + std::string(value.peekValueType()) +
                                             "; it must have type " + type);
    }
    return value.get<T>();
}

template <typename Words>
std::vector<std::string> strings(const Words &words) {
    std::vector<std::string> result;
    result.reserve(words.size());
    for (const auto word : words) {
        result.emplace_back(to_string(word));
    }
    return result;
}

}  // namespace

Options read_options(const Dictionary &dictionary) {
    Options options;
    for (const auto &[key, value] : dictionary) {
        if (key == "action") {
            options.action = parse_action(get<std::string>(key, value, "s"));
        } else if (key == "parent") {
            options.parent = parse_parent(get<std::string>(key, value, "s"));
        } else if (key == "messages") {
            options.messages = parse_messages(get<std::vector<std::string>>(key, value, "as"));
        } else if (key == "runtime") {
            options.runtime = get<bool>(key, value, "b");
        } else {
            throw Error(Errc::InvalidOption,
                        "unknown option " + in_quotes(key) + "; there are action, parent, messages and runtime");
        }
    }
    return options;
}

Dictionary describe(const Entry &entry) {
    std::vector<std::string> origins;
    if (entry.origins.config) {
        origins.emplace_back("config");
    }
    if (entry.origins.api) {
        origins.emplace_back("api");
    }
    if (entry.origins.detected) {
        origins.emplace_back("detected");
    }
    return {
        {"action", sdbus::Variant{std::string(to_string(entry.action))}},
        {"effective-action", sdbus::Variant{std::string(to_string(entry.effective_action))}},
        {"reason", sdbus::Variant{entry.reason}},
        {"messages", sdbus::Variant{strings(entry.messages)}},
        {"origins", sdbus::Variant{origins}},
        {"runtime", sdbus::Variant{entry.runtime}},
        {"parent", sdbus::Variant{entry.parent}},
        {"present", sdbus::Variant{entry.present}},
        {"ifindex", sdbus::Variant{static_cast<std::uint32_t>(entry.ifindex)}},
        {"mac", sdbus::Variant{entry.mac}},
    };
}

CounterDictionary describe(const MessageCounts &counts) {
    CounterDictionary dictionary;
    for (const auto &[message, count] : counts) {
        dictionary.emplace(to_string(message), sdbus::Struct<std::uint64_t, std::uint64_t>{count.packets, count.bytes});
    }
    return dictionary;
}

std::map<std::string, CounterDictionary> describe(const Counters &counters) {
    std::map<std::string, CounterDictionary> all;
    for (const auto &[name, counts] : counters) {
        all.emplace(name.str(), describe(counts));
    }
    return all;
}

Dictionary describe(const audit::Finding &finding) {
    return {
        {"interface", sdbus::Variant{finding.interface}},
        {"severity", sdbus::Variant{std::string(to_string(finding.severity))}},
        {"id", sdbus::Variant{finding.id}},
        {"message", sdbus::Variant{finding.message}},
    };
}

}  // namespace vmac::bus
