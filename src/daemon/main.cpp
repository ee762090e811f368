// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

#include "daemon/daemon.hpp"
#include "daemon/journal.hpp"
#include "daemon/restore.hpp"
#include "worker/keeper.hpp"
#include "worker/privileges.hpp"
#include "worker/worker.hpp"

namespace {

constexpr std::string_view kUsage = R"(Usage: vmac-mldfilterd [--restore | --worker | --help | --version]

Keeps VRRP virtual-MAC interfaces from speaking MLD and IGMP in their own name.
Started by systemd or by the first call to org.vmac.MldFilter on the system bus;
see vmac-mldfilterd(8).

  --restore  put the rules into the kernel that are known from configuration
             and state, and exit; vmac-mldfilter-restore.service does it at boot
  --worker   serve the daemon, which starts it itself, over standard input
)";

int run(bool restores) {
    vmac::worker::seal_privileges();
    vmac::worker::Keeper keeper;  // first of all: it must not have what we open
    const auto directories = vmac::Directories::from_environment();
    return restores ? vmac::restore(keeper, directories) : vmac::Daemon(keeper, directories).run();
}

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
    if (argc > 1 && !restores && option != "--worker") {
        std::cerr << kUsage;
        return EXIT_FAILURE;
    }
    try {
        return option == "--worker" ? vmac::worker::work() : run(restores);
    } catch (const std::exception &error) {
        vmac::journal(LOG_ERR, "", error.what());
        return EXIT_FAILURE;
    }
}
