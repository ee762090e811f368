// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <type_traits>

#include "model/action.hpp"
#include "model/counters.hpp"
#include "model/interface_name.hpp"
#include "model/mac.hpp"
#include "model/message.hpp"
#include "model/options.hpp"
#include "target.hpp"

namespace vmac::fuzz {

/// The input as decisions about what to make: a byte each. When all are used up, every decision is the first choice,
/// and so whatever is made comes to an end.
class Recipe {
public:
    explicit Recipe(Input input) : rest_(input) {}

    std::uint8_t byte() {
        if (rest_.empty()) {
            return 0;
        }
        const std::uint8_t first = rest_.front();
        rest_ = rest_.subspan(1);
        return first;
    }

    bool flip() { return (byte() & 1U) != 0; }

    /// Any number, small ones with few bytes.
    std::uint64_t number() {
        std::uint64_t number = 0;
        for (unsigned left = byte() % (sizeof(number) + 1); left > 0; --left) {
            number = number << 8U | byte();
        }
        return number;
    }

    template <typename Choices>
    auto pick(const Choices &choices) {
        return choices[byte() % choices.size()];
    }

    /// Up to @p most times, as often as the recipe says.
    template <typename Function>
    void several(unsigned most, Function function) {
        for (unsigned left = byte() % (most + 1); left > 0; --left) {
            function();
        }
    }

    /// Something, or nothing.
    template <typename Function>
    auto perhaps(Function function) -> std::optional<std::invoke_result_t<Function>> {
        return flip() ? std::optional(function()) : std::nullopt;
    }

    std::string text(std::size_t most) {
        std::string text;
        for (std::size_t left = byte() % (most + 1); left > 0; --left) {
            text.push_back(static_cast<char>(byte()));
        }
        return text;
    }

    InterfaceName name() {
        const std::string wild = text(15);
        return InterfaceName::from_kernel(wild).value_or(
            InterfaceName::parse("v" + std::to_string(wild.empty() ? 0 : wild.front() & 0xf)));
    }

    std::string mac() {
        std::array<std::uint8_t, 6> bytes{};
        std::ranges::generate(bytes, [&] { return byte(); });
        return format_mac(bytes);
    }

    Message message() { return pick(kAllMessages); }

    MessageSet messages() {
        MessageSet messages = {message()};
        several(4, [&] { messages.insert(message()); });
        return messages;
    }

    Options options() {
        constexpr std::array kActions = {Action::Relocate, Action::Drop, Action::Allow};
        return {.action = perhaps([&] { return pick(kActions); }),
                .parent = perhaps([&] { return flip() ? name().str() : std::string(); }),
                .messages = perhaps([&] { return messages(); }),
                .runtime = perhaps([&] { return flip(); })};
    }

    InterfaceOptions interfaces() {
        InterfaceOptions interfaces;
        several(5, [&] { interfaces.insert_or_assign(name(), options()); });
        return interfaces;
    }

    Counters counters() {
        Counters counters;
        several(5, [&] { counters[name()][message()] = {number(), number()}; });
        return counters;
    }

private:
    Input rest_;
};

}  // namespace vmac::fuzz
