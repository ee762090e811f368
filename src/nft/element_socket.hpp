// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "nft/element_messages.hpp"

struct nlmsghdr;

namespace vmac::nft {

/// Changes and reads elements over a netlink socket of somebody else: that of libnftables, for a table with an owner
/// can only be changed over the socket that made it. Between two calls of libnftables nothing else is under way there.
class ElementSocket {
public:
    /// @param fd a socket of NETLINK_NETFILTER, which must outlive this
    explicit ElementSocket(int fd);

    /// Makes the changes in one transaction: all of them or none.
    /// @throws Error KernelRejected with the kernel's reason; EngineUnavailable, then they are made or not
    void change(const ElementChanges &changes);

    /// What the kernel holds of our tables, as lines of a reading, or of the elements asked for. Those that are not
    /// there are left out.
    /// @throws Error EngineUnavailable
    std::string read(std::string_view query);

private:
    using Handler = std::function<void(const nlmsghdr &)>;

    void send(const Messages &messages);
    int take_answers(const Handler &handle, std::uint32_t last, bool more);
    int ask(const Messages &question, const Handler &handle);
    void drain();
    std::uint32_t generation();
    std::string read_tables(bool with_elements);
    void read_table(Family family, bool with_elements, std::string &lines);
    std::string read_keys(const std::vector<ElementKey> &keys);

    int fd_;
    std::uint32_t next_ = 1;             ///< sequence number
    std::vector<std::uint64_t> buffer_;  ///< aligned
    bool interrupted_ = false;           ///< while something was read, somebody has changed it
};

/// Whether this descriptor is a socket of NETLINK_NETFILTER.
bool is_netfilter_socket(int fd);

/// The socket of NETLINK_NETFILTER that has been opened since @p lowest was the lowest free descriptor; -1 where there
/// is none.
int find_netfilter_socket(int lowest);

}  // namespace vmac::nft
