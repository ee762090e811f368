// SPDX-License-Identifier: GPL-2.0-or-later
// The file that metrics go to: replaced in one step, readable by all, nothing left beside it.
#include "ctl/output_file.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>

#include "ctl_support.hpp"
#include "support.hpp"

namespace vmac::ctl {
namespace {

using test::AsNobody;
using test::TemporaryDirectory;
using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::IsEmpty;
using testing::StartsWith;

std::string content_of(const std::filesystem::path &path) {
    std::ostringstream content;
    content << std::ifstream(path, std::ios::binary).rdbuf();
    return content.str();
}

mode_t mode_of(const std::filesystem::path &path) {
    struct stat status {};
    EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777U;
}

TEST(OutputFile, IsMadeWithNothingBesideIt) {
    const TemporaryDirectory directory;
    replace_file(directory.path() / "vmac.prom", "a 1\n");
    EXPECT_EQ(content_of(directory.path() / "vmac.prom"), "a 1\n");
    EXPECT_THAT(directory.files(), ElementsAre("vmac.prom"));
}

TEST(OutputFile, IsReadableByAllWhateverTheUmaskAndTheModeBefore) {
    const TemporaryDirectory directory;
    const auto path = directory.write("vmac.prom", "old");
    ASSERT_EQ(chmod(path.c_str(), 0600), 0);
    const mode_t before = umask(0077);
    replace_file(path, "new");
    umask(before);
    EXPECT_EQ(mode_of(path), 0644U);
}

TEST(OutputFile, IsReplacedAsAWhole) {
    const TemporaryDirectory directory;
    const auto path = directory.write("vmac.prom", "something that is longer than what comes\n");
    std::ifstream reader(path);  // one that has opened it and not read yet
    replace_file(path, "short\n");
    EXPECT_EQ(content_of(path), "short\n");
    std::string line;
    ASSERT_TRUE(std::getline(reader, line));
    EXPECT_EQ(line, "something that is longer than what comes") << "who reads has the old one to its end";
    EXPECT_THAT(directory.files(), ElementsAre("vmac.prom"));
}

TEST(OutputFile, HoldsAnyNumberOfBytes) {
    const TemporaryDirectory directory;
    const auto path = directory.path() / "big.prom";
    const std::string big(3'000'000, 'x');
    replace_file(path, big);
    EXPECT_TRUE(content_of(path) == big);
    replace_file(path, "");
    EXPECT_EQ(content_of(path), "");
}

TEST(OutputFile, ThatThereIsNoRoomForStaysAsItWas) {
    const TemporaryDirectory directory;
    const auto path = directory.write("vmac.prom", "old");
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const rlimit small{.rlim_cur = 100, .rlim_max = before.rlim_max};
    auto *const handler = std::signal(SIGXFSZ, SIG_IGN);
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
    const std::string message = failure_message(kRefused, [&] { replace_file(path, std::string(1000, 'x')); });
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &before), 0);
    std::signal(SIGXFSZ, handler);
    EXPECT_EQ(message, "cannot write " + path.string() + ": File too large");
    EXPECT_EQ(content_of(path), "old");
    EXPECT_THAT(directory.files(), ElementsAre("vmac.prom"));
}

TEST(OutputFile, InADirectoryThatMayNotBeWrittenSaysSo) {
    const TemporaryDirectory directory;
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0555));
    const AsNobody nobody;
    const std::string path = directory.path() / "vmac.prom";
    EXPECT_EQ(failure_message(kRefused, [&] { replace_file(path, "x"); }),
              "cannot write " + path + ": Permission denied");
    EXPECT_THAT(directory.files(), IsEmpty());
}

TEST(OutputFile, InADirectoryThatIsNotThereSaysSo) {
    const TemporaryDirectory directory;
    EXPECT_THAT(failure_message(kRefused, [&] { replace_file(directory.path() / "not" / "there.prom", "x"); }),
                AllOf(StartsWith("cannot write " + directory.path().string()), EndsWith("No such file or directory")));
    EXPECT_THAT(directory.files(), IsEmpty());
}

TEST(OutputFile, ThatIsNoRegularFileStaysWhatItIs) {
    const TemporaryDirectory directory;
    const std::string sub = directory.path() / "sub";
    const std::string fifo = directory.path() / "fifo";
    const std::string link = directory.path() / "link";  // as /dev/stdout is one
    std::filesystem::create_directory(sub);
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    std::filesystem::create_symlink("fifo", link);
    for (const std::string &path : {sub, fifo, link}) {
        EXPECT_EQ(failure_message(kRefused, [&] { replace_file(path, "x"); }),
                  "cannot replace " + path + ": it is no regular file");
    }
    EXPECT_TRUE(std::filesystem::is_directory(sub));
    EXPECT_TRUE(std::filesystem::is_fifo(fifo));
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_THAT(directory.files(), ElementsAre("fifo", "link", "sub"));
}

}  // namespace
}  // namespace vmac::ctl
