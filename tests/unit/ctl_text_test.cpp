// SPDX-License-Identifier: GPL-2.0-or-later
// Text as a terminal shows it: what is escaped, how wide it is, where it is cut.
#include "ctl/text.hpp"

#include <gmock/gmock.h>

#include "ctl_support.hpp"
#include "model/counted.hpp"

namespace vmac::ctl {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using Text = Utf8Test;

TEST_F(Text, ThatIsHarmlessStaysAsItIs) {
    for (const std::string text : {"", "vrrp.6", "a\\x1b", "wän", "網路", "e\xcc\x81", "🐢 x", "*~|"}) {
        EXPECT_EQ(escaped(text), text);
    }
}

TEST_F(Text, ThatATerminalWouldObeyIsEscaped) {
    EXPECT_EQ(escaped("\x1b[2Jx"), "\\x1b[2Jx");
    EXPECT_EQ(escaped("a\x07"), "a\\x07");
    EXPECT_EQ(escaped("a\r\n\tb"), "a\\x0d\\x0a\\x09b");
    EXPECT_EQ(escaped("\x7f"), "\\x7f");
    EXPECT_EQ(escaped(std::string("a\0b", 3)), "a\\x00b");
}

TEST_F(Text, EightBitControlCharactersAreEscapedByteByByte) {
    EXPECT_EQ(escaped("\xc2\x9b"
                      "2J"),
              "\\xc2\\x9b2J")
        << "U+009B starts a sequence as ESC [ does";
}

TEST_F(Text, ThatIsNoUtf8IsEscapedAndWhatFollowsIsRead) {
    EXPECT_EQ(escaped("\xff"
                      "a"),
              "\\xffa");
    EXPECT_EQ(escaped("a\xc3"), "a\\xc3") << "half a character at the end";
    EXPECT_EQ(escaped("\xe7\xb6"
                      "bä"),
              "\\xe7\\xb6"
              "bä");
    EXPECT_EQ(escaped("\xc0\x9b"), "\\xc0\\x9b") << "overlong";
}

TEST_F(Text, IsMeasuredInColumns) {
    EXPECT_EQ(width_of(""), 0U);
    EXPECT_EQ(width_of("abc"), 3U);
    EXPECT_EQ(width_of("wän"), 3U);
    EXPECT_EQ(width_of("網路x"), 5U) << "two columns each";
    EXPECT_EQ(width_of("e\xcc\x81"), 1U) << "an accent of its own has no column";
    EXPECT_EQ(width_of("…●█"), 3U);
    EXPECT_EQ(width_of(escaped("\x1b")), 4U);
}

TEST_F(Text, ThatFitsIsNotCut) {
    EXPECT_EQ(cut("abc", 3, true), "abc");
    EXPECT_EQ(cut("網路", 4, true), "網路");
    EXPECT_EQ(cut("", 0, true), "");
}

TEST_F(Text, ThatIsTooLongEndsInAnEllipsis) {
    EXPECT_EQ(cut("abcd", 3, true), "ab…");
    EXPECT_EQ(cut("abcd", 3, false), "ab~");
    EXPECT_EQ(cut("abcd", 1, true), "…");
    EXPECT_EQ(cut("abcd", 0, true), "");
}

TEST_F(Text, IsCutBetweenCharacters) {
    EXPECT_EQ(cut("網路網", 5, true), "網路…");
    EXPECT_EQ(cut("網路網", 4, true), "網…") << "half of a wide character is none";
    EXPECT_EQ(cut("äöü", 2, true), "ä…");
}

TEST_F(Text, IsCutToAtMostThatWidth) {
    const std::string text = "a網e\xcc\x81路b";
    for (std::size_t width = 0; width < 10; ++width) {
        EXPECT_LE(width_of(cut(text, width, true)), width);
        EXPECT_LE(width_of(cut(text, width, false)), width);
    }
}

TEST_F(Text, IsWrappedBetweenWords) {
    EXPECT_THAT(wrapped("one two three", 7), ElementsAre("one two", "three"));
    EXPECT_THAT(wrapped("one two three", 6), ElementsAre("one", "two", "three"));
    EXPECT_THAT(wrapped("one two three", std::string::npos), ElementsAre("one two three"));
    EXPECT_THAT(wrapped("網路 網路", 9), ElementsAre("網路 網路"));
    EXPECT_THAT(wrapped("網路 網路", 8), ElementsAre("網路", "網路"));
}

TEST_F(Text, AWordThatIsTooLongHasALineOfItsOwn) {
    EXPECT_THAT(wrapped("a bcdefgh i", 3), ElementsAre("a", "bcdefgh", "i"));
}

TEST_F(Text, OfBlanksHasNoLines) {
    EXPECT_THAT(wrapped("", 10), IsEmpty());
    EXPECT_THAT(wrapped("  \n ", 10), IsEmpty());
    EXPECT_THAT(wrapped(" a   b ", 10), ElementsAre("a b"));
}

TEST_F(Text, OfSeveralWordsIsJoined) {
    EXPECT_EQ(joined({}), "");
    EXPECT_EQ(joined({"a"}), "a");
    EXPECT_EQ(joined({"a", "b", "c"}), "a, b, c");
    EXPECT_EQ(joined({"a", "b"}, " and "), "a and b");
}

TEST_F(Text, CountsInEnglish) {
    EXPECT_EQ(counted(0, "interface"), "0 interfaces");
    EXPECT_EQ(counted(1, "interface"), "1 interface");
    EXPECT_EQ(counted(2, "interface"), "2 interfaces");
}

}  // namespace
}  // namespace vmac::ctl
