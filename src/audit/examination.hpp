// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "audit/audit.hpp"

// The parts of examine(), one concern each. They append to a list of findings.
namespace vmac::audit {

/// One interface that is looked at: a VMAC, an entry, mostly both.
struct Subject {
    const Situation &situation;
    std::string name;                 ///< printable
    const net::Link *link = nullptr;  ///< none when it does not exist
    const Entry *entry = nullptr;     ///< none when it is not under management
    const Facts &facts;

    /// The device below it, when that is in this network namespace.
    [[nodiscard]] const net::Link *lower() const;

    /// Whether the kernel sends IPv6 on it at all.
    [[nodiscard]] bool has_ipv6() const { return facts.disable_ipv6.value_or(0) == 0; }
};

/// What becomes of each message.
void examine_messages(const Subject &subject, std::vector<Finding> &findings);

/// How the interface is set up, and by whom.
void examine_setup(const Subject &subject, std::vector<Finding> &findings);

/// The state of the service itself: both lines of defence.
void examine_host(const Situation &situation, std::vector<Finding> &findings);

/// "a, b and c"
std::string list_of(const std::vector<std::string> &words);
std::string list_of(const std::vector<Message> &messages);

}  // namespace vmac::audit
