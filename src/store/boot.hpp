// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace vmac::store {

/// Tells this boot from all others: a random number that is kept in @p runtime_directory, which is empty after a boot.
/// The kernel's own, /proc/sys/kernel/random/boot_id (random(4)), does not change when a container boots; it is taken
/// where there is no such directory (an empty path), or it cannot be used.
std::string identify_boot(const std::filesystem::path &runtime_directory);

}  // namespace vmac::store
