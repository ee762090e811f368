// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "system/descriptor.hpp"

namespace vmac::worker {

/// Texts of any bytes over a connected stream socket: the length of each in four bytes, the lowest first, then the
/// text. A longer one than kMostBytes is not taken.
class Channel {
public:
    using Clock = std::chrono::steady_clock;

    /// Ten times the listing of 12,000 rules.
    static constexpr std::size_t kMostBytes = std::size_t{64} << 20U;

    explicit Channel(Descriptor socket) : socket_(std::move(socket)) {}

    /// @param deadline none: waits for ever. @throws std::system_error; with ETIMEDOUT when it was not taken in time
    void send(std::string_view text, std::optional<Clock::time_point> deadline = std::nullopt) const;

    /// The next text; none when the other side has closed between two.
    /// @throws std::system_error; with ETIMEDOUT when it has not come in time, with EPROTO when it ended in the middle
    /// or is too long
    [[nodiscard]] std::optional<std::string> receive(std::optional<Clock::time_point> deadline = std::nullopt) const;

    /// Whether something has come that receive() would not wait for: to who has asked nothing, the end.
    [[nodiscard]] bool is_readable() const;

private:
    void wait_for(short events, std::optional<Clock::time_point> deadline) const;
    std::size_t fill(char *buffer, std::size_t size, std::optional<Clock::time_point> deadline) const;

    Descriptor socket_;
};

}  // namespace vmac::worker
