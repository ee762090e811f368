// SPDX-License-Identifier: GPL-2.0-or-later
// The keeper. It holds a capability, so it reads nothing but orders of a few bytes, and every path in here ends the
// process rather than going on with what it did not expect.
#include "worker/keeper_process.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <system_error>

#include "worker/privileges.hpp"

namespace vmac::worker {
namespace {

/// For workers that end by themselves because nobody holds the other end of their socket any more.
constexpr int kPatienceMilliseconds = 2000;

struct Running {
    pid_t process = 0;
    std::uint32_t serial = 0;
};

using Workers = std::map<Post, Running>;

sigset_t only(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    return set;
}

/// An order, with the descriptor that came along.
struct Received {
    Order order;
    Descriptor passed;
};

/// None when the daemon is gone.
std::optional<Received> receive(int control) {
    Received received;
    iovec part{.iov_base = &received.order, .iov_len = sizeof(Order)};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> space{};
    msghdr message{.msg_iov = &part, .msg_iovlen = 1, .msg_control = space.data(), .msg_controllen = space.size()};
    ssize_t got = -1;
    do {
        got = ::recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got != sizeof(Order)) {
        return std::nullopt;
    }
    if (const cmsghdr *header = CMSG_FIRSTHDR(&message); header != nullptr && header->cmsg_type == SCM_RIGHTS) {
        int passed = -1;
        std::memcpy(&passed, CMSG_DATA(header), sizeof(passed));
        received.passed = Descriptor(passed);
    }
    return received;
}

/// This program once more, with nothing open but its socket and where it may complain. It must not begin with what the
/// daemon knows, nor look like it in memory.
[[noreturn]] void become_worker(const Descriptor &socket, pid_t parent) {
    end_with(parent);
    ::dup2(socket.get(), STDIN_FILENO);
    ::close_range(STDERR_FILENO + 1, ~0U, 0);
    const sigset_t child = only(SIGCHLD);
    ::sigprocmask(SIG_UNBLOCK, &child, nullptr);
    std::string program = "vmac-mldfilterd";
    std::string option = "--worker";
    const std::array<char *, 3> arguments = {program.data(), option.data(), nullptr};
    ::execv("/proc/self/exe", arguments.data());
    ::_exit(EXIT_FAILURE);
}

void start(Workers &workers, const Received &received) {
    const pid_t parent = ::getpid();
    const pid_t process = ::fork();
    if (process == 0) {
        become_worker(received.passed, parent);
    }
    if (process > 0) {  // else the worker's socket closes with this, which the daemon notices
        workers[received.order.post] = {.process = process, .serial = received.order.serial};
    }
}

void kill(Workers &workers, Post post) {
    if (const auto worker = workers.find(post); worker != workers.end()) {
        ::kill(worker->second.process, SIGKILL);
        workers.erase(worker);  // nobody needs to be told
    }
}

/// Tells how those that have ended have ended.
void reap(Workers &workers, int control) {
    int status = 0;
    for (pid_t process = 0; (process = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        const auto is_it = [process](const auto &worker) { return worker.second.process == process; };
        if (const auto worker = std::ranges::find_if(workers, is_it); worker != workers.end()) {
            const Notice notice{.serial = worker->second.serial, .status = status};
            ::send(control, &notice, sizeof(notice), MSG_NOSIGNAL | MSG_DONTWAIT);
            workers.erase(worker);
        }
    }
}

void drain(int signals) {
    signalfd_siginfo ignored{};
    while (::read(signals, &ignored, sizeof(ignored)) > 0) {
    }
}

/// The daemon is gone: so are its ends of the sockets, and workers end by themselves, unless they hang.
void wait_for_the_end(Workers &workers, int control, int signals) {
    pollfd ended{.fd = signals, .events = POLLIN, .revents = 0};
    while (!workers.empty() && ::poll(&ended, 1, kPatienceMilliseconds) > 0) {
        drain(signals);
        reap(workers, control);
    }
    while (!workers.empty()) {
        kill(workers, workers.begin()->first);
    }
}

void take_orders(int control) {
    const sigset_t child = only(SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &child, nullptr);
    const Descriptor signals(::signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC));
    Workers workers;
    while (true) {
        std::array<pollfd, 2> sources = {pollfd{.fd = control, .events = POLLIN, .revents = 0},
                                         pollfd{.fd = signals.get(), .events = POLLIN, .revents = 0}};
        if (::poll(sources.data(), sources.size(), -1) < 0 && errno != EINTR) {
            return;
        }
        if (sources[1].revents != 0) {
            drain(signals.get());
            reap(workers, control);
        }
        if (sources[0].revents != 0) {
            const auto received = receive(control);
            if (!received) {
                wait_for_the_end(workers, control, signals.get());
                return;
            }
            kill(workers, received->order.post);
            if (received->order.verb == Order::Verb::Start) {
                start(workers, *received);
            }
        }
    }
}

}  // namespace

void keep(Descriptor control, pid_t parent) {
    int status = EXIT_SUCCESS;
    try {
        end_with(parent);
        ::prctl(PR_SET_NAME, "mldfilter-keep");
        keep_capability(CAP_NET_ADMIN);
        hide_process();
        // systemd sends it to every process of the service, and a terminal too; the daemon still needs its worker.
        for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
            std::signal(signal, SIG_IGN);
        }
        take_orders(control.get());
    } catch (const std::system_error &) {
        status = EXIT_FAILURE;
    }
    control.close();
    std::exit(status);
}

}  // namespace vmac::worker
