// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "nft/elements.hpp"
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
    Ruleset wanted;            ///< nothing with is_delta
    bool is_delta = false;     ///< the elements are all that changes in what is known
    nlohmann::json structure;  ///< commands that put tables without elements in place of those of the first line
    ElementChanges elements;   ///< of the first line
    nlohmann::json guard;      ///< commands
    /// Whether the elements may come in a transaction after the other two: where there was nothing, nothing is lost in
    /// between.
    bool from_nothing = false;
    Tally counted;  ///< when the kernel was asked, else empty; what leaves is always there
    Tally counted_by_guard;
    std::string deviation;   ///< what in the kernel was not as we had left it; empty when all was
    std::string changed_by;  ///< with a deviation: the process, where the kernel has told
    bool disturbed = false;  ///< whether the kernel has told of anybody at all
    bool read_back = false;  ///< whether the kernel was asked for this plan

    Plan();

    [[nodiscard]] bool is_done() const;
    [[nodiscard]] bool is_first_line_done() const;
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
        WhenNeeded,  ///< only when we do not know what the kernel holds, or when many counters would be lost
        Always,
    };

    /// Both must outlive this.
    Tables(TableEngine &engine, Watcher &watcher) : engine_(engine), watcher_(watcher) {}

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

    /// The same for a few changes to what the kernel holds, at a cost that does not grow with what it holds. Where
    /// is_settled() says no, it reads the kernel nevertheless. Only after a first plan was executed.
    [[nodiscard]] Plan make_plan(const ElementChanges &changes);

    /// Whether it is known what the kernel holds, and nobody has told otherwise.
    [[nodiscard]] bool is_settled();

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
    /// left. And the structure() then: to find anew that it is ours, libnftables may have to read all elements.
    void recall(Counters counters, Counters guard_counters, std::string_view structure);

    /// The structure that has been found to be ours, as text for recall() in this boot; empty where none has.
    [[nodiscard]] std::string structure() const;

    /// What the kernel had counted when it was read last, elements that are gone left out.
    [[nodiscard]] const Counters &counters() const { return counters_; }

    /// Reads back what a few changes have led to, once they are made: whether the kernel holds just that of them, in
    /// tables that are ours. At a cost that does not grow with what the kernel holds. False also where nobody knows;
    /// then a plan must be made. @throws Error EngineUnavailable
    bool holds(const ElementChanges &changes);

    /// Brings counters() up to date, for one interface or all of the first line, where the kernel holds what it must.
    /// False where it does not, or nobody knows: then a plan must be made. @throws Error EngineUnavailable
    bool read_counters(const InterfaceName &name);
    bool read_counters();

    /// The same for the guard, by device.
    [[nodiscard]] const Counters &guard_counters() const { return guard_counters_; }

    /// Whether the tables are small enough to be read back after each change: a listing costs about 30 µs an
    /// element.
    [[nodiscard]] static bool is_cheap_to_read(const Ruleset &ruleset);

    /// Our tables as libnftables lists them, in one command list.
    /// @throws Error KernelRejected, EngineUnavailable.
    [[nodiscard]] nlohmann::json list() const;

private:
    /// What of the structure has been found to be ours: as long as structure_of() says the same, it still is.
    struct Proof {
        std::map<Family, std::string> structure;  ///< of the first line
        bool owned = false;
    };

    /// What the kernel holds. A table that cannot be listed is one that is not there, or not for us; either way
    /// the next transaction tells.
    [[nodiscard]] Listing read_first_line();
    std::string judge(std::map<Family, std::string> structure);
    [[nodiscard]] GuardListing read_guard() const;
    [[nodiscard]] bool count_leaving(Plan &plan);
    [[nodiscard]] bool are_counts_of(const Reading &reading, const InterfaceName &name) const;

    [[nodiscard]] bool find_ownership() const;
    void plan_first_line(Plan &plan);
    void plan_guard(Plan &plan) const;
    [[nodiscard]] bool device_is_gone() const;
    [[nodiscard]] std::string refusal(const nlohmann::json &commands) const;
    Guard settle_for_less(const Plan &plan, const std::string &why);
    void watch();
    void blame(const Activity &activity);
    void transact(const Plan &plan);
    void transact_by_libnftables(const nlohmann::json &commands);
    void transact_by_netlink(const ElementChanges &changes);
    template <typename Function>
    void watched(Function function);
    void execute_delta(const Plan &plan);
    void note_done(const Plan &plan);

    TableEngine &engine_;
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
    std::optional<Proof> proof_;
    bool may_have_guard_ = true;  ///< whether there was a table of the guard when the first line was read last
    Counters counters_;
    Counters guard_counters_;
};

}  // namespace vmac::nft
