// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <memory>

#include "audit/auditor.hpp"
#include "bus/arrival.hpp"
#include "bus/session.hpp"
#include "daemon/filter.hpp"
#include "daemon/journal.hpp"
#include "daemon/setup.hpp"
#include "model/error.hpp"
#include "net/link_monitor.hpp"
#include "nft/watcher.hpp"
#include "store/state.hpp"
#include "system/event_loop.hpp"
#include "worker/keeper.hpp"
#include "worker/remote_engine.hpp"

namespace vmac {

/// Doubles from call to call, from a second up to a longest delay.
class Backoff {
public:
    explicit Backoff(std::chrono::milliseconds longest) : longest_(longest) {}

    std::chrono::milliseconds next();
    void reset() { delay_ = kFirst; }

private:
    static constexpr std::chrono::milliseconds kFirst{1000};

    std::chrono::milliseconds longest_;
    std::chrono::milliseconds delay_ = kFirst;
};

/// Wires the parts to one event loop, and keeps systemd informed.
class Daemon final : private Observer {
public:
    /// @param keeper must outlive this.
    Daemon(worker::Keeper &keeper, const Directories &directories);
    ~Daemon() override;
    Daemon(const Daemon &) = delete;
    Daemon &operator=(const Daemon &) = delete;

    /// Protects first, then serves, until SIGTERM or SIGINT. The rules stay.
    /// @return the exit status
    int run();

private:
    void connect();
    void bus_lost(const std::string &reason);
    void await_bus();
    void retry_bus();
    void reload();
    void reload_by_signal();
    void follow_links();
    void workers_changed();
    void schedule_check();
    void schedule_settling();
    void tell_status();

    void protection_changed(bool is_protected, const std::string &failure) override;
    void guard_changed(bool is_active, const std::string &reason) override;
    void properties_changed(const std::set<Property> &properties) override;

    Directories directories_;
    worker::Keeper &keeper_;
    worker::RemoteEngine engine_;
    worker::RestingEngine patient_engine_;
    worker::RemoteEngine foreign_engine_;
    EventLoop loop_;
    net::LinkMonitor monitor_;
    nft::NetlinkWatcher watcher_;
    store::StateFile state_file_;
    Journalist journalist_;
    Filter filter_;
    audit::Auditor auditor_;
    std::unique_ptr<bus::Session> session_;
    std::unique_ptr<bus::Arrival> arrival_;  ///< while there is no session
    Backoff bus_backoff_{std::chrono::seconds(30)};
    Backoff check_backoff_{std::chrono::seconds(5)};  ///< until then nobody is protected
    bool bus_missed_ = false;
    std::string config_complaint_;  ///< what is wrong with the configuration on disk; empty when nothing is
    EventSource retry_{nullptr, sd_event_source_disable_unref};
    EventSource check_{nullptr, sd_event_source_disable_unref};
    EventSource settling_{nullptr, sd_event_source_disable_unref};
    EventSource settling_early_{nullptr, sd_event_source_disable_unref};
    EventSource look_again_{nullptr, sd_event_source_disable_unref};
};

}  // namespace vmac
