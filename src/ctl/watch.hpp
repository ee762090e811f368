// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "ctl/client.hpp"
#include "ctl/request.hpp"
#include "ctl/show.hpp"

namespace vmac::ctl {

/// Shows counters and rates again and again until somebody ends it: on a terminal as a full screen, else one block, or
/// one line of JSON, each time. A service that stops is waited for.
void watch(Client &client, const Watch &wish, const Look &look, bool json);

}  // namespace vmac::ctl
