// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

// What others wrote, in a message that says what is wrong with it. Such a message goes to the journal and to the bus:
// it would end where there is a NUL, and nobody could read it were it not UTF-8.
namespace vmac {

/// In quotes, at most 64 bytes of it, with whatever is not printable ASCII as \u0000.
std::string in_quotes(std::string_view text);

/// What a library says, which may quote some of the text: with '?' for each control character, and for each byte that
/// is not ASCII unless all of it is UTF-8.
std::string on_one_line(std::string text);

}  // namespace vmac
