// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "nft/engine.hpp"
#include "nft/guard_listing.hpp"
#include "nft/listing.hpp"
#include "nft/ruleset.hpp"
#include "nft/watcher.hpp"

namespace vmac::nft {

/// What has been counted by things of one line of defence, when it was read last.
struct Tally {
    Counters leaving;  ///< by what is gone or will be; whoever makes the change must remember it
    Counters staying;  ///< by the rest
};

/// A change that is thought through and not yet made.
struct Plan {
    Ruleset wanted;
    nlohmann::json first_line;  ///< commands
    nlohmann::json guard;       ///< commands, for the same transaction
    Tally counted;              ///< when the kernel was asked, else empty
    Tally counted_by_guard;
    std::string deviation;   ///< what in the kernel was not as we had left it; empty when all was
    std::string changed_by;  ///< with a deviation: the process, where the kernel has told
    bool disturbed = false;  ///< whether the kernel has told of anybody at all
    bool read_back = false;  ///< whether the kernel was asked for this plan

    [[nodiscard]] bool is_done() const;
};

/// What this kernel can do for the guard.
struct GuardSupport {
    bool egress = false;          ///< chains at the egress hook of a device (Linux 5.16)
    bool absent_devices = false;  ///< for devices that are not there too, in force when they come (Linux 6.16)
    std::string reason;           ///< why not, in the kernel's words
};

/// Our tables in the kernel: what they hold, what they have counted, and the way from there to what is wanted.
class Tables {
public:
    enum class Read {
        WhenNeeded,  ///< only when we do not know what the kernel holds, or when counters would be lost
        Always,
    };

    /// Both must outlive this.
    Tables(Engine &engine, Watcher &watcher) : engine_(engine), watcher_(watcher) {}

    /// Finds out what the kernel can do, by transactions that leave nothing behind. Before that, and where it can do
    /// nothing, plans have no guard and no ownership. @throws Error EngineUnavailable
    void probe();
    [[nodiscard]] const GuardSupport &guard_support() const { return support_; }

    /// Whether our tables can be owned; see new_table().
    [[nodiscard]] bool can_own() const { return can_own_; }

    /// Finds the transaction after which the kernel holds @p wanted. Nothing is changed.
    /// A plan that has read the kernel and has nothing to do is the proof that the kernel holds it.
    /// @throws Error EngineUnavailable
    [[nodiscard]] Plan make_plan(const Ruleset &wanted, Read when);

    /// Runs a plan, the last one that was made. Where the kernel has been read and refuses, but takes it without the
    /// guard on some devices, or without any, that is done; guard_failure() then says why.
    /// @throws Error KernelRejected, EngineUnavailable; then the kernel is as it was, and the next plan will read it.
    void execute(const Plan &plan);

    /// Whether somebody else has touched our tables since they were read last.
    [[nodiscard]] bool is_disturbed();

    /// The process that did, where the kernel tells.
    [[nodiscard]] const std::string &suspect() const { return suspect_; }

    /// Why the kernel does not hold the guard of the last plan, or not on all devices; empty when it does.
    [[nodiscard]] const std::string &guard_failure() const { return guard_failure_; }

    /// The devices on which the kernel has refused the guard, each with its reason.
    [[nodiscard]] const std::map<InterfaceName, std::string> &refused_devices() const { return refused_devices_; }

    /// The guard that the kernel holds.
    [[nodiscard]] Guard guard() const { return known_ ? known_->guard : Guard{}; }

    /// What the kernel had counted when it was read last, by an earlier run of the service: what is gone since has
    /// left.
    void recall(Counters counters, Counters guard_counters);

    /// What the kernel had counted when it was read last, elements that are gone left out.
    [[nodiscard]] const Counters &counters() const { return counters_; }

    /// The same for the guard, by device.
    [[nodiscard]] const Counters &guard_counters() const { return guard_counters_; }

    /// Whether the tables are small enough to be read back after each change: a listing costs about 30 µs an
    /// element.
    [[nodiscard]] static bool is_cheap_to_read(const Ruleset &ruleset);

    /// Our tables as libnftables lists them, in one command list.
    /// @throws Error KernelRejected, EngineUnavailable.
    [[nodiscard]] nlohmann::json list() const;

private:
    /// What the kernel holds. A table that cannot be listed is one that is not there, or not for us; either way
    /// the next transaction tells.
    [[nodiscard]] Listing read_first_line() const;
    [[nodiscard]] GuardListing read_guard() const;
    [[nodiscard]] std::optional<std::string> list_or_nothing(Family family) const;

    [[nodiscard]] bool find_ownership() const;
    void plan_first_line(Plan &plan) const;
    void plan_guard(Plan &plan) const;
    [[nodiscard]] bool must_not_read(const Ruleset &wanted) const;
    [[nodiscard]] bool device_is_gone() const;
    [[nodiscard]] std::string refusal(const nlohmann::json &commands) const;
    Guard settle_for_less(const Plan &plan, const std::string &why);
    void watch();
    void blame(const Activity &activity);
    void transact(const nlohmann::json &commands);

    Engine &engine_;
    Watcher &watcher_;
    GuardSupport support_;
    bool can_own_ = false;
    std::optional<Ruleset> known_;  ///< what the kernel holds since our last transaction; none before the first
    bool doubtful_ = true;          ///< whether the kernel must be read before the next change
    bool disturbed_ = false;        ///< whether it must because somebody else has touched our tables
    std::string suspect_;           ///< the process that has done so last
    /// What was not as we had left it before a transaction of which nobody knows whether it has happened.
    std::optional<std::string> untold_;
    std::string own_process_;  ///< what the kernel calls us
    std::string guard_failure_;
    std::map<InterfaceName, std::string> refused_devices_;
    Counters counters_;
    Counters guard_counters_;
};

}  // namespace vmac::nft
