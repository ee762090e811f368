// SPDX-License-Identifier: GPL-2.0-or-later
// Changes that go well: they are in the kernel and on disk, and observers are told once.
#include "filter_fixture.hpp"

namespace vmac {
namespace {

using test::FilterFixture;
using test::kEth0;
using test::kEth1;
using test::kVrrp1;
using test::name;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FilterChanges : public FilterFixture {
protected:
    void SetUp() override { start(); }
};

const Options kDrop = {.action = Action::Drop};

TEST_F(FilterChanges, StartWithNothingProtectsAndSavesNothing) {
    EXPECT_TRUE(filter->is_protected());
    EXPECT_FALSE(filter->is_check_due());
    EXPECT_EQ(filter->failure(), "");
    EXPECT_EQ(filter->restorations(), 0U) << "there was nothing to restore";
    EXPECT_THAT(filter->features(), ElementsAre("guard", "igmp", "mld", "relocate"));
    EXPECT_THAT(directory.files(), IsEmpty());
}

TEST_F(FilterChanges, StartTellsThatItProtects) {
    Filter other(world());
    other.add_observer(diary);
    EXPECT_FALSE(other.is_protected());
    EXPECT_THAT(other.features(), IsEmpty());
    other.start({}, {});
    EXPECT_THAT(diary.read(), ElementsAre("protected", "guarded", "properties GuardActive Protected Features"));
}

TEST_F(FilterChanges, AddIsInTheKernelAndOnDisk) {
    EXPECT_TRUE(filter->add(name("vrrp1"), {}));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::MldReport), "relocate");
    EXPECT_EQ(kernel.verdict("vrrp1", Message::RouterSolicit), "drop");
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "relocate");
    EXPECT_EQ(kernel.parent("ip6", "vrrp1"), std::to_string(kEth0));
    EXPECT_EQ(kernel.parent("ip", "vrrp1"), std::to_string(kEth0));
    EXPECT_EQ(saved().interfaces, (InterfaceOptions{{name("vrrp1"), {}}}));
    EXPECT_TRUE(filter->is_protected());
    EXPECT_TRUE(filter->entries().contains(name("vrrp1")));
    EXPECT_THAT(directory.files(), ElementsAre("state.json"));
}

TEST_F(FilterChanges, AddIsOneTransaction) {
    const auto before = kernel.changes().size();
    filter->add(name("vrrp1"), {});
    EXPECT_EQ(kernel.changes().size(), before + 1);
}

TEST_F(FilterChanges, AddTellsOnceAndAgainNothing) {
    filter->add(name("vrrp1"), {});
    EXPECT_THAT(diary.read(), ElementsAre("added vrrp1", "properties Interfaces"));
    EXPECT_FALSE(filter->add(name("vrrp1"), {}));
    EXPECT_THAT(diary.read(), IsEmpty());
}

TEST_F(FilterChanges, AddMergesOptionsIntoWhatThereIs) {
    filter->add(name("vrrp1"), {.action = Action::Drop, .messages = MessageSet{Message::Igmp}});
    diary.read();
    EXPECT_TRUE(filter->add(name("vrrp1"), {.action = Action::Relocate}));
    EXPECT_EQ(saved().interfaces.at(name("vrrp1")),
              (Options{.action = Action::Relocate, .messages = MessageSet{Message::Igmp}}));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "relocate");
    EXPECT_EQ(kernel.verdict("vrrp1", Message::MldReport), "");
    EXPECT_THAT(diary.read(), ElementsAre("changed vrrp1: drop to relocate"));
    EXPECT_FALSE(filter->add(name("vrrp1"), {.action = Action::Relocate}));
}

TEST_F(FilterChanges, ParentIsSetAndGivenBack) {
    links.apply({.link = {.index = kEth1, .name = "eth1"}});
    filter->add(name("vrrp1"), {.parent = "eth1"});
    EXPECT_EQ(kernel.parent("ip6", "vrrp1"), std::to_string(kEth1));
    filter->add(name("vrrp1"), {.parent = ""});
    EXPECT_EQ(kernel.parent("ip6", "vrrp1"), std::to_string(kEth0));
}

TEST_F(FilterChanges, AParentThatCannotBeIsRefusedBeforeAnything) {
    const auto before = kernel.changes().size();
    EXPECT_THAT(test::message_of(Errc::InvalidOption, [this] { filter->add(name("vrrp1"), {.parent = "eth9"}); }),
                HasSubstr("the parent eth9 does not exist"));
    EXPECT_THAT(test::message_of(Errc::InvalidOption, [this] { filter->add(name("vrrp1"), {.parent = "vrrp1"}); }),
                HasSubstr("vrrp1 cannot be its own parent"));
    test::message_of(Errc::InvalidOption, [this] {
        filter->set({{name("a"), {}}, {name("vrrp1"), {.parent = "eth9"}}});
    });
    EXPECT_EQ(kernel.changes().size(), before);
    EXPECT_THAT(filter->entries(), IsEmpty());
    EXPECT_THAT(diary.read(), IsEmpty());
    EXPECT_THAT(directory.files(), IsEmpty());
}

