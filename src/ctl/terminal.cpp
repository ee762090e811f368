// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/terminal.hpp"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <clocale>
#include <cstdlib>

namespace vmac::ctl {
namespace {

bool wants_colour(Colour colour, bool is_terminal) {
    if (colour != Colour::Auto) {
        return colour == Colour::Always;
    }
    const char *no_color = std::getenv("NO_COLOR");  // no-color.org: when it is there and not empty
    const char *term = std::getenv("TERM");
    return is_terminal && (no_color == nullptr || *no_color == '\0') && term != nullptr &&
           std::string_view(term) != "dumb";
}

/// A positive number in the environment.
std::optional<std::size_t> number_in(const char *variable) {
    const char *text = std::getenv(variable);
    if (text == nullptr) {
        return std::nullopt;
    }
    char *end = nullptr;
    const auto number = std::strtoul(text, &end, 10);
    return *end == '\0' && number > 0 ? std::optional<std::size_t>(number) : std::nullopt;
}

std::string_view code_of(Tone tone) {
    switch (tone) {
        case Tone::Plain:
            return "";
        case Tone::Strong:
            return "\x1b[1m";
        case Tone::Faint:
            return "\x1b[2m";
        case Tone::Good:
            return "\x1b[1;32m";
        case Tone::Warning:
            return "\x1b[1;33m";
        case Tone::Bad:
            return "\x1b[1;31m";
    }
    return "";
}

}  // namespace

void Terminal::measure() {
    winsize size{};
    if (is_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        width = size.ws_col;
        height = size.ws_row;
    } else {
        width = number_in("COLUMNS");
    }
    if (is_terminal && !width) {
        width = 80;  // a serial line does not tell
    }
    if (is_terminal && !height) {
        height = 24;
    }
}

std::string Terminal::paint(Tone tone, std::string_view text) const {
    const std::string_view code = colour ? code_of(tone) : "";
    return code.empty() ? std::string(text) : std::string(code) + std::string(text) + "\x1b[0m";
}

Terminal look_at_terminal(Colour colour) {
    Terminal terminal;
    std::setlocale(LC_CTYPE, "");
    terminal.utf8 = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
    std::setlocale(LC_CTYPE, "C.UTF-8");  // names are UTF-8, whatever the terminal shows of them
    terminal.is_terminal = isatty(STDOUT_FILENO) == 1;
    terminal.colour = wants_colour(colour, terminal.is_terminal);
    terminal.measure();
    return terminal;
}

}  // namespace vmac::ctl
