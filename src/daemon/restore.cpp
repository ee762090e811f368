// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/restore.hpp"

#include <cstdlib>
#include <exception>

#include "daemon/entries.hpp"
#include "daemon/guarding.hpp"
#include "daemon/journal.hpp"
#include "model/counted.hpp"
#include "model/error.hpp"
#include "net/link_monitor.hpp"
#include "nft/tables.hpp"
#include "nft/watcher.hpp"
#include "store/boot.hpp"
#include "store/state.hpp"
#include "worker/privileges.hpp"
#include "worker/remote_engine.hpp"

namespace vmac {
namespace {

/// A state file that cannot be used is left to the daemon, which sets it aside.
store::State read_state(const store::StateFile &file) {
    try {
        return file.read();
    } catch (const std::exception &error) {
        journal(LOG_WARNING, "",
                std::string("Restoring what the configuration names; the state file is not used: ") + error.what());
        return {};
    }
}

/// Brings the kernel there, and reads it back. @throws Error KernelRejected, EngineUnavailable
void bring_about(nft::Tables &tables, const nft::Ruleset &wanted, Journalist &journalist) {
    constexpr int kAttempts = 3;  // somebody else may load their rules right now
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const auto plan = tables.make_plan(wanted, nft::Tables::Read::Always);
        if (plan.is_done()) {
            return;
        }
        tables.execute(plan);
        if (!tables.guard_failure().empty()) {
            journalist.guard_changed(false, tables.guard_failure());
            return;
        }
    }
    throw Error(Errc::KernelRejected, "the kernel does not hold the rules that it was given");
}

}  // namespace

int restore(worker::Keeper &keeper, const Directories &directories) {
    const net::LinkMonitor monitor;
    nft::NetlinkWatcher watcher;
    worker::keep_capability(std::nullopt);
    const store::State state =
        read_state(store::StateFile(directories.state, store::identify_boot(directories.runtime)));
    const Config config = read_setup(directories.configuration, state.last_good).config;
    const Entries entries = resolve(config, state.interfaces, monitor.links());
    const Parents parents = remember_parents(state.parents, entries, monitor.links());

    worker::RemoteEngine engine(keeper, worker::Post::Rules, worker::RemoteEngine::Life::Kept);
    nft::Tables tables(engine, watcher);
    Journalist journalist;
    try {
        tables.probe();
        const bool absent_too = tables.guard_support().absent_devices;
        bring_about(tables, desired_tables(config, entries, parents, monitor.links(), absent_too), journalist);
    } catch (const Error &error) {
        journalist.protection_changed(false, error.what());
        return EXIT_FAILURE;
    }
    journal(LOG_INFO, "",
            "The kernel holds the rules for " + counted(entries.size(), "interface") + ", and the guard on " +
                counted(tables.guard().devices.size(), "device"));
    return EXIT_SUCCESS;
}

}  // namespace vmac
