// SPDX-License-Identifier: GPL-2.0-or-later
// Names of interfaces, MACs, and the words of options: what is taken is what the kernel takes, and comes back the same.
#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>
#include <regex>

#include "model/error.hpp"
#include "model/mac.hpp"
#include "nft/commands.hpp"
#include "nft/guard.hpp"
#include "recipe.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

/// RFC 3629, without NUL and noncharacters: characters are put together and looked at.
bool is_well_formed(std::string_view text) {
    while (!text.empty()) {
        const auto first = static_cast<unsigned char>(text.front());
        const auto length = static_cast<std::size_t>(std::max(1, std::countl_one(first)));
        if (length > text.size() || length > 4 || std::countl_one(first) == 1) {
            return false;
        }
        char32_t character = length == 1 ? first : first & (0x7fU >> length);
        for (const char c : text.substr(1, length - 1)) {
            const auto byte = static_cast<unsigned char>(c);
            if (std::countl_one(byte) != 1) {
                return false;
            }
            character = character << 6U | (byte & 0x3fU);
        }
        constexpr std::array<char32_t, 5> kSmallest = {0, 1, 0x80, 0x800, 0x10000};
        const bool surrogate = character >= 0xd800 && character <= 0xdfff;
        const bool kept = (character >= 0xfdd0 && character <= 0xfdef) || (character & 0xfffeU) == 0xfffe;
        if (character < kSmallest[length] || character > 0x10ffff || surrogate || kept) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

/// dev_valid_name() in net/core/dev.c.
bool kernel_takes(std::string_view name) {
    constexpr std::string_view kSpaces = " \t\n\v\f\r\xa0";
    return !name.empty() && name.size() < 16 && name != "." && name != ".." &&
           name.find('\0') == std::string_view::npos && name.find_first_of("/:") == std::string_view::npos &&
           name.find_first_of(kSpaces) == std::string_view::npos;
}

/// The names that are refused although the kernel takes them.
bool nft_cannot_write(std::string_view name) {
    constexpr std::array<std::string_view, 11> kWords = {"ah",   "comp", "dccp",     "esp", "icmp",   "icmpv6",
                                                         "sctp", "tcp",  "redirect", "udp", "udplite"};
    return name.starts_with('@') || name.ends_with("\\*") || std::ranges::count(kWords, name) != 0;
}

/// Runs @p parse. Nothing when it refuses, which it must do with this code and a text that the bus carries.
template <typename Function>
auto parsed(Errc code, Function parse) -> std::optional<std::invoke_result_t<Function>> {
    try {
        return parse();
    } catch (const Error &error) {
        require(error.code() == code, "the code of an error");
        require(is_readable(error.what()) && std::string_view(error.what()).size() > 20, "an error says something");
        return std::nullopt;
    }
}

void try_name(std::string_view text) {
    const auto name = parsed(Errc::InvalidName, [&] { return InterfaceName::parse(text); });
    const bool expected = kernel_takes(text) && is_well_formed(text) && !nft_cannot_write(text);
    require(name.has_value() == expected, "names that are taken are those of the kernel");
    require(InterfaceName::from_kernel(text) == name, "from_kernel() takes what parse() takes");
    if (!name) {
        return;
    }
    require(name->str() == text, "a name stays as it is");
    const std::string written = nft::written(*name);
    require(!written.ends_with('*') || written.ends_with("\\*"), "no name is a pattern for nft");
    require(nlohmann::json::parse(nlohmann::json(written).dump()) == written, "a name can be JSON");
    if (nft::is_guardable(*name)) {
        require(text.find_first_of("\"\\") == std::string::npos && !text.ends_with('*'),
                "a device with a guard is readable");
    }
}

void try_mac(const std::string &text, Input bytes) {
    static const std::regex kMac("[0-9a-f]{2}(:[0-9a-f]{2}){5}");
    const auto mac = parsed(Errc::StoreFailed, [&] { return parse_mac(text); });
    const bool expected = text.size() == 17 && std::regex_match(text, kMac);
    require(mac.has_value() == expected && mac.value_or(text) == text, "a MAC is 6 bytes in hexadecimal");
    const std::string written = format_mac(bytes);
    require(written.empty() == (bytes.size() != 6), "only 6 bytes are a MAC");
    require(written.empty() || parse_mac(written) == written, "a MAC that is written is one that is read");
    require(!is_vrrp_mac(written) || (bytes[2] == 0x5e && (bytes[4] == 1 || bytes[4] == 2)), "MACs of VRRP");
}

void try_words(const std::string &text) {
    if (const auto action = parsed(Errc::InvalidOption, [&] { return parse_action(text); })) {
        require(to_string(*action) == text, "an action is its word");
    }
    if (const auto mode = parsed(Errc::InvalidOption, [&] { return parse_guard_mode(text); })) {
        require(to_string(*mode) == text, "a mode of the guard is its word");
    }
    const auto message = parsed(Errc::InvalidOption, [&] { return parse_message(text); });
    if (message) {
        require(to_string(*message) == text, "a message is its word");
    }
    const auto several = parsed(Errc::InvalidOption, [&] { return parse_messages({"igmp", text}); });
    require(several.has_value() == message.has_value(), "messages are each a message");
    const auto parent = parsed(Errc::InvalidOption, [&] { return parse_parent(text); });
    require(parent.has_value() == (text.empty() || InterfaceName::from_kernel(text)), "a parent is a name or nothing");
}

void try_options(Recipe recipe) {
    const Options upper = recipe.options();
    const Options lower = recipe.options();
    const Options both = upper.over(lower);
    require(upper.over(upper) == upper && upper.over({}) == upper && Options{}.over(upper) == upper,
            "options over the same, or over nothing, are those options");
    require(both.over(lower) == both && upper.over(both) == both, "what was said once more changes nothing");
}

}  // namespace

void try_input(Input input) {
    const std::string_view text = text_of(input);
    require(is_utf8(text) == is_well_formed(text), "what is UTF-8");
    try_name(text);
    try_mac(std::string(text), input);
    try_words(std::string(text));
    try_options(Recipe(input));
}

}  // namespace vmac::fuzz
