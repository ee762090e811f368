// SPDX-License-Identifier: GPL-2.0-or-later
//
// What the service is compared with, each timed from before it starts until it is done:
//
//     run FILE                     one call of libnftables in this process, with the JSON in FILE
//     runs PREFIX FIRST COUNT FILE the same for each of these names, which stand for @NAME@ in FILE
//     processes PREFIX FIRST COUNT FILE     the same by one `nft -j -f -` for each
//     process COMMAND...           a process, whose output is read to its end
//     add|delete PREFIX FIRST COUNT         for each a bare netlink transaction with what the service has for it
//     fill|drain PREFIX FIRST COUNT         all of them in one
//     dump ELEMENTS                a bare netlink dump of both verdict maps, which must have so many
//     flush                        a bare netlink flush of the ruleset
//     heal ELEMENTS                flush, and wait until somebody has put so many elements back
//     disk DIRECTORY SIZE COUNT    a file of SIZE replaced: write, fsync, rename, fsync of the directory
//
// and `rival as-soon-as-told FILE`, which does nothing but run FILE whenever somebody has deleted a table.

#include <fcntl.h>
#include <net/if.h>
#include <nftables/libnftables.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>

#include "netlink.hpp"
#include "serve.hpp"

extern char **environ;

namespace bench {
namespace {

constexpr auto kParent = "eth0";
constexpr mode_t kMode = 0644;
constexpr long kPatience = 120;  // seconds

int require(int status, const char *what) {
    if (status < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return status;
}

std::string read_file(const std::string &path) {
    std::ifstream file(path);
    if (!file) {
        throw std::runtime_error("no file " + path);
    }
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string with_name(std::string text, const std::string &name) {
    constexpr std::string_view kPlace = "@NAME@";
    for (std::size_t at = 0; (at = text.find(kPlace, at)) != std::string::npos; at += name.size()) {
        text.replace(at, kPlace.size(), name);
    }
    return text;
}

/// As the service calls it: output and errors into memory, one context for all calls.
class Libnftables {
public:
    Libnftables() : context_(nft_ctx_new(NFT_CTX_DEFAULT), nft_ctx_free) {
        if (!context_) {
            throw std::runtime_error("no context of libnftables");
        }
        nft_ctx_buffer_output(context_.get());
        nft_ctx_buffer_error(context_.get());
        nft_ctx_output_set_flags(context_.get(), NFT_CTX_OUTPUT_JSON);
    }

    void run(const std::string &commands) const {
        if (nft_run_cmd_from_buffer(context_.get(), commands.c_str()) != 0) {
            throw std::runtime_error(std::string("libnftables: ") + nft_ctx_get_error_buffer(context_.get()));
        }
    }

private:
    std::unique_ptr<nft_ctx, decltype(&nft_ctx_free)> context_;
};

/// A process that gets @p input and whose output is read, and that must end well.
void run_process(const std::vector<std::string> &command, const std::string &input) {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    require(pipe2(to.data(), O_CLOEXEC), "pipe");
    require(pipe2(from.data(), O_CLOEXEC), "pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, to[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, from[1], STDOUT_FILENO);
    std::vector<char *> words;
    for (const std::string &word : command) {
        words.push_back(const_cast<char *>(word.c_str()));
    }
    words.push_back(nullptr);
    pid_t process = 0;
    errno = posix_spawnp(&process, words[0], &actions, nullptr, words.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    require(errno == 0 ? 0 : -1, words[0]);
    close(to[0]);
    close(from[1]);
    // What goes in is shorter than a pipe is long, or nothing.
    require(static_cast<int>(write(to[1], input.data(), input.size())), "write");
    close(to[1]);
    std::array<char, 65536> output{};
    while (require(static_cast<int>(read(from[0], output.data(), output.size())), "read") > 0) {
    }
    close(from[0]);
    int status = 0;
    require(waitpid(process, &status, 0), "wait");
    if (status != 0) {
        throw std::runtime_error("it failed: " + command[0]);
    }
}

void replace_file(const std::string &directory, const std::string &content) {
    const std::string name = directory + "/replaced";
    const std::string temporary = name + ".new";
    const int file = require(open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kMode), "open");
    if (write(file, content.data(), content.size()) != static_cast<ssize_t>(content.size())) {
        throw std::runtime_error("not all was written");
    }
    require(fsync(file), "fsync");
    close(file);
    require(std::rename(temporary.c_str(), name.c_str()), "rename");
    const int parent = require(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open");
    require(fsync(parent), "fsync");
    close(parent);
}

std::vector<std::string> names_in(Words &words) {
    const auto prefix = words.next();
    const int first = words.next<int>();
    const int count = words.next<int>();
    std::vector<std::string> names;
    for (int number = first; number < first + count; ++number) {
        names.push_back(prefix + std::to_string(number));
    }
    return names;
}

/// Times @p work with each of the names that the request has.
template <typename Work>
Latencies each(Words &words, Work work) {
    Latencies latencies;
    for (const std::string &name : names_in(words)) {
        latencies.push_back(time_of([&] { work(name); }));
    }
    return latencies;
}

/// With the text of a file for each name, made before the clock runs.
template <typename Work>
Latencies each_text(Words &words, Work work) {
    const std::vector<std::string> names = names_in(words);
    const std::string text = read_file(words.next());
    Latencies latencies;
    for (const std::string &name : names) {
        const std::string commands = with_name(text, name);
        latencies.push_back(time_of([&] { work(commands); }));
    }
    return latencies;
}

class Rivals {
public:
    Handlers handlers() {
        return {
            {"run",
             [this](Words &words) {
                 const std::string commands = read_file(words.next());
                 return Latencies{time_of([&] { libnftables_.run(commands); })};
             }},
            {"runs",
             [this](Words &words) {
                 return each_text(words, [this](const std::string &commands) { libnftables_.run(commands); });
             }},
            {"processes",
             [](Words &words) {
                 return each_text(words, [](const std::string &commands) {
                     run_process({"nft", "-j", "-f", "-"}, commands);
                 });
             }},
            {"process",
             [](Words &words) {
                 std::istringstream rest(words.rest());
                 const std::vector<std::string> command{std::istream_iterator<std::string>(rest), {}};
                 return Latencies{time_of([&] { run_process(command, ""); })};
             }},
            {"add", [this](Words &words) { return one_by_one(true, words); }},
            {"delete", [this](Words &words) { return one_by_one(false, words); }},
            {"fill", [this](Words &words) { return at_once(true, words); }},
            {"drain", [this](Words &words) { return at_once(false, words); }},
            {"dump",
             [this](Words &words) {
                 const auto expected = words.next<std::size_t>();
                 std::size_t found = 0;
                 const long long latency = time_of([&] { found = netlink_.dump(); });
                 if (found != expected) {
                     throw std::runtime_error("there are " + std::to_string(found) + " elements");
                 }
                 return Latencies{latency};
             }},
            {"flush", [this](Words &) { return Latencies{time_of([this] { netlink_.flush(); })}; }},
            {"heal", [this](Words &words) { return heal(words.next<std::size_t>()); }},
            {"disk", disk},
        };
    }

private:
    /// Its index is looked up each time: whoever made it anew, it is the one that is there now.
    Latencies one_by_one(bool add, Words &words) {
        const unsigned parent = if_nametoindex(kParent);
        return each(words, [&](const std::string &name) { netlink_.change(add, {name}, parent); });
    }

    Latencies at_once(bool add, Words &words) {
        const unsigned parent = if_nametoindex(kParent);
        const std::vector<std::string> names = names_in(words);
        return {time_of([&] { netlink_.change(add, names, parent); })};
    }

    /// From when the rules are gone until the kernel has told that all elements are there again, by whomever and in how
    /// many transactions it may be.
    Latencies heal(std::size_t elements) {
        Events events(kPatience);
        netlink_.flush();
        return {time_of([&] {
            for (std::size_t restored = 0; restored < elements;) {
                restored += events.next().elements;
            }
        })};
    }

    static Latencies disk(Words &words) {
        const auto directory = words.next();
        const std::string content(words.next<std::size_t>(), 'x');
        Latencies latencies;
        for (int left = words.next<int>(); left > 0; --left) {
            latencies.push_back(time_of([&] { replace_file(directory, content); }));
        }
        return latencies;
    }

    Libnftables libnftables_;
    Netlink netlink_;
};

[[noreturn]] void rebuild_whenever_told(const std::string &file) {
    constexpr auto kName = "as-soon-as-told";
    const std::string commands = read_file(file);
    const Libnftables libnftables;
    require(prctl(PR_SET_NAME, kName), "prctl");
    Events events(0);
    std::cout << "listening" << std::endl;
    while (true) {
        const Transaction transaction = events.next();
        // The rebuild deletes what is not there, too.
        if (transaction.deletes_table && transaction.process != kName) {
            libnftables.run(commands);
        }
    }
}

}  // namespace
}  // namespace bench

int main(int argc, char **argv) {
    try {
        if (argc == 3 && std::strcmp(argv[1], "as-soon-as-told") == 0) {
            bench::rebuild_whenever_told(argv[2]);
        }
        return bench::serve(bench::Rivals().handlers());
    } catch (const std::exception &error) {
        std::fprintf(stderr, "rival: %s\n", error.what());
        return 1;
    }
}
