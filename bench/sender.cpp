// SPDX-License-Identifier: GPL-2.0-or-later
//
// Sends UDP packets with a payload of one byte, as fast as one processor can, for as long as it is told to.
//
//     sender ADDRESS PROCESSOR
//
// Each line on its standard input is a time in microseconds; it sends for that long and then says how many nanoseconds
// it was in truth. What arrived is counted elsewhere. One process for all windows, so that none of them contains the
// start of a program.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 64;  // so that the system call itself is a small part of the cost
constexpr std::uint16_t kDiscardPort = 9;

[[noreturn]] void die(const char *what) {
    std::fprintf(stderr, "sender: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

int connected_socket(const char *text) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(kDiscardPort);
    if (inet_pton(AF_INET, text, &address.sin_addr) != 1) {
        die(text);
    }
    const int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || connect(descriptor, reinterpret_cast<const sockaddr *>(&address), sizeof address) != 0) {
        die("connect");
    }
    return descriptor;
}

void stay_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(processor), &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        die("sched_setaffinity");
    }
}

}  // namespace

int main(int argc, char **argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: sender ADDRESS PROCESSOR\n");
        return 2;
    }
    const int descriptor = connected_socket(argv[1]);
    stay_on(std::atoi(argv[2]));

    char payload = 0;
    iovec part{&payload, 1};
    std::array<mmsghdr, kBatch> batch{};
    for (mmsghdr &message : batch) {
        message.msg_hdr.msg_iov = &part;
        message.msg_hdr.msg_iovlen = 1;
    }

    for (long microseconds = 0; std::cin >> microseconds;) {
        const Clock::time_point start = Clock::now();
        const Clock::time_point end = start + std::chrono::microseconds(microseconds);
        Clock::time_point now = start;
        for (; now < end; now = Clock::now()) {
            if (sendmmsg(descriptor, batch.data(), kBatch, 0) < 0 && errno != ENOBUFS) {
                die("sendmmsg");
            }
        }
        std::cout << std::chrono::nanoseconds(now - start).count() << std::endl;
    }
}
