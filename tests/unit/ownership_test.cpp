// SPDX-License-Identifier: GPL-2.0-or-later
// Tables that nobody else can change, where kernel and libnftables know such.
#include <gmock/gmock.h>

#include "filter_fixture.hpp"
#include "nft/guard_listing.hpp"
#include "nft/listing.hpp"

namespace vmac {
namespace {

using nft::kFamilies;
using nlohmann::json;
using test::FilterFixture;
using test::name;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

json table_with(const char *flags) {
    json object = {{"table", {{"family", "ip6"}, {"name", "vmac_mldfilter"}}}};
    object["table"]["flags"] = json::parse(flags);
    return object;
}

TEST(TakeOwnershipOut, TakesBothFlagsAndLeavesOthers) {
    json object = table_with(R"(["owner", "persist"])");
    EXPECT_TRUE(nft::take_ownership_out(object));
    EXPECT_FALSE(object["table"].contains("flags"));

    json dormant = table_with(R"(["dormant", "owner", "persist"])");
    EXPECT_TRUE(nft::take_ownership_out(dormant));
    EXPECT_EQ(dormant["table"]["flags"], json::array({"dormant"})) << "that is for the comparison to find";
}

TEST(TakeOwnershipOut, OneOfTheTwoIsNoOwnership) {
    for (const char *flags : {R"("persist")", R"(["persist"])", R"(["owner"])", R"("owner")", R"(["owner", "unknown"])",
                              R"("dormant")", "[]"}) {
        json object = table_with(flags);
        EXPECT_FALSE(nft::take_ownership_out(object)) << flags;
    }
    json bare = {{"table", {{"family", "ip6"}, {"name", "vmac_mldfilter"}}}};
    EXPECT_FALSE(nft::take_ownership_out(bare));
    json chain = {{"chain", {{"flags", {"owner", "persist"}}}}};
    EXPECT_FALSE(nft::take_ownership_out(chain));
}

class Ownership : public FilterFixture {
protected:
    Ownership() { kernel.can.ownership = true; }

    void SetUp() override {
        add_vmac("v6", 1000011);
        start();
        diary.read();
    }

    [[nodiscard]] bool all_owned() const {
        return std::ranges::all_of(kFamilies, [this](const nft::Family family) { return kernel.is_owned(family); });
    }

    [[nodiscard]] bool any_owned() const {
        return std::ranges::any_of(kFamilies, [this](const nft::Family family) { return kernel.is_owned(family); });
    }

    /// Another run of the service: the kernel has closed the socket of the first.
    void restart(const Config &config = {}) {
        kernel.end_process();
        start(config);
    }
};

TEST_F(Ownership, IsTakenAndTold) {
    EXPECT_TRUE(all_owned());
    EXPECT_THAT(filter->features(), Contains("ownership"));
    EXPECT_TRUE(filter->is_protected());
    EXPECT_TRUE(filter->is_guard_active());
}

TEST_F(Ownership, OthersCanChangeNothing) {
    kernel.flush();
    EXPECT_THAT(test::message_of(Errc::KernelRejected, [this] { kernel.foreign(nft::replace_guard({}, true)); }),
                HasSubstr("Operation not permitted"));
    filter->rules_changed();
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
    EXPECT_TRUE(kernel.guards().contains("eth0"));
    EXPECT_EQ(filter->restorations(), 0U);
}

TEST_F(Ownership, WeCan) {
    EXPECT_TRUE(filter->add(name("vrrp1"), {.action = Action::Drop}));
    EXPECT_TRUE(filter->remove(name("vrrp1")));
    EXPECT_TRUE(all_owned());
    EXPECT_EQ(filter->restorations(), 0U);
}

TEST_F(Ownership, IsTakenAgainAfterARestartWithoutLosingACount) {
    kernel.count("v6", Message::Igmp, {2, 80});
    kernel.count_guard("eth0", Message::Igmp, {3, 162});
    restart();
    EXPECT_TRUE(all_owned());
    EXPECT_EQ(filter->restorations(), 0U) << "that is no deviation";
    EXPECT_EQ(counted("v6", Message::Igmp), (Count{2, 80}));
    EXPECT_EQ(filter->guard_counters().at(name("eth0")).at(Message::Igmp), (Count{3, 162}));
    restart();
    EXPECT_EQ(counted("v6", Message::Igmp), (Count{2, 80})) << "what was carried is carried once";
}

TEST_F(Ownership, IsGivenUpAndTakenByTheConfiguration) {
    kernel.count("v6", Message::Igmp, {2, 80});
    Config config;
    config.own_tables = false;
    filter->configure(config);
    EXPECT_FALSE(any_owned());
    EXPECT_THAT(filter->features(), Not(Contains("ownership")));
    EXPECT_EQ(counted("v6", Message::Igmp), (Count{2, 80}));
    kernel.flush();
    filter->rules_changed();
    EXPECT_EQ(filter->restorations(), 1U) << "healed as ever";
    EXPECT_FALSE(any_owned());

    filter->configure({});
    EXPECT_TRUE(all_owned());
    EXPECT_EQ(counted("v6", Message::Igmp), (Count{2, 80}));
    EXPECT_EQ(filter->restorations(), 1U);
}

TEST_F(Ownership, WhereItIsNotKnownNothingOfItIsWritten) {
    kernel.end_process();
    kernel.flush();
    kernel.can.ownership = false;
    start();
    EXPECT_TRUE(filter->is_protected());
    EXPECT_THAT(filter->features(), Not(Contains("ownership")));
    EXPECT_THAT(json(kernel.changes().back()).dump(), Not(HasSubstr("destroy")));
    EXPECT_FALSE(any_owned());
}

TEST_F(Ownership, TheFlagOfAnotherIsADeviation) {
    Config config;
    config.own_tables = false;
    filter->configure(config);
    kernel.foreign(json::parse(R"({"nftables": [
        {"delete": {"table": {"family": "ip6", "name": "vmac_mldfilter"}}},
        {"add": {"table": {"family": "ip6", "name": "vmac_mldfilter", "flags": ["owner", "persist"]}}}]})"));
    filter->rules_changed();
    EXPECT_FALSE(filter->is_protected()) << "somebody else owns the table, and we cannot change it";
    EXPECT_THAT(filter->failure(), HasSubstr("Operation not permitted"));
    kernel.end_process();
    filter->check();
    EXPECT_TRUE(filter->is_protected());
    EXPECT_EQ(kernel.verdict("v6", Message::Igmp), "relocate");
}

}  // namespace
}  // namespace vmac
