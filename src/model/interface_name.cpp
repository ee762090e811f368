// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/interface_name.hpp"

#include <net/if.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "model/error.hpp"
#include "model/quoting.hpp"

namespace vmac {
namespace {

// The kernel's isspace() is that of Latin-1: a no-break space counts, also as the second byte of "à".
bool is_kernel_space(unsigned char c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0;
}

/// Words that json_parse_constant() in libnftables turns into numbers wherever they stand, so that no interface of
/// that name can be written.
constexpr std::array<std::string_view, 11> kProtocolWords = {"tcp",    "udp",  "udplite", "esp",  "ah",      "icmp",
                                                             "icmpv6", "comp", "dccp",    "sctp", "redirect"};

/// Whether well-formed UTF-8 has characters that Unicode keeps for itself: U+FDD0 to U+FDEF, and the last two of each
/// plane. sd-bus sends no message with them.
bool has_noncharacter(std::string_view text) {
    for (std::size_t end = 3; end <= text.size(); ++end) {
        const auto first = static_cast<unsigned char>(text[end - 3]);
        const auto second = static_cast<unsigned char>(text[end - 2]);
        const auto third = static_cast<unsigned char>(text[end - 1]);
        const bool ends_plane = (first == 0xef || (first & 0xcfU) == 0x8f) && second == 0xbf;
        if ((ends_plane && (third == 0xbe || third == 0xbf)) ||
            (first == 0xef && second == 0xb7 && third >= 0x90 && third <= 0xaf)) {
            return true;
        }
    }
    return false;
}

[[noreturn]] void refuse(std::string_view text, const std::string &why) {
    throw Error(Errc::InvalidName, in_quotes(text) + " is not a usable interface name: " + why);
}

}  // namespace

InterfaceName InterfaceName::parse(std::string_view text) {
    if (text.empty()) {
        refuse(text, "it is empty; a name has 1 to 15 bytes");
    }
    if (text.size() >= IFNAMSIZ) {
        refuse(text, "it has " + std::to_string(text.size()) + " bytes; a name has 1 to 15");
    }
    if (text == "." || text == "..") {
        refuse(text, "the kernel keeps \".\" and \"..\" for itself");
    }
    for (const char c : text) {
        if (c == '/' || c == ':' || c == '\0' || is_kernel_space(static_cast<unsigned char>(c))) {
            refuse(text, "the kernel accepts no '/', ':', NUL or white space (byte 0xA0 is one) in a name");
        }
    }
    if (!is_utf8(text)) {
        refuse(text, "it is not UTF-8, or has characters that D-Bus does not carry");
    }
    if (text.front() == '@') {
        refuse(text, "nftables takes a leading '@' for the name of a set");
    }
    if (text.ends_with("\\*")) {
        refuse(text, "nftables takes \"\\*\" at the end for '*'");
    }
    if (std::ranges::find(kProtocolWords, text) != kProtocolWords.end()) {
        refuse(text, "nftables takes this word for a number");
    }
    return InterfaceName(text);
}

std::optional<InterfaceName> InterfaceName::from_kernel(std::string_view text) {
    try {
        return parse(text);
    } catch (const Error &) {
        return std::nullopt;
    }
}

bool is_utf8(std::string_view text) {
    // Almost all names are ASCII, and one check at 4,096 interfaces asks for tens of thousands of them.
    if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) - 1U < 0x7fU; })) {
        return true;
    }
    try {
        const auto ignored = nlohmann::json(text).dump();
        return text.find('\0') == std::string_view::npos && !has_noncharacter(text);
    } catch (const nlohmann::json::type_error &) {
        return false;
    }
}

}  // namespace vmac
