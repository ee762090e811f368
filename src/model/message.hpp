// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace vmac {

/// The messages that a VMAC interface must not send in its own name.
enum class Message {
    MldReport,      ///< MLDv1 report, ICMPv6 type 131 (RFC 2710)
    MldDone,        ///< MLDv1 done, type 132 (RFC 2710)
    Mld2Report,     ///< MLDv2 report, type 143 (RFC 3810)
    RouterSolicit,  ///< router solicitation, type 133 (RFC 4861); has the MAC in its payload
    Igmp,           ///< any IGMP message, IPv4 protocol 2 (RFC 3376)
};

inline constexpr std::array kAllMessages = {Message::MldReport, Message::MldDone, Message::Mld2Report,
                                            Message::RouterSolicit, Message::Igmp};

using MessageSet = std::set<Message>;

/// nftables' own name of the message.
std::string_view to_string(Message message);

/// The message of that name. @throws Error InvalidOption, which says what messages there are
Message parse_message(std::string_view text);

/// The messages of these names, at least one. @throws Error InvalidOption
MessageSet parse_messages(const std::vector<std::string> &words);

/// The ICMPv6 type of the message; none for IGMP.
std::optional<std::uint8_t> icmpv6_type(Message message);

}  // namespace vmac
