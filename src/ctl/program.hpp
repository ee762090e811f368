// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace vmac::ctl {

/// mldfilterctl, from its command line to what it exits with.
int run(int argc, const char *const *argv);

}  // namespace vmac::ctl
