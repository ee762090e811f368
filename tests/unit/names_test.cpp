// SPDX-License-Identifier: GPL-2.0-or-later
// What is an interface name, and what is refused: every rule of dev_valid_name() at its border.
#include <gmock/gmock.h>

#include "model/interface_name.hpp"
#include "support.hpp"

namespace vmac {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

class GoodName : public testing::TestWithParam<std::string> {};

TEST_P(GoodName, IsTakenAsItIs) {
    EXPECT_EQ(InterfaceName::parse(GetParam()).str(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(Names, GoodName,
                         testing::Values("a", "vrrp1v6", "fifteen-bytes.!", "...", ".a", "-", "--help", "eth0.100",
                                         "a@b", "a\\", "\\", "a\\*b", "*", "vrrp*", "\"", "'", "{}", "\";flush;\"",
                                         "$(id)", "#", "%d", "0", "42", "0x10", "-1", "1e3", "TCP", "tcp0", "icmp6",
                                         "igmp", "any", "ip6", "null", "true", "policy", "counter", "drop", "accept",
                                         "goto", "elements", "\x01", "\x1f", "\x7f", "\xc3\xa9", "\xe7\xbd\x91",
                                         "\xf0\x9f\x94\x8c"));

struct Bad {
    std::string name;
    std::string reason;
};

void PrintTo(const Bad &bad, std::ostream *stream) {
    *stream << testing::PrintToString(bad.name) << ": " << bad.reason;
}

class BadName : public testing::TestWithParam<Bad> {};

TEST_P(BadName, IsRefusedWithItsReason) {
    const auto message = test::message_of(Errc::InvalidName, [] { InterfaceName::parse(GetParam().name); });
    EXPECT_THAT(message, HasSubstr(GetParam().reason));
    EXPECT_TRUE(is_utf8(message)) << "no bus takes this as an error message: " << message;
}

constexpr auto kWord = "nftables takes this word for a number";
constexpr auto kCharacters = "the kernel accepts no";

INSTANTIATE_TEST_SUITE_P(
    Names, BadName,
    testing::Values(Bad{"", "it is empty"}, Bad{"sixteen-bytes-xx", "it has 16 bytes; a name has 1 to 15"},
                    Bad{std::string(100000, 'x'), "it has 100000 bytes"}, Bad{".", "keeps"}, Bad{"..", "keeps"},
                    Bad{"a/b", kCharacters}, Bad{"/", kCharacters}, Bad{"a:b", kCharacters}, Bad{"eth0:1", kCharacters},
                    Bad{" ", kCharacters}, Bad{"a b", kCharacters}, Bad{"a\tb", kCharacters}, Bad{"a\nb", kCharacters},
                    Bad{"eth0\n", kCharacters}, Bad{"a\vb", kCharacters}, Bad{"a\fb", kCharacters},
                    Bad{"a\rb", kCharacters}, Bad{"a\0b"s, kCharacters}, Bad{"\0"s, kCharacters},
                    Bad{"\xa0", kCharacters}, Bad{"\xc3\xa0", kCharacters}, Bad{"caf\xc2\xa0", kCharacters},
                    Bad{"\"; flush", kCharacters}, Bad{"\"; flush ruleset; \"", "it has 19 bytes"},
                    Bad{"\xff", "it is not UTF-8"}, Bad{"a\x80", "it is not UTF-8"}, Bad{"\xc3", "it is not UTF-8"},
                    Bad{"\xc0\xaf", "it is not UTF-8"}, Bad{"\xed\xa1\x81", "it is not UTF-8"},
                    Bad{"\xf4\x90\x80\x80", "it is not UTF-8"}, Bad{"@set", "a leading '@'"}, Bad{"@", "a leading '@'"},
                    Bad{"tcp", kWord}, Bad{"udp", kWord}, Bad{"udplite", kWord}, Bad{"esp", kWord}, Bad{"ah", kWord},
                    Bad{"icmp", kWord}, Bad{"icmpv6", kWord}, Bad{"comp", kWord}, Bad{"dccp", kWord},
                    Bad{"sctp", kWord}, Bad{"redirect", kWord}, Bad{"\\*", "nftables takes \"\\*\""},
                    Bad{"vrrp\\*", "nftables takes \"\\*\""}));

TEST(Name, EveryByteIsJudgedAsTheKernelDoes) {
    // Below 0x80 nothing can fail for not being UTF-8, so what is refused is exactly what the kernel refuses.
    for (int byte = 0; byte < 0x80; ++byte) {
        const std::string text = {'a', static_cast<char>(byte), 'b'};
        const bool refused = byte == '\0' || byte == '/' || byte == ':' || byte == ' ' || (byte >= 9 && byte <= 13);
        if (refused) {
            EXPECT_THROW(InterfaceName::parse(text), Error) << byte;
        } else {
            EXPECT_NO_THROW(InterfaceName::parse(text)) << byte;
        }
    }
}

TEST(Name, ComplaintAboutALongNameIsShort) {
    const auto message = test::message_of(Errc::InvalidName, [] { InterfaceName::parse(std::string(1 << 20, 'x')); });
    EXPECT_LT(message.size(), 256U);
}

TEST(Name, ComplaintAboutACutCharacterIsUtf8) {
    std::string text(63, 'x');
    text += "\xe7\xbd\x91";  // the quotation ends in the middle of it
    EXPECT_TRUE(is_utf8(test::message_of(Errc::InvalidName, [&] { InterfaceName::parse(text); })));
}

TEST(Name, IsComparedByItsBytes) {
    EXPECT_LT(test::name("vrrp10"), test::name("vrrp2"));
    EXPECT_LT(test::name("Z"), test::name("a"));
    EXPECT_EQ(test::name("vrrp1"), test::name("vrrp1"));
    EXPECT_NE(test::name("vrrp1"), test::name("VRRP1"));
}

TEST(Utf8, IsWellFormedAndWithoutNul) {
    EXPECT_TRUE(is_utf8(""));
    EXPECT_TRUE(is_utf8("\xe7\xbd\x91\n"));
    EXPECT_FALSE(is_utf8("a\0b"s));
    EXPECT_FALSE(is_utf8("\xe7\xbd"));
    EXPECT_FALSE(is_utf8("\xf5\x80\x80\x80"));
}

TEST(Utf8, HasNoCharactersThatSdBusRefuses) {
    for (const char *character :
         {"\xef\xb7\x90", "\xef\xb7\xaf", "\xef\xbf\xbe", "\xef\xbf\xbf", "\xf0\x9f\xbf\xbe", "\xf4\x8f\xbf\xbf"}) {
        EXPECT_FALSE(is_utf8(character));
        EXPECT_THROW(InterfaceName::parse(std::string("v").append(character)), Error);
    }
    // Their neighbours, and the same bytes in other places.
    for (const char *character : {"\xef\xb7\x8f", "\xef\xb7\xb0", "\xef\xbf\xbd", "\xee\xbf\xbf", "\xf0\x9f\xbf\xbd",
                                  "\xf0\xbf\xbe\x80", "\xf0\x9f\x8f\xbf\xf0\x9f\x8f\xbf"}) {
        EXPECT_TRUE(is_utf8(character));
    }
}

}  // namespace
}  // namespace vmac
