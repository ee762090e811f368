// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/table.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "ctl/text.hpp"

namespace vmac::ctl {
namespace {

constexpr std::size_t kGap = 1;  // between two columns

template <typename Places>
std::size_t total(const Places &places) {
    return std::accumulate(places.begin(), places.end(), places.empty() ? 0 : (places.size() - 1) * kGap,
                           [](std::size_t sum, const auto &place) { return sum + place.width; });
}

}  // namespace

void Table::add(std::vector<Cell> row) {
    for (auto &cell : row) {
        cell.text = escaped(cell.text);
    }
    rows_.push_back(std::move(row));
}

std::vector<Table::Place> Table::places(const Terminal &terminal, bool headings) const {
    std::vector<Place> places;
    for (std::size_t column = 0; column < columns_.size(); ++column) {
        std::size_t width = headings ? width_of(columns_[column].heading) : 0;
        for (const auto &row : rows_) {
            width = std::max(width, width_of(row[column].text));
        }
        places.push_back({column, width});
    }
    if (!terminal.width) {
        return places;
    }
    const auto spare = [this](const Place &place) { return columns_[place.column].spare; };
    while (total(places) > *terminal.width) {
        const auto least = std::ranges::max_element(places, {}, spare);
        if (spare(*least) == 0) {
            break;
        }
        places.erase(least);
    }
    while (total(places) > *terminal.width) {
        auto &widest = *std::ranges::max_element(places, {}, &Place::width);
        if (widest.width <= 1) {
            break;
        }
        --widest.width;
    }
    return places;
}

std::string Table::line(const Terminal &terminal, const std::vector<Place> &places,
                        const std::vector<Cell> &row) const {
    std::string line;
    for (const auto &[column, width] : places) {
        const auto &cell = row[column];
        std::string text = cut(cell.text, width, terminal.utf8);
        const std::string padding(width - width_of(text), ' ');
        const bool is_last = column == places.back().column;
        if (is_last) {
            text.erase(text.find_last_not_of(' ') + 1);
        }
        line += column == places.front().column ? "" : std::string(kGap, ' ');
        if (columns_[column].is_number) {
            line += padding + terminal.paint(cell.tone, text);
        } else {
            line += terminal.paint(cell.tone, text) + (is_last ? "" : padding);
        }
    }
    return line;
}

std::vector<std::string> Table::lines(const Terminal &terminal, bool headings) const {
    const auto shown = places(terminal, headings);
    std::vector<std::string> lines;
    if (headings) {
        std::vector<Cell> row;
        std::ranges::transform(columns_, std::back_inserter(row), [](const Column &column) {
            return Cell{column.heading, Tone::Strong};
        });
        lines.push_back(line(terminal, shown, row));
    }
    for (const auto &row : rows_) {
        lines.push_back(line(terminal, shown, row));
    }
    return lines;
}

}  // namespace vmac::ctl
