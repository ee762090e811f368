// SPDX-License-Identifier: GPL-2.0-or-later
// What becomes of each message that an interface sends, and who sees to it.
#include <algorithm>
#include <map>

#include "audit/examination.hpp"
#include "audit/ids.hpp"
#include "nft/ruleset.hpp"

namespace vmac::audit {
namespace {

/// The priority of our chain in the hook output: what rules before it drop never comes to it.
constexpr int kOurPriority = 10;

/// More bridges and bonds above or VLANs below a parent are not looked through.
constexpr int kMostLayers = 8;

std::string table_for(Owner owner, Message message) {
    return "table " + std::string(nft::to_string(nft::family_of(message))) + ' ' + std::string(table_of(owner));
}

/// The messages by which a snooping switch knows that there is somebody to send to.
bool is_report(Message message) {
    return message == Message::MldReport || message == Message::Mld2Report || message == Message::Igmp;
}

/// The snooping bridge of this host that @p device is, or is a port of, looking down through VLANs and bonds.
const net::Link *snooping_bridge(const net::LinkTable &links, const net::Link *device) {
    for (int layer = 0; device != nullptr && layer < kMostLayers; ++layer) {
        if (device->snooping.value_or(false)) {
            return device;
        }
        const auto *master = links.by_index(device->master);
        for (int above = 0; master != nullptr && above < kMostLayers; ++above) {
            if (master->snooping.value_or(false)) {
                return master;
            }
            master = links.by_index(master->master);
        }
        device = links.lower_of(*device);
    }
    return nullptr;
}

/// Looks at the messages of one interface, one after the other, then says what it has seen.
class Messages {
public:
    explicit Messages(const Subject &subject)
        : subject_(subject), situation_(subject.situation), guarded_by_(find_guard()) {}

    void look() {
        for (const Message message : kAllMessages) {
            if (message == Message::Igmp || subject_.has_ipv6()) {
                look_at(message);
            }
        }
    }

    void tell(std::vector<Finding> &findings) const {
        const auto say = [&](Severity severity, std::string_view id, const std::string &text) {
            findings.push_back({subject_.name, severity, std::string(id), text});
        };
        tell_coverage(say);
        tell_management(say);
        tell_relocation(say);
        tell_others(say);
    }

private:
    /// The guarded device below, whose chain sees what the interface sends.
    [[nodiscard]] const net::Link *find_guard() const {
        const auto *lower = subject_.lower();
        const bool seen = subject_.link->is_vmac() || (subject_.entry != nullptr && subject_.link->is_macvlan());
        const auto &devices = situation_.guard.devices;
        const bool guarded = seen && lower != nullptr && std::ranges::any_of(devices, [&](const auto &device) {
                                 return device.str() == lower->name;
                             });
        return guarded ? lower : nullptr;
    }

    [[nodiscard]] bool is_asked_for(Message message) const {
        return subject_.entry != nullptr && subject_.entry->action != Action::Allow &&
               subject_.entry->messages.contains(message);
    }

    [[nodiscard]] bool is_relocated(Message message) const {
        return subject_.entry->effective_action == Action::Relocate && message != Message::RouterSolicit;
    }

    /// Whether it has come to our rule, whatever rules there are before that.
    [[nodiscard]] bool has_counted(Message message) const {
        const auto counts = situation_.counted.find(subject_.entry->name);
        if (counts == situation_.counted.end()) {
            return false;
        }
        const auto count = counts->second.find(message);
        return count != counts->second.end() && count->second.packets > 0;
    }

    void look_at(Message message) {
        const Departure departure{*subject_.link, message};
        const bool asked_for = is_asked_for(message);
        const bool handled = asked_for && (situation_.is_protected || situation_.failure.empty());

        const Ruling keepalived = situation_.foreign.rule_on(Owner::Keepalived, departure);
        if (keepalived.fate == Fate::Relocated || keepalived.fate == Fate::Dropped) {
            keepalived_takes_.push_back(message);
            const bool relocated = keepalived.fate == Fate::Relocated;
            cover(message, std::string(relocated ? "relocated" : "dropped") + " by keepalived's own table");
            if (relocated) {
                follow_to_parent(message, subject_.lower());
            }
            return;
        }
        const Ruling firewall = handled ? situation_.foreign.rule_on(Owner::Firewall, departure, kOurPriority)
                                        : situation_.foreign.rule_on(Owner::Firewall, departure);
        const bool relocates = handled && is_relocated(message);
        if (!handled || (relocates && !has_counted(message))) {
            note_unreadable(keepalived, Owner::Keepalived, message);
            note_unreadable(firewall, Owner::Firewall, message);
        }
        if (firewall.fate == Fate::Dropped || firewall.fate == Fate::Relocated) {
            const bool dropped = firewall.fate == Fate::Dropped;
            cover(message, (dropped ? "dropped by " : "relocated by ") + table_for(Owner::Firewall, message));
            if (dropped && relocates) {
                blocked_[{table_for(Owner::Firewall, message), ""}].push_back(message);
            }
            note_loss(dropped, message);
        } else if (handled) {
            cover(message,
                  relocates ? "relocated to " + subject_.entry->parent + " by its entry" : "dropped by its entry");
            if (relocates) {
                follow_to_parent(message, situation_.links.by_index(subject_.entry->parent_index));
            }
            note_loss(!relocates, message);
        } else if (subject_.entry != nullptr && !asked_for) {
            exempt_.push_back(message);  // from the guard, too
        } else if (guarded_by_ != nullptr) {
            cover(message, message == Message::RouterSolicit
                               ? "dropped by the guard on " + guarded_by_->name
                               : "sent with the MAC of " + guarded_by_->name + " by its guard");
        } else {
            uncovered_.push_back(message);
        }
    }

