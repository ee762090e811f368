// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

#include "daemon/daemon.hpp"
#include "daemon/journal.hpp"
#include "nft/engine.hpp"

namespace {

constexpr std::string_view kUsage = R"(Usage: vmac-mldfilterd [--help | --version]

Keeps VRRP virtual-MAC interfaces from speaking MLD and IGMP in their own name.
Started by systemd or by the first call to org.vmac.MldFilter on the system bus;
see vmac-mldfilterd(8).
)";

}  // namespace

int main(int argc, char **argv) {
    if (argc > 1) {
        const std::string_view option = argv[1];
        if (argc == 2 && option == "--help") {
            std::cout << kUsage;
            return EXIT_SUCCESS;
        }
        if (argc == 2 && option == "--version") {
            std::cout << "vmac-mldfilter " << VMAC_VERSION << '\n';
            return EXIT_SUCCESS;
        }
        std::cerr << kUsage;
        return EXIT_FAILURE;
    }
    try {
        vmac::nft::LibnftablesEngine engine;
        return vmac::Daemon(engine, vmac::Directories::from_environment()).run();
    } catch (const std::exception &error) {
        vmac::journal(LOG_ERR, "", error.what());
        return EXIT_FAILURE;
    }
}
