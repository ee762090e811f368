// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

namespace vmac::ctl {

/// Replaces @p path in one step: who reads it has the old or the new content, never half of one. Everybody may read it.
/// Not synced, for it is made anew within seconds. @throws Failure
void replace_file(const std::string &path, const std::string &content);

}  // namespace vmac::ctl