    /// The copy that leaves through @p parent meets the rules of others once more, as if the parent had sent it.
    void follow_to_parent(Message message, const net::Link *parent) {
        const Ruling ruling =
            parent == nullptr ? Ruling{} : situation_.foreign.rule_on(Owner::Firewall, Departure{*parent, message});
        if (ruling.fate == Fate::Dropped) {
            blocked_[{table_for(Owner::Firewall, message), printable(parent->name)}].push_back(message);
            note_loss(true, message);
        } else if (ruling.fate == Fate::Unknown && !has_sent(parent->name, message)) {
            note_unreadable(ruling, Owner::Firewall, message);
        }
    }

    /// Whether such a message of the device's own has come through all rules.
    [[nodiscard]] bool has_sent(const std::string &device, Message message) const {
        const auto facts = situation_.facts.find(device);
        if (facts == situation_.facts.end()) {
            return false;
        }
        const auto sent = facts->second.sent.find(message);
        return sent != facts->second.sent.end() && sent->second > 0;
    }

    void cover(Message message, const std::string &how) {
        const auto found = std::ranges::find(covered_, how, [](const auto &item) { return item.first; });
        (found == covered_.end() ? covered_.emplace_back(how, std::vector<Message>()) : *found)
            .second.push_back(message);
    }

    void note_loss(bool dropped, Message message) {
        if (dropped && is_report(message)) {
            lost_reports_.push_back(message);
        }
    }

    void note_unreadable(const Ruling &ruling, Owner owner, Message message) {
        if (ruling.fate == Fate::Unknown) {
            auto &[messages, why] = unreadable_[table_for(owner, message)];
            if (messages.empty() || messages.back() != message) {
                messages.push_back(message);
            }
            why = ruling.unreadable;
        }
    }

    template <typename Say>
    void tell_coverage(const Say &say) const {
        std::string text;
        for (const auto &[how, messages] : covered_) {
            text += (text.empty() ? "" : "; ") + list_of(messages) + ": " + how;
        }
        if (!covered_.empty()) {
            const bool first_line = subject_.entry != nullptr && subject_.entry->action != Action::Allow;
            say(Severity::Ok, id::kMessageCovered,
                text + (first_line && guarded_by_ != nullptr ? ". Behind it stands the guard on " + guarded_by_->name
                                                             : ""));
        }
        if (!uncovered_.empty()) {
            say(Severity::Critical, id::kMessageUncovered,
                "Nothing keeps it from sending " + list_of(uncovered_) +
                    " in its own name, and switches will learn the virtual MAC on the wrong port. " +
                    (subject_.entry != nullptr                    ? "Its entry is not in force; see not-protected"
                     : !InterfaceName::from_kernel(subject_.name) ? "Rename it: nftables cannot write its name"
                                                                  : "Put it under management: AddInterface, or "
                                                                    "auto_detect = true"));
        }
        if (subject_.entry != nullptr && !exempt_.empty()) {
            const bool allowed = subject_.entry->action == Action::Allow;
            say(Severity::Warning, id::kMessageExempt,
                "It may send " + list_of(exempt_) + " in its own name, for " +
                    (allowed ? "its action is allow" : "its option messages leaves them out") +
                    ". If nothing else sees to them, give it " + (allowed ? "action=relocate" : "these messages, too"));
        }
        if (const auto left = list_of_left(); !left.empty()) {
            say(Severity::Critical, id::kMessageLeft,
                left +
                    " have left it since it is under management, although its entry should have stopped them: the "
                    "rules were missing for a while (see rules-restored and the journal), or something sends past "
                    "them. ResetCounters starts this count again");
        }
    }

    [[nodiscard]] std::string list_of_left() const {
        std::vector<std::string> words;
        for (const auto &[message, count] : subject_.facts.left) {
            if (count > 0 && is_asked_for(message)) {
                words.push_back(std::to_string(count) + ' ' + std::string(to_string(message)));
            }
        }
        return list_of(words);
    }

