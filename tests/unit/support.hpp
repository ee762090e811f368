// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>
#include <string>
#include <vector>

#include "model/counters.hpp"
#include "model/error.hpp"
#include "model/interface_name.hpp"
#include "model/message.hpp"

// What several tests need.
namespace vmac {

// Without these GoogleTest prints the bytes of what is not equal.
inline void PrintTo(const InterfaceName &name, std::ostream *stream) {
    *stream << name.str();
}

inline void PrintTo(Message message, std::ostream *stream) {
    *stream << to_string(message);
}

inline void PrintTo(const Count &count, std::ostream *stream) {
    *stream << count.packets << " packets, " << count.bytes << " bytes";
}

}  // namespace vmac

namespace vmac::test {

inline InterfaceName name(std::string_view text) {
    return InterfaceName::parse(text);
}

/// Runs @p function, which must throw an Error with @p code. @return its message
template <typename Function>
std::string message_of(Errc code, Function function) {
    try {
        function();
    } catch (const Error &error) {
        EXPECT_EQ(error.code(), code) << error.what();
        return error.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return {};
}

/// A directory that is gone with all that is in it when the test ends.
class TemporaryDirectory {
public:
    TemporaryDirectory();
    ~TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory &) = delete;
    TemporaryDirectory &operator=(const TemporaryDirectory &) = delete;

    [[nodiscard]] const std::filesystem::path &path() const { return path_; }

    /// Writes a file into it. @return its path
    [[nodiscard]] std::filesystem::path write(const std::string &file, const std::string &content) const;

    /// The names of all that is in it, sorted.
    [[nodiscard]] std::vector<std::string> files() const;

private:
    std::filesystem::path path_;
};

/// Permissions of files hold for the rest of the scope, which they do not for root.
class AsNobody {
public:
    AsNobody();
    ~AsNobody();
    AsNobody(const AsNobody &) = delete;
    AsNobody &operator=(const AsNobody &) = delete;

private:
    unsigned user_;
    unsigned group_;
};

}  // namespace vmac::test
