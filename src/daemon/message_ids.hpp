// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

// The MESSAGE_ID of each event that a person or a script may look for in the journal. An id never changes its
// meaning and is never used again: `journalctl MESSAGE_ID=…` in somebody's monitoring depends on it. What each
// one means, and what to do, is in systemd/vmac-mldfilter.catalog and its translations (`journalctl -x`). New
// ids come from `systemd-id128 new`; man/message-ids.py checks at build time that all are in all catalogs.
//
// Fields that go with them: VMAC_INTERFACE (the interface), VMAC_ACTION (the action asked for), VMAC_PARENT
// (the device that messages leave from, empty when there is none), VMAC_REASON (why, in words), VMAC_PROCESS. The
// comments name those that the catalog text uses: always send these, `journalctl -x` prints the bare name of a missing
// one.

#include <string_view>

namespace vmac::message_id {

/// An interface came under management. VMAC_INTERFACE, VMAC_ACTION.
inline constexpr std::string_view kInterfaceAdded = "0b8052f3ede047e6ae94c28d48b5b404";

/// The options of an interface under management were changed. VMAC_INTERFACE, VMAC_ACTION.
inline constexpr std::string_view kInterfaceChanged = "50aded296f314c2f8f0f0d1cb7971f90";

/// An interface is no longer under management. VMAC_INTERFACE.
inline constexpr std::string_view kInterfaceRemoved = "5f24455d17384d24bdc01c852583d345";

/// Our tables were not what they must be and have been put right. VMAC_REASON: what was found and who did it.
inline constexpr std::string_view kRulesetRestored = "e42f9f39032f472cba3cf21376e326fd";

/// The kernel refused our rules: not protecting, trying again. VMAC_REASON: what the kernel said.
inline constexpr std::string_view kKernelRefused = "15ded18df9de4d5b9c6528e52a3b987a";

/// The kernel holds our rules again after it had refused them.
inline constexpr std::string_view kKernelAcceptsAgain = "2240a9c822a846cf9820216b628530c4";

/// A configuration file has an error; the last good configuration stays. VMAC_REASON: file, line, reason.
inline constexpr std::string_view kConfigurationWrong = "4ba24884e57e4305bc34af5f2391af2d";

/// The configuration was read and is in force.
inline constexpr std::string_view kConfigurationLoaded = "3f7883639de44cadb897dec8fce628f4";

/// The state file could not be used. VMAC_REASON: what is wrong with it, and what was done about it.
inline constexpr std::string_view kStateSetAside = "53f49aeac5954dd09d3027ed8639c54a";

/// The state could not be saved. VMAC_REASON.
inline constexpr std::string_view kStateNotSaved = "827cdb31cdce457ab490bb5c2fc22faf";

/// The connection to the bus is gone or was never there; protection goes on. VMAC_REASON.
inline constexpr std::string_view kBusLost = "db063f88c77e4f40afe0b451c97c0bba";

/// The service is on the bus again, or at last.
inline constexpr std::string_view kBusFound = "794e4a8d66fd4921b623d1c372271daa";

/// An interface with action relocate drops: there is no parent to send from. VMAC_INTERFACE, VMAC_REASON.
inline constexpr std::string_view kFallbackToDrop = "e7272b04930b46da97d7bd5740347872";

/// The guard is wanted and not in force; the first line protects alone. VMAC_REASON.
inline constexpr std::string_view kGuardOff = "66569ea4fca740b380b081bc4f96e691";

/// The guard is in force again, or at last.
inline constexpr std::string_view kGuardOn = "e306dffe12784ff9be12625c586e10a1";

/// Changes that others make to our tables cannot be seen, and are not healed at once. VMAC_REASON.
inline constexpr std::string_view kNotWatching = "b32fa87b09594b8d936b8b597212054a";

/// An interface relocates again: there is a parent to send from. VMAC_INTERFACE, VMAC_PARENT.
inline constexpr std::string_view kRelocatingAgain = "c9f7994a77334574a443005305120539";

/// libnftables has crashed or hung in a process of its own; another one is tried. VMAC_REASON: how.
inline constexpr std::string_view kEngineFailed = "28caccf9f3424863b1bf7423857866d3";

}  // namespace vmac::message_id
