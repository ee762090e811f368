// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/agent.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

namespace vmac::ctl {
namespace {

constexpr auto kProgram = "/usr/bin/pkttyagent";
constexpr int kPatience = 5000;  // milliseconds until polkit has taken the agent

/// There the agent of the desktop goes first. Elsewhere there is none, and polkit asks no fallback either.
bool is_in_session() {
    char *session = nullptr;
    const bool is_known = sd_pid_get_session(0, &session) >= 0 && sd_session_is_active(session) >= 0;
    std::free(session);
    return is_known;
}

}  // namespace

bool Agent::is_wanted() {
    return geteuid() != 0 && isatty(STDIN_FILENO) == 1;
}

Agent::Agent() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return;
    }
    const auto [mine, theirs] = ends;
    const int inherited = dup(theirs);  // without O_CLOEXEC
    close(theirs);

    std::vector<std::string> words = {kProgram, "--process", std::to_string(getpid()), "--notify-fd",
                                      std::to_string(inherited)};
    if (is_in_session()) {
        words.emplace_back("--fallback");
    }
    std::vector<char *> arguments(words.size() + 1);
    std::ranges::transform(words, arguments.begin(), [](std::string &word) { return word.data(); });
    if (posix_spawn(&process_, kProgram, nullptr, nullptr, arguments.data(), environ) != 0) {
        process_ = -1;
    }
    close(inherited);
    if (process_ > 0) {
        // It closes its end when it is registered, or when it ends.
        pollfd registered{.fd = mine, .events = POLLIN, .revents = 0};
        poll(&registered, 1, kPatience);
    }
    close(mine);
}

Agent::~Agent() {
    if (process_ > 0) {
        kill(process_, SIGTERM);
        waitpid(process_, nullptr, 0);
    }
}

}  // namespace vmac::ctl
