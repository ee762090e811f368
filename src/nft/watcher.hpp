// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/netlink.hpp"

// Who changes our tables. The kernel tells of every transaction in this network namespace after it has happened: a
// message for each object, then one with the new generation and the process that made it (NFT_MSG_NEWGEN,
// net/netfilter/nf_tables_api.c). It tells before the call returns that made the change, so whoever has just changed
// something finds his own transaction here.
namespace vmac::nft {

/// What one message says that concerns us.
struct TableEvent {
    bool ours = false;             ///< about one of our tables
    bool end = false;              ///< the transaction ends here
    std::uint32_t generation = 0;  ///< with end
    std::string process;           ///< with end: "nft, process 1234"; empty where the kernel does not tell

    bool operator==(const TableEvent &) const = default;
};

/// Reads a message of NFNLGRP_NFTABLES. What is none, or too short to be one, gives nothing.
std::optional<TableEvent> parse_table_event(const nlmsghdr &message);

/// What has happened to our tables.
struct Activity {
    std::vector<std::string> transactions;  ///< those that touched them, each by its process
    bool lost = false;                      ///< there was more than could be kept; anything may have happened

    [[nodiscard]] bool any() const { return lost || !transactions.empty(); }
};

/// Tells what has happened since it was asked last.
class Watcher {
public:
    virtual ~Watcher() = default;
    Watcher() = default;
    Watcher(const Watcher &) = delete;
    Watcher &operator=(const Watcher &) = delete;

    virtual Activity take() = 0;
};

/// The watcher that asks the kernel.
class NetlinkWatcher final : public Watcher {
public:
    /// Subscribes. Without CAP_NET_ADMIN that is refused; then nothing is ever seen, and failure() says why.
    NetlinkWatcher();

    Activity take() override;

    /// Becomes readable when there is something to take; -1 when nothing can be seen. Owned by the watcher.
    [[nodiscard]] int fd() const;

    [[nodiscard]] const std::string &failure() const { return failure_; }

    /// Counts up with each transaction of anybody in this network namespace, as far as it was taken.
    [[nodiscard]] std::uint64_t generation() const { return generation_; }

private:
    void take_in(const TableEvent &event, Activity &activity);

    net::NetlinkSocket socket_;
    std::string failure_;
    std::uint64_t generation_ = 0;
    bool touched_ = false;  ///< by the transaction whose end has not come yet
};

}  // namespace vmac::nft
