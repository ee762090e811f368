// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gmock/gmock.h>

#include <linux/if_arp.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "daemon/filter.hpp"
#include "fake_engine.hpp"
#include "support.hpp"

// A Filter with a fake kernel, a real state file and the links eth0 and vrrp1, a macvlan on it.
namespace vmac::test {

/// Writes down what it is told, each event in a line.
class Diary final : public Observer {
public:
    void interface_added(const Entry &entry) override { lines.push_back("added " + entry.name.str()); }
    void interface_removed(const InterfaceName &name) override { lines.push_back("removed " + name.str()); }
    void interface_changed(const Entry &before, const Entry &now) override {
        lines.push_back("changed " + now.name.str() + ": " + std::string(to_string(before.effective_action)) + " to " +
                        std::string(to_string(now.effective_action)));
    }
    void ruleset_restored(const std::string &cause, const std::string &process) override {
        lines.push_back("restored: " + cause);
        processes.push_back(process);
    }
    void guard_changed(bool is_active, const std::string &reason) override {
        lines.push_back(is_active ? "guarded" : "not guarded: " + reason);
    }
    void protection_changed(bool is_protected, const std::string &failure) override {
        lines.push_back(is_protected ? "protected" : "not protected: " + failure);
    }
    void state_not_saved(const std::string &reason) override { lines.push_back("not saved: " + reason); }
    void properties_changed(const std::set<Property> &properties) override {
        std::string line = "properties";
        for (const Property property : properties) {
            line += word_of(property);
        }
        lines.push_back(line);
    }

    /// What was written since the last call.
    std::vector<std::string> read() { return std::exchange(lines, {}); }

    /// The processes that were named for restorations.
    std::vector<std::string> processes;

private:
    static const char *word_of(Property property) {
        switch (property) {
            case Property::Interfaces:
                return " Interfaces";
            case Property::AutoDetect:
                return " AutoDetect";
            case Property::GuardActive:
                return " GuardActive";
            case Property::Protected:
                return " Protected";
            case Property::Restorations:
                return " Restorations";
            case Property::Features:
                return " Features";
        }
        return " ?";
    }

    std::vector<std::string> lines;
};

// Indexes that no link of the machine has: what the kernel has under such a one is listed by its number.
inline constexpr unsigned kEth0 = 1000002;
inline constexpr unsigned kEth1 = 1000003;
inline constexpr unsigned kVrrp1 = 1000007;

inline constexpr auto kEth0Mac = "02:00:00:00:00:02";

inline constexpr auto kVmacMac = "00:00:5e:00:02:05";

/// No VRRP MAC: vrrp1 comes under management only when somebody says so.
inline constexpr auto kVrrp1Mac = "02:00:00:00:00:07";

class FilterFixture : public testing::Test {
protected:
    FilterFixture() {
        add_link({.index = kEth0, .name = "eth0", .mac = kEth0Mac, .type = ARPHRD_ETHER});
        add_link({.index = kVrrp1,
                  .name = "vrrp1",
                  .mac = kVrrp1Mac,
                  .kind = "macvlan",
                  .lower = kEth0,
                  .type = ARPHRD_ETHER});
    }

    /// Starts the service, or starts it again: another Filter with the same kernel and disk.
    void start(const Config &config = {}, const char *boot = "boot") {
        state_file = std::make_unique<store::StateFile>(directory.path(), boot);
        filter = std::make_unique<Filter>(world());
        filter->add_observer(diary);
        filter->start(state_file->load().state, config);
        diary.read();
    }

    [[nodiscard]] Filter::World world() {
        return {.engine = kernel, .watcher = kernel.watcher, .state_file = *state_file, .links = links, .now = [this] {
                    return time;
                }};
    }

    /// A link comes, or is another one now.
    void add_link(const net::Link &link) { links.apply({.link = link}); }

    /// A macvlan with a VRRP MAC comes, on eth0 unless it is told otherwise.
    void add_vmac(const char *name, unsigned index, const char *mac = kVmacMac, unsigned lower = kEth0) {
        add_link({.index = index, .name = name, .mac = mac, .kind = "macvlan", .lower = lower, .type = ARPHRD_ETHER});
    }

    /// A link goes.
    void drop_link(const char *name) { links.apply({.link = *links.by_name(name), .gone = true}); }

    /// What is on the disk.
    [[nodiscard]] store::State saved() const { return store::StateFile(directory.path(), "boot").load().state; }

    /// From now on the state can be staged, but not take the place of what is there.
    void break_publishing() const {
        std::filesystem::remove(directory.path() / "state.json");
        std::filesystem::create_directories(directory.path() / "state.json" / "full");
    }

    Count counted(const char *interface, Message message) { return filter->counters(name(interface)).at(message); }

    TemporaryDirectory directory;
    FakeEngine kernel;
    Filter::Clock::time_point time{};  ///< what the clock says
    net::LinkTable links;
    Diary diary;
    std::unique_ptr<store::StateFile> state_file;
    std::unique_ptr<Filter> filter;
};

}  // namespace vmac::test
