// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/files.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <utility>

namespace vmac::store {
namespace {

constexpr mode_t kReadableByAll = 0644;

[[noreturn]] void fail(const std::filesystem::path &path) {
    throw std::system_error(errno, std::generic_category(), path.string());
}

/// Makes a call again that a signal interrupted, which file systems on a network let through.
template <typename Call>
int uninterrupted(Call call) {
    int status = call();
    while (status < 0 && errno == EINTR) {
        status = call();
    }
    return status;
}

class File {
public:
    File(const std::filesystem::path &path, int flags)
        : path_(path), fd_(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kReadableByAll); })) {
        if (!fd_) {
            fail(path_);
        }
    }

    void write(std::string_view content) const {
        while (!content.empty()) {
            const ssize_t written = ::write(fd_.get(), content.data(), content.size());
            if (written >= 0) {
                content.remove_prefix(static_cast<std::size_t>(written));
            } else if (errno != EINTR) {
                fail(path_);
            }
        }
    }

    [[nodiscard]] std::string read() const {
        std::string content;
        std::array<char, 65536> buffer{};
        while (true) {
            const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
            if (got == 0) {
                return content;
            }
            if (got > 0) {
                content.append(buffer.data(), static_cast<std::size_t>(got));
            } else if (errno != EINTR) {
                fail(path_);
            }
        }
    }

    void sync() const {
        if (uninterrupted([this] { return ::fsync(fd_.get()); }) < 0) {
            fail(path_);
        }
    }

private:
    std::filesystem::path path_;
    Descriptor fd_;
};

}  // namespace

std::string read_file(const std::filesystem::path &path) {
    return File(path, O_RDONLY).read();
}

DirectoryLock::DirectoryLock(const std::filesystem::path &directory)
    : directory_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (directory_ && ::flock(directory_.get(), LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
        throw std::runtime_error("another instance works in " + directory.string() + "; nothing was touched");
    }
}

StagedFile::StagedFile(std::filesystem::path target, const std::string &content)
    : target_(std::move(target)), temporary_(target_.string() + ".new") {
    try {
        const File file(temporary_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
        file.write(content);
        file.sync();
    } catch (...) {
        ::unlink(temporary_.c_str());
        throw;
    }
}

StagedFile::StagedFile(StagedFile &&other) noexcept
    : target_(std::move(other.target_)), temporary_(std::exchange(other.temporary_, {})) {}

StagedFile::~StagedFile() {
    if (!temporary_.empty()) {
        ::unlink(temporary_.c_str());
    }
}

void StagedFile::publish() {
    if (std::rename(temporary_.c_str(), target_.c_str()) < 0) {
        fail(target_);
    }
    temporary_.clear();
    File(target_.parent_path(), O_RDONLY | O_DIRECTORY).sync();
}

}  // namespace vmac::store
