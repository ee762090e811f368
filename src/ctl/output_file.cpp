// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/output_file.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "ctl/failure.hpp"

namespace vmac::ctl {
namespace {

constexpr mode_t kReadableByAll = 0644;

Failure failure(const std::string &path) {
    return {kRefused, "cannot write " + path + ": " + std::generic_category().message(errno)};
}

bool write_all(int fd, const std::string &content) {
    for (std::size_t done = 0; done < content.size();) {
        const ssize_t written = write(fd, content.data() + done, content.size() - done);
        if (written < 0) {
            return false;
        }
        done += static_cast<std::size_t>(written);
    }
    return fchmod(fd, kReadableByAll) == 0;
}

}  // namespace

void replace_file(const std::string &path, const std::string &content) {
    struct stat before {};
    if (stat(path.c_str(), &before) == 0 && !S_ISREG(before.st_mode)) {
        throw Failure(kRefused, "cannot replace " + path + ": it is no regular file");  // /dev/null, say
    }
    // No name that node_exporter would take for another of its files, which end in .prom.
    std::string temporary = path + ".XXXXXX";
    const int fd = mkstemp(temporary.data());
    if (fd < 0) {
        throw failure(path);
    }
    const bool is_written = write_all(fd, content);
    const int reason = errno;
    close(fd);
    if (!is_written || std::rename(temporary.c_str(), path.c_str()) != 0) {
        const int why = is_written ? errno : reason;
        unlink(temporary.c_str());
        errno = why;
        throw failure(path);
    }
}

}  // namespace vmac::ctl
