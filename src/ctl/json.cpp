// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/json.hpp"

#include <algorithm>

namespace vmac::ctl {

using nlohmann::json;

json to_json(const Overview &overview, const std::vector<audit::Finding> &findings) {
    auto numbers = json::object();
    for (const auto severity : audit::kAllSeverities) {
        numbers[std::string(to_string(severity))] = std::ranges::count(findings, severity, &audit::Finding::severity);
    }
    return {
        {"running", true},
        {"version", overview.version},
        {"protected", overview.is_protected},
        {"guard-active", overview.guard_active},
        {"auto-detect", overview.auto_detect},
        {"restorations", overview.restorations},
        {"features", overview.features},
        {"interfaces", overview.interfaces},
        {"findings", numbers},
    };
}

json to_json(const ManagedInterface &interface) {
    return {
        {"name", interface.name},
        {"action", interface.action},
        {"effective-action", interface.effective_action},
        {"reason", interface.reason},
        {"messages", interface.messages},
        {"origins", interface.origins},
        {"runtime", interface.runtime},
        {"parent", interface.parent},
        {"present", interface.present},
        {"ifindex", interface.ifindex},
        {"mac", interface.mac},
    };
}

json to_json(const CounterTable &table) {
    auto object = json::object();
    for (const auto &[name, counts] : table) {
        auto &messages = object[name] = json::object();
        for (const auto &[message, count] : counts) {
            messages[message] = {{"packets", count.packets}, {"bytes", count.bytes}};
        }
    }
    return object;
}

json to_json(const audit::Finding &finding) {
    return {
        {"interface", finding.interface},
        {"severity", to_string(finding.severity)},
        {"id", finding.id},
        {"message", finding.message},
    };
}

}  // namespace vmac::ctl