TEST_F(FilterChanges, RemoveIsGoneFromKernelAndDisk) {
    filter->add(name("vrrp1"), {});
    filter->add(name("other"), kDrop);
    diary.read();
    EXPECT_TRUE(filter->remove(name("vrrp1")));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::MldReport), "");
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "");
    EXPECT_EQ(kernel.parent("ip", "vrrp1"), "");
    EXPECT_EQ(kernel.verdict("other", Message::Igmp), "drop");
    EXPECT_EQ(saved().interfaces, (InterfaceOptions{{name("other"), kDrop}}));
    EXPECT_THAT(diary.read(), ElementsAre("removed vrrp1", "properties Interfaces"));
}

TEST_F(FilterChanges, RemoveOfSomethingUnknownChangesNothing) {
    EXPECT_FALSE(filter->remove(name("vrrp1")));
    EXPECT_THAT(diary.read(), IsEmpty());
}

TEST_F(FilterChanges, RemoveOfWhatTheConfigurationKeepsIsRefused) {
    filter->configure({.defaults = {}, .interfaces = {{name("vrrp1"), {}}}});
    filter->add(name("vrrp1"), kDrop);
    diary.read();
    EXPECT_THAT(test::message_of(Errc::StillDetected, [this] { filter->remove(name("vrrp1")); }),
                HasSubstr("action=allow"));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "drop");
    EXPECT_TRUE(saved().interfaces.contains(name("vrrp1")));
    EXPECT_THAT(diary.read(), IsEmpty());
}

TEST_F(FilterChanges, SetReplacesWholeEntriesInOneTransaction) {
    filter->add(name("vrrp1"), {.action = Action::Drop, .messages = MessageSet{Message::Igmp}});
    filter->add(name("gone"), {});
    diary.read();
    const auto before = kernel.changes().size();
    EXPECT_TRUE(filter->set({{name("vrrp1"), {.messages = MessageSet{Message::Igmp}}}, {name("new"), kDrop}}));
    EXPECT_EQ(kernel.changes().size(), before + 1);
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "relocate") << "action was not named, so it is the default";
    EXPECT_EQ(kernel.verdict("gone", Message::Igmp), "");
    EXPECT_EQ(kernel.verdict("new", Message::Igmp), "drop");
    EXPECT_EQ(saved().interfaces.size(), 2U);
    EXPECT_THAT(diary.read(),
                ElementsAre("removed gone", "added new", "changed vrrp1: drop to relocate", "properties Interfaces"));
    EXPECT_FALSE(filter->set({{name("vrrp1"), {.messages = MessageSet{Message::Igmp}}}, {name("new"), kDrop}}));
    EXPECT_THAT(diary.read(), IsEmpty());
}

TEST_F(FilterChanges, ThousandsAreOneTransactionAndProvenAtOnce) {
    InterfaceOptions many;
    for (int i = 0; i < 1000; ++i) {
        many.emplace(name("v" + std::to_string(i)), kDrop);
    }
    const auto before = kernel.changes().size();
    EXPECT_TRUE(filter->set(many));
    EXPECT_EQ(kernel.changes().size(), before + 1);
    EXPECT_EQ(kernel.verdicts("ip6"), 4000U);
    EXPECT_TRUE(filter->is_protected());
}

TEST_F(FilterChanges, NoMoreThanTheLimit) {
    filter->configure({.defaults = {}, .max_interfaces = 2, .interfaces = {{name("a"), kDrop}}});
    filter->add(name("b"), kDrop);
    const auto before = saved();
    const auto changes = kernel.changes().size();
    diary.read();
    EXPECT_THAT(test::message_of(Errc::LimitReached, [this] { filter->add(name("c"), kDrop); }),
                HasSubstr("3 interfaces are more than the 2"));
    test::message_of(Errc::LimitReached, [this] { filter->set({{name("c"), kDrop}, {name("d"), kDrop}}); });
    test::message_of(Errc::LimitReached, [this] { filter->configure({.defaults = {}, .max_interfaces = 0}); });
    EXPECT_EQ(kernel.changes().size(), changes);
    EXPECT_EQ(saved(), before);
    EXPECT_EQ(filter->entries().size(), 2U);
    EXPECT_THAT(diary.read(), IsEmpty());
    EXPECT_TRUE(filter->add(name("b"), {.action = Action::Allow})) << "one that is counted already may change";
}

TEST_F(FilterChanges, AllowIsUnderManagementAndNotInTheKernel) {
    filter->add(name("vrrp1"), kDrop);
    filter->add(name("vrrp1"), {.action = Action::Allow});
    EXPECT_EQ(kernel.verdicts("ip6"), 0U);
    EXPECT_EQ(kernel.verdicts("ip"), 0U);
    EXPECT_TRUE(filter->entries().contains(name("vrrp1")));
}

