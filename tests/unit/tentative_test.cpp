// SPDX-License-Identifier: GPL-2.0-or-later
// Changes that are in place at once, and taken back.
#include "model/tentative.hpp"

#include <gmock/gmock.h>

#include <map>
#include <string>
#include <vector>

namespace vmac {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

using Map = std::map<int, std::string>;

const Map kBefore = {{1, "one"}, {2, "two"}, {3, "three"}};

/// "key before>now" of each difference.
std::vector<std::string> differences(const Tentative<Map> &tentative) {
    std::vector<std::string> all;
    tentative.for_each_difference([&](int key, const std::string *before, const std::string *now) {
        all.push_back(std::to_string(key) + " " + (before == nullptr ? "" : *before) + ">" +
                      (now == nullptr ? "" : *now));
    });
    return all;
}

void change(Tentative<Map> &tentative) {
    tentative.assign(2, "deux");
    tentative.assign(3, std::nullopt);
    tentative.assign(4, "four");
}

TEST(Tentative, IsInPlaceAtOnce) {
    Map map = kBefore;
    Tentative<Map> tentative(map);
    change(tentative);
    EXPECT_EQ(map, (Map{{1, "one"}, {2, "deux"}, {4, "four"}}));
    EXPECT_THAT(differences(tentative), UnorderedElementsAre("2 two>deux", "3 three>", "4 >four"));
}

TEST(Tentative, IsTakenBack) {
    Map map = kBefore;
    {
        Tentative<Map> tentative(map);
        change(tentative);
    }
    EXPECT_EQ(map, kBefore);
}

TEST(Tentative, WhatIsTakenBackStaysWhereItWas) {
    Map map = kBefore;
    const std::string *const two = &map.at(2);
    {
        Tentative<Map> tentative(map);
        change(tentative);
    }
    EXPECT_EQ(&map.at(2), two);
}

TEST(Tentative, StaysWhenItIsKept) {
    Map map = kBefore;
    {
        Tentative<Map> tentative(map);
        change(tentative);
        tentative.keep();
        EXPECT_THAT(differences(tentative), UnorderedElementsAre("2 two>deux", "3 three>", "4 >four"));
    }
    EXPECT_EQ(map, (Map{{1, "one"}, {2, "deux"}, {4, "four"}}));
}

TEST(Tentative, WhatIsTheSameIsNoDifference) {
    Map map = kBefore;
    Tentative<Map> tentative(map);
    tentative.assign(1, "one");
    tentative.assign(5, std::nullopt);
    EXPECT_THAT(differences(tentative), IsEmpty());
}

TEST(Tentative, ReplacesAllOfIt) {
    Map map = kBefore;
    {
        Tentative<Map> tentative(map);
        tentative.replace({{0, "zero"}, {2, "two"}, {3, "trois"}, {9, "nine"}});
        EXPECT_THAT(differences(tentative), ElementsAre("0 >zero", "1 one>", "3 three>trois", "9 >nine"));
    }
    EXPECT_EQ(map, kBefore);
}

TEST(TentativeValue, IsTakenBackUnlessItIsKept) {
    std::string value = "before";
    {
        TentativeValue<std::string> tentative(value);
        EXPECT_EQ(tentative.before(), "before");
        tentative.assign("now");
        EXPECT_EQ(value, "now");
        EXPECT_EQ(tentative.before(), "before");
        tentative.take_back();
        EXPECT_EQ(value, "before");
        tentative.assign("then");
    }
    EXPECT_EQ(value, "before");
    {
        TentativeValue<std::string> tentative(value);
        tentative.assign("now");
        tentative.keep();
    }
    EXPECT_EQ(value, "now");
}

}  // namespace
}  // namespace vmac
