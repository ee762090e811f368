// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/quoting.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/interface_name.hpp"

namespace vmac {

std::string in_quotes(std::string_view text) {
    constexpr std::size_t kMost = 64;
    return nlohmann::json(text.substr(0, kMost)).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string on_one_line(std::string text) {
    const bool is_text = is_utf8(text);
    std::ranges::replace_if(
        text,
        [is_text](char c) {
            const auto byte = static_cast<unsigned char>(c);
            return byte < ' ' || byte == 0x7f || (byte > 0x7f && !is_text);
        },
        '?');
    return text;
}

}  // namespace vmac
