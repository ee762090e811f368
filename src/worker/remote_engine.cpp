// SPDX-License-Identifier: GPL-2.0-or-later
#include "worker/remote_engine.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "model/error.hpp"
#include "worker/worker.hpp"

namespace vmac::worker {

std::string RemoteEngine::run(const std::string &commands) {
    std::string answer;
    try {
        answer = ask(commands);
    } catch (const std::exception &error) {
        const std::string failure = failure_of(error);
        worker_.reset();
        throw Error(Errc::EngineUnavailable, failure);
    }
    if (life_ == Life::OneRun) {
        worker_.reset();
    }
    std::string text = answer.empty() ? "" : answer.substr(1);
    const auto outcome = answer.empty() ? Outcome::Unavailable : static_cast<Outcome>(answer.front());
    if (outcome != Outcome::Done) {
        throw Error(outcome == Outcome::Refused ? Errc::KernelRejected : Errc::EngineUnavailable, text);
    }
    return text;
}

std::string RemoteEngine::outline(nft::Family family) {
    return run(std::string(kOutline) + nft::to_string(family));
}

std::string RemoteEngine::read(const std::string &query) {
    return run(std::string(kRead) + query);
}

void RemoteEngine::change(const std::string &lines) {
    run(std::string(kChange) + lines);
}

std::string RemoteEngine::ask(const std::string &request) {
    if (worker_ && worker_->channel.is_readable()) {
        worker_.reset();  // it has ended while nobody wanted anything of it
    }
    if (!worker_) {
        auto [serial, socket] = keeper_.start(post_);
        worker_.emplace(Connection{.serial = serial, .channel = Channel(std::move(socket))});
    }
    const auto deadline = Channel::Clock::now() + patience_;
    worker_->channel.send(request, deadline);
    if (auto answer = worker_->channel.receive(deadline)) {
        return std::move(*answer);
    }
    throw std::system_error(EPIPE, std::generic_category(), "receiving");
}

/// What has gone wrong, in words, with a worker that hangs ended.
std::string RemoteEngine::failure_of(const std::exception &error) {
    const auto *failure = dynamic_cast<const std::system_error *>(&error);
    if (!worker_ || failure == nullptr) {
        return std::string("libnftables cannot be used: ") + error.what();
    }
    if (failure->code() == std::errc::timed_out) {
        keeper_.stop(post_);
        return "libnftables did not come to an end in " +
               std::to_string(std::chrono::ceil<std::chrono::seconds>(patience_).count()) + " s";
    }
    if (failure->code() == std::errc::message_size) {
        return "libnftables cannot be used: the commands are too long";
    }
    return "libnftables " + keeper_.fate_of(worker_->serial);
}

std::string RestingEngine::run(const std::string &commands) {
    return unless_tired(changes_, [&] { return engine_.run(commands); });
}

std::string RestingEngine::look(const std::string &commands) {
    return unless_tired(looks_, [&] { return engine_.look(commands); });
}

std::string RestingEngine::outline(nft::Family family) {
    return unless_tired(looks_, [&] { return engine_.outline(family); });
}

std::string RestingEngine::read(const std::string &query) {
    return unless_tired(elements_, [&] { return engine_.read(query); });
}

void RestingEngine::change(const std::string &lines) {
    unless_tired(elements_, [&] {
        engine_.change(lines);
        return std::string();
    });
}

template <typename Function>
std::string RestingEngine::unless_tired(Fatigue &fatigue, Function function) {
    constexpr std::chrono::milliseconds kFirstRest{1000};
    constexpr std::chrono::milliseconds kLongestRest{8000};
    constexpr std::chrono::milliseconds kLong{1000};
    const auto begin = now_();
    if (fatigue.failures > 0 && begin < fatigue.until) {
        throw Error(Errc::EngineUnavailable, fatigue.words);
    }
    try {
        std::string output = function();
        fatigue = {};
        return output;
    } catch (const Error &error) {
        if (error.code() != Errc::EngineUnavailable) {
            fatigue = {};
            throw;
        }
        fatigue.words = error.what();
    }
    if (++fatigue.failures == 1) {
        tell_(fatigue.words);
    }
    const bool was_long = now_() - begin >= kLong;
    if (fatigue.failures > 1 || was_long) {
        fatigue.rest = std::clamp(2 * fatigue.rest, kFirstRest, kLongestRest);
    }
    fatigue.until = now_() + fatigue.rest;
    if (was_long && &fatigue != &elements_) {
        looks_ = changes_ = fatigue;  // the caller has no time for a second one that hangs, whatever it is about
    }
    throw Error(Errc::EngineUnavailable, fatigue.words);
}

}  // namespace vmac::worker
