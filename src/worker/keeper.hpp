// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>

#include "system/descriptor.hpp"

// Three kinds of processes, so that what can crash, and what may change rules, is not the one that must not fail:
//
//   daemon    the bus, the links, the state; no capability at all
//   keeper    its child, forked first of all: keeps CAP_NET_ADMIN, starts and ends workers, and knows nothing else
//   worker    the keeper's child, this program once more with --worker: libnftables, with CAP_NET_ADMIN alone
//
// The daemon could not start a second worker with a capability that it has given away; that is what the keeper is for.
namespace vmac::worker {

/// What a worker is for. There is at most one for each.
enum class Post : std::uint8_t {
    Rules,  ///< our own tables
    Audit,  ///< tables of others
};

/// The daemon's side of the keeper.
class Keeper {
public:
    /// Starts the process. Must come before threads, and before anything is opened that it should not have.
    /// @throws std::system_error
    Keeper();

    /// Ends it, and with it all workers: those that have been left alone for a moment by then by themselves.
    ~Keeper();
    Keeper(const Keeper &) = delete;
    Keeper &operator=(const Keeper &) = delete;

    struct Worker {
        std::uint32_t serial = 0;  ///< of this one among all that were started
        Descriptor socket;         ///< of a stream; its other end is the standard input of the worker
    };

    /// Starts a worker; one that is there is killed. @throws std::system_error
    Worker start(Post post);

    /// Kills the worker. @throws std::system_error
    void stop(Post post);

    /// How a worker has ended, in words: "crashed (Segmentation fault)". Waits for a second at most.
    [[nodiscard]] std::string fate_of(std::uint32_t serial);

    /// Whether a worker has ended, as far as was told.
    [[nodiscard]] bool has_ended(std::uint32_t serial) const { return status_of(serial).has_value(); }

    /// Becomes readable when there is something for take_notices().
    [[nodiscard]] int fd() const { return control_.get(); }

    /// Takes in which workers have ended.
    void take_notices();

    /// Whether the keeper itself has ended, as far as take_notices() knows: no worker can be started any more.
    [[nodiscard]] bool is_gone() const { return is_gone_; }

private:
    [[nodiscard]] std::optional<int> status_of(std::uint32_t serial) const;
    [[nodiscard]] bool wait_for_notice(std::chrono::milliseconds patience) const;

    Descriptor control_;
    pid_t process_ = 0;
    std::uint32_t last_serial_ = 0;
    bool is_gone_ = false;
    std::deque<std::pair<std::uint32_t, int>> ended_;  ///< serial and status as of wait(2); the last ones
};

}  // namespace vmac::worker
