// SPDX-License-Identifier: GPL-2.0-or-later
#include "support.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace vmac::test {
namespace {

constexpr unsigned kNobody = 65534;

void require_success(int status, const char *what) {
    if (status != 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "vmac-mldfilter-unit-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), pattern);
    }
    path_ = pattern;
    std::filesystem::permissions(path_, std::filesystem::perms(0755));
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::permissions(path_, std::filesystem::perms(0755), ignored);
    std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TemporaryDirectory::write(const std::string &file, const std::string &content) const {
    std::ofstream stream(path_ / file, std::ios::binary);
    stream << content;
    stream.close();
    if (!stream) {
        throw std::runtime_error("cannot write " + (path_ / file).string());
    }
    return path_ / file;
}

std::vector<std::string> TemporaryDirectory::files() const {
    std::vector<std::string> names;
    for (const auto &entry : std::filesystem::directory_iterator(path_)) {
        names.push_back(entry.path().filename().string());
    }
    std::ranges::sort(names);
    return names;
}

AsNobody::AsNobody() : user_(geteuid()), group_(getegid()) {
    if (user_ == 0) {
        require_success(setegid(kNobody), "setegid");
        require_success(seteuid(kNobody), "seteuid");
    }
}

AsNobody::~AsNobody() {
    if (user_ == 0 && (seteuid(user_) != 0 || setegid(group_) != 0)) {
        std::abort();  // what follows would be another test than it says
    }
}

}  // namespace vmac::test
