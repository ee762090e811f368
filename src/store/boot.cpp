// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/boot.hpp"

#include <systemd/sd-id128.h>

#include <array>
#include <system_error>

#include "store/files.hpp"

namespace vmac::store {
namespace {

std::string first_line_of(const std::filesystem::path &file) {
    const std::string text = read_file(file);
    return text.substr(0, text.find('\n'));
}

std::string random_id() {
    sd_id128_t id{};
    if (const int status = sd_id128_randomize(&id); status < 0) {
        throw std::system_error(-status, std::generic_category());
    }
    std::array<char, SD_ID128_STRING_MAX> text{};
    return sd_id128_to_string(id, text.data());
}

std::string kept_in(const std::filesystem::path &file) {
    if (!exists(file)) {
        StagedFile(file, random_id() + '\n').publish();
    }
    return first_line_of(file);
}

}  // namespace

std::string identify_boot(const std::filesystem::path &runtime_directory) {
    if (!runtime_directory.empty()) {
        try {
            return kept_in(runtime_directory / "boot-id");
        } catch (const std::system_error &) {
            // the kernel's is as good, but in containers
        }
    }
    return first_line_of("/proc/sys/kernel/random/boot_id");
}

}  // namespace vmac::store
