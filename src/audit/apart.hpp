// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "nft/engine.hpp"

namespace vmac::audit {

/// An engine for tables that others have filled: each run is in a process of its own, which may die.
///
/// libnftables 1.0.6 aborts over names that are not UTF-8 in a table that it lists as JSON, segfaults over sets of
/// newer versions, and starts over for as long as others change rules. None of that may happen to the service because
/// somebody has asked it for an audit. The memory that a large firewall takes is gone with the process, too.
class ApartEngine final : public nft::Engine {
public:
    using Maker = std::function<std::unique_ptr<nft::Engine>()>;

    /// @param maker makes the engine that runs there; a new one, for two processes cannot share a netlink socket.
    /// @param patience until a run counts as failed; the caller waits for so long
    explicit ApartEngine(Maker maker, std::chrono::milliseconds patience = std::chrono::milliseconds(2000))
        : maker_(std::move(maker)), patience_(patience) {}

    /// Only for lists. @throws Error EngineUnavailable besides, when the process did not come to an end
    std::string run(const std::string &commands) override;

private:
    Maker maker_;
    std::chrono::milliseconds patience_;
};

}  // namespace vmac::audit
