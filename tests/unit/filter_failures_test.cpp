// SPDX-License-Identifier: GPL-2.0-or-later
// Changes that fail, and others who change what is ours: kernel and disk stay, or come back, together.
#include "filter_fixture.hpp"

namespace vmac {
namespace {

using test::FakeEngine;
using test::FilterFixture;
using test::kEth0;
using test::kEth1;
using test::name;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr int kForever = 1000;

/// What was believed, then what was read, then the first line alone.
constexpr int kAllTries = 3;
const Options kDrop = {.action = Action::Drop};

class FilterFailures : public FilterFixture {
protected:
    void SetUp() override {
        start();
        filter->add(name("before"), kDrop);
        diary.read();
        state = saved();
        entries = filter->entries();
    }

    /// Kernel, disk and memory hold what SetUp() left.
    void expect_as_before() {
        EXPECT_EQ(kernel.verdict("before", Message::Igmp), "drop");
        EXPECT_EQ(kernel.verdicts("ip"), 1U);
        EXPECT_EQ(kernel.verdicts("ip6"), 4U);
        EXPECT_EQ(filter->entries(), entries);
    }

    void expect_disk_as_before() const {
        EXPECT_EQ(saved(), state);
        EXPECT_THAT(directory.files(), ElementsAre("state.json"));
    }

    store::State state;
    Entries entries;
};

TEST_F(FilterFailures, AKernelThatRefusesLeavesAllAsItWas) {
    kernel.refuse(FakeEngine::Runs::Changes, kAllTries);
    EXPECT_THAT(test::message_of(Errc::KernelRejected, [this] { filter->add(name("vrrp1"), {}); }),
                HasSubstr("Operation not permitted"));
    expect_as_before();
    expect_disk_as_before();
    EXPECT_TRUE(filter->is_protected()) << "it was read back, and holds what it held";
    EXPECT_THAT(diary.read(), IsEmpty());

    EXPECT_TRUE(filter->add(name("vrrp1"), {}));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "relocate");
}

TEST_F(FilterFailures, ARefusedRemovalLeavesAllAsItWas) {
    kernel.refuse(FakeEngine::Runs::Changes, kAllTries);
    test::message_of(Errc::KernelRejected, [this] { filter->remove(name("before")); });
    expect_as_before();
    expect_disk_as_before();
}

TEST_F(FilterFailures, ARefusedConfigurationIsNotInForce) {
    kernel.refuse(FakeEngine::Runs::Changes, 2);
    test::message_of(Errc::KernelRejected, [this] {
        filter->configure({.defaults = {}, .max_interfaces = 5, .interfaces = {{name("config"), kDrop}}});
    });
    expect_as_before();
    expect_disk_as_before();
    EXPECT_EQ(filter->config(), Config{});
}

TEST_F(FilterFailures, AnEngineThatCannotBeUsedLeavesAllAsItWas) {
    kernel.refuse(FakeEngine::Runs::Changes, 2, Errc::EngineUnavailable);
    test::message_of(Errc::EngineUnavailable, [this] { filter->add(name("vrrp1"), {}); });
    expect_as_before();
    expect_disk_as_before();
}

TEST_F(FilterFailures, AnEngineThatCrashesOnceIsAskedAgain) {
    kernel.refuse(FakeEngine::Runs::Changes, 1, Errc::EngineUnavailable);
    EXPECT_TRUE(filter->add(name("vrrp1"), kDrop));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "drop");
    EXPECT_TRUE(filter->is_protected());
    EXPECT_EQ(filter->restorations(), 0U);
}

TEST_F(FilterFailures, AnEngineThatCrashesWhenItHasDoneItIsNoRestoration) {
    kernel.interrupt([] { throw Error(Errc::EngineUnavailable, "it crashed"); });
    EXPECT_TRUE(filter->add(name("vrrp1"), kDrop));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "drop");
    EXPECT_TRUE(filter->is_protected());
    EXPECT_EQ(filter->restorations(), 0U);
    EXPECT_TRUE(filter->remove(name("vrrp1")));
    EXPECT_EQ(kernel.verdicts("ip"), 1U);
}

