// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace vmac::store {

/// JSON that is written as text, member by member. The state has thousands of members and is written at each change:
/// to build a tree of them first, and to write that, takes ten times as long.
class JsonText {
public:
    /// Whether the members of an object stand on lines of their own.
    enum class Layout { Lines, Row };

    void begin_object(Layout layout = Layout::Row) { begin('{', layout); }
    void end_object() { end('}'); }
    void begin_array() { begin('[', Layout::Row); }
    void end_array() { end(']'); }

    /// The name of what is written next, a member of an object.
    void key(std::string_view name) {
        separate();
        quote(name);
        text_ += ": ";
        is_named_ = true;
    }

    void value(std::string_view word) {
        separate();
        quote(word);
    }
    void value(const std::string &word) { value(std::string_view(word)); }
    void value(const char *word) { value(std::string_view(word)); }

    void value(bool is_true) {
        separate();
        text_ += is_true ? "true" : "false";
    }

    void value(std::uint64_t number) {
        constexpr std::size_t kMostDigits = 20;
        separate();
        const std::size_t size = text_.size();
        text_.resize(size + kMostDigits);
        char *const end = std::to_chars(text_.data() + size, text_.data() + text_.size(), number).ptr;
        text_.resize(static_cast<std::size_t>(end - text_.data()));
    }

    /// A member of an object.
    template <typename Value>
    void member(std::string_view name, const Value &what) {
        key(name);
        value(what);
    }

    /// What was written, which is left empty.
    [[nodiscard]] std::string take() { return std::move(text_); }

private:
    struct Level {
        Layout layout;
        bool is_empty = true;
    };

    void begin(char bracket, Layout layout) {
        separate();
        text_ += bracket;
        levels_.push_back({layout});
    }

    void end(char bracket) {
        const Level level = levels_.back();
        levels_.pop_back();
        if (level.layout == Layout::Lines && !level.is_empty) {
            break_line();
        }
        text_ += bracket;
    }

    /// What stands between the one before and the next one.
    void separate() {
        if (is_named_ || levels_.empty()) {
            is_named_ = false;
            return;
        }
        Level &level = levels_.back();
        if (!level.is_empty) {
            text_ += level.layout == Layout::Lines ? "," : ", ";
        }
        if (level.layout == Layout::Lines) {
            break_line();
        }
        level.is_empty = false;
    }

    void break_line() {
        text_ += '\n';
        text_.append(2 * levels_.size(), ' ');
    }

    void quote(std::string_view word) {
        const auto is_plain = [](unsigned char byte) {
            return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
        };
        if (std::ranges::all_of(word, is_plain)) {
            ((text_ += '"') += word) += '"';
        } else {
            text_ += nlohmann::json(word).dump();  // what is to be escaped, and how, is for the library to know
        }
    }

    std::string text_;
    std::vector<Level> levels_;
    bool is_named_ = false;
};

}  // namespace vmac::store
