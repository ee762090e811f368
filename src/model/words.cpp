// SPDX-License-Identifier: GPL-2.0-or-later
// The words for actions and messages, in one table each: what is parsed is what is printed.
#include <algorithm>
#include <string>

#include "model/action.hpp"
#include "model/error.hpp"
#include "model/message.hpp"
#include "model/options.hpp"
#include "model/quoting.hpp"

namespace vmac {
namespace {

struct ActionWord {
    Action value;
    std::string_view word;
};

constexpr std::array kActions = {
    ActionWord{Action::Relocate, "relocate"},
    ActionWord{Action::Drop, "drop"},
    ActionWord{Action::Allow, "allow"},
};

struct MessageWord {
    Message value;
    std::string_view word;
    std::optional<std::uint8_t> type;
};

constexpr std::array kMessages = {
    MessageWord{Message::MldReport, "mld-listener-report", 131},
    MessageWord{Message::MldDone, "mld-listener-done", 132},
    MessageWord{Message::Mld2Report, "mld2-listener-report", 143},
    MessageWord{Message::RouterSolicit, "nd-router-solicit", 133},
    MessageWord{Message::Igmp, "igmp", std::nullopt},
};

struct GuardWord {
    GuardScope::Mode value;
    std::string_view word;
};

constexpr std::array kGuardModes = {
    GuardWord{GuardScope::Mode::Parents, "auto"},
    GuardWord{GuardScope::Mode::Off, "off"},
    GuardWord{GuardScope::Mode::All, "all"},
};

/// The value of @p word in @p table. @param what the kind of word, for the complaint
template <typename Table>
auto parse(const Table &table, const char *what, std::string_view word) {
    const auto found = std::ranges::find(table, word, [](const auto &row) { return row.word; });
    if (found == table.end()) {
        std::string known;
        for (const auto &row : table) {
            known += (known.empty() ? "" : ", ") + std::string(row.word);
        }
        throw Error(Errc::InvalidOption,
                    std::string("unknown ") + what + ' ' + in_quotes(word) + "; there are " + known);
    }
    return found->value;
}

template <typename Table, typename Value>
const auto &row_of(const Table &table, Value value) {
    return *std::ranges::find(table, value, [](const auto &row) { return row.value; });
}

}  // namespace

std::string_view to_string(Action action) {
    return row_of(kActions, action).word;
}

Action parse_action(std::string_view text) {
    return parse(kActions, "action", text);
}

std::string_view to_string(GuardScope::Mode mode) {
    return row_of(kGuardModes, mode).word;
}

GuardScope::Mode parse_guard_mode(std::string_view text) {
    return parse(kGuardModes, "guard", text);
}

std::string_view to_string(Message message) {
    return row_of(kMessages, message).word;
}

Message parse_message(std::string_view text) {
    return parse(kMessages, "message", text);
}

MessageSet parse_messages(const std::vector<std::string> &words) {
    MessageSet messages;
    for (const auto &word : words) {
        messages.insert(parse_message(word));
    }
    if (messages.empty()) {
        throw Error(Errc::InvalidOption, "messages is empty; to handle none, use action=allow");
    }
    return messages;
}

std::optional<std::uint8_t> icmpv6_type(Message message) {
    return row_of(kMessages, message).type;
}

}  // namespace vmac
