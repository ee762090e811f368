// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/engine.hpp"

#include <fcntl.h>
#include <nftables/libnftables.h>
#include <sys/select.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "model/error.hpp"

namespace vmac::nft {
namespace {

/// libnftables waits with select(), which aborts the process for descriptors of FD_SETSIZE and above.
/// @return the lowest one that is free
int require_low_descriptor() {
    const int lowest_free = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int reason = errno;
    if (lowest_free >= 0) {
        ::close(lowest_free);
    }
    if (lowest_free < 0 || lowest_free >= FD_SETSIZE) {
        throw Error(Errc::EngineUnavailable, lowest_free < 0
                                                 ? std::string("libnftables cannot be used: ") + std::strerror(reason)
                                                 : "libnftables cannot be used: too many open files in the service");
    }
    return lowest_free;
}

/// The first line of what libnftables says, without the place in a file that there is not.
std::string reason_of(std::string_view errors) {
    errors = errors.substr(0, errors.find('\n'));
    constexpr std::string_view kMarker = "Error: ";
    if (const auto at = errors.find(kMarker); at != std::string_view::npos) {
        errors.remove_prefix(at + kMarker.size());
    }
    return errors.empty() ? "no reason was given" : std::string(errors);
}

/// Whether it has not read whole what it reads before a change. The kernel has refused nothing then, unless it was
/// that.
bool has_lost_track(std::string_view errors) {
    return errors.find("cache initialization failed") != std::string_view::npos &&
           errors.find(std::strerror(EPERM)) == std::string_view::npos;
}

}  // namespace

void LibnftablesEngine::open() {
    if (context_ && is_netfilter_socket(descriptor_)) {  // libnftables may open another one
        return;
    }
    socket_.reset();
    context_.reset();
    const int lowest_free = require_low_descriptor();
    context_ = Context(nft_ctx_new(NFT_CTX_DEFAULT), nft_ctx_free);
    descriptor_ = context_ ? find_netfilter_socket(lowest_free) : -1;
    if (descriptor_ < 0) {
        context_.reset();
        throw Error(Errc::EngineUnavailable, "libnftables cannot be used: no netlink socket could be opened");
    }
    socket_.emplace(descriptor_);
    nft_ctx_buffer_output(context_.get());
    nft_ctx_buffer_error(context_.get());
}

std::string LibnftablesEngine::run(const std::string &commands) {
    return run_with(commands, NFT_CTX_OUTPUT_JSON);
}

std::string LibnftablesEngine::outline(Family family) {
    return run_with(list_table(family).dump(), NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_TERSE);
}

std::string LibnftablesEngine::read(const std::string &query) {
    open();
    return socket_->read(query);
}

void LibnftablesEngine::change(const std::string &lines) {
    const ElementChanges changes = parse_changes(lines);
    open();
    socket_->change(changes);
}

std::string LibnftablesEngine::run_with(const std::string &commands, unsigned flags) {
    require_low_descriptor();
    open();
    nft_ctx_output_set_flags(context_.get(), flags);
    const int status = nft_run_cmd_from_buffer(context_.get(), commands.c_str());
    std::string output = nft_ctx_get_output_buffer(context_.get());
    const std::string errors = nft_ctx_get_error_buffer(context_.get());
    if (status != 0 && has_lost_track(errors)) {
        // What was listed first may still be in the socket, and would be taken for the answer to what is asked next.
        socket_.reset();
        context_.reset();
        throw Error(Errc::EngineUnavailable, "libnftables cannot be used: " + reason_of(errors));
    }
    if (status != 0) {
        // The context stays: libnftables forgets by itself what it has read, the ownership of our tables hangs on its
        // socket, and closing that waits until the kernel has destroyed what others have deleted (16 ms).
        throw Error(Errc::KernelRejected, "the kernel refused: " + reason_of(errors));
    }
    return output;
}

}  // namespace vmac::nft
