// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "nft/engine.hpp"

namespace vmac::nft {

/// Takes all our tables out of the kernel, in one transaction, and looks whether they are gone.
/// @return what was there, in words: "table ip6 vmac_mldfilter"
/// @throws Error KernelRejected, EngineUnavailable; then they are as they were
std::vector<std::string> clear(Engine &engine);

}  // namespace vmac::nft
