// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "nft/engine.hpp"
#include "worker/channel.hpp"
#include "worker/keeper.hpp"

namespace vmac::worker {

/// The engine that is a worker's. libnftables 1.0.6 segfaults over a set that a newer nft has made anywhere in the
/// network namespace, aborts over names that are not UTF-8, and starts over for as long as others change rules.
class RemoteEngine final : public nft::TableEngine {
public:
    enum class Life {
        Kept,    ///< one worker for many runs; what it owns in the kernel is owned for as long as it lives
        OneRun,  ///< a new one for each: of what a large firewall takes, nothing stays
    };

    /// How long a run may take: the caller waits for so long.
    static constexpr std::chrono::milliseconds kPatience{3000};

    /// @param keeper must outlive this.
    RemoteEngine(Keeper &keeper, Post post, Life life, std::chrono::milliseconds patience = kPatience)
        : keeper_(keeper), post_(post), life_(life), patience_(patience) {}

    /// Starts a worker when there is none. @throws Error EngineUnavailable when it has crashed or hangs; then it is
    /// gone, and what it was asked for may have happened or not
    std::string run(const std::string &commands) override;
    std::string outline(nft::Family family) override;
    std::string read(const std::string &query) override;
    void change(const std::string &lines) override;

    /// Whether the worker has ended since it was used last, as far as the keeper was listened to.
    [[nodiscard]] bool has_lost_worker() const { return worker_ && keeper_.has_ended(worker_->serial); }

private:
    struct Connection {
        std::uint32_t serial;
        Channel channel;
    };

    [[nodiscard]] std::string ask(const std::string &request);
    [[nodiscard]] std::string failure_of(const std::exception &error);

    Keeper &keeper_;
    Post post_;
    Life life_;
    std::chrono::milliseconds patience_;
    std::optional<Connection> worker_;
};

/// Lets an engine rest that fails. After a first failure it may be asked again at once, for most are about what others
/// did a moment ago; after a second one it rests, longer each time it fails, so that one that cannot work costs nothing
/// and fills no journal. Meanwhile every run fails at once, with the same words. Looking, changing, and what goes past
/// libnftables rest apart from each other: 1.0.6 still lists our tables beside a set over which each change crashes.
class RestingEngine final : public nft::TableEngine {
public:
    using Clock = std::chrono::steady_clock;

    /// @param engine must outlive this, as what all of these refer to
    /// @param tell is called with the words of the first failure of several in a row
    RestingEngine(nft::TableEngine &engine, std::function<void(const std::string &)> tell,
                  std::function<Clock::time_point()> now = Clock::now)
        : engine_(engine), tell_(std::move(tell)), now_(std::move(now)) {}

    std::string run(const std::string &commands) override;
    std::string look(const std::string &commands) override;
    std::string outline(nft::Family family) override;
    std::string read(const std::string &query) override;
    void change(const std::string &lines) override;

private:
    struct Fatigue {
        int failures = 0;                   ///< in a row
        std::chrono::milliseconds rest{0};  ///< after the last one
        Clock::time_point until;
        std::string words;
    };

    template <typename Function>
    std::string unless_tired(Fatigue &fatigue, Function function);

    nft::TableEngine &engine_;
    std::function<void(const std::string &)> tell_;
    std::function<Clock::time_point()> now_;
    Fatigue changes_;
    Fatigue looks_;
    Fatigue elements_;
};

}  // namespace vmac::worker
