// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

// What a process gives away, as capabilities(7) has it. None of it can be taken back.
namespace vmac::worker {

/// Nothing that this process executes can have more than it has (PR_SET_NO_NEW_PRIVS). Inherited by all below.
/// @throws std::system_error, as all of these
void seal_privileges();

/// Keeps @p kept of the capabilities, if it has it, and no other.
void keep_capability(std::optional<int> kept);

/// Nobody but root may look into this process, and when it crashes there is no core dump.
void hide_process();

/// Ends this process when its parent ends. @param parent for the case that it already has
void end_with(int parent);

}  // namespace vmac::worker
