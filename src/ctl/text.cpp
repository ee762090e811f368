// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/text.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <cwchar>
#include <iomanip>
#include <sstream>

namespace vmac::ctl {
namespace {

struct Character {
    std::size_t bytes;
    std::size_t columns;
    bool is_control;
};

/// The first character of @p text, which is not empty. What is no character is taken byte by byte.
Character first_of(std::string_view text) {
    std::mbstate_t state{};
    wchar_t character = 0;
    const std::size_t bytes = std::mbrtowc(&character, text.data(), text.size(), &state);
    if (bytes == 0 || bytes > text.size()) {
        return {1, 1, true};
    }
    const int columns = wcwidth(character);
    return {bytes, columns < 0 ? 1 : static_cast<std::size_t>(columns), columns < 0};
}

}  // namespace

std::string escaped(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const auto [bytes, columns, is_control] = first_of(text);
        for (const char byte : text.substr(0, bytes)) {
            if (is_control) {
                std::array<char, 5> code{};
                std::snprintf(code.data(), code.size(), "\\x%02x", static_cast<unsigned char>(byte));
                result += code.data();
            } else {
                result += byte;
            }
        }
        text.remove_prefix(bytes);
    }
    return result;
}

std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    while (!text.empty()) {
        const auto character = first_of(text);
        width += character.columns;
        text.remove_prefix(character.bytes);
    }
    return width;
}

std::string cut(std::string_view text, std::size_t width, bool utf8) {
    if (width_of(text) <= width) {
        return std::string(text);
    }
    const std::string_view ellipsis = utf8 ? "…" : "~";
    std::string result;
    for (std::size_t used = 1; !text.empty();) {
        const auto character = first_of(text);
        used += character.columns;
        if (used > width) {
            break;
        }
        result += text.substr(0, character.bytes);
        text.remove_prefix(character.bytes);
    }
    return width == 0 ? "" : result.append(ellipsis);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines;
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;) {
        if (!lines.empty() && width_of(lines.back()) + 1 + width_of(word) <= width) {
            lines.back() += ' ' + word;
        } else {
            lines.push_back(word);
        }
    }
    return lines;
}

std::string joined(const std::vector<std::string> &words, std::string_view separator) {
    std::string text;
    for (const auto &word : words) {
        if (!text.empty()) {
            text += separator;
        }
        text += word;
    }
    return text;
}

double time_stamp() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string time_of_day(const char *format) {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    std::ostringstream text;
    text << std::put_time(&local, format);
    return text.str();
}

}  // namespace vmac::ctl
