// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

#include "daemon/daemon.hpp"
#include "daemon/journal.hpp"
#include "daemon/restore.hpp"
#include "nft/engine.hpp"

namespace {

constexpr std::string_view kUsage = R"(Usage: vmac-mldfilterd [--restore | --help | --version]

Keeps VRRP virtual-MAC interfaces from speaking MLD and IGMP in their own name.
Started by systemd or by the first call to org.vmac.MldFilter on the system bus;
see vmac-mldfilterd(8).

  --restore  put the rules into the kernel that are known from configuration
             and state, and exit; vmac-mldfilter-restore.service does it at boot
)";

}  // namespace

int main(int argc, char **argv) {
    const std::string_view option = argc == 2 ? argv[1] : "";
    if (option == "--help") {
        std::cout << kUsage;
        return EXIT_SUCCESS;
    }
    if (option == "--version") {
        std::cout << "vmac-mldfilter " << VMAC_VERSION << '\n';
        return EXIT_SUCCESS;
    }
    const bool restores = option == "--restore";
    if (argc > 1 && !restores) {
        std::cerr << kUsage;
        return EXIT_FAILURE;
    }
    try {
        vmac::nft::LibnftablesEngine engine;
        const auto directories = vmac::Directories::from_environment();
        return restores ? vmac::restore(engine, directories) : vmac::Daemon(engine, directories).run();
    } catch (const std::exception &error) {
        vmac::journal(LOG_ERR, "", error.what());
        return EXIT_FAILURE;
    }
}
