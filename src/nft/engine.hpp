// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

struct nft_ctx;

namespace vmac::nft {

/// Runs libnftables-json(5): text in, text out. So narrow that it can move into a process of its own.
class Engine {
public:
    virtual ~Engine() = default;
    Engine() = default;
    Engine(const Engine &) = delete;
    Engine &operator=(const Engine &) = delete;

    /// Runs one command list as one kernel transaction: all of it happens or nothing.
    /// @param commands serialised by a JSON library; libnftables runs text that is not JSON as nft's own language.
    /// @return what list commands print, else empty.
    /// @throws Error KernelRejected with the kernel's reason, EngineUnavailable.
    virtual std::string run(const std::string &commands) = 0;

    /// The same for commands that only list: what an engine still can do while it cannot change anything.
    virtual std::string look(const std::string &commands) { return run(commands); }
};

/// The engine that is libnftables itself, in this process. Not thread-safe.
class LibnftablesEngine final : public Engine {
public:
    std::string run(const std::string &commands) override;

private:
    using Context = std::unique_ptr<nft_ctx, void (*)(nft_ctx *)>;

    Context context_{nullptr, nullptr};
};

}  // namespace vmac::nft
