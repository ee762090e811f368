// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/draft.hpp"
#include "daemon/entries.hpp"
#include "daemon/observer.hpp"
#include "daemon/restore_budget.hpp"
#include "model/error.hpp"
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
    using Clock = RestoreBudget::Clock;

    /// What it works with. All must outlive the filter.
    struct World {
        nft::TableEngine &engine;
        nft::Watcher &watcher;  ///< rules_changed() says that it has something to tell
        store::StateFile &state_file;
        const net::LinkTable &links;  ///< read at each change; links_changed() says that it is another
        std::function<Clock::time_point()> now = Clock::now;
    };

    explicit Filter(World world) : world_(std::move(world)), tables_(world_.engine, world_.watcher) {}

    /// @p observer must be taken out before it ends.
    void add_observer(Observer &observer);
    void remove_observer(Observer &observer);

    /// Takes over what an earlier run has left on disk and in the kernel. Tables that fit are adopted with their
    /// counters, others are replaced in one transaction. A kernel that refuses is not an error here: is_protected()
    /// and failure() say so, and check() tries again.
    void start(store::State state, Config config);

    /// Notes on disk what has been counted, for the case that somebody takes the tables away before the next start.
    /// The rules stay. Does not throw.
    void stop();

    /// Puts an interface under management, or changes the options of one that is. True when that changed anything.
    /// @throws Error InvalidOption, LimitReached, KernelRejected, EngineUnavailable, StoreFailed
    bool add(const InterfaceName &name, const Options &options);

    /// Takes away what was added. False when there was nothing. @throws Error StillDetected for what is under
    /// management anyway, and as add()
    bool remove(const InterfaceName &name);

    /// Replaces everything that was added. @throws Error as add()
    bool set(const InterfaceOptions &interfaces);

    /// Takes a new configuration. @throws Error LimitReached, KernelRejected, EngineUnavailable, StoreFailed
    void configure(const Config &config);

    /// Takes in VMAC interfaces which come and go, and follows parents which do, or are others now. The kernel is read
    /// back, and what was counted saved, by settle().
    void links_changed();

    /// Restores our tables where somebody has changed them.
    void rules_changed();

    /// Reads the kernel back, and restores what must be. Does not throw: what fails is in failure().
    void check();

    /// The same when is_check_due(), but against another program not more often than the limit allows.
    void check_again();

    /// Whether links_changed() has left something for settle() to do when there is time.
    [[nodiscard]] bool is_unsettled() const { return unsettled_ || unsaved_; }
    void settle();

    /// Whether reading the kernel back takes no more than milliseconds.
    [[nodiscard]] bool is_cheap_to_read() const { return nft::Tables::is_cheap_to_read(wanted_); }

    [[nodiscard]] const Entries &entries() const { return entries_; }

    /// How many of them relocate what they are kept from sending: each has a parent in the kernel.
    [[nodiscard]] std::size_t relocating() const { return wanted_.parents.size(); }

    /// What all interfaces under management were kept from sending. Reads the kernel, as check() does; while
    /// libnftables cannot be used, that is as of the last reading, and is_protected() is false. @throws Error
    /// KernelRejected
    Counters counters();

    /// The same, as of the last reading.
    [[nodiscard]] Counters last_counters() const;

    /// As counters() for one. @throws Error NotFound besides
    MessageCounts counters(const InterfaceName &name);

    /// What the guard has rewritten or dropped, by device, read as counters() does. @throws Error KernelRejected
    Counters guard_counters();

    /// Counts from zero again; all, the guard's too, when @p names is empty. @throws Error NotFound, StoreFailed
    /// besides
    void reset_counters(std::span<const InterfaceName> names);

    /// Our tables as the kernel has them. @throws Error KernelRejected, EngineUnavailable
    [[nodiscard]] std::string ruleset() const;

    /// Whether the kernel was read back and holds what it must.
    [[nodiscard]] bool is_protected() const { return protected_; }

    /// The configuration that is in force.
    [[nodiscard]] const Config &config() const { return state_.last_good; }

    /// Why it does not, as far as that is known.
    [[nodiscard]] const std::string &failure() const { return failure_; }

    /// Whether check_again() should be called in a while: the kernel was not read back, or has refused.
    [[nodiscard]] bool is_check_due() const { return !protected_ || is_guard_refused(); }

    /// Whether the guard is wanted, possible, and in force wherever it must be.
    [[nodiscard]] bool is_guard_active() const { return protected_ && guard_objection().empty() && is_guard_wanted(); }

    [[nodiscard]] bool is_guard_wanted() const { return config().guard.mode != GuardScope::Mode::Off; }

    /// Why the guard that is wanted is not in force; empty when nothing is in its way.
    [[nodiscard]] std::string guard_objection() const;

    [[nodiscard]] const nft::GuardSupport &guard_support() const { return tables_.guard_support(); }

    /// The guard that the kernel holds.
    [[nodiscard]] nft::Guard guard() const { return tables_.guard(); }

    /// The devices that should have a guard and have none, each with the reason.
    [[nodiscard]] std::map<std::string, std::string> unguarded() const;

    /// What the guard has counted since an interface came under management last: of interfaces that the first line
    /// should have kept silent.
    [[nodiscard]] Counters slipped() const;

    [[nodiscard]] std::uint64_t restorations() const { return restorations_; }

    /// What was found at the last restoration.
    [[nodiscard]] const std::string &last_cause() const { return last_cause_; }

    /// Whether another program undoes what we restore.
    [[nodiscard]] bool is_contested() { return budget_.is_contested(world_.now()); }

    /// What the tables that were read back can do: "guard", "igmp", "mld", "relocate", "ownership".
    [[nodiscard]] std::vector<std::string> features() const;

