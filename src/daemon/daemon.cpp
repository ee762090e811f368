// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/daemon.hpp"

#include <systemd/sd-daemon.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <stdexcept>

#include "daemon/message_ids.hpp"
#include "model/counted.hpp"
#include "model/error.hpp"
#include "model/quoting.hpp"
#include "store/boot.hpp"
#include "store/config.hpp"
#include "system/memory.hpp"
#include "worker/privileges.hpp"

namespace vmac {
namespace {

std::uint64_t monotonic_microseconds() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1000000U + static_cast<std::uint64_t>(now.tv_nsec) / 1000U;
}

/// Nobody is protected by what an audit finds out.
constexpr std::chrono::milliseconds kAuditPatience{2000};

void tell_failure(const std::string &failure) {
    journal(LOG_WARNING, message_id::kEngineFailed, failure + "; another process goes on with it",
            {{"VMAC_REASON", failure}});
}

}  // namespace

std::chrono::milliseconds Backoff::next() {
    return std::exchange(delay_, std::min(2 * delay_, longest_));
}

Daemon::Daemon(worker::Keeper &keeper, const Directories &directories)
    : directories_(directories),
      keeper_(keeper),
      engine_(keeper, worker::Post::Rules, worker::RemoteEngine::Life::Kept),
      patient_engine_(engine_, tell_failure),
      foreign_engine_(keeper, worker::Post::Audit, worker::RemoteEngine::Life::OneRun, kAuditPatience),
      state_file_(directories.state, store::identify_boot(directories.runtime)),
      filter_({.engine = patient_engine_, .watcher = watcher_, .state_file = state_file_, .links = monitor_.links()}),
      auditor_(
          {.filter = filter_, .links = monitor_.links(), .foreign = foreign_engine_, .facts = {}, .generation = [this] {
               return watcher_.fd() < 0 ? std::nullopt : std::optional(watcher_.generation());
           }}) {
    filter_.add_observer(journalist_);
    filter_.add_observer(*this);
    filter_.add_observer(auditor_);
}

Daemon::~Daemon() {
    filter_.remove_observer(auditor_);
    filter_.remove_observer(*this);
    filter_.remove_observer(journalist_);
}

int Daemon::run() {
    worker::keep_capability(std::nullopt);  // the sockets that want one are open
    const auto quit = [this] { loop_.quit(EXIT_SUCCESS); };
    const EventSource terminate = loop_.on_signal(SIGTERM, quit);
    const EventSource interrupt = loop_.on_signal(SIGINT, quit);
    const EventSource hang_up = loop_.on_signal(SIGHUP, [this] { reload_by_signal(); });
    // A call is answered with what the links are by then, and when the rules are what they must be.
    const EventSource links = loop_.on_readable(monitor_.fd(), [this] { follow_links(); });
    require(sd_event_source_set_priority(links.get(), SD_EVENT_PRIORITY_IMPORTANT), "giving links precedence");
    EventSource rules{nullptr, sd_event_source_disable_unref};
    if (watcher_.fd() >= 0) {
        rules = loop_.on_readable(watcher_.fd(), [this] { filter_.rules_changed(); });
        require(sd_event_source_set_priority(rules.get(), SD_EVENT_PRIORITY_IMPORTANT), "giving rules precedence");
    } else {
        journal(LOG_WARNING, message_id::kNotWatching, "Changes to our tables will not be seen: " + watcher_.failure(),
                {{"VMAC_REASON", watcher_.failure()}});
    }

    const EventSource workers = loop_.on_readable(keeper_.fd(), [this] { workers_changed(); });
    require(sd_event_source_set_priority(workers.get(), SD_EVENT_PRIORITY_IMPORTANT), "giving workers precedence");

    // The name is taken before anything is touched: with another instance on the bus nothing may be.
    connect();
    // Nor with one that is on no bus, or on another.
    const store::DirectoryLock lock(directories_.state);
    auto [state, complaint] = state_file_.load();
    if (!complaint.empty()) {
        journal(LOG_ERR, message_id::kStateSetAside, complaint, {{"VMAC_REASON", complaint}});
    }
    auto setup = read_setup(directories_.configuration, state.last_good);
    config_complaint_ = std::move(setup.complaint);
    filter_.start(std::move(state), std::move(setup.config));
    give_memory_back();  // of the file that was read
    schedule_settling();
    tell_status();
    require(sd_notify(0, "READY=1"), "telling systemd that the service is ready");  // it would wait for ever
    const int status = loop_.run();
    filter_.remove_observer(*this);  // nothing is put off any more
    filter_.stop();
    sd_notify(0, "STOPPING=1\nSTATUS=Stopped; the rules stay in the kernel");
    return status;
}

