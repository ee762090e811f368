// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/show.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "ctl/table.hpp"
#include "ctl/text.hpp"
#include "model/counted.hpp"

namespace vmac::ctl {
namespace {

using audit::Severity;

constexpr std::size_t kKeyWidth = 14;  // of the longest key of status, with two blanks before
constexpr std::size_t kNamesShown = 8;

void append(Lines &lines, Lines more) {
    lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// "  Key: text", wrapped so that what follows is below the text.
Lines field(const Look &look, const std::string &key, const std::string &text) {
    const std::size_t width = look.terminal.room();
    const std::size_t indent = kKeyWidth + 2;
    Lines lines = wrapped(text, width > indent + 20 ? width - indent : width);
    for (auto &line : lines) {
        const bool is_first = &line == &lines.front();
        const std::string head =
            is_first ? std::string(kKeyWidth - key.size(), ' ') + key + ": " : std::string(indent, ' ');
        line.insert(0, head);
    }
    return lines;
}

std::string names_in_words(const std::vector<ManagedInterface> &interfaces) {
    if (interfaces.empty()) {
        return "none; a VRRP MAC is found when it appears, other interfaces: mldfilterctl add NAME";
    }
    const auto present = static_cast<std::size_t>(std::ranges::count(interfaces, true, &ManagedInterface::present));
    std::string text = std::to_string(interfaces.size());
    if (present != interfaces.size()) {
        text += " (" + std::to_string(present) + " present)";
    }
    std::vector<std::string> names;
    for (const auto &interface : interfaces) {
        if (names.size() == kNamesShown) {
            names.emplace_back("...");
            break;
        }
        names.push_back(escaped(interface.name));
    }
    return text + ": " + joined(names);
}

/// One finding, its message wrapped below. The host has no name.
Lines show_finding(const Look &look, const audit::Finding &finding) {
    const Tone tone = tone_of(finding.severity);
    const std::string subject = finding.interface.empty() ? "this host" : escaped(finding.interface);
    Lines lines{
        bullet(look.terminal, tone) + ' ' + look.terminal.paint(tone, std::string(to_string(finding.severity))) + ' ' +
        look.terminal.paint(Tone::Strong, subject) + ' ' + look.terminal.paint(Tone::Faint, escaped(finding.id))};
    const std::size_t width =
        look.terminal.width && *look.terminal.width > 20 ? *look.terminal.width - 2 : std::string::npos;
    for (const auto &line : wrapped(escaped(finding.message), width)) {
        lines.push_back("  " + line);
    }
    return lines;
}

Tone tone_of_action(const ManagedInterface &interface) {
    if (interface.action == "allow" || interface.effective_action != interface.action) {
        return Tone::Warning;
    }
    return Tone::Plain;
}

std::string action_in_words(const ManagedInterface &interface) {
    return interface.effective_action == interface.action ? interface.action
                                                          : interface.action + " (" + interface.effective_action + ")";
}

}  // namespace

Tone tone_of(Severity severity) {
    switch (severity) {
        case Severity::Ok:
            return Tone::Good;
        case Severity::Warning:
            return Tone::Warning;
        case Severity::Critical:
            return Tone::Bad;
    }
    return Tone::Bad;
}

std::string bullet(const Terminal &terminal, Tone tone) {
    return terminal.paint(tone, terminal.utf8 ? "●" : "*");
}

Severity worst_of(const std::vector<audit::Finding> &findings) {
    return findings.empty() ? Severity::Ok : std::ranges::max(findings, {}, &audit::Finding::severity).severity;
}

Standing standing_of(const Overview &overview, Severity worst) {
    if (!overview.is_protected || worst == Severity::Critical) {
        return {"NOT PROTECTED", Tone::Bad};
    }
    return worst == Severity::Warning ? Standing{"protected, with warnings", Tone::Warning}
                                      : Standing{"protected", Tone::Good};
}

Lines show_status(const Look &look, const Overview &overview, const std::vector<ManagedInterface> &interfaces,
                  const std::vector<audit::Finding> &findings) {
    const auto standing = standing_of(overview, worst_of(findings));
    Lines lines{bullet(look.terminal, standing.tone) + " vmac-mldfilter " + escaped(overview.version) + ": " +
                look.terminal.paint(standing.tone, standing.word)};
    append(lines, field(look, "Interfaces", names_in_words(interfaces)));
    append(lines, field(look, "Detection", overview.auto_detect ? "on" : "off"));
    append(lines, field(look, "Guard", overview.guard_active ? "on" : "off"));
    append(lines, field(look, "Restorations", std::to_string(overview.restorations)));
    append(lines, field(look, "Features", overview.features.empty() ? "none" : escaped(joined(overview.features))));
    Lines shown = show_findings(look, findings, false);
    if (!shown.empty()) {
        lines.emplace_back();
        append(lines, std::move(shown));
    }
    return lines;
}

Lines show_interfaces(const Look &look, const std::vector<ManagedInterface> &interfaces) {
    Table table({{.heading = "INTERFACE"},
                 {.heading = "ACTION"},
                 {.heading = "PARENT", .spare = 1},
                 {.heading = "ORIGIN", .spare = 2},
                 {.heading = "IFINDEX", .is_number = true, .spare = 4},
                 {.heading = "MAC", .spare = 3}});
    Lines reasons;
    for (const auto &interface : interfaces) {
        table.add({{interface.name, Tone::Strong},
                   {action_in_words(interface), tone_of_action(interface)},
                   {interface.parent.empty() ? "-" : interface.parent},
                   {joined(interface.origins, ",") + (interface.runtime ? ",runtime" : "")},
                   {interface.present ? std::to_string(interface.ifindex) : "-"},
                   {interface.present ? interface.mac : "absent", interface.present ? Tone::Plain : Tone::Faint}});
        if (!interface.reason.empty()) {
            const std::string reason = escaped(interface.name) + ": " + escaped(interface.reason);
            append(reasons, wrapped(reason, look.terminal.room()));
        }
    }
    Lines lines = table.lines(look.terminal, look.legend);
    if (look.legend) {
        lines.emplace_back();
        append(lines, std::move(reasons));
        lines.push_back(counted(interfaces.size(), "interface") + " under management.");
    }
    return lines;
}

Lines show_counters(const Look &look, const char *what, const CounterTable &counters) {
    Table table({{.heading = what},
                 {.heading = "MESSAGE"},
                 {.heading = "PACKETS", .is_number = true},
                 {.heading = "BYTES", .is_number = true, .spare = 1}});
    for (const auto &[name, counts] : counters) {
        std::string shown = name;  // once for each name
        for (const auto &[message, count] : counts) {
            if (count.packets > 0) {
                table.add({{std::exchange(shown, ""), Tone::Strong},
                           {message},
                           {std::to_string(count.packets)},
                           {std::to_string(count.bytes)}});
            }
        }
        if (!shown.empty()) {
            table.add({{shown, Tone::Strong}, {"-", Tone::Faint}, {"0"}, {"0"}});
        }
    }
    return table.is_empty() ? Lines{} : table.lines(look.terminal, look.legend);
}

Lines show_findings(const Look &look, const std::vector<audit::Finding> &findings, bool all) {
    Lines lines;
    std::size_t well = 0;
    for (const auto &finding : findings) {
        if (finding.severity != Severity::Ok || all) {
            append(lines, show_finding(look, finding));
        } else {
            ++well;
        }
    }
    if (look.legend && well > 0) {
        append(lines, wrapped(counted(well, "finding") + " of severity ok; mldfilterctl audit --all shows them.",
                              look.terminal.room()));
    }
    return lines;
}

std::string in_words(const ManagedInterface &interface) {
    std::string text = action_in_words(interface);
    if (!interface.parent.empty()) {
        text += ", parent " + interface.parent;
    }
    return escaped(text + ", " + (interface.origins.empty() ? "no origin" : joined(interface.origins, " and ")) +
                   (interface.present ? "" : ", absent"));
}

}  // namespace vmac::ctl
