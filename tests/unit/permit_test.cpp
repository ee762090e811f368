// SPDX-License-Identifier: GPL-2.0-or-later
// What a worker does for whoever asks it, and what it does not.
#include "worker/permit.hpp"

#include <gmock/gmock.h>

#include "element_commands.hpp"
#include "nft/guard.hpp"
#include "nft/ruleset.hpp"
#include "support.hpp"

namespace vmac::worker {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

std::string list_of(const std::string &commands) {
    return R"({"nftables": [)" + commands + "]}";
}

std::string refusal_of(const std::string &text) {
    return test::message_of(Errc::AccessDenied, [&] { (void)require_ours(text); });
}

TEST(Permit, TakesAllThatTheServiceEverSays) {
    nft::Ruleset ruleset;
    ruleset.verdicts[test::name("vrrp1")][Message::Igmp] = nft::Verdict::Drop;
    ruleset.guard.devices.emplace(test::name("eth0"), "02:00:00:00:00:01");
    nft::Ruleset other;
    other.verdicts[test::name("vrrp2")][Message::MldReport] = nft::Verdict::Relocate;
    for (const json &commands :
         {test::replace_tables(ruleset, true), test::change_elements(ruleset, other),
          test::change_elements(other, ruleset), nft::replace_guard(ruleset.guard, true, true),
          nft::change_guard({}, ruleset.guard, false), nft::change_guard(ruleset.guard, {}, true),
          nft::probe_guard("lo"), nft::probe_ownership(), nft::end_ownership_probe(),
          nft::list_table(nft::Family::Ip)}) {
        EXPECT_EQ(require_ours(commands.dump()), commands);
    }
}

TEST(Permit, ListsAnything) {
    for (const char *what : {R"({"list": {"table": {"family": "inet", "name": "firewalld"}}})",
                             R"({"list": {"ruleset": null}})", R"({"list": {"tables": {"family": "ip"}}})"}) {
        EXPECT_NO_THROW((void)require_ours(list_of(what))) << what;
    }
}

TEST(Permit, ChangesNothingOfOthers) {
    for (
        const char *command : {
            R"({"flush": {"ruleset": null}})",
            R"({"flush": {"ruleset": {"family": "ip6"}}})",
            R"({"delete": {"table": {"family": "inet", "name": "firewalld"}}})",
            R"({"delete": {"table": {"family": "inet", "name": "vmac_mldfilter"}}})",
            R"({"delete": {"table": {"family": "ip", "name": "filter"}}})",
            R"({"delete": {"table": {"family": "ip", "handle": 7}}})",
            R"({"delete": {"table": {"family": "ip", "name": "vmac_mldfilter "}}})",
            R"({"delete": {"table": {"family": "ip", "table": "vmac_mldfilter"}}})",
            R"({"delete": {"table": {"family": ["ip"], "name": "vmac_mldfilter"}}})",
            R"({"add": {"chain": {"family": "ip", "name": "vmac_mldfilter"}}})",
            R"({"add": {"rule": {"family": "ip", "table": "filter", "name": "vmac_mldfilter", "chain": "x", "expr": []}}})",
            R"({"flush": {"set": {"family": "ip", "table": "filter", "name": "x"}}})",
            R"({"add": {"flowtable": {"family": "ip", "table": "vmac_mldfilter", "name": "x"}}})",
            R"({"add": {"ct helper": {"family": "ip", "table": "vmac_mldfilter", "name": "x"}}})",
            R"({"rename": {"chain": {"family": "ip", "table": "vmac_mldfilter", "name": "x", "newname": "y"}}})",
            R"({"reset": {"counters": {"family": "ip", "table": "vmac_mldfilter"}}})",
            R"({"add": {"table": null}})",
            R"({"add": {}})",
            R"({"list": {}, "flush": {"ruleset": null}})",
            R"({"add": {"table": {"family": "ip", "name": "vmac_mldfilter"}, "rule": {}}})",
            R"({"metainfo": {"json_schema_version": 1}})",
            R"("flush ruleset")",
            R"([])",
        }) {
        EXPECT_THAT(refusal_of(list_of(command)), StartsWith("the worker does not take")) << command;
        EXPECT_THAT(refusal_of(list_of(R"({"list": {"ruleset": null}}, )" + std::string(command))),
                    StartsWith("the worker does not take"))
            << "behind what is taken";
    }
}

TEST(Permit, TakesNothingButACommandList) {
    for (const char *text : {"", "flush ruleset", "{}", "[]", "null", R"({"nftables": {}})", R"({"nftables": null})",
                             R"({"commands": []})", R"({"nftables": [], "more": []})", R"({"nftables": [)",
                             "{\"nftables\": []}\nflush ruleset", "\xff"}) {
        EXPECT_THAT(refusal_of(text), StartsWith("the worker does not take")) << text;
    }
    EXPECT_EQ(require_ours(R"({"nftables": []})"), json({{"nftables", json::array()}}));
}

/// Another parser might take the first of two members of the same name: what is handed on has one.
TEST(Permit, HandsOnWhatItHasLookedAt) {
    const json taken =
        require_ours(list_of(R"({"delete": {"table": {"family": "ip", "name": "filter", "name": "vmac_mldfilter"}}})"));
    EXPECT_EQ(taken.dump(), R"({"nftables":[{"delete":{"table":{"family":"ip","name":"vmac_mldfilter"}}}]})");
}

TEST(Permit, SaysWhatItDoesNotTake) {
    EXPECT_THAT(refusal_of(list_of(R"({"delete": {"table": {"family": "ip", "name": "filter"}}})")),
                HasSubstr("this table: \"filter\""));
    EXPECT_THAT(refusal_of(list_of(R"({"rename": {"table": {"family": "ip", "name": "filter"}}})")),
                HasSubstr("this verb: \"rename\""));
}

}  // namespace
}  // namespace vmac::worker
