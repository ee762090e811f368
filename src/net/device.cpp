// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/device.hpp"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "model/error.hpp"
#include "system/descriptor.hpp"

namespace vmac::net {

unsigned index_of(const std::string &device) {
    const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) {
        throw Error(Errc::EngineUnavailable, std::string("devices cannot be looked up: ") + std::strerror(errno));
    }
    ifreq request{};
    device.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
    return ::ioctl(socket.get(), SIOCGIFINDEX, &request) < 0 ? 0 : static_cast<unsigned>(request.ifr_ifindex);
}

}  // namespace vmac::net
