// SPDX-License-Identifier: GPL-2.0-or-later
// libnftables itself, in a network namespace of its own, and the proof that the fake kernel is like it: both get the
// same commands. Needs root; without it these tests fail, for a fake that nobody has checked proves nothing.
#include "nft/engine.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "element_commands.hpp"
#include "engine_fixture.hpp"
#include "json_listing.hpp"
#include "nft/listing.hpp"
#include "nft/ruleset.hpp"
#include "nft/tables.hpp"
#include "support.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;
using test::answer_of;
using test::change_elements;
using test::command;
using test::name;
using test::replace_tables;
using testing::HasSubstr;
using testing::IsEmpty;

class FakeKernel : public test::BothKernels {};

Ruleset some_rules() {
    Ruleset rules{.verdicts = {}, .parents = {{name("vrrp1"), 1}, {name("vrrp*"), 123456}}};
    for (const Message message : kAllMessages) {
        rules.verdicts[name("vrrp1")][message] = Verdict::Relocate;
        for (const char *strange :
             {"vrrp*",  "*",       "a*b",  "42",   "0x10", "-1",  "1e3",  "null", "true",
              "policy", "counter", "drop", "igmp", "ip6",  "any", "lo",   "TCP",  "\";flush;\"",
              "{}",     "[1]",     "#",    "$x",   "a\\",  "a@b", "\x01", "\x7f", "\xe7\xbd\x91"}) {
            rules.verdicts[name(strange)][message] = Verdict::Drop;
        }
    }
    return rules;
}

TEST_F(FakeKernel, TakesWhatWeWrite) {
    Ruleset rules = some_rules();
    EXPECT_TRUE(taken(replace_tables({})));
    EXPECT_TRUE(taken(change_elements({}, rules)));
    EXPECT_TRUE(taken(replace_tables(rules)));

    Ruleset other = rules;
    other.verdicts.erase(name("42"));
    other.verdicts.at(name("vrrp*")).at(Message::Igmp) = Verdict::Relocate;
    other.verdicts.at(name("vrrp*")).at(Message::MldDone) = Verdict::Relocate;
    other.verdicts.at(name("vrrp1")).erase(Message::RouterSolicit);
    other.parents = {{name("vrrp1"), 7}, {name("{}"), 1}};
    EXPECT_TRUE(taken(change_elements(rules, other)));
    EXPECT_TRUE(taken(change_elements(other, {})));
}

TEST_F(FakeKernel, RefusesWhatIsNotThere) {
    EXPECT_FALSE(taken(list_table(Family::Ip6)));
    EXPECT_FALSE(taken(change_elements({}, some_rules())));
    EXPECT_FALSE(taken(R"({"delete": {"table": {"family": "ip6", "name": "vmac_mldfilter"}}})"));
    EXPECT_TRUE(taken(replace_tables(some_rules())));
    for (const char *text : {R"({"delete": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "verdicts",
                                     "elem": [["nobody", {"drop": null}]]}}})",
                             R"({"delete": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "parents",
                                     "elem": [["nobody", " 1"]]}}})",
                             R"({"add": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "nothing",
                                  "elem": [["a", {"drop": null}]]}}})",
                             R"({"add": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "verdicts",
                                  "elem": [["a", {"goto": {"target": "nowhere"}}]]}}})",
                             R"({"add": {"rule": {"family": "ip", "table": "vmac_mldfilter", "chain": "nothing",
                               "expr": [{"drop": null}]}}})",
                             R"({"add": {"chain": {"family": "ip", "table": "nothing", "name": "x"}}})"}) {
        EXPECT_FALSE(taken(text)) << text;
    }
}

TEST_F(FakeKernel, RefusesAnElementWithAnotherValueAndTakesTheSame) {
    EXPECT_TRUE(taken(replace_tables(some_rules())));
    EXPECT_TRUE(taken(R"({"add": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "verdicts",
                                              "elem": [["42", {"drop": null}]]}}})"));
    EXPECT_FALSE(taken(R"({"add": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "verdicts",
                                               "elem": [["42", {"goto": {"target": "relocate"}}]]}}})"));
    EXPECT_FALSE(taken(R"({"add": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "parents",
                                               "elem": [["vrrp1", " 9"]]}}})"));
    // What is deleted goes by its key, whatever the value says.
    EXPECT_TRUE(taken(R"({"delete": {"element": {"family": "ip", "table": "vmac_mldfilter", "name": "verdicts",
                                                 "elem": [["42", {"goto": {"target": "relocate"}}]]}}})"));
}

TEST_F(FakeKernel, DoesAllOrNothing) {
    EXPECT_TRUE(taken(replace_tables(some_rules())));
    json commands = change_elements(some_rules(), {});
    commands["nftables"].push_back(json::parse(R"({"delete": {"table": {"family": "ip", "name": "nothing"}}})"));
    EXPECT_FALSE(taken(commands));
    EXPECT_EQ(fake.verdict("vrrp1", Message::Igmp), "relocate") << "the refused deletion must not show";
}

