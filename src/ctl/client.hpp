// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctl/report.hpp"

namespace sdbus {
class IConnection;
}

namespace vmac::ctl {

/// What is asked for one interface; what is not said is left as it is, or to the service.
struct Wish {
    std::string name;
    std::optional<std::string> action;
    std::optional<std::string> parent;
    std::optional<std::vector<std::string>> messages;
    std::optional<bool> runtime;
};

/// The service, as it is called. Every method that asks the service throws Failure.
class Client {
public:
    /// @param host where, as "[USER@]HOST"; empty: here
    /// @param patience until a call counts as failed
    Client(const std::string &host, std::chrono::seconds patience);
    ~Client();
    Client(const Client &) = delete;
    Client &operator=(const Client &) = delete;

    /// Lets polkit ask a person, who has @p patience for the answer.
    void allow_interaction(std::chrono::seconds patience);

    /// Whether the service runs. To ask does not start it; to ask anything else would.
    [[nodiscard]] bool is_running();

    /// @throws Failure unless the service runs.
    void require_running();

    [[nodiscard]] Overview overview();
    [[nodiscard]] std::vector<ManagedInterface> interfaces();
    [[nodiscard]] CounterTable counters();
    [[nodiscard]] std::map<std::string, Count> counters_of(const std::string &name);
    [[nodiscard]] CounterTable guard_counters();
    [[nodiscard]] std::vector<audit::Finding> findings();  ///< the worst first
    [[nodiscard]] std::string ruleset();
    [[nodiscard]] Report report();  ///< all of that

    bool add(const Wish &wish);
    bool remove(const std::string &name);
    bool set(const std::vector<Wish> &wishes);
    void reset(const std::vector<std::string> &names);
    void reload();

    [[nodiscard]] sdbus::IConnection &connection() { return *connection_; }

private:
    class Proxy;

    std::unique_ptr<sdbus::IConnection> connection_;
    std::unique_ptr<Proxy> proxy_;
};

}  // namespace vmac::ctl
