// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "nft/commands.hpp"
#include "nft/element_socket.hpp"

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

/// What our own tables need besides: their elements go past libnftables, which takes twenty times as long over them,
/// and where it cannot be used at all.
class TableEngine : public Engine {
public:
    /// Our table of that family as list_table() has it, without elements. @throws Error as run()
    virtual std::string outline(Family family) = 0;

    /// What the kernel holds of our tables. @param query as in element_lines.hpp @return a reading, as there
    /// @throws Error as run()
    virtual std::string read(const std::string &query) = 0;

    /// Changes elements in one transaction. @param lines as in element_lines.hpp @throws Error as run()
    virtual void change(const std::string &lines) = 0;
};

/// The engine that is libnftables itself, and its netlink socket, in this process. Not thread-safe.
class LibnftablesEngine final : public TableEngine {
public:
    std::string run(const std::string &commands) override;
    std::string outline(Family family) override;
    std::string read(const std::string &query) override;
    void change(const std::string &lines) override;

private:
    using Context = std::unique_ptr<nft_ctx, void (*)(nft_ctx *)>;

    void open();
    std::string run_with(const std::string &commands, unsigned flags);

    Context context_{nullptr, nullptr};
    int descriptor_ = -1;                  ///< the socket of the context
    std::optional<ElementSocket> socket_;  ///< of the context
};

}  // namespace vmac::nft
