// SPDX-License-Identifier: GPL-2.0-or-later
// Counts and the ledger: what is reported never goes backwards but by a reset.
#include <gmock/gmock.h>

#include "model/counters.hpp"
#include "model/ledger.hpp"
#include "support.hpp"

namespace vmac {
namespace {

using test::name;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr std::size_t kNoLimit = 100;

Counters one(const char *interface, Message message, Count count) {
    return {{name(interface), {{message, count}}}};
}

TEST(Count, SinceIsNeverNegative) {
    EXPECT_EQ((Count{10, 700}.since({4, 300})), (Count{6, 400}));
    EXPECT_EQ((Count{4, 300}.since({10, 700})), (Count{0, 0}));
    EXPECT_EQ((Count{10, 300}.since({4, 700})), (Count{6, 0}));
    EXPECT_EQ((Count{4, 4}.since({4, 4})), (Count{}));
}

TEST(Counters, AreAddedByInterfaceAndMessage) {
    Counters sum = one("a", Message::Igmp, {1, 10});
    accumulate(sum, one("a", Message::Igmp, {2, 20}));
    accumulate(sum, one("a", Message::MldDone, {3, 30}));
    accumulate(sum, one("b", Message::Igmp, {4, 40}));
    const Counters expected = {{name("a"), {{Message::Igmp, {3, 30}}, {Message::MldDone, {3, 30}}}},
                               {name("b"), {{Message::Igmp, {4, 40}}}}};
    EXPECT_EQ(sum, expected);
}

TEST(Ledger, WithNothingInItReportsTheKernel) {
    const auto kernel = one("a", Message::Igmp, {5, 50});
    EXPECT_EQ(Ledger{}.totals(kernel), kernel);
    EXPECT_EQ(Ledger{}.reported(kernel), kernel);
}

TEST(Ledger, CarriesOverWhatLeavesTheKernel) {
    Ledger ledger;
    ledger.carry(one("a", Message::Igmp, {5, 50}), kNoLimit);
    EXPECT_EQ(ledger.reported({}), one("a", Message::Igmp, {5, 50}));
    ledger.carry(one("a", Message::Igmp, {2, 20}), kNoLimit);
    EXPECT_EQ(ledger.reported(one("a", Message::Igmp, {1, 10})), one("a", Message::Igmp, {8, 80}));
}

TEST(Ledger, NeverGoesBackwardsThroughAnyNumberOfRebuilds) {
    Ledger ledger;
    Count before;
    for (std::uint64_t round = 1; round <= 20; ++round) {
        for (std::uint64_t packets = 0; packets <= round; ++packets) {
            const auto now = ledger.reported(one("a", Message::MldDone, {packets, packets * 76}));
            const Count count = now.at(name("a")).at(Message::MldDone);
            EXPECT_GE(count.packets, before.packets);
            EXPECT_GE(count.bytes, before.bytes);
            before = count;
        }
        ledger.carry(one("a", Message::MldDone, {round, round * 76}), kNoLimit);
    }
    EXPECT_EQ(before, (Count{210, 210ULL * 76}));
}

TEST(Ledger, BaseLineIsTakenOffTheTotals) {
    Ledger ledger{.carried = one("a", Message::Igmp, {5, 50}), .base_line = one("a", Message::Igmp, {7, 70})};
    EXPECT_EQ(ledger.totals(one("a", Message::Igmp, {4, 40})), one("a", Message::Igmp, {9, 90}));
    EXPECT_EQ(ledger.reported(one("a", Message::Igmp, {4, 40})), one("a", Message::Igmp, {2, 20}));
}

TEST(Ledger, BaseLineOfAnInterfaceThatTheKernelDoesNotCountReportsZero) {
    const Ledger ledger{.carried = {}, .base_line = one("a", Message::Igmp, {7, 70})};
    EXPECT_EQ(ledger.reported({}), one("a", Message::Igmp, {}));
}

TEST(Ledger, DoesNotRememberWhatCountedNothing) {
    Ledger ledger;
    ledger.carry(one("a", Message::Igmp, {}), kNoLimit);
    EXPECT_THAT(ledger.carried, IsEmpty());
}

TEST(Ledger, RemembersNoMoreInterfacesThanTheLimit) {
    Ledger ledger;
    ledger.carry(one("a", Message::Igmp, {1, 1}), 2);
    ledger.carry(one("b", Message::Igmp, {2, 2}), 2);
    ledger.carry(one("c", Message::Igmp, {3, 3}), 2);
    ledger.carry(one("a", Message::MldDone, {4, 4}), 2);
    ledger.carry(one("b", Message::Igmp, {5, 5}), 2);
    const Counters expected = {{name("a"), {{Message::Igmp, {1, 1}}, {Message::MldDone, {4, 4}}}},
                               {name("b"), {{Message::Igmp, {7, 7}}}}};
    EXPECT_EQ(ledger.carried, expected) << "those that are remembered go on being remembered";
}

TEST(Ledger, BeyondTheLimitABaseLineIsNotHeldAgainstANewStart) {
    Ledger ledger{.carried = one("a", Message::Igmp, {1, 1}), .base_line = one("b", Message::Igmp, {9, 9})};
    ledger.carry(one("b", Message::Igmp, {10, 10}), 1);
    EXPECT_THAT(ledger.carried, ElementsAre(Pair(name("a"), testing::_)));
    EXPECT_EQ(ledger.reported(one("b", Message::Igmp, {3, 3})).at(name("b")).at(Message::Igmp), (Count{3, 3}));
}

}  // namespace
}  // namespace vmac