    template <typename Say>
    void tell_management(const Say &say) const {
        if (subject_.entry != nullptr) {
            return;
        }
        const std::string why =
            !InterfaceName::from_kernel(subject_.link->name) ? "its name cannot be written in a rule. Rename it"
            : !situation_.auto_detect
                ? "auto_detect is off. Add it with AddInterface or [interface.…], or set auto_detect = true"
                : "there are max_interfaces (" + std::to_string(situation_.max_interfaces) +
                      ") already. Raise the limit in the configuration";
        say(Severity::Warning, id::kNotManaged,
            "It is a VRRP virtual-MAC interface and not under management: " + why +
                (guarded_by_ != nullptr ? ". Until then it has the guard alone" : ""));
    }

    template <typename Say>
    void tell_relocation(const Say &say) const {
        const Entry *entry = subject_.entry;
        if (entry != nullptr && entry->action == Action::Relocate && entry->effective_action == Action::Drop) {
            say(Severity::Warning, id::kRelocationImpossible,
                "Its messages are dropped instead of relocated: " + entry->reason +
                    ". Switches that snoop forget its groups; name a device with the option parent");
        }
        for (const auto &[where, messages] : blocked_) {
            const auto &[table, parent] = where;
            say(Severity::Warning, id::kRelocationBlocked,
                table + " drops " + list_of(messages) +
                    (parent.empty() ? " before our rules can relocate it"
                                    : " on " + parent + ", where it is relocated to") +
                    ", and switches that snoop forget its groups. " +
                    (parent.empty() ? "Delete that rule: the entry does what it was for" : "Let it pass there"));
        }
        const Link *bridge = lost_reports_.empty() ? nullptr : bridge_below();
        if (bridge != nullptr) {
            say(Severity::Critical, id::kSplitBrain,
                "It loses every " + list_of(lost_reports_) + ", and the bridge " + printable(bridge->name) +
                    " of this host snoops: it forgets the groups of VRRP and of the virtual address, and two routers "
                    "become MASTER. Use action=relocate" +
                    (blocked_.empty() ? "" : " and see relocation-blocked") + ", or turn mcast_snooping off there");
        }
    }

    using Link = net::Link;

    [[nodiscard]] const Link *bridge_below() const {
        const Link *named = subject_.entry == nullptr ? nullptr : situation_.links.by_name(subject_.entry->parent);
        return snooping_bridge(situation_.links, named == nullptr ? subject_.lower() : named);
    }

    template <typename Say>
    void tell_others(const Say &say) const {
        tell_keepalived(say);
        for (const auto &[table, what] : unreadable_) {
            say(Severity::Warning, id::kFirewallUnreadable,
                table + " may drop " + list_of(what.first) + " of it; that cannot be told (" + what.second +
                    "). See iptables-save, ip6tables-save or nft list table: what is dropped there cannot be "
                    "relocated");
        }
    }

    /// keepalived 2.2.7 handles MLDv2 reports and router solicitations, 2.3.2 MLDv1 reports too, none MLDv1 Done.
    template <typename Say>
    void tell_keepalived(const Say &say) const {
        const auto takes = [&](Message message) {
            return std::ranges::find(keepalived_takes_, message) != keepalived_takes_.end();
        };
        if (!takes(Message::Mld2Report) && !takes(Message::MldReport)) {
            return;
        }
        std::vector<Message> missing;
        bool open = false;
        for (const Message message : {Message::MldReport, Message::MldDone, Message::Mld2Report}) {
            if (!takes(message)) {
                missing.push_back(message);
                open |= std::ranges::find(uncovered_, message) != uncovered_.end() ||
                        std::ranges::find(exempt_, message) != exempt_.end();
            }
        }
        if (!missing.empty()) {
            say(open ? Severity::Warning : Severity::Ok, id::kKeepalivedIncomplete,
                "keepalived's own table leaves out " + list_of(missing) +
                    (open ? ", and nothing makes up for it. Put the interface under management"
                          : "; that is made up for here, nothing is to be done"));
        }
    }

    const Subject &subject_;
    const Situation &situation_;
    const Link *guarded_by_;  ///< none when there is no guard

    std::vector<std::pair<std::string, std::vector<Message>>> covered_;  ///< by what is done by whom
    std::vector<Message> uncovered_;
    std::vector<Message> exempt_;
    std::vector<Message> keepalived_takes_;
    std::vector<Message> lost_reports_;  ///< dropped, and not relocated
    /// By table, and the device where a copy is dropped; empty where the message itself is.
    std::map<std::pair<std::string, std::string>, std::vector<Message>> blocked_;
    std::map<std::string, std::pair<std::vector<Message>, std::string>> unreadable_;  ///< by table, and why
};

}  // namespace

void examine_messages(const Subject &subject, std::vector<Finding> &findings) {
    if (subject.link == nullptr) {
        findings.push_back({subject.name, Severity::Ok, std::string(id::kInterfaceAbsent),
                            "It does not exist at present; its rules wait for it. If it will not come back, take it "
                            "out with RemoveInterface or out of the configuration"});
        return;
    }
    Messages messages(subject);
    messages.look();
    messages.tell(findings);
}

}  // namespace vmac::audit
