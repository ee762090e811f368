// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <string>

#include "system/descriptor.hpp"

namespace vmac::store {

/// The whole content of a file. @throws std::system_error
std::string read_file(const std::filesystem::path &path);

/// A directory that no other process works in for as long as this lives, as far as it asks the same way.
class DirectoryLock {
public:
    /// What cannot be opened, because it is not there, cannot be locked; there is nothing to work in either.
    /// @throws std::runtime_error when another process has it
    explicit DirectoryLock(const std::filesystem::path &directory);

private:
    Descriptor directory_;
};

/// New content for a file, written and synced beside it, so that a full disk is found out before anything else is
/// changed. Without publish() the file stays as it was.
class StagedFile {
public:
    /// @throws std::system_error when the directory or the disk does not take it.
    StagedFile(std::filesystem::path target, const std::string &content);
    ~StagedFile();

    StagedFile(StagedFile &&other) noexcept;
    StagedFile &operator=(StagedFile &&) = delete;
    StagedFile(const StagedFile &) = delete;
    StagedFile &operator=(const StagedFile &) = delete;

    /// Puts the new content in the place of the old, durably. @throws std::system_error
    void publish();

private:
    std::filesystem::path target_;
    std::filesystem::path temporary_;  ///< empty when there is nothing to clean up
};

}  // namespace vmac::store
