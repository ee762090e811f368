// SPDX-License-Identifier: GPL-2.0-or-later
#include "audit/auditor.hpp"

#include <chrono>

#include "model/error.hpp"
#include "model/ledger.hpp"
#include "nft/ruleset.hpp"

namespace vmac::audit {
namespace {

using Clock = std::chrono::steady_clock;

/// What the tables of others may take altogether; the service does nothing else meanwhile.
constexpr std::chrono::milliseconds kPatience{2000};

/// Programs may send router solicitations through sockets of their own, which the kernel counts before it looks at
/// any rule. MLD is only ever sent by the kernel, and counted behind the rules.
constexpr std::array kCountedBehindRules = {Message::MldReport, Message::MldDone, Message::Mld2Report};

/// What libnftables says of a table that is not there. It does not translate it.
bool is_missing(const Error &error) {
    return error.code() == Errc::KernelRejected &&
           std::string_view(error.what()).find("No such file or directory") != std::string_view::npos;
}

}  // namespace

std::vector<Finding> Auditor::audit() {
    Filter &filter = world_.filter;
    filter.check();  // is_protected() and failure() say what came of it
    const Counters counted = filter.last_counters();
    expect_base_lines();
    take_base_lines();
    take_in_foreign_rules(counted);
    return examine({.entries = filter.entries(),
                    .links = world_.links,
                    .auto_detect = filter.config().auto_detect,
                    .max_interfaces = filter.config().max_interfaces,
                    .is_protected = filter.is_protected(),
                    .failure = filter.failure(),
                    .guard = guard_report(),
                    .restorations = {.count = filter.restorations(),
                                     .contested = filter.is_contested(),
                                     .last_cause = filter.last_cause()},
                    .counted = Ledger{.carried = {}, .base_line = counted_before_}.reported(counted),
                    .facts = gather_facts(),
                    .foreign = foreign_});
}

void Auditor::counters_reset(const std::vector<InterfaceName> &names) {
    for (const auto &[name, entry] : world_.filter.entries()) {
        if (names.empty() || std::ranges::find(names, name) != names.end()) {
            pending_.insert(name);
        }
    }
    take_base_lines();
}

void Auditor::interface_added(const Entry &entry) {
    pending_.insert(entry.name);
}

void Auditor::interface_removed(const InterfaceName &name) {
    base_lines_.erase(name);
    pending_.erase(name);
}

void Auditor::interface_changed(const Entry &before, const Entry &now) {
    const bool same_rules =
        before.messages == now.messages && (before.action == Action::Allow) == (now.action == Action::Allow);
    if (!same_rules || !world_.filter.is_protected()) {
        pending_.insert(now.name);
        take_base_lines();
    } else if (before.ifindex != now.ifindex) {
        base_lines_[now.name] = {.ifindex = now.ifindex, .sent = {}};  // made under rules that were there before it
    }
}

void Auditor::protection_changed(bool is_protected, const std::string & /*failure*/) {
    if (is_protected) {
        expect_base_lines();
        take_base_lines();
    }
}

void Auditor::properties_changed(const std::set<Property> & /*properties*/) {
    take_base_lines();
}

/// Of all that have none.
void Auditor::expect_base_lines() {
    for (const auto &[name, entry] : world_.filter.entries()) {
        if (!base_lines_.contains(name)) {
            pending_.insert(name);
        }
    }
}

void Auditor::take_base_lines() {
    if (pending_.empty() || !world_.filter.is_protected()) {
        return;
    }
    for (const InterfaceName &name : std::exchange(pending_, {})) {
        const auto *link = world_.links.by_name(name.str());
        const auto counts = link == nullptr ? std::nullopt : world_.facts.counts(*link);
        base_lines_.erase(name);
        if (counts) {
            base_lines_[name] = {.ifindex = counts->ifindex, .sent = counts->sent};
        }
    }
}

GuardReport Auditor::guard_report() const {
    const Filter &filter = world_.filter;
    GuardReport report{
        .wanted = filter.is_guard_wanted(),
        .supported = filter.guard_support().egress,
        .active = filter.is_guard_active(),
        .reason = filter.guard_support().egress ? filter.guard_objection() : filter.guard_support().reason,
        .devices = {},
        .slipped = filter.slipped(),
        .impossible = world_.filter.unguarded()};
    if (report.active) {
        for (const auto &[device, mac] : filter.guard().devices) {
            if (world_.links.by_name(device.str()) != nullptr) {
                report.devices.insert(device);
            }
        }
    }
    return report;
}

Facts Auditor::facts_of(const net::Link &link) const {
    Facts facts = world_.facts.read(link);
    const auto name = InterfaceName::from_kernel(link.name);
    const auto base = name ? base_lines_.find(*name) : base_lines_.end();
    const auto counts = base == base_lines_.end() ? std::nullopt : world_.facts.counts(link);
    if (counts && base->second.ifindex == counts->ifindex) {
        for (const Message message : kCountedBehindRules) {
            const auto before = base->second.sent.find(message);
            const std::uint64_t known = before == base->second.sent.end() ? 0 : before->second;
            const std::uint64_t sent = counts->sent.at(message);
            facts.left[message] = sent > known ? sent - known : 0;
        }
    }
    return facts;
}

std::map<std::string, Facts> Auditor::gather_facts() const {
    std::map<std::string, Facts> all;
    const Entries &entries = world_.filter.entries();
    for (const auto &[index, link] : world_.links) {
        const auto name = InterfaceName::from_kernel(link.name);
        if (link.is_vmac() || (name && entries.contains(*name))) {
            all.emplace(link.name, facts_of(link));
        }
    }
    for (const auto &[name, entry] : entries) {
        const auto *parent = world_.links.by_index(entry.parent_index);
        if (parent != nullptr && !all.contains(parent->name)) {
            const auto counts = world_.facts.counts(*parent);
            all[parent->name].sent = counts ? counts->sent : std::map<Message, std::uint64_t>();
        }
    }
    return all;
}

void Auditor::take_in_foreign_rules(const Counters &counted) {
    const auto generation = world_.generation();
    if (generation && generation == foreign_generation_) {
        return;
    }
    foreign_generation_ = generation;
    if (ForeignRules rules = list_foreign_rules(); rules != foreign_) {
        foreign_ = std::move(rules);
        counted_before_ = counted;
    }
}

ForeignRules Auditor::list_foreign_rules() const {
    ForeignRules rules;
    const auto deadline = Clock::now() + kPatience;
    for (const nft::Family family : nft::kFirstLine) {
        for (const Owner owner : {Owner::Keepalived, Owner::Firewall}) {
            const std::string key = nft::to_string(family) + (' ' + std::string(table_of(owner)));
            if (Clock::now() >= deadline) {
                rules.tables.emplace(key, ForeignTable::unreadable("libnftables takes too long"));
                continue;
            }
            try {
                const std::string listing = world_.foreign.run(nft::list_table(family, table_of(owner)).dump());
                rules.tables.emplace(key, ForeignTable::parse(listing, world_.links));
            } catch (const Error &error) {
                if (!is_missing(error)) {
                    rules.tables.emplace(key, ForeignTable::unreadable(error.what()));
                }
            }
        }
    }
    return rules;
}

}  // namespace vmac::audit
