// SPDX-License-Identifier: GPL-2.0-or-later
// Tables: columns as wide as what is in them, and what happens where there is no room.
#include "ctl/table.hpp"

#include <gmock/gmock.h>

#include "ctl_support.hpp"

namespace vmac::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class TableTest : public Utf8Test {
protected:
    TableTest() {
        table.add({{"vrrp6"}, {"5"}, {"eth0"}, {"x"}});
        table.add({{"a"}, {"12345"}, {"-"}, {"yz"}});
    }

    Table table{{{.heading = "NAME"},
                 {.heading = "NUM", .is_number = true},
                 {.heading = "PARENT", .spare = 1},
                 {.heading = "MORE", .spare = 2}}};
};

TEST_F(TableTest, NumbersGoToTheRightAndTextToTheLeft) {
    EXPECT_THAT(table.lines(plain(), true), ElementsAre("NAME    NUM PARENT MORE",  //
                                                        "vrrp6     5 eth0   x",     //
                                                        "a     12345 -      yz"));
}

TEST_F(TableTest, WithoutHeadingsTheyTakeNoRoomEither) {
    EXPECT_THAT(table.lines(plain(), false), ElementsAre("vrrp6     5 eth0 x",  //
                                                         "a     12345 -    yz"));
}

TEST_F(TableTest, WithoutRowsHasItsHeadings) {
    const Table empty{{{.heading = "A"}, {.heading = "B"}}};
    EXPECT_TRUE(empty.is_empty());
    EXPECT_FALSE(table.is_empty());
    EXPECT_THAT(empty.lines(plain(), true), ElementsAre("A B"));
    EXPECT_THAT(empty.lines(plain(), false), ElementsAre());
}

TEST_F(TableTest, ThatFitsExactlyIsLeftAlone) {
    EXPECT_EQ(table.lines(plain(23), true), table.lines(plain(), true));
}

TEST_F(TableTest, WhatCanBeSparedGoesFirstTheHighestNumberBeforeOthers) {
    EXPECT_THAT(table.lines(plain(22), true), ElementsAre("NAME    NUM PARENT",  //
                                                          "vrrp6     5 eth0",    //
                                                          "a     12345 -"));
    EXPECT_THAT(table.lines(plain(17), true), ElementsAre("NAME    NUM",  //
                                                          "vrrp6     5",  //
                                                          "a     12345"));
}

TEST_F(TableTest, ThenTheWidestCellsAreCut) {
    EXPECT_THAT(table.lines(plain(10), true), ElementsAre("NAME   NUM",  //
                                                          "vrr…     5",  //
                                                          "a    12345"));
    EXPECT_THAT(table.lines(plain(7), true), ElementsAre("NA… NUM",  //
                                                         "vr…   5",  //
                                                         "a   12…"));
}

TEST_F(TableTest, IsNeverWiderThanTheTerminal) {
    for (std::size_t width = 3; width < 30; ++width) {
        EXPECT_LE(widest(table.lines(plain(width), true)), width);
        EXPECT_LE(widest(table.lines(plain(width), false)), width);
    }
    EXPECT_EQ(table.lines(plain(1), true).size(), 3U) << "where nothing fits, it ends all the same";
}

TEST_F(TableTest, WithoutUtf8CutsWithATilde) {
    auto terminal = plain(10);
    terminal.utf8 = false;
    EXPECT_EQ(table.lines(terminal, true).at(1), "vrr~     5");
}

TEST_F(TableTest, WideCharactersAreInLine) {
    Table wide{{{.heading = "NAME"}, {.heading = "N", .is_number = true}}};
    wide.add({{"網路網"}, {"1"}});
    wide.add({{"e\xcc\x81"}, {"22"}});
    EXPECT_THAT(wide.lines(plain(), true), ElementsAre("NAME    N",  //
                                                       "網路網  1",  //
                                                       "e\xcc\x81      22"));
    EXPECT_THAT(wide.lines(plain(8), true), ElementsAre("NAME   N",  //
                                                        "網路…  1",  //
                                                        "e\xcc\x81     22"));
}

TEST_F(TableTest, NoCellCanCommandTheTerminal) {
    Table hostile{{{.heading = "NAME"}, {.heading = "MORE"}}};
    hostile.add({{"\x1b[31m"}, {"a\nb"}});
    EXPECT_THAT(hostile.lines(plain(), false), ElementsAre("\\x1b[31m a\\x0ab"));
}

TEST_F(TableTest, ColoursTakeNoRoom) {
    Table coloured{{{.heading = "NAME"}, {.heading = "N", .is_number = true}}};
    coloured.add({{"a", Tone::Strong}, {"1", Tone::Bad}});
    coloured.add({{"abcde"}, {"22"}});
    auto terminal = plain();
    terminal.colour = true;
    EXPECT_THAT(coloured.lines(terminal, true), ElementsAre("\x1b[1mNAME\x1b[0m   \x1b[1mN\x1b[0m",     //
                                                            "\x1b[1ma\x1b[0m      \x1b[1;31m1\x1b[0m",  //
                                                            "abcde 22"));
    terminal.colour = false;
    EXPECT_THAT(text_of(coloured.lines(terminal, true)), Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace vmac::ctl