TEST_F(FakeKernel, FlushIsAFlush) {
    EXPECT_TRUE(taken(replace_tables(some_rules())));
    fake.flush();
    EXPECT_EQ(answer_of(kernel, command(R"({"flush": {"ruleset": null}})")), "");
    EXPECT_TRUE(taken(replace_tables({})));
    EXPECT_EQ(fake.verdict("vrrp1", Message::Igmp), "");
}

TEST_F(FakeKernel, OwnsTablesWhereTheRealOneDoes) {
    Tables tables(kernel, *watcher);
    tables.probe();
    fake.can.ownership = tables.can_own();
    Ruleset rules = some_rules();
    rules.owned = tables.can_own();
    EXPECT_TRUE(taken(replace_tables(rules, tables.can_own())));
    EXPECT_TRUE(taken(replace_tables(rules, tables.can_own())));

    const json flush = command(R"({"flush": {"ruleset": null}})");
    LibnftablesEngine other;
    other.run(flush.dump());
    fake.foreign(flush);
    EXPECT_TRUE(taken(replace_tables(rules, tables.can_own())));
    EXPECT_EQ(answer_of(other, replace_tables({}, tables.can_own())).empty(), !tables.can_own());
    if (tables.can_own()) {
        EXPECT_THROW(fake.foreign(replace_tables({}, true)), Error);
        restart_kernel();
        fake.end_process();
        EXPECT_TRUE(taken(replace_tables(rules, true))) << "what has no owner any more can be taken";
    }
}

class Libnftables : public test::InOwnNamespace {};

TEST_F(Libnftables, ReadsBackExactlyWhatWasWritten) {
    const Ruleset rules = some_rules();
    EXPECT_EQ(kernel.run(replace_tables(rules).dump()), "");
    for (const Family family : kFirstLine) {
        EXPECT_EQ(judge_structure(family, kernel.run(list_table(family).dump())).deviation, "");
    }
    const Reading listed = test::list_elements(kernel);
    EXPECT_EQ(listed.verdicts, rules.verdicts);
    EXPECT_EQ(listed.parents, rules.parents);
    EXPECT_EQ(listed.parents_in_ip, rules.parents);
    EXPECT_EQ(listed.counters.at(name("vrrp*")).size(), kAllMessages.size());
    EXPECT_THAT(listed.foreign, IsEmpty());
}

TEST_F(Libnftables, TellsTheReasonOfTheKernelInOneLine) {
    const auto message = test::message_of(Errc::KernelRejected, [this] { kernel.run(list_table(Family::Ip6).dump()); });
    EXPECT_EQ(message, "the kernel refused: No such file or directory");
}

TEST_F(Libnftables, GoesOnAfterARefusal) {
    EXPECT_THROW(kernel.run(change_elements({}, some_rules()).dump()), Error);
    EXPECT_EQ(kernel.run(replace_tables(some_rules()).dump()), "");
    EXPECT_THAT(kernel.run(list_table(Family::Ip).dump()), HasSubstr("vrrp1"));
}

TEST_F(Libnftables, OutputOfOneRunIsNotInTheNext) {
    kernel.run(replace_tables(some_rules()).dump());
    const auto first = kernel.run(list_table(Family::Ip).dump());
    EXPECT_EQ(kernel.run(list_table(Family::Ip).dump()), first);
    EXPECT_EQ(kernel.run(change_elements(some_rules(), {}).dump()), "");
}

TEST_F(Libnftables, SeesWhatOthersHaveChanged) {
    LibnftablesEngine other;
    kernel.run(replace_tables(some_rules()).dump());
    kernel.run(list_table(Family::Ip).dump());
    other.run(command(R"({"flush": {"ruleset": null}})").dump());
    EXPECT_THROW(kernel.run(list_table(Family::Ip).dump()), Error);
}

TEST_F(Libnftables, SaysThatItCannotBeUsedBeforeSelectAborts) {
    rlimit limit{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const rlimit more{.rlim_cur = FD_SETSIZE + 16, .rlim_max = limit.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &more), 0);
    std::vector<int> open_files;
    do {
        open_files.push_back(open("/dev/null", O_RDONLY | O_CLOEXEC));
        ASSERT_GE(open_files.back(), 0);
    } while (open_files.back() < FD_SETSIZE - 1);

    EXPECT_THAT(test::message_of(Errc::EngineUnavailable, [this] { kernel.run(list_table(Family::Ip).dump()); }),
                HasSubstr("too many open files"));

    std::ranges::for_each(open_files, close);
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_EQ(kernel.run(replace_tables({}).dump()), "");
}

TEST_F(Libnftables, WithoutPrivilegeTheKernelRefuses) {
    const test::AsNobody as_nobody;
    EXPECT_THAT(test::message_of(Errc::KernelRejected, [this] { kernel.run(replace_tables({}).dump()); }),
                HasSubstr("Operation not permitted"));
}

}  // namespace
}  // namespace vmac::nft
