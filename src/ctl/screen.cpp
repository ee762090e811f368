// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/screen.hpp"

#include <unistd.h>

namespace vmac::ctl {
namespace {

// The private modes of xterm that all terminals have taken over, see ctlseqs of xterm: a second screen, and the cursor.
constexpr auto kEnter = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr auto kLeave = "\x1b[?25h\x1b[?1049l";
constexpr auto kHome = "\x1b[H";
constexpr auto kEndOfLine = "\x1b[K";
constexpr auto kBelow = "\x1b[J";

}  // namespace

Screen::Screen() {
    termios mode{};
    if (tcgetattr(STDIN_FILENO, &mode) == 0) {
        before_ = mode;
        mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // single keys; ^C stays a signal
        tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
    }
    out_ << kEnter << std::flush;
}

Screen::~Screen() {
    out_ << kLeave << std::flush;
    if (before_) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &*before_);
    }
}

void Screen::draw(const std::vector<std::string> &lines) {
    std::string picture = kHome;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        picture += (i == 0 ? "" : "\r\n") + lines[i] + kEndOfLine;
    }
    out_ << picture << kBelow << std::flush;
}

}  // namespace vmac::ctl
