// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/draft.hpp"

#include <utility>

#include "daemon/guarding.hpp"

namespace vmac {
namespace {

bool leaves_counts(const nft::Plan &plan) {
    return !plan.counted.leaving.empty() || !plan.counted_by_guard.leaving.empty();
}

}  // namespace

bool carry(store::State &state, const nft::Plan &plan) {
    state.ledger.carry(plan.counted.leaving, state.last_good.max_interfaces);
    state.guard_ledger.carry(plan.counted_by_guard.leaving, state.last_good.max_interfaces);
    return leaves_counts(plan);
}

Draft::Draft(const Subject &subject)
    : subject_(subject),
      api_(subject.state.interfaces),
      config_(subject.state.last_good),
      parents_(subject.state.parents),
      ledger_(subject.state.ledger),
      guard_ledger_(subject.state.guard_ledger),
      entries_(subject.entries),
      verdicts_(subject.wanted.verdicts),
      relocations_(subject.wanted.parents),
      guard_(subject.wanted.guard),
      owned_(subject.wanted.owned) {}

Draft::Draft(const Subject &subject, const InterfaceName &name, std::optional<Options> options) : Draft(subject) {
    api_.assign(name, std::move(options));
    const Config &config = subject_.state.last_good;
    config.require_room(count_named(config, subject_.state.interfaces));
    if (!resolve_alone(name)) {
        resolve_all();
    }
}

Draft::Draft(const Subject &subject, Config config, InterfaceOptions api) : Draft(subject) {
    config.require_room(count_named(config, api));
    config_.assign(std::move(config));
    api_.replace(std::move(api));
    resolve_all();
}

void Draft::resolve_all() {
    is_whole_ = true;
    const store::State &state = subject_.state;
    entries_.replace(resolve(state.last_good, state.interfaces, subject_.links));
    parents_.assign(remember_parents(state.parents, subject_.entries, subject_.links));
    nft::Ruleset wanted =
        desired_tables(state.last_good, subject_.entries, state.parents, subject_.links, subject_.absent_devices);
    verdicts_.replace(std::move(wanted.verdicts));
    relocations_.replace(std::move(wanted.parents));
    guard_.assign(std::move(wanted.guard));
    owned_.assign(wanted.owned);
}

/// False when the change of one interface has consequences beyond its own elements.
bool Draft::resolve_alone(const InterfaceName &name) {
    const store::State &state = subject_.state;
    const auto [entry, alone] = resolve_one(name, state.last_good, state.interfaces, subject_.links, subject_.entries);
    const auto before = subject_.entries.find(name);
    if (!alone || is_guarded_for(entry) || (before != subject_.entries.end() && is_guarded_for(before->second))) {
        return false;
    }
    auto verdicts = entry ? verdicts_for(*entry) : PerMessage<nft::Verdict>{};
    verdicts_.assign(name, verdicts.empty() ? std::nullopt : std::optional(std::move(verdicts)));
    relocations_.assign(name, entry ? parent_for(*entry) : std::nullopt);
    entries_.assign(name, entry);
    return true;
}

/// Whether the guard, or what is remembered of parents, depends on this entry.
bool Draft::is_guarded_for(const std::optional<Entry> &entry) const {
    return entry && lower_device(*entry, subject_.links) != nullptr;
}

std::optional<nft::ElementChanges> Draft::elements() const {
    if (is_whole_) {
        return std::nullopt;
    }
    nft::Ruleset before;
    nft::Ruleset now;
    const auto split = [](const auto &tentative, auto &present, auto &wanted) {
        tentative.for_each_difference([&](const auto &name, const auto *value_before, const auto *value_now) {
            if (value_before != nullptr) {
                present.emplace(name, *value_before);
            }
            if (value_now != nullptr) {
                wanted.emplace(name, *value_now);
            }
        });
    };
    split(verdicts_, before.verdicts, now.verdicts);
    split(relocations_, before.parents, now.parents);
    return nft::difference(before, now);
}

void Draft::carry(const nft::Plan &plan) {
    ledger_.take_back();
    guard_ledger_.take_back();
    if (leaves_counts(plan)) {
        ledger_.assign(subject_.state.ledger);
        guard_ledger_.assign(subject_.state.guard_ledger);
        vmac::carry(subject_.state, plan);
    }
}

void Draft::take_back_but_counts() {
    ledger_.keep();
    guard_ledger_.keep();
    owned_.take_back();
    guard_.take_back();
    relocations_.take_back();
    verdicts_.take_back();
    entries_.take_back();
    parents_.take_back();
    config_.take_back();
    api_.take_back();
}

void Draft::keep() {
    api_.keep();
    config_.keep();
    parents_.keep();
    ledger_.keep();
    guard_ledger_.keep();
    entries_.keep();
    verdicts_.keep();
    relocations_.keep();
    guard_.keep();
    owned_.keep();
}

}  // namespace vmac
