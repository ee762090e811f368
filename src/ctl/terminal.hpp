// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "ctl/request.hpp"

namespace vmac::ctl {

/// Colours by what they mean.
enum class Tone { Plain, Strong, Faint, Good, Warning, Bad };

/// What standard output can show.
struct Terminal {
    bool is_terminal = false;
    bool colour = false;
    bool utf8 = false;                  ///< by the locale
    std::optional<std::size_t> width;   ///< in columns; none: as wide as it takes
    std::optional<std::size_t> height;  ///< in lines

    /// The width to cut or to wrap to.
    [[nodiscard]] std::size_t room() const { return width.value_or(std::string::npos); }

    /// Looks again: the window may have another size now.
    void measure();

    /// @p text in the colour of @p tone, or as it is.
    [[nodiscard]] std::string paint(Tone tone, std::string_view text) const;
};

/// How standard output is. Heeds NO_COLOR, TERM, COLUMNS and the locale.
Terminal look_at_terminal(Colour colour);

}  // namespace vmac::ctl
