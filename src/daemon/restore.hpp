// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "daemon/setup.hpp"
#include "worker/keeper.hpp"

namespace vmac {

/// Puts the rules into the kernel that configuration and state ask for, and ends: at boot, before any network is
/// there. What fails is in the journal. It only reads the disk, so it does no harm beside a daemon that runs: where
/// that has done its work there is nothing to do.
/// @return the exit status: success when the kernel was read back and holds the rules. A guard that the kernel refuses
/// is no failure.
int restore(worker::Keeper &keeper, const Directories &directories);

}  // namespace vmac
