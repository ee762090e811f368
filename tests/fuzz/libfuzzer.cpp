// SPDX-License-Identifier: GPL-2.0-or-later
// How libFuzzer calls a target. What the target throws ends the process, with the stack as it was.
#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    vmac::fuzz::try_input({data, size});
    return 0;
}
