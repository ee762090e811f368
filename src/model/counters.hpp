// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>

#include "model/interface_name.hpp"
#include "model/message.hpp"
#include "model/per_message.hpp"

namespace vmac {

/// What an nftables counter holds.
struct Count {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;  ///< IP packets with their headers

    bool operator==(const Count &) const = default;

    Count &operator+=(const Count &other) {
        packets += other.packets;
        bytes += other.bytes;
        return *this;
    }

    /// What was counted since @p earlier; never negative, for a counter may have been made anew in between.
    [[nodiscard]] Count since(const Count &earlier) const {
        return {packets > earlier.packets ? packets - earlier.packets : 0,
                bytes > earlier.bytes ? bytes - earlier.bytes : 0};
    }
};

using MessageCounts = PerMessage<Count>;
using Counters = std::map<InterfaceName, MessageCounts>;

/// Adds every count of @p more to @p sum.
inline void accumulate(Counters &sum, const Counters &more) {
    for (const auto &[name, counts] : more) {
        for (const auto &[message, count] : counts) {
            sum[name][message] += count;
        }
    }
}

}  // namespace vmac