TEST_F(FilterFailures, ADiskThatTakesNothingLeavesTheKernelAlone) {
    const auto changes = kernel.changes().size();
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0555));
    {
        const test::AsNobody as_nobody;
        EXPECT_THAT(test::message_of(Errc::StoreFailed, [this] { filter->add(name("vrrp1"), {}); }),
                    AllOf(HasSubstr("nothing was changed"), HasSubstr("Permission denied")));
        EXPECT_EQ(kernel.changes().size(), changes);
        expect_as_before();
        expect_disk_as_before();
        EXPECT_THAT(diary.read(), ElementsAre(StartsWith("not saved: the state was not saved")));
    }
    std::filesystem::permissions(directory.path(), std::filesystem::perms(0755));
    EXPECT_TRUE(filter->add(name("vrrp1"), {})) << "a disk that is well again needs no restart";
}

TEST_F(FilterFailures, AStateFileThatMustNotBeOverwrittenRefusesChanges) {
    std::filesystem::remove(directory.path() / "state.json");
    std::filesystem::create_directory(directory.path() / "state.json");
    start();
    const auto changes = kernel.changes().size();
    test::message_of(Errc::StoreFailed, [this] { filter->add(name("vrrp1"), {}); });
    EXPECT_EQ(kernel.changes().size(), changes);
    EXPECT_TRUE(filter->is_protected());
}

TEST_F(FilterFailures, AFailureOfTheLastStepIsTakenBackInTheKernel) {
    break_publishing();
    EXPECT_THAT(test::message_of(Errc::StoreFailed, [this] { filter->add(name("vrrp1"), {}); }),
                HasSubstr("nothing was changed"));
    expect_as_before();
    EXPECT_THAT(directory.files(), ElementsAre("state.json")) << "nothing is left lying about";
    const auto lines = diary.read();
    EXPECT_THAT(lines, Contains(HasSubstr("not saved: the state was not saved")));
    EXPECT_THAT(lines, testing::Each(StartsWith("not saved: "))) << "no interface came or went";
    EXPECT_TRUE(filter->is_protected());
}

TEST_F(FilterFailures, ARemovalThatIsTakenBackLosesNoCount) {
    kernel.count("before", Message::Igmp, {5, 200});
    break_publishing();
    test::message_of(Errc::StoreFailed, [this] { filter->remove(name("before")); });
    expect_as_before();
    EXPECT_EQ(counted("before", Message::Igmp), (Count{5, 200}));
    kernel.count("before", Message::Igmp, {1, 40});
    EXPECT_EQ(counted("before", Message::Igmp), (Count{6, 240}));
}

TEST_F(FilterFailures, AFlushByOthersIsRestoredWithItsCause) {
    kernel.flush();
    const auto changes = kernel.changes().size();
    filter->check();
    expect_as_before();
    EXPECT_EQ(kernel.changes().size(), changes + 1) << "in one transaction";
    EXPECT_EQ(filter->restorations(), 1U);
    EXPECT_TRUE(filter->is_protected());
    EXPECT_THAT(diary.read(),
                ElementsAre("restored: table ip6 vmac_mldfilter was missing; last changed by nft, process 42",
                            "properties Restorations"));
    filter->check();
    EXPECT_THAT(diary.read(), IsEmpty());
    EXPECT_EQ(filter->restorations(), 1U);
}

TEST_F(FilterFailures, AForeignElementIsRestoredWithItsCause) {
    kernel.foreign(nlohmann::json::parse(
        R"({"nftables": [{"add": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "verdicts",
                                 "elem": [["stranger", {"drop": null}]]}}}]})"));
    filter->check();
    expect_as_before();
    EXPECT_THAT(diary.read(), ElementsAre("restored: there were verdicts for interfaces that are not under management; "
                                          "last changed by nft, process 42",
                                          "properties Restorations"));
}

TEST_F(FilterFailures, AChangeAfterAFlushRestoresAndSucceeds) {
    kernel.flush();
    EXPECT_TRUE(filter->add(name("vrrp1"), {})) << "what was believed about the kernel was wrong, not the change";
    EXPECT_EQ(kernel.verdict("before", Message::Igmp), "drop");
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "relocate");
    EXPECT_EQ(filter->restorations(), 1U);
    EXPECT_THAT(diary.read(),
                ElementsAre("restored: table ip6 vmac_mldfilter was missing; last changed by nft, process 42",
                            "added vrrp1", "properties Interfaces Restorations"));
    EXPECT_TRUE(saved().interfaces.contains(name("vrrp1")));
}

