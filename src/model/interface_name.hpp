// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace vmac {

/// A name that the kernel accepts for a network interface: 1 to 15 bytes, neither "." nor "..", without '/', ':'
/// and white space (dev_valid_name() in net/core/dev.c). Names in nftables sets are such names, not patterns:
/// "vrrp*" is one interface.
class InterfaceName {
public:
    /// @throws Error InvalidName, which says what is wrong. Besides what the kernel refuses, these are: names that
    /// are not UTF-8, for D-Bus and JSON carry no others, and the few names that libnftables-json(5) cannot write.
    static InterfaceName parse(std::string_view text);

    /// The same for a name that the kernel has, where nobody is to be told: nothing for what parse() refuses.
    static std::optional<InterfaceName> from_kernel(std::string_view text);

    [[nodiscard]] const std::string &str() const { return text_; }

    auto operator<=>(const InterfaceName &) const = default;

private:
    explicit InterfaceName(std::string_view text) : text_(text) {}

    std::string text_;
};

/// Whether D-Bus and JSON can carry @p text: well-formed UTF-8 (RFC 3629) without NUL, and without noncharacters such
/// as U+FFFF, which sd-bus refuses.
bool is_utf8(std::string_view text);

}  // namespace vmac
