// SPDX-License-Identifier: GPL-2.0-or-later
#include "worker/worker.hpp"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <system_error>

#include "model/error.hpp"
#include "model/quoting.hpp"
#include "system/memory.hpp"
#include "worker/permit.hpp"
#include "worker/privileges.hpp"

namespace vmac::worker {
namespace {

std::string answer(Outcome outcome, const std::string &text) {
    return static_cast<char>(outcome) + text;
}

Outcome outcome_of(Errc code) {
    switch (code) {
        case Errc::KernelRejected:
            return Outcome::Refused;
        case Errc::AccessDenied:
            return Outcome::Forbidden;
        default:
            return Outcome::Unavailable;
    }
}

nft::Family family_of(std::string_view word) {
    if (const auto family = nft::family_named(word)) {
        return *family;
    }
    throw Error(Errc::AccessDenied, "the worker does not take this family: " + in_quotes(word));
}

/// What is about our own tables can be about nothing else, whatever it says; for command lists see require_ours().
std::string output_of(nft::TableEngine &engine, std::string_view request) {
    const auto rest_behind = [request](std::string_view head) { return request.substr(head.size()); };
    if (request.starts_with(kRead)) {
        return engine.read(std::string(rest_behind(kRead)));
    }
    if (request.starts_with(kChange)) {
        engine.change(std::string(rest_behind(kChange)));
        return {};
    }
    if (request.starts_with(kOutline)) {
        return engine.outline(family_of(rest_behind(kOutline)));
    }
    return engine.run(require_ours(request).dump());
}

bool is_for_libnftables(std::string_view request) {
    return !request.starts_with(kRead) && !request.starts_with(kChange);
}

/// When memory is short, better this than the daemon: another worker is started.
void be_killed_first() {
    std::ofstream("/proc/self/oom_score_adj") << "500";
}

}  // namespace

std::string answer_to(nft::TableEngine &engine, std::string_view request) {
    try {
        return answer(Outcome::Done, output_of(engine, request));
    } catch (const Error &error) {
        return answer(outcome_of(error.code()), error.what());
    }
}

int work() {
    ::prctl(PR_SET_NAME, "mldfilter-nft");
    keep_capability(CAP_NET_ADMIN);
    hide_process();
    be_killed_first();
    const Channel channel{Descriptor(STDIN_FILENO)};
    nft::LibnftablesEngine engine;
    try {
        while (const auto request = channel.receive()) {
            channel.send(answer_to(engine, *request));
            if (is_for_libnftables(*request)) {
                give_memory_back();  // of all the elements that it has read
            }
        }
    } catch (const std::system_error &) {
        return EXIT_FAILURE;  // in the middle of a text the daemon has ended, and nobody is left to be told
    }
    return EXIT_SUCCESS;
}

}  // namespace vmac::worker