void Daemon::connect() {
    try {
        session_ = std::make_unique<bus::Session>(
            loop_, bus::Service::Backend{.filter = filter_, .auditor = auditor_, .reload = [this] { reload(); }},
            [this] { bus_lost("the connection has ended"); });
    } catch (const sdbus::Error &error) {
        bus_lost(error.getMessage());
        return;
    }
    if (bus_missed_) {
        journal(LOG_NOTICE, message_id::kBusFound, "On the bus again");
    }
    bus_missed_ = false;
    arrival_.reset();
    retry_.reset();
    bus_backoff_.reset();
}

void Daemon::bus_lost(const std::string &reason) {
    if (!bus_missed_) {
        // The service starts before the bus, so at first its absence is nothing to worry about.
        journal(session_ ? LOG_WARNING : LOG_NOTICE, message_id::kBusLost, "Without bus, still protecting: " + reason,
                {{"VMAC_REASON", reason}});
    }
    bus_missed_ = true;
    retry_ = loop_.after(bus_backoff_.next(), [this] { retry_bus(); });
    if (!arrival_) {  // one that has come and failed us is not waited for again: the timer must do
        await_bus();
    }
}

void Daemon::await_bus() {
    try {
        arrival_ = std::make_unique<bus::Arrival>(loop_, [this] { retry_bus(); });
    } catch (const std::system_error &) {
        return;  // the timer goes on
    }
}

void Daemon::retry_bus() {
    session_.reset();
    connect();
    tell_status();
}

void Daemon::reload() {
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", static_cast<unsigned long long>(monotonic_microseconds()));
    try {
        filter_.configure(store::load_config(directories_.configuration));
        config_complaint_.clear();
        journal(LOG_INFO, message_id::kConfigurationLoaded, "Configuration loaded");
    } catch (const Error &error) {
        config_complaint_ = error.what();
        complain(config_complaint_, "; everything stays as it was");
        tell_status();
        sd_notify(0, "READY=1");
        throw;
    }
    tell_status();
    sd_notify(0, "READY=1");
}

void Daemon::reload_by_signal() {
    try {
        reload();
    } catch (const Error &) {
        return;  // it is in the journal, and nobody waits for an answer
    }
}

void Daemon::follow_links() {
    if (monitor_.dispatch()) {
        filter_.links_changed();
        schedule_settling();
    }
    if (monitor_.is_stale()) {
        constexpr std::chrono::seconds kUntilNextLook{1};
        look_again_ = loop_.after(kUntilNextLook, [this] { follow_links(); });
    }
}

/// What a worker owned in the kernel is nobody's when it has ended.
void Daemon::workers_changed() {
    keeper_.take_notices();
    if (keeper_.is_gone()) {
        throw std::runtime_error(
            "the process that starts workers has ended; the rules stay, and can be changed after a "
            "restart of the service");
    }
    if (engine_.has_lost_worker()) {
        filter_.check();
    }
}

void Daemon::schedule_check() {
    constexpr std::chrono::milliseconds kContested{1000};  // as the budget for restorations grows
    check_ = loop_.after(filter_.is_contested() ? kContested : check_backoff_.next(), [this] {
        filter_.check_again();
        if (filter_.is_check_due()) {
            schedule_check();
        }
    });
}

/// Reads the kernel back after a change of links when there is time, and a large table not more than once a second.
void Daemon::schedule_settling() {
    if (!filter_.is_unsettled() || settling_) {
        return;
    }
    const auto settle = [this] {
        settling_.reset();
        settling_early_.reset();
        filter_.settle();
    };
    constexpr std::chrono::seconds kNotMoreThanOnceIn{1};
    settling_ = loop_.after(kNotMoreThanOnceIn, settle);
    if (filter_.is_cheap_to_read()) {
        settling_early_ = loop_.when_idle(settle);  // which it is not while somebody calls without a pause
    }
}

void Daemon::tell_status() {
    const std::size_t number = filter_.entries().size();
    std::string status = filter_.failure().empty()
                             ? "Protecting " + counted(number, "interface") + ", " +
                                   std::to_string(filter_.relocating()) + " by relocating to the parent"
                             : "NOT protecting: " + filter_.failure();
    if (const auto objection = filter_.guard_objection(); !objection.empty()) {
        status += "; without guard: " + objection;
    }
    if (bus_missed_) {
        status += "; not on the bus";
    }
    if (!config_complaint_.empty()) {
        status += "; configuration not used: " + config_complaint_;
    }
    sd_notifyf(0, "STATUS=%s", on_one_line(status).c_str());  // systemd takes only UTF-8, which names need not be
}

void Daemon::protection_changed(bool is_protected, const std::string & /*failure*/) {
    if (!is_protected) {
        schedule_check();
    } else if (!filter_.is_check_due()) {
        check_.reset();
        check_backoff_.reset();
    }
    tell_status();
}

void Daemon::guard_changed(bool /*is_active*/, const std::string & /*reason*/) {
    if (filter_.is_check_due()) {
        schedule_check();
    }
    tell_status();
}

void Daemon::properties_changed(const std::set<Property> & /*properties*/) {
    tell_status();
}

}  // namespace vmac