TEST_F(FilterFailures, ARefusalThatPassesIsNotTheCallersBusiness) {
    kernel.refuse(FakeEngine::Runs::Changes, 1);
    EXPECT_TRUE(filter->add(name("vrrp1"), {}));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "relocate");
    EXPECT_EQ(filter->restorations(), 0U);
}

TEST_F(FilterFailures, AChangeThatTheKernelOnlyPretendedIsMadeAgain) {
    kernel.swallow(1);
    EXPECT_TRUE(filter->add(name("vrrp1"), {}));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "relocate");
    EXPECT_TRUE(filter->is_protected());
}

TEST_F(FilterFailures, AKernelThatNeverHoldsWhatItTookIsNoProtection) {
    kernel.flush();
    kernel.swallow(kForever);
    filter->check();
    EXPECT_FALSE(filter->is_protected());
    EXPECT_TRUE(filter->is_check_due());
    EXPECT_EQ(filter->failure(), "the kernel does not hold what it was given");
    EXPECT_THAT(filter->features(), ElementsAre("guard")) << "of the two lines, only what the kernel can do";
    kernel.swallow(0);
    filter->check();
    EXPECT_TRUE(filter->is_protected());
    expect_as_before();
}

TEST_F(FilterFailures, AStartThatTheKernelRefusesIsNoErrorAndIsMadeGoodLater) {
    kernel.flush();
    kernel.refuse(FakeEngine::Runs::Changes, kForever);
    start();
    EXPECT_FALSE(filter->is_protected());
    EXPECT_THAT(filter->failure(), HasSubstr("Operation not permitted"));
    EXPECT_EQ(filter->entries(), entries);
    test::message_of(Errc::KernelRejected, [this] { filter->add(name("vrrp1"), {}); });
    expect_disk_as_before();
    diary.read();

    kernel.refuse(FakeEngine::Runs::Changes, 0);
    filter->check();
    EXPECT_TRUE(filter->is_protected());
    EXPECT_EQ(filter->failure(), "");
    expect_as_before();
    EXPECT_THAT(diary.read(), ElementsAre("protected", "guarded", "properties GuardActive Protected Features"));
}

TEST_F(FilterFailures, AFailureThatGoesOnIsToldOnce) {
    kernel.flush();
    kernel.refuse(FakeEngine::Runs::Changes, kForever);
    filter->check();
    EXPECT_THAT(diary.read(), ElementsAre(AllOf(StartsWith("not protected: "), HasSubstr("not permitted")),
                                          "not guarded: ", "properties GuardActive Protected Features"));
    filter->check();
    filter->check();
    EXPECT_THAT(diary.read(), IsEmpty());
}

TEST_F(FilterFailures, AnEngineThatCannotBeUsedIsNoProtection) {
    kernel.refuse(FakeEngine::Runs::Lists, 2, Errc::EngineUnavailable);
    filter->check();
    EXPECT_FALSE(filter->is_protected());
    filter->check();
    EXPECT_TRUE(filter->is_protected());
}

TEST_F(FilterFailures, AParentThatTheKernelRefusesIsTriedAgain) {
    filter->add(name("vrrp1"), {});
    diary.read();
    links.apply({.link = {.index = kEth1, .name = "eth1"}});
    links.apply({.link = {.index = test::kVrrp1, .name = "vrrp1", .kind = "macvlan", .lower = kEth1}});
    kernel.refuse(FakeEngine::Runs::Changes, kForever);
    filter->links_changed();
    EXPECT_FALSE(filter->is_protected());
    EXPECT_EQ(kernel.parent("ip6", "vrrp1"), std::to_string(kEth0));
    kernel.refuse(FakeEngine::Runs::Changes, 0);
    filter->check();
    EXPECT_TRUE(filter->is_protected());
    EXPECT_EQ(kernel.parent("ip6", "vrrp1"), std::to_string(kEth1));
}

TEST_F(FilterFailures, AForeignTableIsReplacedAtStartAndTold) {
    kernel.flush();
    kernel.foreign(
        nlohmann::json::parse(R"({"nftables": [{"add": {"table": {"family": "ip", "name": "vmac_mldfilter"}}},
                                {"add": {"chain": {"family": "ip", "table": "vmac_mldfilter", "name": "theirs"}}}]})"));
    start();
    expect_as_before();
    EXPECT_TRUE(filter->is_protected());
    EXPECT_EQ(filter->restorations(), 1U);
}

}  // namespace
}  // namespace vmac
