// SPDX-License-Identifier: GPL-2.0-or-later
// MAC addresses as text, and which of them are VRRP's.
#include "model/mac.hpp"

#include <gmock/gmock.h>

#include <array>
#include <vector>

#include "model/quoting.hpp"
#include "support.hpp"

namespace vmac {
namespace {

using testing::HasSubstr;

TEST(FormatMac, WritesSixBytesInLowerCaseWithZeros) {
    const std::array<std::uint8_t, 6> mac = {0x00, 0x0A, 0xFF, 0x10, 0x99, 0x05};
    EXPECT_EQ(format_mac(mac), "00:0a:ff:10:99:05");
}

TEST(FormatMac, AnotherLengthIsNoMac) {
    for (const std::size_t length : {0U, 1U, 5U, 7U, 8U, 20U, 32U}) {
        EXPECT_EQ(format_mac(std::vector<std::uint8_t>(length, 0xFF)), "") << length;
    }
}

TEST(ParseMac, TakesWhatFormatMacWrites) {
    const std::array<std::uint8_t, 6> mac = {0x00, 0x00, 0x5E, 0x00, 0x02, 0xAB};
    EXPECT_EQ(parse_mac(format_mac(mac)), "00:00:5e:00:02:ab");
    EXPECT_EQ(parse_mac("ff:ff:ff:ff:ff:ff"), "ff:ff:ff:ff:ff:ff");
}

TEST(ParseMac, RefusesWhatNftCouldReadInAnotherWay) {
    for (const std::string text :
         {"", "00", "00:00:5e:00:02", "00:00:5e:00:02:0", "00:00:5e:00:02:001",
          "00:00:5e:00:02:01:", "00:00:5E:00:02:01", "00-00-5e-00-02-01", "00:00:5e:00:02:0g", "00:00:5e:00:02 01",
          " 00:00:5e:00:02:01", "@registered", "0:0:5e:0:2:1", "0000:5e:00:02:01:", "\"; flush ruleset"}) {
        EXPECT_THAT(test::message_of(Errc::StoreFailed, [&] { parse_mac(text); }), HasSubstr(in_quotes(text)));
    }
    test::message_of(Errc::StoreFailed, [] { parse_mac(std::string("00:00:5e:00:02:0\0", 17)); });
}

TEST(IsVrrpMac, IsEveryVirtualRouterOfBothProtocols) {
    for (int router = 0; router <= 0xFF; ++router) {
        for (const auto version : std::array<std::uint8_t, 2>{1, 2}) {
            const std::array<std::uint8_t, 6> mac = {0x00, 0x00,    0x5E,
                                                     0x00, version, static_cast<std::uint8_t>(router)};
            EXPECT_TRUE(is_vrrp_mac(format_mac(mac))) << format_mac(mac);
        }
    }
}

TEST(IsVrrpMac, IsNoOther) {
    for (const char *mac :
         {"", "00:00:5e:00:00:ff", "00:00:5e:00:03:00", "00:00:5e:01:02:01", "00:00:5f:00:02:01", "00:01:5e:00:02:01",
          "01:00:5e:00:02:01", "02:00:5e:00:02:01", "00:00:5e:00:02", "5e:00:02:01:00:00", "00:00:5e:00:12:01"}) {
        EXPECT_FALSE(is_vrrp_mac(mac)) << mac;
    }
}

}  // namespace
}  // namespace vmac
