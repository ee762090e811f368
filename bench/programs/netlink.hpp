// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <libmnl/libmnl.h>

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// What a rebuild or a flush was told of by the kernel.
struct Transaction {
    std::string process;       ///< the name of who made it; its number is one that a namespace does not know
    std::size_t elements = 0;  ///< that came into maps
    bool deletes_table = false;
};

/// nf_tables without any library that knows it: what the kernel itself takes, and so the limit for all others. Works on
/// the tables of the service, or on a copy of them, in the network namespace of the process.
class Netlink {
public:
    Netlink();

    /// Adds to, or deletes from, all maps of both tables what the service has for @p names, in one transaction.
    /// @p parent is the index of their parent.
    /// @throws std::system_error what the kernel refused
    void change(bool add, const std::vector<std::string> &names, std::uint32_t parent);

    /// Deletes all tables of the namespace, as `nft flush ruleset` does.
    void flush();

    /// Reads all elements of both verdict maps with their counters. Returns how many there are.
    std::size_t dump();

private:
    template <typename Function>
    void ask(const std::vector<char> &messages, Function is_last);
    void send(const std::vector<char> &messages, std::uint32_t last);
    std::size_t dump_map(std::uint8_t family);

    struct Close {
        void operator()(mnl_socket *socket) const { mnl_socket_close(socket); }
    };
    std::unique_ptr<mnl_socket, Close> socket_;
    std::uint32_t sequence_ = 1;
    std::vector<char> buffer_;
};

/// The transactions of this namespace, as the kernel tells of them.
class Events {
public:
    /// @p patience in seconds; 0 is without end
    explicit Events(long patience);

    /// Waits for the next one.
    /// @throws std::system_error when there is no patience left, or when some were missed
    Transaction next();

private:
    struct Close {
        void operator()(mnl_socket *socket) const { mnl_socket_close(socket); }
    };
    std::unique_ptr<mnl_socket, Close> socket_;
    std::vector<char> buffer_;
    std::size_t left_ = 0;  ///< bytes in the buffer from at_ on
    std::size_t at_ = 0;
};

}  // namespace bench
