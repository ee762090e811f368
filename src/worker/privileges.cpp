// SPDX-License-Identifier: GPL-2.0-or-later
#include "worker/privileges.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <system_error>

namespace vmac::worker {
namespace {

void require(long status, const char *what) {
    if (status < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
}

}  // namespace

void seal_privileges() {
    require(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "forbidding new privileges");
}

void keep_capability(std::optional<int> kept) {
    if (!kept) {
        require(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "giving ambient capabilities away");
    }
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
    require(::syscall(SYS_capget, &header, sets.data()), "reading capabilities");
    for (std::size_t word = 0; word < sets.size(); ++word) {
        const bool is_here = kept && CAP_TO_INDEX(static_cast<unsigned>(*kept)) == word;
        const std::uint32_t mask = is_here ? CAP_TO_MASK(static_cast<unsigned>(*kept)) : 0;
        sets.at(word).effective &= mask;
        sets.at(word).permitted &= mask;
        sets.at(word).inheritable &= mask;
    }
    require(::syscall(SYS_capset, &header, sets.data()), "giving capabilities away");
}

void hide_process() {
    require(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "forbidding core dumps");
}

void end_with(int parent) {
    require(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), "asking for a signal when the parent ends");
    if (::getppid() != parent) {
        std::_Exit(EXIT_FAILURE);
    }
}

}  // namespace vmac::worker
