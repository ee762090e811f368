// SPDX-License-Identifier: GPL-2.0-or-later
#include "audit/apart.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>

#include "model/error.hpp"

namespace vmac::audit {
namespace {

using Clock = std::chrono::steady_clock;

/// Ten times the listing of 12,000 rules.
constexpr std::size_t kMostBytes = std::size_t{64} << 20U;

/// What the first byte of an answer says about the rest.
constexpr char kListing = 'L';
constexpr char kRefusal = 'R';

[[noreturn]] void fail(const std::string &reason) {
    throw Error(Errc::EngineUnavailable, reason);
}

class Descriptor {
public:
    explicit Descriptor(int fd) : fd_(fd) {}
    ~Descriptor() { close(); }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;

    [[nodiscard]] int get() const { return fd_; }

    void close() {
        if (fd_ >= 0) {
            ::close(fd_);
            fd_ = -1;
        }
    }

private:
    int fd_;
};

/// A child that is gone with its owner, whatever it does.
class Child {
public:
    explicit Child(pid_t pid) : pid_(pid) {}
    ~Child() {
        ::kill(pid_, SIGKILL);
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
    }
    Child(const Child &) = delete;
    Child &operator=(const Child &) = delete;

private:
    pid_t pid_;
};

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            return;
        }
        text.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
    }
}

/// The life of the child: one run, one answer. No destructor of the parent's objects may run here.
[[noreturn]] void run_in_child(const ApartEngine::Maker &maker, const std::string &commands, int answer) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_DUMPABLE, 0);  // no core dump for what is expected to happen
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(null, STDERR_FILENO);  // assertions of libnftables, which nobody can do anything about
    std::string text;
    try {
        text = kListing + maker()->run(commands);
    } catch (const std::exception &error) {
        text = kRefusal + std::string(error.what());
    }
    write_all(answer, text);
    ::_exit(0);
}

/// All that the child writes until it closes the pipe.
std::string read_answer(int fd, Clock::time_point deadline) {
    std::string answer;
    std::array<char, 65536> buffer{};
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd readable{.fd = fd, .events = POLLIN, .revents = 0};
        const int ready = left <= 0 ? 0 : ::poll(&readable, 1, static_cast<int>(left));
        if (ready == 0) {
            fail("libnftables did not come to an end");
        }
        const ssize_t got = ready < 0 ? -1 : ::read(fd, buffer.data(), buffer.size());
        if (got == 0) {
            return answer;
        }
        if (got < 0 && errno != EINTR) {
            fail(std::string("reading from libnftables: ") + std::strerror(errno));
        }
        answer.append(buffer.data(), got < 0 ? 0 : static_cast<std::size_t>(got));
        if (answer.size() > kMostBytes) {
            fail("the listing is too long");
        }
    }
}

}  // namespace

std::string ApartEngine::run(const std::string &commands) {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        fail(std::string("making a pipe: ") + std::strerror(errno));
    }
    Descriptor reading(ends[0]);
    Descriptor writing(ends[1]);
    const auto deadline = Clock::now() + patience_;
    const pid_t pid = ::fork();
    if (pid < 0) {
        fail(std::string("starting a process: ") + std::strerror(errno));
    }
    if (pid == 0) {
        run_in_child(maker_, commands, writing.get());
    }
    const Child child(pid);
    writing.close();
    const std::string answer = read_answer(reading.get(), deadline);
    if (answer.empty()) {
        fail("libnftables crashed");
    }
    if (answer.front() == kRefusal) {
        throw Error(Errc::KernelRejected, answer.substr(1));
    }
    return answer.substr(1);
}

}  // namespace vmac::audit
