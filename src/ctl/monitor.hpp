// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "ctl/client.hpp"
#include "ctl/request.hpp"
#include "ctl/show.hpp"

namespace vmac::ctl {

/// Prints what happens until somebody ends it. A service that comes and goes is part of that.
void monitor(Client &client, const Monitor &wish, const Look &look, bool json);

}  // namespace vmac::ctl
