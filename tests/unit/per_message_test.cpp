// SPDX-License-Identifier: GPL-2.0-or-later
// The map from messages to values does what std::map does, in the same order.
#include "model/per_message.hpp"

#include <gmock/gmock.h>

#include <map>
#include <random>
#include <type_traits>

namespace vmac {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(PerMessage, IsEmptyAtFirst) {
    const PerMessage<int> none;
    EXPECT_TRUE(none.empty());
    EXPECT_EQ(none.size(), 0U);
    EXPECT_TRUE(none.begin() == none.end());
    EXPECT_TRUE(none.find(Message::Igmp) == none.end());
    EXPECT_THROW(static_cast<void>(none.at(Message::MldReport)), std::out_of_range);
}

TEST(PerMessage, IsInTheOrderOfTheMessages) {
    const PerMessage<int> some = {{Message::Igmp, 5}, {Message::MldReport, 1}, {Message::Igmp, 7}};
    EXPECT_THAT(some, ElementsAre(Pair(Message::MldReport, 1), Pair(Message::Igmp, 5)));
    EXPECT_EQ(some.find(Message::Igmp)->second, 5);
    EXPECT_EQ(some.at(Message::MldReport), 1);
}

TEST(PerMessage, GivesReferencesToWhatItHolds) {
    PerMessage<int> some;
    some[Message::MldDone] += 3;
    some.find(Message::MldDone)->second += 4;
    some.at(Message::MldDone) += 5;
    for (auto [message, value] : some) {
        value += 6;
    }
    EXPECT_THAT(some, ElementsAre(Pair(Message::MldDone, 18)));
}

TEST(PerMessage, ForgetsWhatWasErased) {
    PerMessage<int> some = {{Message::MldDone, 1}, {Message::Igmp, 2}};
    EXPECT_EQ(some.erase(Message::MldDone), 1U);
    EXPECT_EQ(some.erase(Message::MldDone), 0U);
    EXPECT_EQ(some, (PerMessage<int>{{Message::Igmp, 2}}));
    EXPECT_EQ(some[Message::MldDone], 0);
    some.clear();
    EXPECT_EQ(some, PerMessage<int>());
}

TEST(PerMessage, CanBeCopiedAsBytes) {
    EXPECT_TRUE(std::is_trivially_copyable_v<PerMessage<int>>);
}

TEST(PerMessage, DoesWhatAMapDoes) {
    std::mt19937 random(7);
    PerMessage<int> ours;
    std::map<Message, int> theirs;
    for (int i = 0; i < 5000; ++i) {
        const Message message = kAllMessages.at(random() % kAllMessages.size());
        const int value = static_cast<int>(random() % 3);
        switch (random() % 4) {
            case 0:
                ours[message] = theirs[message] = value;
                break;
            case 1:
                ASSERT_EQ(ours.erase(message), theirs.erase(message));
                break;
            case 2:
                ASSERT_EQ(ours.try_emplace(message, value), theirs.try_emplace(message, value).second);
                break;
            default:
                ASSERT_EQ(ours.contains(message), theirs.contains(message));
        }
        ASSERT_EQ((std::map<Message, int>(ours.begin(), ours.end())), theirs);
        ASSERT_EQ(ours.size(), theirs.size());
        ASSERT_EQ(ours.empty(), theirs.empty());
    }
}

}  // namespace
}  // namespace vmac
