// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/watch_view.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <numeric>
#include <utility>

#include "ctl/json.hpp"
#include "ctl/table.hpp"
#include "ctl/text.hpp"
#include "model/counted.hpp"

namespace vmac::ctl {
namespace {

using nlohmann::json;

constexpr std::size_t kPicture = 20;  // columns of a sparkline

std::string in_words(double rate) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), rate < 100 ? "%.1f" : "%.0f", rate);
    return text.data();
}

double sum(const std::vector<double> &values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

/// The names of @p table, the busiest of late first.
std::vector<std::string> by_activity(const CounterTable &table, const Rates &rates) {
    std::vector<std::pair<double, std::string>> ranked;
    for (const auto &[name, counts] : table) {
        ranked.emplace_back(-sum(rates.past(name, "")), name);
    }
    std::ranges::sort(ranked);
    std::vector<std::string> names;
    std::ranges::transform(ranked, std::back_inserter(names), [](const auto &entry) { return entry.second; });
    return names;
}

/// A row for each message that was counted, and one for what counted nothing.
/// @param action_of of a name
template <typename ActionOf>
void add_rows(Table &table, const CounterTable &counters, const Rates &rates, ActionOf action_of, bool utf8) {
    for (const auto &name : by_activity(counters, rates)) {
        std::string shown = name;  // once for each name
        std::string action = action_of(name);
        for (const auto &[message, count] : counters.at(name)) {
            if (count.packets == 0) {
                continue;
            }
            const double rate = rates.last(name, message).packets;
            table.add({{std::exchange(shown, ""), Tone::Strong},
                       {std::exchange(action, "")},
                       {message},
                       {std::to_string(count.packets)},
                       {in_words(rate), rate > 0 ? Tone::Strong : Tone::Faint},
                       {sparkline(rates.past(name, message), kPicture, utf8), Tone::Good}});
        }
        if (!shown.empty()) {
            table.add({{shown, Tone::Strong}, {action}, {"-", Tone::Faint}, {"0"}, {"0.0", Tone::Faint}, {""}});
        }
    }
}

Table table_of(const Seen &seen, bool utf8) {
    Table table({{.heading = "INTERFACE"},
                 {.heading = "ACTION", .spare = 2},
                 {.heading = "MESSAGE"},
                 {.heading = "PACKETS", .is_number = true, .spare = 1},
                 {.heading = "PER SECOND", .is_number = true},
                 {.heading = "OF LATE", .is_number = true, .spare = 3}});
    const auto action_of = [&seen](const std::string &name) {
        const auto found = seen.actions.find(name);
        return found == seen.actions.end() ? "" : found->second;
    };
    add_rows(table, seen.counters, seen.rates, action_of, utf8);
    add_rows(
        table, seen.guard, seen.guard_rates, [](const std::string & /*device*/) { return "guard"; }, utf8);
    return table;
}

std::string headline(const Look &look, const Seen &seen, const std::string &time) {
    Standing standing{"the service does not run; systemctl start vmac-mldfilter", Tone::Bad};
    std::string rest = "  " + time;
    if (seen.overview) {
        standing = standing_of(*seen.overview, audit::Severity::Ok);
        rest.insert(0, (seen.overview->guard_active ? ", guard on, " : ", guard off, ") +
                           counted(static_cast<std::size_t>(seen.overview->restorations), "restoration"));
    }
    const std::size_t width = look.terminal.room();
    const std::string word = cut(standing.word, width - std::min<std::size_t>(width, 2), look.terminal.utf8);
    return bullet(look.terminal, standing.tone) + ' ' + look.terminal.paint(standing.tone, word) +
           cut(rest, width - std::min(width, 2 + width_of(word)), look.terminal.utf8);
}

void append(Lines &lines, const Lines &more) {
    if (!more.empty()) {
        lines.emplace_back();
        lines.insert(lines.end(), more.begin(), more.end());
    }
}

json rates_json(const CounterTable &counters, const Rates &rates) {
    json object = to_json(counters);
    for (const auto &[name, messages] : object.items()) {
        for (const auto &[message, count] : messages.items()) {
            const Rate rate = rates.last(name, message);
            count["packets-per-second"] = rate.packets;
            count["bytes-per-second"] = rate.bytes;
        }
    }
    return object;
}

}  // namespace

Lines show_watch(const Look &look, const Seen &seen, const std::string &time) {
    Lines lines{headline(look, seen, time)};
    if (seen.overview && seen.counters.empty() && seen.guard.empty()) {
        append(lines, {cut("No interface is under management. A VRRP MAC is found when it appears.",
                           look.terminal.room(), look.terminal.utf8)});
    } else if (seen.overview) {
        append(lines, table_of(seen, look.terminal.utf8).lines(look.terminal, look.legend));
    }
    if (!look.terminal.is_terminal) {
        return lines;
    }
    Lines foot;
    if (!seen.notice.empty()) {
        foot.push_back(cut(seen.notice, look.terminal.room(), look.terminal.utf8));
    }
    const std::size_t room = *look.terminal.height - std::min(*look.terminal.height - 1, foot.size() + 2);
    if (lines.size() > room) {
        const std::size_t hidden = lines.size() - room;
        lines.resize(room);
        foot.insert(foot.begin(),
                    look.terminal.paint(Tone::Faint, cut(counted(hidden, "line") + " more; name the interfaces to see",
                                                         look.terminal.room(), look.terminal.utf8)));
    }
    foot.push_back(look.terminal.paint(Tone::Faint, "q quits"));
    lines.insert(lines.end(), foot.begin(), foot.end());
    lines.resize(std::min(lines.size(), *look.terminal.height));
    return lines;
}

json watch_json(const Seen &seen, double time) {
    return {
        {"time", time},
        {"running", seen.overview.has_value()},
        {"protected", seen.overview && seen.overview->is_protected},
        {"restorations", seen.overview ? seen.overview->restorations : 0},
        {"interfaces", rates_json(seen.counters, seen.rates)},
        {"guard", rates_json(seen.guard, seen.guard_rates)},
    };
}

}  // namespace vmac::ctl
