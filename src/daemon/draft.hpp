// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "daemon/entries.hpp"
#include "model/tentative.hpp"
#include "nft/tables.hpp"
#include "store/state.hpp"

namespace vmac {

/// A change of what is asked for, with all that follows from it. It is in place while it is tried, so that nothing has
/// to be copied of what stays as it is, and taken back unless it is kept.
class Draft {
public:
    /// What it changes. All must outlive it, and be changed by nothing else meanwhile.
    struct Subject {
        store::State &state;
        Entries &entries;
        nft::Ruleset &wanted;  ///< by the kernel
        const net::LinkTable &links;
        bool absent_devices;  ///< see desired_tables()
    };

    /// One interface is asked for otherwise, or no more. @throws Error LimitReached
    Draft(const Subject &subject, const InterfaceName &name, std::optional<Options> options);

    /// Everything may be asked for otherwise. @throws Error LimitReached
    Draft(const Subject &subject, Config config, InterfaceOptions api);

    /// What the kernel must hold that it did not, or hold no more; none when not only elements of the first line
    /// differ.
    [[nodiscard]] std::optional<nft::ElementChanges> elements() const;

    /// Remembers what was counted by things that leave the kernel with @p plan, and by nothing else.
    void carry(const nft::Plan &plan);

    /// Which entries are others now.
    [[nodiscard]] const Tentative<Entries> &entries() const { return entries_; }

    [[nodiscard]] const Config &config_before() const { return config_.before(); }

    /// Takes everything back but what was carried over. For a kernel that has what the disk refuses.
    void take_back_but_counts();

    /// Lets everything stay.
    void keep();

private:
    explicit Draft(const Subject &subject);

    void resolve_all();
    [[nodiscard]] bool resolve_alone(const InterfaceName &name);
    [[nodiscard]] bool is_guarded_for(const std::optional<Entry> &entry) const;

    Subject subject_;
    Tentative<InterfaceOptions> api_;
    TentativeValue<Config> config_;
    TentativeValue<Parents> parents_;
    TentativeValue<Ledger> ledger_;
    TentativeValue<Ledger> guard_ledger_;
    Tentative<Entries> entries_;
    Tentative<decltype(nft::Ruleset::verdicts)> verdicts_;
    Tentative<decltype(nft::Ruleset::parents)> relocations_;
    TentativeValue<nft::Guard> guard_;
    TentativeValue<bool> owned_;
    bool is_whole_ = false;  ///< whether more than elements of the first line may differ
};

/// Remembers what was counted by things that leave the kernel with @p plan. Whether there are any.
bool carry(store::State &state, const nft::Plan &plan);

}  // namespace vmac
