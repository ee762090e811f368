// SPDX-License-Identifier: GPL-2.0-or-later
#include "store/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

namespace vmac::store {
namespace {

constexpr mode_t kReadableByAll = 0644;

[[noreturn]] void fail(const std::filesystem::path &path) {
    throw std::system_error(errno, std::generic_category(), path.string());
}

class Descriptor {
public:
    Descriptor(const std::filesystem::path &path, int flags)
        : path_(path), fd_(::open(path.c_str(), flags | O_CLOEXEC, kReadableByAll)) {
        if (fd_ < 0) {
            fail(path_);
        }
    }
    ~Descriptor() { ::close(fd_); }
    Descriptor(const Descriptor &) = delete;
    Descriptor &operator=(const Descriptor &) = delete;

    void write(std::string_view content) const {
        while (!content.empty()) {
            const ssize_t written = ::write(fd_, content.data(), content.size());
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
            const ssize_t got = ::read(fd_, buffer.data(), buffer.size());
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
        if (::fsync(fd_) < 0) {
            fail(path_);
        }
    }

private:
    std::filesystem::path path_;
    int fd_;
};

}  // namespace

std::string read_file(const std::filesystem::path &path) {
    return Descriptor(path, O_RDONLY).read();
}

StagedFile::StagedFile(std::filesystem::path target, const std::string &content)
    : target_(std::move(target)), temporary_(target_.string() + ".new") {
    try {
        const Descriptor file(temporary_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
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
    Descriptor(target_.parent_path(), O_RDONLY | O_DIRECTORY).sync();
}

}  // namespace vmac::store
