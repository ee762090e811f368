// SPDX-License-Identifier: GPL-2.0-or-later
#include "net/device.hpp"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "model/error.hpp"
#include "model/interface_name.hpp"
#include "system/descriptor.hpp"

namespace vmac::net {
namespace {

[[noreturn]] void fail() {
    throw Error(Errc::EngineUnavailable, std::string("devices cannot be looked up: ") + std::strerror(errno));
}

}  // namespace

unsigned index_of(const std::string &device) {
    const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) {
        fail();
    }
    ifreq request{};
    device.copy(request.ifr_name, sizeof(request.ifr_name) - 1);
    return ::ioctl(socket.get(), SIOCGIFINDEX, &request) < 0 ? 0 : static_cast<unsigned>(request.ifr_ifindex);
}

bool is_any_device_unprintable() {
    const std::unique_ptr<struct if_nameindex, decltype(&if_freenameindex)> devices(if_nameindex(), if_freenameindex);
    if (!devices) {
        fail();
    }
    for (const auto *device = devices.get(); device->if_index != 0; ++device) {
        if (!is_utf8(device->if_name)) {
            return true;
        }
    }
    return false;
}

}  // namespace vmac::net
