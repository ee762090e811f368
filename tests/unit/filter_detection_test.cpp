// SPDX-License-Identifier: GPL-2.0-or-later
// VMAC interfaces that come and go by themselves: kernel first, then everybody is told, and the disk last.
#include "filter_fixture.hpp"

namespace vmac {
namespace {

using test::FakeEngine;
using test::FilterFixture;
using test::kEth0;
using test::kEth0Mac;
using test::kEth1;
using test::name;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr unsigned kV6 = 1000011;
const Options kDrop = {.action = Action::Drop};

class FilterDetection : public FilterFixture {
protected:
    void SetUp() override { start(); }

    /// v6 comes, and the filter hears of it.
    void detect() {
        add_vmac("v6", kV6);
        filter->links_changed();
    }

    void vanish() {
        drop_link("v6");
        filter->links_changed();
    }
};

TEST_F(FilterDetection, OneThatComesIsInTheKernelAndTold) {
    detect();
    EXPECT_EQ(kernel.verdict("v6", Message::MldReport), "relocate");
    EXPECT_EQ(kernel.parent("ip6", "v6"), std::to_string(kEth0));
    EXPECT_EQ(filter->entries().at(name("v6")).origins, (Origins{.detected = true}));
    EXPECT_THAT(diary.read(), ElementsAre("added v6", "properties Interfaces"));
    filter->links_changed();
    EXPECT_THAT(diary.read(), IsEmpty());
}

TEST_F(FilterDetection, OneThatGoesIsOutOfTheKernelAndTold) {
    detect();
    diary.read();
    vanish();
    EXPECT_EQ(kernel.verdict("v6", Message::MldReport), "");
    EXPECT_THAT(filter->entries(), IsEmpty());
    EXPECT_THAT(diary.read(), ElementsAre("removed v6", "properties Interfaces"));
}

TEST_F(FilterDetection, AnotherMacEndsIt) {
    detect();
    diary.read();
    add_vmac("v6", kV6, "02:00:00:00:00:0b");
    filter->links_changed();
    EXPECT_EQ(kernel.verdict("v6", Message::MldReport), "");
    EXPECT_THAT(diary.read(), ElementsAre("removed v6", "properties Interfaces"));
}

TEST_F(FilterDetection, IsOneTransactionWithoutReading) {
    const auto changes = kernel.changes().size();
    const int lists = kernel.lists();
    detect();
    EXPECT_EQ(kernel.changes().size(), changes + 1);
    EXPECT_EQ(kernel.lists(), lists) << "it may be about to speak";
}

TEST_F(FilterDetection, WhoIsToldFindsItInTheKernel) {
    class Looker final : public Observer {
    public:
        explicit Looker(FakeEngine &engine) : kernel_(engine) {}
        void interface_added(const Entry &entry) override { found = kernel_.verdict(entry.name.str(), Message::Igmp); }
        std::string found;

    private:
        FakeEngine &kernel_;
    };
    Looker looker(kernel);
    filter->add_observer(looker);
    detect();
    EXPECT_EQ(looker.found, "relocate");
    filter->remove_observer(looker);
}

TEST_F(FilterDetection, ThoseThatAreThereAtTheStartAreDetected) {
    add_vmac("v6", kV6);
    start();
    EXPECT_TRUE(filter->entries().contains(name("v6")));
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
    EXPECT_THAT(kernel.guards(), ElementsAre(Pair("eth0", kEth0Mac)));
    EXPECT_TRUE(filter->is_protected());
}

TEST_F(FilterDetection, IsNotSaved) {
    detect();
    filter->settle();
    EXPECT_THAT(saved().interfaces, IsEmpty());
}

TEST_F(FilterDetection, IsReadBackAndTheParentSavedWhenThereIsTime) {
    EXPECT_FALSE(filter->is_unsettled());
    detect();
    EXPECT_TRUE(filter->is_unsettled());
    EXPECT_THAT(directory.files(), IsEmpty());
    filter->settle();
    EXPECT_FALSE(filter->is_unsettled());
    EXPECT_THAT(saved().parents, ElementsAre(Pair(name("eth0"), kEth0Mac)));
    EXPECT_TRUE(filter->is_protected());

    const int lists = kernel.lists();
    filter->settle();
    EXPECT_EQ(kernel.lists(), lists) << "there was nothing left";
}

TEST_F(FilterDetection, WhatTheKernelOnlyPretendedIsFoundBySettling) {
    kernel.swallow(1);
    detect();
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "");
    filter->settle();
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
    EXPECT_TRUE(filter->is_protected());
}

TEST_F(FilterDetection, ARemovalIsRefusedAndChangesNothing) {
    detect();
    filter->settle();
    diary.read();
    const auto changes = kernel.changes().size();
    EXPECT_THAT(test::message_of(Errc::StillDetected, [this] { filter->remove(name("v6")); }),
                AllOf(HasSubstr("v6 "), HasSubstr("detected"), HasSubstr("action=allow")));
    EXPECT_EQ(kernel.changes().size(), changes);
    EXPECT_THAT(diary.read(), IsEmpty());
}

TEST_F(FilterDetection, ARemovalIsRefusedThoughItWasAddedToo) {
    detect();
    filter->add(name("v6"), kDrop);
    diary.read();
    test::message_of(Errc::StillDetected, [this] { filter->remove(name("v6")); });
    EXPECT_EQ(saved().interfaces, (InterfaceOptions{{name("v6"), kDrop}})) << "and what was said about it stays";
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "drop");

    vanish();
    EXPECT_TRUE(filter->entries().contains(name("v6"))) << "somebody has added it";
    EXPECT_TRUE(filter->remove(name("v6")));
    EXPECT_THAT(filter->entries(), IsEmpty());
}

