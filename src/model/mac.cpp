// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/mac.hpp"

#include <array>
#include <cstdio>

#include "model/error.hpp"
#include "model/quoting.hpp"

namespace vmac {
namespace {

constexpr std::size_t kMacBytes = 6;

}  // namespace

std::string format_mac(std::span<const std::uint8_t> bytes) {
    if (bytes.size() != kMacBytes) {
        return {};
    }
    std::array<char, 3 * kMacBytes> text{};
    std::snprintf(text.data(), text.size(), "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1], bytes[2], bytes[3],
                  bytes[4], bytes[5]);
    return text.data();
}

std::string parse_mac(const std::string &text) {
    bool good = text.size() == 3 * kMacBytes - 1;
    for (std::size_t i = 0; good && i < text.size(); ++i) {
        const std::string_view allowed = i % 3 == 2 ? ":" : "0123456789abcdef";
        good = allowed.find(text[i]) != std::string_view::npos;
    }
    if (!good) {
        throw Error(Errc::StoreFailed, in_quotes(text) + " is not a MAC address");
    }
    return text;
}

bool is_vrrp_mac(std::string_view mac) {
    return mac.starts_with("00:00:5e:00:01:") || mac.starts_with("00:00:5e:00:02:");
}

}  // namespace vmac
