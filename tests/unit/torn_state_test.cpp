// SPDX-License-Identifier: GPL-2.0-or-later
// The state file after a loss of power: cut, damaged, full of zeros, or the one before. Whatever is found, the service
// starts; what cannot be trusted is set aside and said; what is used is what had been saved.
#include <gmock/gmock.h>

#include <algorithm>
#include <iostream>

#include "store/state.hpp"
#include "support.hpp"

namespace vmac::store {
namespace {

using test::name;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr auto kBoot = "boot-1";

State saved_state() {
    return {.interfaces = {{name("vrrp1"), {.action = Action::Drop, .messages = MessageSet{Message::Igmp}}},
                           {name("vrrp2"), {.parent = "eth0", .runtime = true}},
                           {name("wan.7"), {}}},
            .last_good = {.interfaces = {{name("eth0.1"), {.action = Action::Drop}}}},
            .ledger = {.carried = {{name("vrrp1"), {{Message::Igmp, {17, 816}}}}}, .base_line = {}},
            .parents = {{name("eth0"), "02:00:00:00:00:02"}}};
}

State earlier_state() {
    State state = saved_state();
    state.interfaces.erase(name("vrrp2"));
    state.interfaces[name("older")] = {.action = Action::Allow};
    return state;
}

class TornState : public testing::Test {
protected:
    [[nodiscard]] StateFile file() const { return {directory.path(), kBoot}; }

    /// Writes a file anew: some file systems sync one that is emptied and written again, which takes its time.
    void put(const char *name, const std::string &content) const {
        std::filesystem::remove(directory.path() / name);
        (void)directory.write(name, content);
    }

    /// What comes of this content in the place of the state file.
    [[nodiscard]] StateFile::Loaded load(const std::string &content) const {
        put("state.json", content);
        return file().load();
    }

    /// That it is set aside as it was, and said, and that nothing of it is used.
    void expect_set_aside(const std::string &content, const std::string &what) const {
        const auto loaded = load(content);
        EXPECT_EQ(loaded.state, State{}) << what;
        EXPECT_THAT(loaded.complaint, HasSubstr("state.json is not used: ")) << what;
        EXPECT_THAT(directory.files(), ElementsAre("state.json.rejected")) << what;
        EXPECT_EQ(read_file(rejected()), content) << what;
        std::filesystem::remove(rejected());
    }

    [[nodiscard]] std::filesystem::path rejected() const { return directory.path() / "state.json.rejected"; }

    test::TemporaryDirectory directory;
    const std::string whole = format_state(saved_state(), kBoot);
    const std::string earlier = format_state(earlier_state(), kBoot);
};

std::string at(std::size_t place) {
    return "at byte " + std::to_string(place);
}

TEST_F(TornState, CutAtAnyByteIsSetAside) {
    for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
        expect_set_aside(whole.substr(0, length), at(length));
    }
}

TEST_F(TornState, WithoutItsLastNewlineItIsWhole) {
    const auto loaded = load(whole.substr(0, whole.size() - 1));
    EXPECT_EQ(loaded.state, saved_state());
    EXPECT_THAT(loaded.complaint, IsEmpty());
}

TEST_F(TornState, ZerosAreSetAside) {
    // What file systems leave whose journal had the new size and not yet the data: all of it, the end, some block.
    constexpr std::size_t kBlock = 16;  // of a small file, as 4096 of a large one
    for (std::size_t place = 0; place + 1 < whole.size(); ++place) {
        expect_set_aside(whole.substr(0, place) + std::string(whole.size() - place, '\0'), "zeros from " + at(place));
    }
    for (std::size_t place = 0; place + kBlock <= whole.size(); place += kBlock) {
        std::string damaged = whole;
        damaged.replace(place, kBlock, kBlock, '\0');
        expect_set_aside(damaged, "a block of zeros " + at(place));
    }
    expect_set_aside(std::string(4096, '\0'), "nothing but zeros");
}

TEST_F(TornState, ZerosBehindTheEndDoNoHarm) {
    const auto loaded = load(whole + std::string(4096 - whole.size(), '\0'));
    EXPECT_EQ(loaded.state, saved_state());
    EXPECT_THAT(loaded.complaint, IsEmpty());
}

TEST_F(TornState, AnEarlierVersionBehindTheEndIsSetAside) {
    for (const std::size_t length : {std::size_t{2}, earlier.size() / 2, earlier.size()}) {
        expect_set_aside(whole + earlier.substr(earlier.size() - length), std::to_string(length) + " bytes");
    }
}

/// The entries that @p changed has and @p original has not, or not so.
std::size_t differing(const InterfaceOptions &changed, const InterfaceOptions &original) {
    return static_cast<std::size_t>(std::ranges::count_if(changed, [&](const auto &entry) {
        const auto found = original.find(entry.first);
        return found == original.end() || found->second != entry.second;
    }));
}

TEST_F(TornState, WithOneBitChangedItIsSetAsideOrReadButForThat) {
    constexpr int kBits = 8;
    std::size_t set_aside = 0;
    std::size_t read = 0;
    for (std::size_t place = 0; place < whole.size(); ++place) {
        for (int bit = 0; bit < kBits; ++bit) {
            std::string damaged = whole;
            damaged[place] = static_cast<char>(static_cast<unsigned char>(damaged[place]) ^ (1U << bit));
            const auto loaded = load(damaged);
            if (!loaded.complaint.empty()) {
                EXPECT_EQ(loaded.state, State{}) << at(place);
                EXPECT_EQ(read_file(rejected()), damaged) << at(place);
                std::filesystem::remove(rejected());
                ++set_aside;
                continue;
            }
            EXPECT_LE(differing(loaded.state.interfaces, saved_state().interfaces), 1U) << at(place);
            EXPECT_LE(loaded.state.interfaces.size(), saved_state().interfaces.size()) << at(place);
            ++read;
        }
    }
    std::cout << set_aside << " set aside, " << read << " read\n";
    EXPECT_GT(set_aside, read);
}

TEST_F(TornState, OfALostRenameTheOldOneHolds) {
    // Cut where it may have been when the power went; a whole one was not answered yet either.
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        put("state.json.new", whole.substr(0, length));
        const auto loaded = load(earlier);
        EXPECT_EQ(loaded.state, earlier_state()) << at(length);
        EXPECT_THAT(loaded.complaint, IsEmpty()) << at(length);
    }
    file().stage(saved_state()).publish();
    EXPECT_EQ(file().load().state, saved_state());
    EXPECT_THAT(directory.files(), ElementsAre("state.json"));
}

TEST_F(TornState, OfTheFirstRenameThatWasLostNothingHolds) {
    (void)directory.write("state.json.new", whole);
    const auto loaded = file().load();
    EXPECT_EQ(loaded.state, State{});
    EXPECT_THAT(loaded.complaint, IsEmpty());
}

TEST_F(TornState, TheNextOneIsSavedAllTheSame) {
    auto state_file = file();
    const std::size_t half = whole.size() / 2;
    for (const std::string &content : {std::string(), std::string(half, '\0'), whole.substr(0, half)}) {
        (void)directory.write("state.json", content);
        EXPECT_EQ(state_file.load().state, State{});
        state_file.stage(saved_state()).publish();
        EXPECT_EQ(file().load().state, saved_state());
        std::filesystem::remove(rejected());
    }
}

}  // namespace
}  // namespace vmac::store
