// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <malloc.h>

#include <cstddef>

namespace vmac {

/// Gives memory back to the kernel that a large piece of work has left behind, where that is worthwhile: glibc keeps
/// what is free for the next one, mallopt(3), and a service that was busy once would be large for ever.
inline void give_memory_back() {
    constexpr std::size_t kWorthwhile = std::size_t{4} << 20;  // bytes
    if (::mallinfo2().fordblks >= kWorthwhile) {
        ::malloc_trim(0);
    }
}

}  // namespace vmac
