// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

/// Nanoseconds, one for each repetition.
using Latencies = std::vector<long long>;

/// The words of one request. What is missing, or is no number where there has to be one, is an error.
class Words {
public:
    explicit Words(const std::string &line) : stream_(line) {}

    template <typename T = std::string>
    T next() {
        T word{};
        if (!(stream_ >> word)) {
            throw std::runtime_error("a word is missing");
        }
        return word;
    }

    /// The rest of the line, for what may have blanks.
    std::string rest() {
        std::string text;
        std::getline(stream_ >> std::ws, text);
        return text;
    }

private:
    std::istringstream stream_;
};

/// How long @p work takes.
template <typename Work>
long long time_of(Work &&work) {
    const Clock::time_point start = Clock::now();
    work();
    return std::chrono::nanoseconds(Clock::now() - start).count();
}

using Handlers = std::map<std::string, std::function<Latencies(Words &)>>;

/// Answers each line of standard input, "REQUEST WORD...", with one: the latencies, or "error TEXT". A program that
/// stays measures what a program that stays pays, and can wait for its turn among its rivals.
inline int serve(const Handlers &handlers) {
    for (std::string line; std::getline(std::cin, line);) {
        try {
            Words words(line);
            const auto handler = handlers.find(words.next());
            if (handler == handlers.end()) {
                throw std::runtime_error("no such request: " + line);
            }
            const char *separator = "";
            for (const long long latency : handler->second(words)) {
                std::cout << separator << latency;
                separator = " ";
            }
        } catch (const std::exception &error) {
            std::cout << "error " << error.what();
        }
        std::cout << std::endl;
    }
    return 0;
}

}  // namespace bench