TEST_F(FilterChanges, ConfigureIsInTheKernelAndRemembered) {
    Config config;
    config.defaults = kDrop;
    config.interfaces.emplace(name("vrrp1"), Options{});
    filter->configure(config);
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "drop");
    EXPECT_EQ(saved().last_good, config);
    EXPECT_EQ(filter->config(), config);
    EXPECT_THAT(diary.read(), ElementsAre("added vrrp1", "properties Interfaces"));
    filter->configure({});
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "");
    EXPECT_THAT(diary.read(), ElementsAre("removed vrrp1", "properties Interfaces"));
}

TEST_F(FilterChanges, ConfigureLeavesWhatTheBusSaid) {
    filter->add(name("vrrp1"), kDrop);
    filter->configure({.defaults = {.action = Action::Relocate}, .interfaces = {}});
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "drop");
    EXPECT_EQ(saved().interfaces, (InterfaceOptions{{name("vrrp1"), kDrop}}));
}

TEST_F(FilterChanges, AParentThatIsMadeAgainIsFollowed) {
    filter->add(name("vrrp1"), {});
    diary.read();
    links.apply({.link = {.index = kEth0, .name = "eth0"}, .gone = true});
    filter->links_changed();
    EXPECT_EQ(kernel.parent("ip6", "vrrp1"), "");
    EXPECT_EQ(kernel.verdict("vrrp1", Message::MldReport), "relocate") << "the drop behind it holds";
    EXPECT_EQ(filter->entries().at(name("vrrp1")).effective_action, Action::Drop);

    links.apply({.link = {.index = kEth1, .name = "eth0"}});
    links.apply({.link = {.index = kVrrp1, .name = "vrrp1", .kind = "macvlan", .lower = kEth1}});
    filter->links_changed();
    EXPECT_EQ(kernel.parent("ip6", "vrrp1"), std::to_string(kEth1));
    EXPECT_EQ(kernel.parent("ip", "vrrp1"), std::to_string(kEth1));
    EXPECT_EQ(filter->restorations(), 0U) << "following is not restoring";
    EXPECT_TRUE(filter->is_protected());
    EXPECT_THAT(diary.read(), ElementsAre("changed vrrp1: relocate to drop", "changed vrrp1: drop to relocate"));
}

TEST_F(FilterChanges, LinksOfNoConcernTouchNothing) {
    filter->add(name("vrrp1"), {});
    diary.read();
    const auto changes = kernel.changes().size();
    const int lists = kernel.lists();
    links.apply({.link = {.index = kEth1, .name = "eth1"}});
    filter->links_changed();
    EXPECT_EQ(kernel.changes().size(), changes);
    EXPECT_EQ(kernel.lists(), lists);
    EXPECT_THAT(diary.read(), IsEmpty());
}

TEST_F(FilterChanges, AnObserverThatWasTakenOutIsToldNothing) {
    filter->remove_observer(diary);
    filter->add(name("vrrp1"), {});
    EXPECT_THAT(diary.read(), IsEmpty());
}

TEST_F(FilterChanges, ARestartAdoptsWhatIsThere) {
    filter->configure({.defaults = {}, .interfaces = {{name("config"), kDrop}}});
    filter->add(name("vrrp1"), {});
    const Entries entries = filter->entries();
    const auto changes = kernel.changes().size();
    start(saved().last_good);
    EXPECT_EQ(filter->entries(), entries);
    EXPECT_EQ(kernel.changes().size(), changes);
    EXPECT_EQ(filter->restorations(), 0U);
}

TEST_F(FilterChanges, RuntimeEntriesEndWithTheBoot) {
    filter->add(name("vrrp1"), {.runtime = true});
    filter->add(name("kept"), {});
    start();
    EXPECT_TRUE(filter->entries().contains(name("vrrp1")));
    kernel.flush();
    start({}, "next boot");
    EXPECT_FALSE(filter->entries().contains(name("vrrp1")));
    EXPECT_TRUE(filter->entries().contains(name("kept")));
    EXPECT_EQ(kernel.verdict("vrrp1", Message::Igmp), "");
}

TEST_F(FilterChanges, ANewConfigurationAtStartIsRemembered) {
    const Config config{.defaults = kDrop, .interfaces = {}};
    start(config);
    EXPECT_EQ(saved().last_good, config);
}

TEST_F(FilterChanges, TheRulesetIsThatOfTheKernel) {
    filter->add(name("vrrp1"), {});
    EXPECT_THAT(filter->ruleset(), HasSubstr("\"vrrp1\""));
    kernel.flush();
    test::message_of(Errc::KernelRejected, [this] { (void)filter->ruleset(); });
}

}  // namespace
}  // namespace vmac
