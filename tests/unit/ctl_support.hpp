// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <clocale>
#include <string>
#include <vector>

#include "ctl/failure.hpp"
#include "ctl/show.hpp"
#include "ctl/text.hpp"

// What several tests of mldfilterctl need.
namespace vmac::ctl {

/// Runs @p function, which must throw a Failure with @p status. @return its message
template <typename Function>
std::string failure_message(ExitStatus status, Function function) {
    try {
        function();
    } catch (const Failure &failure) {
        EXPECT_EQ(failure.status(), status) << failure.what();
        return failure.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

/// Text is measured as the program measures it.
class Utf8Test : public testing::Test {
protected:
    static void SetUpTestSuite() { ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr); }
    static void TearDownTestSuite() { std::setlocale(LC_CTYPE, "C"); }
};

/// A pipe, as wide as it takes; or cut to @p width columns.
inline Terminal plain(std::optional<std::size_t> width = {}) {
    return {.utf8 = true, .width = width};
}

/// How many columns the longest of @p lines takes, which have no colours.
inline std::size_t widest(const std::vector<std::string> &lines) {
    std::size_t width = 0;
    for (const auto &line : lines) {
        width = std::max(width, width_of(line));
    }
    return width;
}

/// The lines as one text, which is easier to compare and to read.
inline std::string text_of(const std::vector<std::string> &lines) {
    std::string text;
    for (const auto &line : lines) {
        text += line + '\n';
    }
    return text;
}

}  // namespace vmac::ctl
