// SPDX-License-Identifier: GPL-2.0-or-later
#include "audit/audit.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "audit/examination.hpp"

namespace vmac::audit {
const net::Link *Subject::lower() const {
    return link == nullptr ? nullptr : situation.links.lower_of(*link);
}

std::vector<Finding> examine(const Situation &situation) {
    std::vector<Finding> findings;
    examine_host(situation, findings);

    static const Facts kNoFacts;
    const auto look_at = [&](const std::string &name, const net::Link *link, const Entry *entry) {
        const auto facts = situation.facts.find(name);
        const Subject subject{.situation = situation,
                              .name = printable(name),
                              .link = link,
                              .entry = entry,
                              .facts = facts == situation.facts.end() ? kNoFacts : facts->second};
        examine_messages(subject, findings);
        examine_setup(subject, findings);
    };
    std::set<std::string_view> managed;
    for (const auto &[name, entry] : situation.entries) {
        managed.insert(name.str());
        look_at(name.str(), situation.links.by_name(name.str()), &entry);
    }
    for (const auto &[index, link] : situation.links) {
        if (link.is_vmac() && !managed.contains(link.name)) {
            look_at(link.name, &link, nullptr);
        }
    }
    std::ranges::stable_sort(findings, [](const Finding &one, const Finding &other) {
        return one.severity != other.severity ? one.severity > other.severity : one.interface < other.interface;
    });
    return findings;
}

std::string printable(std::string_view name) {
    if (is_utf8(name)) {
        return std::string(name);
    }
    std::string text;
    for (const char byte : name) {
        const auto value = static_cast<unsigned char>(byte);
        if (value >= 0x20 && value < 0x7f) {
            text += byte;
        } else {
            std::array<char, 5> code{};
            std::snprintf(code.data(), code.size(), "\\x%02x", value);
            text += code.data();
        }
    }
    return text;
}

std::string list_of(const std::vector<std::string> &words) {
    std::string text;
    for (std::size_t i = 0; i < words.size(); ++i) {
        text += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
    }
    return text;
}

std::string list_of(const std::vector<Message> &messages) {
    std::vector<std::string> words;
    std::ranges::transform(messages, std::back_inserter(words),
                           [](Message message) { return std::string(to_string(message)); });
    return list_of(words);
}

}  // namespace vmac::audit
