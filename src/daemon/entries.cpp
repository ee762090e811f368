// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/entries.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace vmac {
namespace {

/// A parent that can be used, or why there is none.
struct Parent {
    const net::Link *link = nullptr;
    std::string reason;
};

Parent find_parent(const Entry &entry, const std::string &asked_for, const net::LinkTable &links) {
    const std::string &name = entry.name.str();
    if (!asked_for.empty()) {
        const auto *link = links.by_name(asked_for);
        return {link, link == nullptr ? "its parent " + asked_for + " does not exist" : ""};
    }
    const auto *link = links.by_name(name);
    if (link == nullptr) {
        return {nullptr, name + " does not exist, so its parent is not known"};
    }
    if (!link->is_macvlan()) {
        return {nullptr, name + " is not a macvlan, and no parent was named"};
    }
    if (link->lower_elsewhere) {
        return {nullptr, "its parent is in another network namespace"};
    }
    const auto *lower = links.by_index(link->lower);
    return {lower, lower == nullptr ? "its parent does not exist" : ""};
}

/// Finds out whether the messages of an entry can be relocated, and to where.
void choose_parent(Entry &entry, const std::string &asked_for, const net::LinkTable &links) {
    auto [link, reason] = find_parent(entry, asked_for, links);
    if (link != nullptr && link->name == entry.name.str()) {
        reason = "it cannot be its own parent";
    } else if (link != nullptr && !nft::is_readable(link->name)) {
        reason = "nftables cannot read back the name of its parent";
    } else if (link != nullptr) {
        entry.parent = link->name;
    }
    if (entry.action != Action::Relocate) {
        return;
    }
    if (reason.empty()) {
        entry.parent_index = link->index;
    } else {
        entry.effective_action = Action::Drop;
        entry.reason = reason;
    }
}

std::map<InterfaceName, Origins> named(const Config &config, const InterfaceOptions &api) {
    std::map<InterfaceName, Origins> all;
    for (const auto &[name, options] : config.interfaces) {
        all[name].config = true;
    }
    for (const auto &[name, options] : api) {
        all[name].api = true;
    }
    return all;
}

std::map<InterfaceName, Origins> everybody(const Config &config, const InterfaceOptions &api,
                                           const net::LinkTable &links) {
    auto all = named(config, api);
    for (const auto &[index, link] : links) {
        if (!config.auto_detect || !link.is_vmac()) {
            continue;
        }
        const auto name = InterfaceName::from_kernel(link.name);
        if (name && (all.contains(*name) || all.size() < config.max_interfaces)) {
            all[*name].detected = true;
        }
    }
    return all;
}

Options said_about(const InterfaceName &name, const InterfaceOptions &where) {
    const auto found = where.find(name);
    return found == where.end() ? Options{} : found->second;
}

/// What is asked for about an interface, and what its link makes of that. Says nothing about other entries.
Entry resolve_by_itself(const InterfaceName &name, const Origins &origins, const Config &config,
                        const InterfaceOptions &api, const net::LinkTable &links) {
    const Options options = said_about(name, api).over(said_about(name, config.interfaces)).over(config.defaults);
    Entry entry{.name = name,
                .action = options.action.value_or(Action::Relocate),
                .messages = options.messages.value_or(MessageSet(kAllMessages.begin(), kAllMessages.end())),
                .origins = origins,
                .runtime = options.runtime.value_or(false)};
    entry.effective_action = entry.action;
    if (const auto *link = links.by_name(name.str())) {
        entry.present = true;
        entry.ifindex = link->index;
        entry.mac = link->mac;
    }
    choose_parent(entry, options.parent.value_or(""), links);
    return entry;
}

/// Whether what is relocated to @p entry is dropped there.
bool is_kept_silent(const Entry &entry) {
    return entry.present && entry.action != Action::Allow;
}

/// A message that was relocated to an interface which is under management itself would be dropped there.
void refuse_managed_parent(Entry &entry) {
    entry.parent_index = 0;
    entry.effective_action = Action::Drop;
    entry.reason = "its parent " + entry.parent + " is under management itself";
}

void refuse_managed_parents(Entries &entries) {
    std::set<unsigned> managed;
    for (const auto &[name, entry] : entries) {
        if (is_kept_silent(entry)) {
            managed.insert(entry.ifindex);
        }
    }
    for (auto &[name, entry] : entries) {
        if (entry.parent_index != 0 && managed.contains(entry.parent_index)) {
            refuse_managed_parent(entry);
        }
    }
}

}  // namespace

Entries resolve(const Config &config, const InterfaceOptions &api, const net::LinkTable &links) {
    Entries entries;
    for (const auto &[name, origins] : everybody(config, api, links)) {
        entries.emplace(name, resolve_by_itself(name, origins, config, api, links));
    }
    refuse_managed_parents(entries);
    return entries;
}

Resolved resolve_one(const InterfaceName &name, const Config &config, const InterfaceOptions &api,
                     const net::LinkTable &links, const Entries &entries) {
    const auto *link = links.by_name(name.str());
    const Origins origins{.config = config.interfaces.contains(name),
                          .api = api.contains(name),
                          .detected = config.auto_detect && link != nullptr && link->is_vmac()};
    // At the limit one that comes or goes decides whether there is room for another one that was detected.
    Resolved resolved{.entry = std::nullopt, .alone = entries.size() < config.max_interfaces};
    if (origins != Origins{}) {
        Entry entry = resolve_by_itself(name, origins, config, api, links);
        const auto parent = entry.parent_index == 0 ? std::nullopt : InterfaceName::from_kernel(entry.parent);
        const auto managed = parent ? entries.find(*parent) : entries.end();
        if (managed != entries.end() && is_kept_silent(managed->second)) {
            refuse_managed_parent(entry);
        }
        resolved.entry = std::move(entry);
    }
    const auto before = entries.find(name);
    const bool was_silent = before != entries.end() && is_kept_silent(before->second);
    const bool is_silent = resolved.entry && is_kept_silent(*resolved.entry);
    if (was_silent != is_silent) {
        resolved.alone &=
            std::ranges::none_of(entries, [&](const auto &other) { return other.second.parent == name.str(); });
    }
    return resolved;
}

std::size_t count_named(const Config &config, const InterfaceOptions &api) {
    const auto in_both =
        std::ranges::count_if(config.interfaces, [&](const auto &item) { return api.contains(item.first); });
    return config.interfaces.size() + api.size() - static_cast<std::size_t>(in_both);
}

PerMessage<nft::Verdict> verdicts_for(const Entry &entry) {
    PerMessage<nft::Verdict> verdicts;
    if (entry.action != Action::Allow) {
        for (const Message message : entry.messages) {
            const bool relocate = entry.action == Action::Relocate && message != Message::RouterSolicit;
            verdicts[message] = relocate ? nft::Verdict::Relocate : nft::Verdict::Drop;
        }
    }
    return verdicts;
}

std::optional<unsigned> parent_for(const Entry &entry) {
    return entry.parent_index == 0 ? std::nullopt : std::optional(entry.parent_index);
}

nft::Ruleset desired_ruleset(const Entries &entries) {
    nft::Ruleset ruleset;
    for (const auto &[name, entry] : entries) {
        if (auto verdicts = verdicts_for(entry); !verdicts.empty()) {
            ruleset.verdicts.emplace(name, std::move(verdicts));
        }
        if (const auto parent = parent_for(entry)) {
            ruleset.parents.emplace(name, *parent);
        }
    }
    return ruleset;
}

}  // namespace vmac
