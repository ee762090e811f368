// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <termios.h>

#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace vmac::ctl {

/// The terminal as one picture that is drawn again and again. What was there before comes back when this ends.
class Screen {
public:
    Screen();
    ~Screen();
    Screen(const Screen &) = delete;
    Screen &operator=(const Screen &) = delete;

    /// Draws @p lines, which fit, over what was there.
    void draw(const std::vector<std::string> &lines);

private:
    std::ostream &out_ = std::cout;
    std::optional<termios> before_;  ///< how keys were read; none where standard input is no terminal
};

}  // namespace vmac::ctl
