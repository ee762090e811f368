// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "fake_tables.hpp"
#include "model/counters.hpp"
#include "model/error.hpp"
#include "nft/engine.hpp"
#include "nft/watcher.hpp"

namespace vmac::test {

// What the fake kernel calls who changes something.
inline constexpr auto kOwnProcess = "vmac-mldfilterd, process 7";
inline constexpr auto kForeignProcess = "nft, process 42";

/// Tells what the fake kernel says.
class FakeWatcher final : public nft::Watcher {
public:
    nft::Activity take() override { return std::exchange(activity_, {}); }

    void tell(const std::string &process) { activity_.transactions.push_back(process); }

    /// There was more than the socket could keep.
    void lose() { activity_ = {.transactions = {}, .lost = true}; }

private:
    nft::Activity activity_;
};

/// A kernel for tests that knows the commands which this project uses, and refuses what nf_tables refuses. That it
/// does as the real one is what engine_test.cpp is for: it gives both the same commands.
class FakeEngine final : public nft::TableEngine {
public:
    std::string run(const std::string &commands) override;
    std::string outline(nft::Family family) override;
    std::string read(const std::string &query) override;
    void change(const std::string &lines) override;

    /// The same in somebody else's name: no fault is for it, and it is none of changes().
    void foreign(const nlohmann::json &commands);

    /// Somebody runs "nft flush ruleset".
    void flush() { foreign({{"nftables", nlohmann::json::array({{{"flush", {{"ruleset", nullptr}}}}})}}); }

    /// Which runs a fault is for. A change is a command list that is more than a "list", and a probe one that is only
    /// to find out what the kernel can do.
    enum class Runs { Changes, Lists, Probes };

    /// Refuses the next @p runs with @p code; nothing of them happens.
    void refuse(Runs which, int runs, Errc code = Errc::KernelRejected);

    /// Answers the next @p runs changes as if they had happened. Success is not proof: the service must look.
    void swallow(int runs) { swallowed_ = runs; }

    /// Does something after the next change that is taken, before run() returns: somebody else gets in between.
    void interrupt(std::function<void()> action) { interruption_ = std::move(action); }

    /// A device goes. Without absent_devices its chains go with it.
    void unplug(const std::string &device);

    /// Our process ends: what it owned stays, as everybody's.
    void end_process() { tables_.orphan(); }

    Abilities can;
    FakeWatcher watcher;

    /// Whether the kernel names the process of a transaction.
    bool names_processes = true;

    /// Packets hit the element of @p message in the map "verdicts", which must be there.
    void count(const std::string &name, Message message, const Count &more) { tables_.count(name, message, more); }

    /// Packets hit the rule of @p message in the guard of @p device, which must be there.
    void count_guard(const std::string &device, Message message, const Count &more) {
        tables_.count_guard(device, message, more);
    }

    /// What the element of @p message says: "drop", the target of a goto, or nothing when there is none.
    [[nodiscard]] std::string verdict(const std::string &name, Message message) const;

    /// The device that @p name has in the map "parents" of @p family; nothing when there is none.
    [[nodiscard]] std::string parent(const std::string &family, const std::string &name) const;

    /// How many elements the map "verdicts" of @p family has; 0 without table.
    [[nodiscard]] std::size_t verdicts(const std::string &family) const;

    /// The devices that are guarded, each with the MAC that frames leave with.
    [[nodiscard]] std::map<std::string, std::string> guards() const { return tables_.guards(); }

    /// The keys of a set of the guard: "eth0 . 00:00:5e:00:02:01".
    [[nodiscard]] std::vector<std::string> guard_set(const char *set) const {
        return tables_.keys(nft::Family::Netdev, set);
    }

    [[nodiscard]] bool is_owned(nft::Family family) const { return tables_.is_owned(family); }
    [[nodiscard]] bool has_table(nft::Family family) const { return tables_.has_table(family); }

    /// The changes that were asked for, refused ones too.
    [[nodiscard]] const std::vector<nlohmann::json> &changes() const { return changes_; }

    /// How often the kernel was read.
    [[nodiscard]] int lists() const { return lists_; }

private:
    void apply(const nlohmann::json &list, const char *process);
    void take_fault(Runs which);
    [[nodiscard]] std::string read_tables(bool with_elements) const;

    FakeTables tables_;
    std::vector<nlohmann::json> changes_;
    int lists_ = 0;
    std::map<Runs, std::pair<int, Errc>> refused_;
    int swallowed_ = 0;
    std::function<void()> interruption_;
};

}  // namespace vmac::test
