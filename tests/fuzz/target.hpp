// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include "model/interface_name.hpp"

// A fuzz target is a file of this directory that defines try_input(). Two programs are made of each: one with
// libFuzzer, which looks for an input that breaks it (libfuzzer.cpp), and a test with all inputs that are kept
// (replay.cpp).
namespace vmac::fuzz {

using Input = std::span<const std::uint8_t>;

/// What a property that does not hold throws. Not an Error and no std::runtime_error, which a target may expect.
class Broken : public std::logic_error {
public:
    using std::logic_error::logic_error;
};

inline void require(bool holds, const std::string &property) {
    if (!holds) {
        throw Broken(property);
    }
}

inline std::string_view text_of(Input input) {
    return {reinterpret_cast<const char *>(input.data()), input.size()};
}

/// Whether an input is meant as JSON. Others are recipes too; not each input is both, for time is short.
inline bool is_object(std::string_view text) {
    return text.starts_with('{');
}

/// Whether a message is one line that everybody can read.
inline bool is_readable(std::string_view message) {
    return is_utf8(message) && std::ranges::none_of(message, [](char c) { return c >= '\0' && c < ' '; });
}

/// Gives one input to what the target is for, and checks what must hold for all. @throws Broken
void try_input(Input input);

}  // namespace vmac::fuzz
