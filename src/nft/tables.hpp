// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "nft/engine.hpp"
#include "nft/listing.hpp"
#include "nft/ruleset.hpp"

namespace vmac::nft {

/// A change that is thought through and not yet made.
struct Plan {
    Ruleset wanted;
    nlohmann::json commands;  ///< one transaction
    Counters leaving;         ///< counted by elements that are gone or will be; the caller must remember it
    Counters staying;         ///< counted by the others, when the kernel was asked
    std::string deviation;    ///< what in the kernel was not as we had left it; empty when all was
    bool read_back = false;   ///< whether the kernel was asked for this plan

    [[nodiscard]] bool is_done() const;
};

/// Our tables in the kernel: what they hold, what they have counted, and the way from there to what is wanted.
class Tables {
public:
    enum class Read {
        WhenNeeded,  ///< only when we do not know what the kernel holds, or when counters would be lost
        Always,
    };

    /// @param engine must outlive this.
    explicit Tables(Engine &engine) : engine_(engine) {}

    /// Finds the transaction after which the kernel holds @p wanted. Nothing is changed.
    /// A plan that has read the kernel and has nothing to do is the proof that the kernel holds it.
    /// @throws Error EngineUnavailable
    [[nodiscard]] Plan make_plan(const Ruleset &wanted, Read when) const;

    /// Runs a plan, the last one that was made. @throws Error KernelRejected, EngineUnavailable; then the kernel
    /// is as it was, and the next plan will read it.
    void execute(const Plan &plan);

    /// What the kernel had counted when it was read last, elements that are gone left out.
    [[nodiscard]] const Counters &counters() const { return counters_; }

    /// Whether the tables are small enough to be read back after each change: a listing costs about 30 µs an
    /// element.
    [[nodiscard]] static bool is_cheap_to_read(const Ruleset &ruleset);

    /// Our tables as libnftables lists them, in one command list.
    /// @throws Error KernelRejected, EngineUnavailable.
    [[nodiscard]] nlohmann::json list() const;

private:
    /// What the kernel holds. A table that cannot be listed is one that is not there, or not for us; either way
    /// the next transaction tells.
    [[nodiscard]] Listing read() const;

    Engine &engine_;
    std::optional<Ruleset> known_;  ///< what the kernel holds since our last transaction; none before the first
    bool doubtful_ = true;          ///< whether the kernel must be read before the next change
    Counters counters_;
};

}  // namespace vmac::nft
