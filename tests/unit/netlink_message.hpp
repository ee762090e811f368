// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace vmac::test {

/// Has @p parse read the first @p bytes of @p message, from a buffer of just that size so that a sanitizer sees what
/// goes beyond.
template <typename Parse>
auto parse_cut(const nlmsghdr &message, std::size_t bytes, Parse parse) {
    std::vector<std::uint32_t> cut((bytes + 3) / 4);
    std::memcpy(cut.data(), &message, bytes);
    nlmsghdr header{};
    std::memcpy(&header, cut.data(), sizeof(header));
    header.nlmsg_len = static_cast<std::uint32_t>(bytes);
    std::memcpy(cut.data(), &header, sizeof(header));
    return parse(*static_cast<nlmsghdr *>(static_cast<void *>(cut.data())));
}

}  // namespace vmac::test
