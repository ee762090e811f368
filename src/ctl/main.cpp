// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/program.hpp"

int main(int argc, char **argv) {
    return vmac::ctl::run(argc, argv);
}
