// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

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
    /// How many questions about one user polkit may have before it. By user: with each connection of his own limit,
    /// he could keep as many as the bus lets him have connections.
    static constexpr std::size_t kMostAsked = 16;

    /// @param connection must outlive this. Answers that have not come by the end of this never come.
    explicit Authority(sdbus::IConnection &connection);

    /// Gets nothing when the caller may, else an Error AccessDenied, InteractiveAuthorizationRequired or LimitReached.
    using Answer = std::function<void(std::optional<Error> refusal)>;

    /// uid 0 may do everything. Without polkit nobody else may do anything.
    void check(const compat::Caller &caller, const char *action, Answer answer);

    /// Forgets a caller that has left the bus, and takes back what is asked about him. The answers never come.
    void forget(const std::string &sender);

private:
    struct Question {
        std::string sender;
        std::uint32_t uid;
        Answer answer;
    };

    void decide(const compat::Caller &caller, std::uint32_t uid, const char *action, Answer answer);
    void ask_polkit(const compat::Caller &caller, std::uint32_t uid, const char *action, Answer answer);
    void cancel(const std::string &id);

    std::unique_ptr<sdbus::IProxy> bus_driver_;
    std::unique_ptr<sdbus::IProxy> polkit_;
    std::map<std::string, std::uint32_t> users_;  ///< of callers that are on the bus; a name has one user for ever
    std::map<std::string, Question> asked_;       ///< by the id that polkit knows the question by
    std::uint64_t last_id_ = 0;
};

}  // namespace vmac::bus