TEST_F(FilterDetection, AllowExemptsIt) {
    detect();
    filter->add(name("v6"), {.action = Action::Allow});
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "");
    EXPECT_THAT(kernel.guard_set("exempt_igmp"), ElementsAre("eth0 . 00:00:5e:00:02:05"));
    EXPECT_EQ(kernel.guard_set("exempt").size(), kAllMessages.size() - 1);
}

TEST_F(FilterDetection, OptionsOfTheBusAndTheConfigurationApply) {
    filter->configure({.defaults = {.messages = MessageSet{Message::Igmp}}, .interfaces = {{name("v6"), kDrop}}});
    filter->add(name("v6"), {.runtime = true});
    diary.read();
    detect();
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "drop");
    EXPECT_EQ(kernel.verdict("v6", Message::MldReport), "");
    EXPECT_EQ(filter->entries().at(name("v6")).origins, (Origins{.config = true, .api = true, .detected = true}));
    EXPECT_THAT(diary.read(), ElementsAre("changed v6: drop to drop"));
}

TEST_F(FilterDetection, ASetLeavesWhatIsDetected) {
    detect();
    EXPECT_TRUE(filter->set({{name("other"), kDrop}}));
    EXPECT_TRUE(filter->set({}));
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
    EXPECT_EQ(filter->entries().size(), 1U);
}

TEST_F(FilterDetection, ItIsTurnedOffAndOnByTheConfiguration) {
    detect();
    diary.read();
    filter->configure({.defaults = {}, .auto_detect = false, .interfaces = {}});
    EXPECT_THAT(filter->entries(), IsEmpty());
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "");
    EXPECT_THAT(diary.read(), ElementsAre("removed v6", "properties Interfaces AutoDetect"));
    filter->configure({});
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
    EXPECT_THAT(diary.read(), ElementsAre("added v6", "properties Interfaces AutoDetect"));
}

TEST_F(FilterDetection, AConfigurationThatIsRefusedTurnsNothingOff) {
    detect();
    filter->settle();
    kernel.refuse(FakeEngine::Runs::Changes, 1000);
    diary.read();
    test::message_of(Errc::KernelRejected,
                     [this] { filter->configure({.defaults = {}, .auto_detect = false, .interfaces = {}}); });
    EXPECT_TRUE(filter->config().auto_detect);
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
    EXPECT_THAT(diary.read(), testing::Not(testing::Contains(HasSubstr("AutoDetect"))));
}

TEST_F(FilterDetection, NobodyIsKeptFromAddingByWhatIsDetected) {
    filter->configure({.defaults = {}, .max_interfaces = 1, .interfaces = {}});
    detect();
    EXPECT_TRUE(filter->add(name("vrrp1"), kDrop));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "drop");
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "") << "it is left to the guard";
    EXPECT_TRUE(kernel.guards().contains("eth0"));
    test::message_of(Errc::LimitReached, [this] { filter->add(name("two"), kDrop); });
}

TEST_F(FilterDetection, AVmacThatMovesToAnotherParentIsFollowed) {
    detect();
    diary.read();
    add_link({.index = kEth1, .name = "eth1", .mac = "02:00:00:00:00:03", .type = ARPHRD_ETHER});
    add_vmac("v6", kV6, test::kVmacMac, kEth1);
    filter->links_changed();
    EXPECT_EQ(kernel.parent("ip6", "v6"), std::to_string(kEth1));
    EXPECT_EQ(kernel.guards().size(), 2U) << "the old one may see it again";
    EXPECT_THAT(diary.read(), ElementsAre("changed v6: relocate to relocate"));
}

TEST_F(FilterDetection, CountersSurviveItsComingAndGoing) {
    detect();
    kernel.count("v6", Message::Igmp, {2, 80});
    vanish();
    detect();
    EXPECT_EQ(counted("v6", Message::Igmp), (Count{2, 80}));
    kernel.count("v6", Message::Igmp, {1, 40});
    EXPECT_EQ(counted("v6", Message::Igmp), (Count{3, 120}));
}

TEST_F(FilterDetection, WhatGoesIsSavedWithItsCountersWhenThereIsTime) {
    detect();
    filter->settle();
    kernel.count("v6", Message::Igmp, {2, 80});
    vanish();
    EXPECT_TRUE(filter->is_unsettled());
    filter->settle();
    EXPECT_EQ(saved().ledger.carried.at(name("v6")).at(Message::Igmp), (Count{2, 80}));
}

TEST_F(FilterDetection, AKernelThatRefusesIsToldAndTriedAgain) {
    kernel.refuse(FakeEngine::Runs::Changes, 1000);
    detect();
    EXPECT_FALSE(filter->is_protected());
    EXPECT_TRUE(filter->is_check_due());
    EXPECT_TRUE(filter->entries().contains(name("v6"))) << "it is under management, and not protected";
    EXPECT_THAT(diary.read(), testing::Contains(HasSubstr("not protected: ")));
    kernel.refuse(FakeEngine::Runs::Changes, 0);
    filter->check();
    EXPECT_TRUE(filter->is_protected());
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
}

TEST_F(FilterDetection, ADiskThatTakesNothingKeepsNobodyUnprotected) {
    detect();
    break_publishing();
    filter->settle();
    EXPECT_TRUE(filter->is_protected());
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
    EXPECT_THAT(diary.read(), testing::Contains(testing::StartsWith("not saved: ")));
    EXPECT_FALSE(filter->is_unsettled()) << "it is told once, and goes with the next change";
}

}  // namespace
}  // namespace vmac
