// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// A MAC address as text, as the kernel, nftables and iproute2 write it: "00:00:5e:00:02:01".
namespace vmac {

/// The text of an address of six bytes; empty for one of another length, which Ethernet does not have.
std::string format_mac(std::span<const std::uint8_t> bytes);

/// @p text itself. @throws Error StoreFailed when it is no MAC address as format_mac() writes it
std::string parse_mac(const std::string &text);

/// Whether a MAC is one of VRRP's: 00-00-5E-00-01-XX for IPv4, 00-00-5E-00-02-XX for IPv6 (RFC 9568, 7.3).
bool is_vrrp_mac(std::string_view mac);

}  // namespace vmac
