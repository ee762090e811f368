// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/guarding.hpp"

#include <linux/if_arp.h>

#include <algorithm>
#include <optional>

#include "model/mac.hpp"

namespace vmac {
namespace {

/// Devices that come and go under ever new names for months must not fill memory and disk.
constexpr std::size_t kMostParents = 1024;

/// Why a device cannot have a guard; empty when it can.
std::string objection(const net::Link &device) {
    const auto name = InterfaceName::from_kernel(device.name);
    if (!name || !nft::is_guardable(*name)) {
        return "nftables cannot write its name";
    }
    if (device.type != ARPHRD_ETHER || device.mac.empty()) {
        return "it is not an Ethernet device";
    }
    return {};
}

/// Puts the guard on a device, if that is there and can have one. Whether it is and can.
bool guard_device(nft::Guard &guard, const net::Link *device) {
    if (device == nullptr || !objection(*device).empty()) {
        return false;
    }
    guard.devices.insert_or_assign(InterfaceName::parse(device->name), device->mac);
    return true;
}

/// What the guard must know about one interface, which leaves through @p device.
void describe_sender(nft::Guard &guard, const Entry &entry, const net::Link &device) {
    // A macvlan in passthru mode has the MAC of its device. It is that device that speaks.
    if (entry.mac.empty() || entry.mac == device.mac) {
        return;
    }
    const nft::Sender sender{.device = InterfaceName::parse(device.name), .mac = entry.mac};
    const bool is_vrrp = is_vrrp_mac(entry.mac);
    if (!is_vrrp && entry.action == Action::Allow) {
        return;
    }
    if (!is_vrrp) {
        guard.registered.insert(sender);
    }
    for (const Message message : kAllMessages) {
        if (entry.action == Action::Allow || !entry.messages.contains(message)) {
            guard.exempt.insert({.sender = sender, .message = message});
        }
    }
}

}  // namespace

const net::Link *lower_device(const Entry &entry, const net::LinkTable &links) {
    const net::Link *link = links.by_name(entry.name.str());
    return link == nullptr || !link->is_macvlan() ? nullptr : links.lower_of(*link);
}

Parents remember_parents(Parents known, const Entries &entries, const net::LinkTable &links) {
    nft::Guard now;
    for (const auto &[name, entry] : entries) {
        guard_device(now, lower_device(entry, links));
    }
    for (auto &[name, mac] : known) {
        if (const auto *link = links.by_name(name.str()); link != nullptr && objection(*link).empty()) {
            mac = link->mac;
        }
    }
    for (const auto &[name, mac] : now.devices) {
        if (known.size() >= kMostParents && !known.contains(name)) {
            const auto gone = std::ranges::find_if(
                known, [&](const auto &parent) { return links.by_name(parent.first.str()) == nullptr; });
            if (gone == known.end()) {
                continue;
            }
            known.erase(gone);
        }
        known.insert_or_assign(name, mac);
    }
    return known;
}

nft::Guard desired_guard(const GuardScope &scope, const Parents &parents, const Entries &entries,
                         const net::LinkTable &links, bool absent_too) {
    nft::Guard guard;
    if (scope.mode == GuardScope::Mode::Off) {
        return guard;
    }
    for (const auto &[name, mac] : parents) {
        if (absent_too && links.by_name(name.str()) == nullptr) {
            guard.devices.emplace(name, mac);
        }
        guard_device(guard, links.by_name(name.str()));
    }
    for (const auto &name : scope.devices) {
        guard_device(guard, links.by_name(name.str()));
    }
    if (scope.mode == GuardScope::Mode::All) {
        for (const auto &[index, link] : links) {
            if (!link.is_macvlan()) {
                guard_device(guard, &link);
            }
        }
    }
    for (const auto &[name, entry] : entries) {
        const auto *device = lower_device(entry, links);
        if (guard_device(guard, device)) {
            describe_sender(guard, entry, *device);
        }
    }
    return guard;
}

nft::Ruleset desired_tables(const Config &config, const Entries &entries, const Parents &parents,
                            const net::LinkTable &links, bool absent_too) {
    nft::Ruleset ruleset = desired_ruleset(entries);
    ruleset.owned = config.own_tables;
    ruleset.guard = desired_guard(config.guard, parents, entries, links, absent_too);
    return ruleset;
}

std::map<std::string, std::string> unguardable(const net::LinkTable &links) {
    std::map<std::string, std::string> all;
    for (const auto &[index, link] : links) {
        const auto *device = link.is_vmac() ? links.lower_of(link) : nullptr;
        if (device == nullptr) {
            continue;
        }
        if (const std::string reason = objection(*device); !reason.empty()) {
            all.emplace(device->name, reason);
        }
    }
    return all;
}

}  // namespace vmac
