// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/variants.hpp"

#include <cstdint>
#include <vector>

namespace vmac::ctl {
namespace {

using Words = std::vector<std::string>;

template <typename Map, typename T>
void read(const Map &map, const char *key, T &value) {
    const auto found = map.find(typename Map::key_type{key});
    if (found != map.end() && found->second.template containsValueOfType<T>()) {
        value = found->second.template get<T>();
    }
}

/// A word that is not known is of a newer service, and not for nothing.
audit::Severity severity_of(const std::string &word) {
    if (word == to_string(audit::Severity::Ok)) {
        return audit::Severity::Ok;
    }
    return word == to_string(audit::Severity::Warning) ? audit::Severity::Warning : audit::Severity::Critical;
}

}  // namespace

void read_properties(const Properties &properties, Overview &overview) {
    read(properties, "Version", overview.version);
    read(properties, "Protected", overview.is_protected);
    read(properties, "GuardActive", overview.guard_active);
    read(properties, "AutoDetect", overview.auto_detect);
    read(properties, "Restorations", overview.restorations);
    read(properties, "Features", overview.features);
    read(properties, "Interfaces", overview.interfaces);
}

ManagedInterface read_interface(const std::string &name, const Dictionary &dictionary) {
    ManagedInterface interface { .name = name };
    read(dictionary, "action", interface.action);
    read(dictionary, "effective-action", interface.effective_action);
    read(dictionary, "reason", interface.reason);
    read(dictionary, "messages", interface.messages);
    read(dictionary, "origins", interface.origins);
    read(dictionary, "runtime", interface.runtime);
    read(dictionary, "parent", interface.parent);
    read(dictionary, "present", interface.present);
    read(dictionary, "ifindex", interface.ifindex);
    read(dictionary, "mac", interface.mac);
    return interface;
}

audit::Finding read_finding(const Dictionary &dictionary) {
    audit::Finding finding;
    std::string severity;
    read(dictionary, "interface", finding.interface);
    read(dictionary, "severity", severity);
    read(dictionary, "id", finding.id);
    read(dictionary, "message", finding.message);
    finding.severity = severity_of(severity);
    return finding;
}

Dictionary options_of(const Wish &wish) {
    Dictionary options;
    if (wish.action) {
        options.emplace("action", sdbus::Variant{*wish.action});
    }
    if (wish.parent) {
        options.emplace("parent", sdbus::Variant{*wish.parent});
    }
    if (wish.messages) {
        options.emplace("messages", sdbus::Variant{*wish.messages});
    }
    if (wish.runtime) {
        options.emplace("runtime", sdbus::Variant{*wish.runtime});
    }
    return options;
}

}  // namespace vmac::ctl
