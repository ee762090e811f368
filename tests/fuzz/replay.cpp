// SPDX-License-Identifier: GPL-2.0-or-later
// Gives a target all inputs that are kept, each as a test of its own: replay DIRECTORY...
// A directory that is not there has nothing; all of them together must have something.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <vector>

#include "target.hpp"

namespace vmac::fuzz {
namespace {

namespace fs = std::filesystem;

class Replay : public testing::Test {
public:
    explicit Replay(fs::path file) : file_(std::move(file)) {}

    void TestBody() override {
        std::ifstream stream(file_, std::ios::binary);
        // Of just that size, so that a sanitizer sees what goes beyond.
        const std::vector<std::uint8_t> bytes{std::istreambuf_iterator<char>(stream), {}};
        ASSERT_TRUE(stream) << file_;
        try_input(bytes);
    }

private:
    fs::path file_;
};

/// In the order of their names, so that two runs are the same.
std::set<fs::path> files_in(const fs::path &directory) {
    std::set<fs::path> files;
    if (fs::exists(directory)) {
        for (const auto &entry : fs::directory_iterator(directory)) {
            files.insert(entry.path());
        }
    }
    return files;
}

}  // namespace
}  // namespace vmac::fuzz

int main(int argc, char **argv) {
    testing::InitGoogleTest(&argc, argv);
    for (int i = 1; i < argc; ++i) {
        for (const auto &file : vmac::fuzz::files_in(argv[i])) {
            const auto kind = file.parent_path().parent_path().filename().string();
            testing::RegisterTest(kind.c_str(), file.filename().c_str(), nullptr, nullptr, file.c_str(), 0,
                                  [file]() -> testing::Test * { return new vmac::fuzz::Replay(file); });
        }
    }
    if (testing::UnitTest::GetInstance()->total_test_count() == 0) {
        std::cerr << "no inputs are kept\n";
        return 1;
    }
    return RUN_ALL_TESTS();
}
