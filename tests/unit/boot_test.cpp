// SPDX-License-Identifier: GPL-2.0-or-later
#include <gmock/gmock.h>

#include <filesystem>

#include "store/boot.hpp"
#include "store/files.hpp"
#include "support.hpp"

namespace vmac::store {
namespace {

using testing::ElementsAre;
using testing::MatchesRegex;

std::string of_the_kernel() {
    const std::string text = read_file("/proc/sys/kernel/random/boot_id");
    return text.substr(0, text.size() - 1);
}

TEST(BootId, WithoutDirectoryItIsThatOfTheKernel) {
    EXPECT_EQ(identify_boot({}), of_the_kernel());
}

TEST(BootId, IsKeptInTheDirectory) {
    const test::TemporaryDirectory directory;
    const std::string id = identify_boot(directory.path());
    EXPECT_THAT(id, MatchesRegex("[0-9a-f]{32}"));
    EXPECT_EQ(identify_boot(directory.path()), id);
    EXPECT_THAT(directory.files(), ElementsAre("boot-id"));
}

TEST(BootId, IsAnotherOneWhenTheDirectoryIsEmptyAgain) {
    const test::TemporaryDirectory directory;
    const std::string id = identify_boot(directory.path());
    std::filesystem::remove(directory.path() / "boot-id");
    EXPECT_NE(identify_boot(directory.path()), id);
}

TEST(BootId, IsThatOfTheKernelWhereTheDirectoryTakesNoFile) {
    EXPECT_EQ(identify_boot("/nonexistent"), of_the_kernel());
    const test::TemporaryDirectory directory;
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0555));
    const test::AsNobody as_nobody;
    EXPECT_EQ(identify_boot(directory.path()), of_the_kernel());
}

}  // namespace
}  // namespace vmac::store
