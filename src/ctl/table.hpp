// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ctl/terminal.hpp"

namespace vmac::ctl {

/// What one place of a table shows.
struct Cell {
    std::string text;
    Tone tone = Tone::Plain;
};

struct Column {
    std::string heading;
    bool is_number = false;  ///< to the right
    int spare = 0;           ///< where a table is too wide, the columns with the highest number go first; 0: stays
};

/// Rows under headings, no wider than the terminal: columns that can be spared are left out first, then the widest
/// cells are cut.
class Table {
public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    /// A row as long as there are columns. Texts are escaped here.
    void add(std::vector<Cell> row);

    [[nodiscard]] bool is_empty() const { return rows_.empty(); }

    /// The lines, the one of the headings first if there are to be any.
    [[nodiscard]] std::vector<std::string> lines(const Terminal &terminal, bool headings) const;

private:
    struct Place {
        std::size_t column;
        std::size_t width;
    };

    [[nodiscard]] std::vector<Place> places(const Terminal &terminal, bool headings) const;
    [[nodiscard]] std::string line(const Terminal &terminal, const std::vector<Place> &places,
                                   const std::vector<Cell> &row) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace vmac::ctl