private:
    void validate_parent(const InterfaceName &name, const Options &options) const;
    bool change_one(const InterfaceName &name, std::optional<Options> options);
    void look_once_more();
    template <typename... Arguments>
    void commit(Arguments &&...arguments);
    [[nodiscard]] nft::Ruleset ruleset_for(const Entries &entries, const Config &config, const Parents &parents) const;
    void bring_about(Draft &draft);
    nft::Plan make_plan(Draft &draft, nft::Tables::Read read);
    std::optional<Error> transact(Draft &draft, nft::Tables::Read read);
    void roll_back();
    void save_again();
    void follow_links();
    void try_to_save(const store::State &state);
    [[noreturn]] void refuse_unsaved(const char *consequence, const std::exception &reason);
    void verify();
    void verify_once();
    void refresh();
    template <typename Function>
    void refresh_counters(Function read);
    bool is_held(const nft::ElementChanges &changes);
    void note_plan(const nft::Plan &plan);
    [[nodiscard]] std::string contest_in_words() const;
    void note_entries(const Tentative<Entries> &entries);
    void set_protected(bool is_protected, const std::string &failure);
    void flush_properties();
    [[nodiscard]] bool is_guard_refused() const { return is_guard_wanted() && !tables_.guard_failure().empty(); }
    void require_managed(const InterfaceName &name) const;
    [[nodiscard]] MessageCounts reported(const InterfaceName &name) const;

    template <typename Method, typename... Args>
    void notify(Method method, const Args &...args) {
        for (Observer *observer : observers_) {
            (observer->*method)(args...);
        }
    }

    World world_;
    nft::Tables tables_;
    std::vector<Observer *> observers_;

    store::State state_;  ///< as on disk, but for what try_to_save() could not save
    Entries entries_;
    nft::Ruleset wanted_;  ///< what entries_ want the kernel to hold

    bool protected_ = false;
    bool unsettled_ = false;  ///< the kernel was given something and not read back since
    bool unsaved_ = false;    ///< state_ has something that is not on disk
    std::string failure_;
    std::uint64_t restorations_ = 0;
    std::string last_cause_;
    std::string last_culprit_;
    RestoreBudget budget_;
    std::map<std::string, std::string> unguardable_;  ///< devices below VMAC interfaces that can have no guard
    std::optional<Counters> guard_base_;  ///< what the guard had counted when an interface came; none: to be read
    std::optional<std::pair<bool, std::string>> guard_told_;  ///< what observers know about the guard
    std::set<Property> changed_;
};

}  // namespace vmac
