// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// Text for a terminal, measured in columns.
namespace vmac::ctl {

/// @p text without what a terminal would obey: the kernel lets a name have any control character but white space.
std::string escaped(std::string_view text);

/// How many columns escaped text takes. Needs a UTF-8 locale, as look_at_terminal() sets it.
std::size_t width_of(std::string_view text);

/// @p text cut to @p width columns, with an ellipsis if it was longer.
std::string cut(std::string_view text, std::size_t width, bool utf8);

/// The words of @p text in lines of at most @p width columns; a longer word has a line of its own.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

/// "a, b, c"
std::string joined(const std::vector<std::string> &words, std::string_view separator = ", ");

/// Now, in seconds since 1970.
double time_stamp();

/// Now, here, as strftime(3) writes it.
std::string time_of_day(const char *format);

}  // namespace vmac::ctl
