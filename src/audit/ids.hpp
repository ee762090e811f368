// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>

// The id of each finding. Cron jobs and monitoring look for them: an id never changes its meaning and is never used
// for anything else. What to do is in the message of the finding.
namespace vmac::audit::id {

// About the host.

/// ok: the kernel was read back and holds what it must.
inline constexpr std::string_view kProtected = "protected";

/// critical: the kernel does not hold what it must. warning: it was not read back yet.
inline constexpr std::string_view kNotProtected = "not-protected";

/// warning: somebody changed our tables, and they were put right.
inline constexpr std::string_view kRulesRestored = "rules-restored";

/// critical: another program changes our tables again and again.
inline constexpr std::string_view kRulesContested = "rules-contested";

/// warning: the configuration turns the guard off.
inline constexpr std::string_view kGuardOff = "guard-off";

/// warning: the kernel cannot do what the guard needs.
inline constexpr std::string_view kGuardUnsupported = "guard-unsupported";

/// warning: the guard is missing on the device that is named, or altogether.
inline constexpr std::string_view kGuardInactive = "guard-inactive";

/// warning: the guard on the device that is named had to do what an entry should have done.
inline constexpr std::string_view kGuardCaught = "guard-caught";

// About one interface: what becomes of each message.

/// ok: no message that is named leaves in the name of the interface; says who sees to it.
inline constexpr std::string_view kMessageCovered = "message-covered";

/// critical: nothing keeps the messages that are named from leaving in the name of the interface.
inline constexpr std::string_view kMessageUncovered = "message-uncovered";

/// warning: the same, because the configuration or a caller wants it so.
inline constexpr std::string_view kMessageExempt = "message-exempt";

/// critical: the kernel has sent messages that should have been dropped.
inline constexpr std::string_view kMessageLeft = "message-left";

/// ok: the interface does not exist at present.
inline constexpr std::string_view kInterfaceAbsent = "interface-absent";

/// warning: a VMAC that is not under management.
inline constexpr std::string_view kNotManaged = "not-managed";

/// warning: messages are dropped, for there is nowhere to relocate them to.
inline constexpr std::string_view kRelocationImpossible = "relocation-impossible";

/// warning: messages are dropped, for a firewall drops them before they can be relocated, or on the device where they
/// are relocated to.
inline constexpr std::string_view kRelocationBlocked = "relocation-blocked";

/// critical: messages are dropped, and a snooping bridge of this host depends on them.
inline constexpr std::string_view kSplitBrain = "split-brain";

/// ok, or warning when nothing makes up for it: keepalived's own table leaves messages out.
inline constexpr std::string_view kKeepalivedIncomplete = "keepalived-incomplete";

/// warning: rules of somebody else may drop messages, but cannot be read.
inline constexpr std::string_view kFirewallUnreadable = "firewall-unreadable";

// About one interface: how it is set up.

/// warning: it takes router advertisements.
inline constexpr std::string_view kAcceptRa = "accept-ra";

/// warning: and makes itself addresses from them.
inline constexpr std::string_view kAutoconf = "autoconf";

/// warning: it makes itself an address of the MAC that all routers share.
inline constexpr std::string_view kEui64Address = "eui64-address";

/// warning: a network manager that has not made the interface configures it. ok: it only looks on.
inline constexpr std::string_view kOtherManager = "other-manager";

}  // namespace vmac::audit::id
