// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "daemon/entries.hpp"
#include "daemon/observer.hpp"
#include "nft/tables.hpp"
#include "store/state.hpp"

namespace vmac {

/// What the service is for: knows which interfaces are under management, and sees to it that kernel and disk say
/// the same.
///
/// Every change is one transaction: the new state is written and synced beside the old one, the kernel takes the new
/// rules, the new state takes the place of the old. Whichever step fails, all is as before, and the Error says which.
class Filter {
public:
    /// All three must outlive the filter. @p links is read at each change; links_changed() says that it is another.
    Filter(nft::Engine &engine, store::StateFile &state_file, const net::LinkTable &links)
        : tables_(engine), state_file_(state_file), links_(links) {}

    /// @p observer must be taken out before it ends.
    void add_observer(Observer &observer);
    void remove_observer(Observer &observer);

    /// Takes over what an earlier run has left on disk and in the kernel. Tables that fit are adopted with their
    /// counters, others are replaced in one transaction. A kernel that refuses is not an error here: is_protected()
    /// and failure() say so, and check() tries again.
    void start(store::State state, Config config);

    /// Puts an interface under management, or changes the options of one that is. True when that changed anything.
    /// @throws Error InvalidOption, LimitReached, KernelRejected, EngineUnavailable, StoreFailed
    bool add(const InterfaceName &name, const Options &options);

    /// Takes away what was added. False when there was nothing. @throws Error StillDetected, and as add()
    bool remove(const InterfaceName &name);

    /// Replaces everything that was added. @throws Error as add()
    bool set(const InterfaceOptions &interfaces);

    /// Takes a new configuration. @throws Error LimitReached, KernelRejected, EngineUnavailable, StoreFailed
    void configure(const Config &config);

    /// Follows parents which come, go, or are others now.
    void links_changed();

    /// Reads the kernel back, and restores what must be. Does not throw: what fails is in failure().
    void check();

    [[nodiscard]] const Entries &entries() const { return entries_; }

    /// What all interfaces under management were kept from sending. Reads the kernel, as check() does.
    /// @throws Error KernelRejected, EngineUnavailable
    Counters counters();

    /// The same for one. @throws Error NotFound besides
    MessageCounts counters(const InterfaceName &name);

    /// Counts from zero again; all when @p names is empty. @throws Error NotFound, StoreFailed besides
    void reset_counters(std::span<const InterfaceName> names);

    /// Our tables as the kernel has them. @throws Error KernelRejected, EngineUnavailable
    [[nodiscard]] std::string ruleset() const { return tables_.list().dump(); }

    /// Whether the kernel was read back and holds what it must.
    [[nodiscard]] bool is_protected() const { return protected_; }

    /// The configuration that is in force.
    [[nodiscard]] const Config &config() const { return state_.last_good; }

    /// Why it does not, as far as that is known.
    [[nodiscard]] const std::string &failure() const { return failure_; }

    /// Whether check() should be called in a while: the kernel was not read back, or has refused.
    [[nodiscard]] bool is_check_due() const { return !protected_; }

    [[nodiscard]] std::uint64_t restorations() const { return restorations_; }

    /// What the tables that were read back can do: "mld", "igmp", "relocate".
    [[nodiscard]] std::vector<std::string> features() const;

private:
    void validate_parent(const InterfaceName &name, const Options &options) const;
    bool change_to(const InterfaceOptions &api);
    void commit(const Config &config, const InterfaceOptions &api);
    void transact(store::State next, const nft::Ruleset &wanted, nft::Tables::Read read);
    void roll_back(const store::State &next);
    void follow_parents();
    void try_to_save();
    [[noreturn]] void refuse_unsaved(const char *consequence, const std::exception &reason);
    void verify();
    void note_plan(const nft::Plan &plan);
    void take_entries(Entries entries);
    void set_protected(bool is_protected, const std::string &failure);
    void flush_properties();
    void require_managed(const InterfaceName &name) const;
    [[nodiscard]] MessageCounts reported(const Counters &all, const InterfaceName &name) const;

    template <typename Method, typename... Args>
    void notify(Method method, const Args &...args) {
        for (Observer *observer : observers_) {
            (observer->*method)(args...);
        }
    }

    nft::Tables tables_;
    store::StateFile &state_file_;
    const net::LinkTable &links_;
    std::vector<Observer *> observers_;

    store::State state_;  ///< as on disk, but for what try_to_save() could not save
    Entries entries_;
    nft::Ruleset wanted_;  ///< what entries_ want the kernel to hold

    bool protected_ = false;
    std::string failure_;
    std::uint64_t restorations_ = 0;
    std::set<Property> changed_;
};

}  // namespace vmac
