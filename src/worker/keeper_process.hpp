// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "worker/keeper.hpp"

// What goes over the socket between daemon and keeper, one struct a message. Both are the same program.
namespace vmac::worker {

/// From the daemon. With Start comes the descriptor that the worker gets as its standard input.
struct Order {
    enum class Verb : std::uint8_t { Start, Stop };

    Verb verb = Verb::Start;
    Post post = Post::Rules;
    std::uint32_t serial = 0;
};

/// From the keeper: a worker has ended.
struct Notice {
    std::uint32_t serial = 0;
    int status = 0;  ///< as of wait(2)
};

/// The life of the keeper: takes orders from @p control until the other side closes it.
[[noreturn]] void keep(Descriptor control, pid_t parent);

}  // namespace vmac::worker
