// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

namespace vmac::ctl {

/// polkit's agent on this terminal: asks for a password there when polkit wants one. Ends with this.
class Agent {
public:
    /// Starts pkttyagent(1) for this process and waits until it is registered with polkit. Where there is none, or it
    /// cannot be registered, polkit has nobody to ask, and says so.
    Agent();
    ~Agent();
    Agent(const Agent &) = delete;
    Agent &operator=(const Agent &) = delete;

    /// Whether it can be of use: a person at a terminal, who is not root.
    [[nodiscard]] static bool is_wanted();

private:
    pid_t process_ = -1;
};

}  // namespace vmac::ctl
