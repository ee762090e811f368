// SPDX-License-Identifier: GPL-2.0-or-later
#include "audit/foreign_rule.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

namespace vmac::audit {
namespace {

using nlohmann::json;
using Field = Condition::Field;

constexpr auto kIcmpv6 = "58";
constexpr auto kIgmp = "2";
constexpr auto kHopByHop = "0";

bool is_one_of(const std::string &word, std::initializer_list<std::string_view> words) {
    return std::ranges::find(words, word) != words.end();
}

Truth operator!(Truth truth) {
    return truth == Truth::Maybe ? truth : truth == Truth::Yes ? Truth::No : Truth::Yes;
}

// ---- values ----

/// Protocols are listed by the name that /etc/protocols has for them, or by number.
std::string protocol_number(const std::string &word) {
    if (is_one_of(word, {"ipv6-icmp", "icmpv6"})) {
        return kIcmpv6;
    }
    if (is_one_of(word, {"hopopt", "ip"})) {
        return kHopByHop;
    }
    return word == "igmp" ? kIgmp : word;
}

/// ICMPv6 types are listed by the names that nftables has for them; older rules may carry the other name of 132.
std::string type_name(const std::string &word) {
    for (const Message message : kAllMessages) {
        const auto type = icmpv6_type(message);
        if (type && word == std::to_string(*type)) {
            return std::string(to_string(message));
        }
    }
    return word == "mld-listener-reduction" ? std::string(to_string(Message::MldDone)) : word;
}

/// A device is listed by its name where it has one, else by its index. The name counts first: a device may be called 7.
std::string index_text(const std::string &word, const net::LinkTable &links) {
    const auto *link = links.by_name(word);
    const auto digits = word.find_first_not_of(' ');
    return link != nullptr ? std::to_string(link->index) : digits == std::string::npos ? word : word.substr(digits);
}

/// One value as it is compared here; none for a range, a prefix and whatever else is not a plain value.
std::optional<std::string> plain(Field field, const json &value, const net::LinkTable &links) {
    if (value.is_object() && value.contains("elem")) {
        return plain(field, value["elem"].value("val", json()), links);  // an element with a counter or a comment
    }
    if (!value.is_string() && !value.is_number_integer()) {
        return std::nullopt;
    }
    const std::string word = value.is_string() ? value.get<std::string>() : value.dump();
    switch (field) {
        case Field::Index:
            return index_text(word, links);
        case Field::Type:
            return type_name(word);
        case Field::Protocol:
        case Field::NextHeader:
            return protocol_number(word);
        default:
            return word;
    }
}

// ---- conditions ----

Condition unreadable(const std::string &what) {
    return {.field = Field::Unreadable, .negated = false, .values = {}, .unreadable = what};
}

/// Fills in the values: one, a set written out, or the name of a set.
void read_values(Condition &condition, const json &right, const ForeignSets &sets, const net::LinkTable &links) {
    std::vector<json> values = {right};
    if (right.is_object() && right.contains("set")) {
        const json &set = right["set"];
        values = set.is_array() ? set.get<std::vector<json>>() : std::vector<json>{set};
    } else if (right.is_array()) {
        values = right.get<std::vector<json>>();
    } else if (right.is_string() && right.get_ref<const std::string &>().starts_with('@')) {
        const auto found = sets.find(right.get_ref<const std::string &>().substr(1));
        values = found == sets.end() ? std::vector<json>{json()} : found->second;
    }
    for (const json &value : values) {
        if (auto word = plain(condition.field, value, links)) {
            condition.values.insert(std::move(*word));
        } else {
            condition.unreadable = "a value that is not a plain one";
        }
    }
}

struct Meaning {
    Field field = Field::Unreadable;
    std::string words;  ///< for people
};

Meaning meaning_of_payload(const std::string &protocol, const std::string &field) {
    const std::string words = protocol + ' ' + field;
    if (words == "icmpv6 type") {
        return {Field::Type, words};
    }
    if (words == "ip protocol") {
        return {Field::Protocol, words};
    }
    if (words == "ip6 nexthdr") {
        return {Field::NextHeader, words};
    }
    const bool other =
        is_one_of(protocol, {"tcp", "udp", "udplite", "sctp", "dccp", "icmp", "ah", "esp", "comp", "gre"});
    return {other ? Field::Never : Field::Unreadable, words};
}

/// What the left side of a comparison is about.
Meaning meaning_of(const json &left) {
    if (!left.is_object() || left.empty()) {
        return {Field::Unreadable, "an expression"};
    }
    if (left.contains("payload") && left["payload"].contains("protocol")) {
        const json &payload = left["payload"];
        return meaning_of_payload(payload.value("protocol", ""), payload.value("field", ""));
    }
    if (left.contains("meta")) {
        const auto key = left["meta"].value("key", "");
        const Field field = key == "oifname"   ? Field::Name
                            : key == "oif"     ? Field::Index
                            : key == "oifkind" ? Field::Kind
                            : key == "l4proto" ? Field::Protocol
                                               : Field::Unreadable;
        return {field, key};
    }
    return {Field::Unreadable, left.begin().key()};
}

Condition read_match(const json &match, const ForeignSets &sets, const net::LinkTable &links) {
    const auto [field, words] = meaning_of(match.value("left", json()));
    const std::string op = match.value("op", "==");
    if (field == Field::Unreadable || !is_one_of(op, {"==", "!="})) {
        return field == Field::Never ? Condition{.field = field, .values = {}, .unreadable = {}} : unreadable(words);
    }
    Condition condition{.field = field, .negated = op == "!=" && field != Field::Never, .values = {}, .unreadable = {}};
    read_values(condition, match.value("right", json()), sets, links);
    return condition;
}

/// A name of a rule, which ends with '*' where it stands for all that begin so.
bool is_named(const std::string &pattern, const std::string &name) {
    if (pattern.ends_with("\\*")) {
        return name == pattern.substr(0, pattern.size() - 2) + '*';
    }
    return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

Truth is_among(const Condition &condition, const std::string &value) {
    const bool found =
        condition.field == Field::Name
            ? std::ranges::any_of(condition.values, [&](const auto &pattern) { return is_named(pattern, value); })
            : condition.values.contains(value);
    return found ? Truth::Yes : condition.unreadable.empty() ? Truth::No : Truth::Maybe;
}

// ---- statements ----

/// An extension of iptables, of which libnftables tells the name and nothing else.
void read_extension(const json &extension, ForeignRule &rule) {
    const std::string type = extension.is_object() ? extension.value("type", "") : "";
    const std::string name = extension.is_object() ? extension.value("name", "") : "";
    if (type == "target") {
        if (name == "REJECT") {
            rule.does = Does::Drops;
        } else if (!is_one_of(name, {"LOG", "NFLOG", "MARK", "CONNMARK", "TEE", "CLASSIFY"})) {
            rule.does = Does::Unreadable;
            rule.target = "iptables' target " + name;
        }
    } else if (type != "watcher" && name != "comment") {
        rule.conditions.push_back(unreadable("iptables' match " + name));
    }
}

/// A copy through another device. Where that is looked up by the interface, the rule ends for those not in the map.
void read_copy(const json &dup, const ForeignSets &sets, const net::LinkTable &links, ForeignRule &rule) {
    rule.sends_copy = true;
    const json device = dup.is_object() ? dup.value("dev", json()) : json();
    if (!device.is_object() || !device.contains("map")) {
        return;
    }
    const json &lookup = device["map"];
    const auto [field, words] = meaning_of(lookup.value("key", json()));
    if (field == Field::Unreadable) {
        rule.conditions.push_back(unreadable("dup by " + words));
        return;
    }
    Condition condition{.field = field, .values = {}, .unreadable = {}};
    read_values(condition, lookup.value("data", json()), sets, links);
    rule.conditions.push_back(std::move(condition));
}

void read_statement(const json &statement, const ForeignSets &sets, const net::LinkTable &links, ForeignRule &rule) {
    if (!statement.is_object() || statement.empty()) {
        rule.conditions.push_back(unreadable("an expression"));
        return;
    }
    const std::string &word = statement.begin().key();
    const json &body = statement.begin().value();
    if (word == "match") {
        rule.conditions.push_back(read_match(body, sets, links));
    } else if (word == "accept") {
        rule.does = Does::Accepts;
    } else if (is_one_of(word, {"drop", "reject"})) {
        rule.does = Does::Drops;
    } else if (word == "return") {
        rule.does = Does::Returns;
    } else if (is_one_of(word, {"jump", "goto"})) {
        rule.does = word == "jump" ? Does::Jumps : Does::Goes;
        rule.target = body.value("target", "");
    } else if (word == "dup") {
        read_copy(body, sets, links, rule);
    } else if (word == "xt") {
        read_extension(body, rule);
    } else if (is_one_of(word, {"limit", "quota", "ct count", "meter"})) {
        rule.conditions.push_back(unreadable(word));
    } else if (!is_one_of(word, {"counter", "log", "mangle", "notrack", "set", "map", "comment", "secmark", "ct helper",
                                 "ct timeout", "ct expectation"})) {
        rule.does = Does::Unreadable;
        rule.target = word;
    }
}

}  // namespace

Truth Condition::holds(const Departure &departure) const {
    const auto type = icmpv6_type(departure.message);
    Truth truth = Truth::Maybe;
    switch (field) {
        case Field::Name:
            truth = is_among(*this, departure.link.name);
            break;
        case Field::Index:
            truth = is_among(*this, std::to_string(departure.link.index));
            break;
        case Field::Kind:
            truth = is_among(*this, departure.link.kind);
            break;
        case Field::Type:
            // Not a comparison that fails but a rule that ends for IGMP, so "is not" does not hold either.
            return type ? (negated ? !is_among(*this, std::string(to_string(departure.message)))
                                   : is_among(*this, std::string(to_string(departure.message))))
                        : Truth::No;
        case Field::Protocol:
            truth = is_among(*this, type ? kIcmpv6 : kIgmp);
            break;
        case Field::NextHeader:
            truth = is_among(*this, departure.message == Message::RouterSolicit ? kIcmpv6 : kHopByHop);
            break;
        case Field::Never:
            return Truth::No;
        case Field::Unreadable:
            return Truth::Maybe;
    }
    return negated ? !truth : truth;
}

ForeignRule read_rule(const json &statements, const ForeignSets &sets, const net::LinkTable &links) {
    ForeignRule rule;
    for (const json &statement : statements) {
        read_statement(statement, sets, links, rule);
    }
    return rule;
}

bool may_concern_us(const ForeignRule &rule) {
    if (rule.does == Does::Nothing) {
        return false;
    }
    const net::Link any;
    return std::ranges::any_of(kAllMessages, [&](Message message) {
        return std::ranges::none_of(rule.conditions, [&](const Condition &condition) {
            const bool about_link =
                condition.field == Field::Name || condition.field == Field::Index || condition.field == Field::Kind;
            return !about_link && condition.holds({any, message}) == Truth::No;
        });
    });
}

}  // namespace vmac::audit
