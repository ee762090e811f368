// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <functional>
#include <memory>
#include <optional>

#include "bus/compat.hpp"
#include "model/error.hpp"

namespace vmac::bus {

// The actions in polkit/org.vmac.mldfilter.policy.
inline constexpr auto kManageInterfaces = "org.vmac.mldfilter.manage-interfaces";
inline constexpr auto kResetCounters = "org.vmac.mldfilter.reset-counters";
inline constexpr auto kReload = "org.vmac.mldfilter.reload";

/// Asks polkit whether a caller may do something; never blocks, for polkit may be asking a person.
class Authority {
public:
    /// @param connection must outlive this. Answers that have not come by the end of this never come.
    explicit Authority(sdbus::IConnection &connection);

    /// Gets nothing when the caller may, else an Error AccessDenied or InteractiveAuthorizationRequired.
    using Answer = std::function<void(std::optional<Error> refusal)>;

    /// uid 0 may do everything. Without polkit nobody else may do anything.
    void check(const compat::Caller &caller, const char *action, Answer answer);

private:
    void ask_polkit(const compat::Caller &caller, const char *action, Answer answer);

    std::unique_ptr<sdbus::IProxy> bus_driver_;
    std::unique_ptr<sdbus::IProxy> polkit_;
};

}  // namespace vmac::bus
