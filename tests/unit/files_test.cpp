// SPDX-License-Identifier: GPL-2.0-or-later
// Files that are replaced as a whole, or not at all.
#include "store/files.hpp"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <functional>
#include <system_error>

#include "support.hpp"

namespace vmac::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StagedFileTest : public testing::Test {
protected:
    [[nodiscard]] std::filesystem::path target() const { return directory.path() / "state.json"; }

    test::TemporaryDirectory directory;
};

std::error_code code_of(const std::function<void()> &function) {
    try {
        function();
    } catch (const std::system_error &error) {
        return error.code();
    }
    return {};
}

TEST_F(StagedFileTest, IsNotThereUntilItIsPublished) {
    StagedFile staged(target(), "new");
    EXPECT_FALSE(std::filesystem::exists(target()));
    staged.publish();
    EXPECT_EQ(read_file(target()), "new");
    EXPECT_THAT(directory.files(), ElementsAre("state.json"));
}

TEST_F(StagedFileTest, ReplacesTheOldContent) {
    (void)directory.write("state.json", "old, and longer than the new");
    StagedFile staged(target(), "new");
    EXPECT_EQ(read_file(target()), "old, and longer than the new");
    staged.publish();
    EXPECT_EQ(read_file(target()), "new");
}

TEST_F(StagedFileTest, LeavesNothingBehindWhenItIsDiscarded) {
    (void)directory.write("state.json", "old");
    { const StagedFile discarded(target(), "new"); }
    EXPECT_EQ(read_file(target()), "old");
    EXPECT_THAT(directory.files(), ElementsAre("state.json"));
}

TEST_F(StagedFileTest, MovedIsOneFile) {
    StagedFile first(target(), "new");
    {
        StagedFile second(std::move(first));
        second.publish();
    }
    EXPECT_EQ(read_file(target()), "new");
}

TEST_F(StagedFileTest, WhatAnInterruptedRunLeftDoesNotMatter) {
    (void)directory.write("state.json.new", std::string(100000, 'x'));
    StagedFile(target(), "new").publish();
    EXPECT_EQ(read_file(target()), "new");
    EXPECT_THAT(directory.files(), ElementsAre("state.json"));
}

TEST_F(StagedFileTest, DoesNotWriteThroughALink) {
    const auto elsewhere = directory.write("elsewhere", "precious");
    std::filesystem::create_symlink(elsewhere, directory.path() / "state.json.new");
    EXPECT_EQ(code_of([&] { StagedFile(target(), "new").publish(); }), std::errc::too_many_symbolic_link_levels);
    EXPECT_EQ(read_file(elsewhere), "precious");
}

TEST_F(StagedFileTest, ReplacesALinkAndNotWhatItPointsTo) {
    const auto elsewhere = directory.write("elsewhere", "precious");
    std::filesystem::create_symlink(elsewhere, target());
    StagedFile(target(), "new").publish();
    EXPECT_EQ(read_file(elsewhere), "precious");
    EXPECT_EQ(read_file(target()), "new");
}

TEST_F(StagedFileTest, TakesAnyBytes) {
    std::string content(300000, '\xff');
    content[7] = '\0';
    StagedFile(target(), content).publish();
    EXPECT_EQ(read_file(target()), content);
}

TEST_F(StagedFileTest, IsReadableByAllAndWritableByItsOwner) {
    const mode_t before = umask(0);
    StagedFile(target(), "new").publish();
    umask(before);
    EXPECT_EQ(std::filesystem::status(target()).permissions(), std::filesystem::perms(0644));
}

TEST_F(StagedFileTest, FailsWithoutDirectory) {
    EXPECT_EQ(code_of([&] { const StagedFile staged(directory.path() / "nothing" / "state.json", ""); }),
              std::errc::no_such_file_or_directory);
}

TEST_F(StagedFileTest, FailsWhereNothingMayBeWrittenBeforeAnythingIsChanged) {
    (void)directory.write("state.json", "old");
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0555));
    const test::AsNobody as_nobody;
    EXPECT_EQ(code_of([&] { const StagedFile staged(target(), "new"); }), std::errc::permission_denied);
    EXPECT_EQ(read_file(target()), "old");
    EXPECT_THAT(directory.files(), ElementsAre("state.json"));
}

TEST_F(StagedFileTest, FailsWhereNotAllOfItFitsBeforeAnythingIsChanged) {
    // A limit on the size of files is what a full disk is: the first write is cut short, the second fails.
    (void)directory.write("state.json", "old");
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{.rlim_cur = 100, .rlim_max = before.rlim_max};
    const auto handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto code = code_of([&] { const StagedFile staged(target(), std::string(300, 'x')); });
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(code, std::errc::file_too_large);
    EXPECT_EQ(read_file(target()), "old");
    EXPECT_THAT(directory.files(), ElementsAre("state.json"));
}

TEST_F(StagedFileTest, ADirectoryInTheWayIsLeftAlone) {
    std::filesystem::create_directories(target() / "full");
    EXPECT_EQ(code_of([&] { StagedFile(target(), "new").publish(); }), std::errc::is_a_directory);
    EXPECT_THAT(directory.files(), ElementsAre("state.json"));
    EXPECT_TRUE(std::filesystem::is_directory(target() / "full"));
}

TEST_F(StagedFileTest, ReadFileTellsWhatIsWrong) {
    EXPECT_EQ(code_of([&] { read_file(target()); }), std::errc::no_such_file_or_directory);
    EXPECT_EQ(code_of([&] { read_file(directory.path()); }), std::errc::is_a_directory);
    EXPECT_THAT(read_file(directory.write("empty", "")), IsEmpty());
}

}  // namespace
}  // namespace vmac::store
