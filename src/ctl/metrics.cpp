// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/metrics.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>
#include <tuple>

#include "ctl/text.hpp"

namespace vmac::ctl {
namespace {

using audit::Finding;
using audit::Severity;
using Samples = std::vector<Sample>;

/// A metric of ours; @p name without the prefix that all of them have.
Family family(std::string_view type, std::string_view name, std::string_view help, Samples samples) {
    return {.name = "vmac_mldfilter_" + std::string(name),
            .type = std::string(type),
            .help = std::string(help),
            .samples = std::move(samples)};
}

Family gauge(std::string_view name, std::string_view help, Samples samples) {
    return family("gauge", name, help, std::move(samples));
}

Family counter(std::string_view name, std::string_view help, Samples samples) {
    return family("counter", name, help, std::move(samples));
}

/// The only value of a metric without labels.
Samples only(std::uint64_t value) {
    return {{.value = value}};
}

/// One value for each interface, of what @p sample makes of it.
template <typename Function>
Samples each(const std::vector<ManagedInterface> &interfaces, Function sample) {
    Samples samples;
    samples.reserve(interfaces.size());
    for (const ManagedInterface &interface : interfaces) {
        samples.push_back(sample(interface));
    }
    return samples;
}

Sample about(const ManagedInterface &interface) {
    return {.labels = {{"interface", interface.name},
                       {"action", interface.action},
                       {"effective_action", interface.effective_action},
                       {"parent", interface.parent},
                       {"mac", interface.mac},
                       {"origin", joined(interface.origins, ",")}},
            .value = 1};
}

/// Packets or bytes by message. @param of what the table is about, "interface" or "device"
Samples counts(const CounterTable &table, const std::string &of, std::uint64_t Count::*field) {
    Samples samples;
    for (const auto &[name, messages] : table) {
        for (const auto &[message, count] : messages) {
            samples.push_back({.labels = {{of, name}, {"message", message}}, .value = count.*field});
        }
    }
    return samples;
}

/// What is not as it should be. Two findings may differ in their texts only, which are no labels, and who finds the
/// same labels twice rejects the whole file.
Samples problems(const std::vector<Finding> &findings) {
    Samples samples;
    std::set<std::tuple<std::string_view, std::string_view, Severity>> seen;
    for (const Finding &finding : findings) {
        if (finding.severity != Severity::Ok && seen.emplace(finding.interface, finding.id, finding.severity).second) {
            samples.push_back({.labels = {{"interface", finding.interface},
                                          {"id", finding.id},
                                          {"severity", std::string(to_string(finding.severity))}},
                               .value = 1});
        }
    }
    return samples;
}

/// How many findings there are of each severity, also where there is none.
Samples by_severity(const std::vector<Finding> &findings) {
    Samples samples;
    for (const Severity severity : audit::kAllSeverities) {
        const auto number = std::ranges::count(findings, severity, &Finding::severity);
        samples.push_back(
            {.labels = {{"severity", std::string(to_string(severity))}}, .value = static_cast<std::uint64_t>(number)});
    }
    return samples;
}

void append_overview(const Overview &overview, std::vector<Family> &families) {
    families.push_back(gauge("build_info", "The version of the service that runs, as a label; the value is always 1.",
                             {{.labels = {{"version", overview.version}}, .value = 1}}));
    families.push_back(gauge("protected", "Whether the kernel was read back and holds all rules that it must.",
                             only(overview.is_protected ? 1 : 0)));
    families.push_back(gauge("guard_active",
                             "Whether the guard, the second line of defence, is on every device that it is for.",
                             only(overview.guard_active ? 1 : 0)));
    families.push_back(gauge("auto_detect", "Whether VRRP virtual-MAC interfaces come under management by themselves.",
                             only(overview.auto_detect ? 1 : 0)));
    families.push_back(counter("restorations_total",
                               "How often the rules were put right after somebody else had changed them.",
                               only(overview.restorations)));
}

void append_interfaces(const std::vector<ManagedInterface> &interfaces, std::vector<Family> &families) {
    families.push_back(gauge("interfaces", "How many interfaces are under management.", only(interfaces.size())));
    families.push_back(gauge("interface_info",
                             "What becomes of the messages of an interface, as labels; the value is always 1.",
                             each(interfaces, about)));
    families.push_back(
        gauge("interface_present", "Whether the interface exists at present.",
              each(interfaces, [](const ManagedInterface &interface) {
                  return Sample{.labels = {{"interface", interface.name}}, .value = interface.present ? 1U : 0U};
              })));
}

void append_counters(const Report &report, std::vector<Family> &families) {
    families.push_back(counter("filtered_packets_total", "Messages kept from leaving in the name of the interface.",
                               counts(report.counters, "interface", &Count::packets)));
    families.push_back(counter("filtered_bytes_total",
                               "Bytes kept from leaving in the name of the interface: whole IP packets.",
                               counts(report.counters, "interface", &Count::bytes)));
    families.push_back(counter("guard_packets_total", "Messages that the guard of the device caught.",
                               counts(report.guard, "device", &Count::packets)));
    families.push_back(counter("guard_bytes_total", "Bytes that the guard of the device caught: whole Ethernet frames.",
                               counts(report.guard, "device", &Count::bytes)));
}

void append_findings(const std::vector<Finding> &findings, std::vector<Family> &families) {
    families.push_back(gauge("audit_finding",
                             "A warning or critical finding of the audit, as labels; the value is always 1.",
                             problems(findings)));
    families.push_back(
        gauge("audit_findings", "How many findings of this severity the audit has.", by_severity(findings)));
}

/// @p text with what ends a line, a label or an escape written as the format wants it.
std::string escaped(std::string_view text, bool is_label) {
    std::string result;
    for (const char letter : text) {
        if (letter == '\n') {
            result += "\\n";
        } else if (letter == '\\' || (is_label && letter == '"')) {
            result += {'\\', letter};
        } else {
            result += letter;
        }
    }
    return result;
}

std::string labels_of(const Sample &sample) {
    std::string text;
    for (const auto &[name, value] : sample.labels) {
        text += (text.empty() ? "" : ",") + name + "=\"" + escaped(value, true) + '"';
    }
    return text.empty() ? "" : '{' + text + '}';
}

}  // namespace

std::vector<Family> metrics(const std::optional<Report> &report) {
    std::vector<Family> families = {gauge("up", "Whether the service runs and answers.", only(report ? 1 : 0))};
    if (report) {
        append_overview(report->overview, families);
        append_interfaces(report->interfaces, families);
        append_counters(*report, families);
        append_findings(report->findings, families);
    }
    std::erase_if(families, [](const Family &family) { return family.samples.empty(); });
    return families;
}

std::string exposition(const std::vector<Family> &families) {
    std::string text;
    for (const Family &family : families) {
        text += "# HELP " + family.name + ' ' + escaped(family.help, false) + '\n';
        text += "# TYPE " + family.name + ' ' + family.type + '\n';
        for (const Sample &sample : family.samples) {
            text += family.name + labels_of(sample) + ' ' + std::to_string(sample.value) + '\n';
        }
    }
    return text;
}

nlohmann::json to_json(const std::vector<Family> &families) {
    auto list = nlohmann::json::array();
    for (const Family &family : families) {
        auto samples = nlohmann::json::array();
        for (const Sample &sample : family.samples) {
            auto labels = nlohmann::json::object();
            for (const auto &[name, value] : sample.labels) {
                labels[name] = value;
            }
            samples.push_back({{"labels", std::move(labels)}, {"value", sample.value}});
        }
        list.push_back(
            {{"name", family.name}, {"type", family.type}, {"help", family.help}, {"samples", std::move(samples)}});
    }
    return {{"families", std::move(list)}};
}

}  // namespace vmac::ctl
