// SPDX-License-Identifier: GPL-2.0-or-later
// Taking our tables out of the kernel for good.
#include "nft/clear.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "fake_engine.hpp"
#include "nft/tables.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;
using test::FakeEngine;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Runs = FakeEngine::Runs;

constexpr auto kAll = {Family::Ip6, Family::Ip, Family::Netdev};

/// A kernel that has a table called @p name in each of @p families, as anybody could have made it.
void make_tables(FakeEngine &kernel, std::initializer_list<Family> families, const char *name = kTable) {
    for (const Family family : families) {
        kernel.foreign({{"nftables", json::array({command("add", "table", table_of(family, name))})}});
    }
}

std::vector<Family> tables_of(const FakeEngine &kernel) {
    std::vector<Family> families;
    std::ranges::copy_if(kAll, std::back_inserter(families),
                         [&kernel](const Family family) { return kernel.has_table(family); });
    return families;
}

/// An engine whose answers are made up: each run says the next of them, and throws where that is an error.
class Oracle final : public Engine {
public:
    explicit Oracle(Errc code, std::string reason) : code_(code), reason_(std::move(reason)) {}

    std::string run(const std::string & /*commands*/) override {
        ++runs;
        throw Error(code_, reason_);
    }

    int runs = 0;

private:
    Errc code_;
    std::string reason_;
};

TEST(Clear, WhereNothingIsChangesNothing) {
    FakeEngine kernel;
    EXPECT_THAT(clear(kernel), IsEmpty());
    EXPECT_THAT(kernel.changes(), IsEmpty());
}

TEST(Clear, TakesAllTablesInOneTransaction) {
    FakeEngine kernel;
    make_tables(kernel, kAll);
    EXPECT_THAT(clear(kernel),
                ElementsAre("table ip6 vmac_mldfilter", "table ip vmac_mldfilter", "table netdev vmac_mldfilter"));
    EXPECT_THAT(tables_of(kernel), IsEmpty());
    ASSERT_THAT(kernel.changes(), SizeIs(1));
    EXPECT_EQ(kernel.changes().front().size(), 3U);
}

TEST(Clear, TakesOnlyWhatIsThere) {
    for (const Family family : kAll) {
        FakeEngine kernel;
        make_tables(kernel, {family});
        EXPECT_THAT(clear(kernel), ElementsAre(in_words(family)));
        EXPECT_THAT(tables_of(kernel), IsEmpty());
    }
}

TEST(Clear, TakesTablesThatAreFull) {
    FakeEngine kernel;
    Ruleset rules;
    rules.verdicts[test::name("a")] = {{Message::Igmp, Verdict::Drop}, {Message::MldReport, Verdict::Relocate}};
    rules.parents[test::name("a")] = 100001;
    Tables tables(kernel, kernel.watcher);
    tables.execute(tables.make_plan(rules, Tables::Read::Always));
    ASSERT_EQ(kernel.verdict("a", Message::Igmp), "drop");
    EXPECT_THAT(clear(kernel), testing::IsSupersetOf({"table ip6 vmac_mldfilter", "table ip vmac_mldfilter"}));
    EXPECT_THAT(tables_of(kernel), IsEmpty());
}

TEST(Clear, LeavesTablesOfOthersAlone) {
    FakeEngine kernel;
    make_tables(kernel, {Family::Ip6}, "theirs");
    make_tables(kernel, {Family::Ip6});
    EXPECT_THAT(clear(kernel), SizeIs(1));
    EXPECT_NO_THROW(kernel.run(list_table(Family::Ip6, "theirs").dump()));
}

TEST(Clear, TakesWhatAProcessThatHasEndedOwned) {
    FakeEngine kernel;
    kernel.can.ownership = true;
    kernel.run(json{{"nftables", json::array({command("add", "table", new_table(Family::Ip, true))})}}.dump());
    ASSERT_TRUE(kernel.is_owned(Family::Ip));
    kernel.end_process();
    EXPECT_THAT(clear(kernel), ElementsAre("table ip vmac_mldfilter"));
    EXPECT_FALSE(kernel.has_table(Family::Ip));
}

TEST(Clear, ThatIsRefusedLeavesEverything) {
    FakeEngine kernel;
    make_tables(kernel, kAll);
    kernel.refuse(Runs::Changes, 1);
    EXPECT_EQ(test::message_of(Errc::KernelRejected, [&] { clear(kernel); }),
              "the kernel refused: Operation not permitted");
    EXPECT_THAT(tables_of(kernel), ElementsAre(Family::Ip6, Family::Ip, Family::Netdev));
}

TEST(Clear, AsksWhetherTheServiceRunsWhereTablesComeBack) {
    FakeEngine kernel;
    make_tables(kernel, kAll);
    kernel.interrupt([&kernel] { make_tables(kernel, {Family::Netdev}); });
    EXPECT_THAT(test::message_of(Errc::KernelRejected, [&] { clear(kernel); }), HasSubstr("does the service run?"));
}

TEST(Clear, DoesNotBelieveSuccessThatDidNotHappen) {
    FakeEngine kernel;
    make_tables(kernel, {Family::Ip});
    kernel.swallow(1);
    test::message_of(Errc::KernelRejected, [&] { clear(kernel); });
    EXPECT_TRUE(kernel.has_table(Family::Ip));
}

TEST(Clear, ATableThatCannotBeReadIsNoTableThatIsNotThere) {
    FakeEngine kernel;
    make_tables(kernel, kAll);
    kernel.refuse(Runs::Lists, 1);
    EXPECT_EQ(test::message_of(Errc::KernelRejected, [&] { clear(kernel); }),
              "the kernel refused: Operation not permitted");
    EXPECT_THAT(kernel.changes(), IsEmpty());
}

TEST(Clear, PassesOnThatTheEngineCannotBeUsed) {
    // What says "No such file" of another error is not about a table.
    Oracle engine(Errc::EngineUnavailable, "libnftables cannot be used: No such file or directory");
    EXPECT_THAT(test::message_of(Errc::EngineUnavailable, [&] { clear(engine); }), HasSubstr("cannot be used"));
    EXPECT_EQ(engine.runs, 1);
}

}  // namespace
}  // namespace vmac::nft
