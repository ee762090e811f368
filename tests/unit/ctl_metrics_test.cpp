// SPDX-License-Identifier: GPL-2.0-or-later
// From what the service has told to what monitoring reads.
#include "ctl/metrics.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

namespace vmac::ctl {

// Without these GoogleTest prints the bytes of what is not equal.
void PrintTo(const Sample &sample, std::ostream *stream) {
    *stream << testing::PrintToString(sample.labels) << ' ' << sample.value;
}

void PrintTo(const Family &family, std::ostream *stream) {
    *stream << exposition({family});
}

namespace {

using audit::Severity;
using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();

/// One interface with a count, a guarded device with another, and a finding of each severity.
Report usual() {
    return {.overview = {.version = "0.1.0",
                         .is_protected = true,
                         .guard_active = true,
                         .auto_detect = true,
                         .restorations = 3,
                         .features = {"mld", "igmp"},
                         .interfaces = {"vrrp6"}},
            .interfaces = {{.name = "vrrp6",
                            .action = "relocate",
                            .effective_action = "drop",
                            .reason = "no parent",
                            .messages = {"igmp"},
                            .origins = {"config", "detected"},
                            .parent = "eth0",
                            .present = true,
                            .ifindex = 7,
                            .mac = "00:00:5e:00:02:05"}},
            .counters = {{"vrrp6", {{"igmp", {.packets = 2, .bytes = 80}}}}},
            .guard = {{"eth0", {{"mld-listener-done", {.packets = 1, .bytes = 86}}}}},
            .findings = {{"vrrp6", Severity::Critical, "message-left", "igmp has left"},
                         {"", Severity::Warning, "rules-restored", "somebody was there"},
                         {"vrrp6", Severity::Ok, "message-covered", "all others"}}};
}

/// Nothing under management, nothing to say.
Report bare() {
    return {.overview = {.version = "0.1.0"}, .interfaces = {}, .counters = {}, .guard = {}, .findings = {}};
}

/// The values of one metric, whose name is without the prefix; none where it is left out.
std::vector<Sample> samples(const std::optional<Report> &report, const std::string &name) {
    const auto families = metrics(report);
    const auto found = std::ranges::find(families, "vmac_mldfilter_" + name, &Family::name);
    return found == families.end() ? std::vector<Sample>{} : found->samples;
}

std::vector<std::string> names(const std::optional<Report> &report) {
    std::vector<std::string> names;
    for (const Family &family : metrics(report)) {
        names.push_back(family.name);
    }
    return names;
}

TEST(Metrics, AllAsTextInThisOrder) {
    EXPECT_EQ(exposition(metrics(usual())),
              R"(# HELP vmac_mldfilter_up Whether the service runs and answers.
# TYPE vmac_mldfilter_up gauge
vmac_mldfilter_up 1
# HELP vmac_mldfilter_build_info The version of the service that runs, as a label; the value is always 1.
# TYPE vmac_mldfilter_build_info gauge
vmac_mldfilter_build_info{version="0.1.0"} 1
# HELP vmac_mldfilter_protected Whether the kernel was read back and holds all rules that it must.
# TYPE vmac_mldfilter_protected gauge
vmac_mldfilter_protected 1
# HELP vmac_mldfilter_guard_active Whether the guard, the second line of defence, is on every device that it is for.
# TYPE vmac_mldfilter_guard_active gauge
vmac_mldfilter_guard_active 1
# HELP vmac_mldfilter_auto_detect Whether VRRP virtual-MAC interfaces come under management by themselves.
# TYPE vmac_mldfilter_auto_detect gauge
vmac_mldfilter_auto_detect 1
# HELP vmac_mldfilter_restorations_total How often the rules were put right after somebody else had changed them.
# TYPE vmac_mldfilter_restorations_total counter
vmac_mldfilter_restorations_total 3
# HELP vmac_mldfilter_interfaces How many interfaces are under management.
# TYPE vmac_mldfilter_interfaces gauge
vmac_mldfilter_interfaces 1
# HELP vmac_mldfilter_interface_info What becomes of the messages of an interface, as labels; the value is always 1.
# TYPE vmac_mldfilter_interface_info gauge
vmac_mldfilter_interface_info{interface="vrrp6",action="relocate",effective_action="drop",)"
              R"(parent="eth0",mac="00:00:5e:00:02:05",origin="config,detected"} 1
# HELP vmac_mldfilter_interface_present Whether the interface exists at present.
# TYPE vmac_mldfilter_interface_present gauge
vmac_mldfilter_interface_present{interface="vrrp6"} 1
# HELP vmac_mldfilter_filtered_packets_total Messages kept from leaving in the name of the interface.
# TYPE vmac_mldfilter_filtered_packets_total counter
vmac_mldfilter_filtered_packets_total{interface="vrrp6",message="igmp"} 2
# HELP vmac_mldfilter_filtered_bytes_total Bytes kept from leaving in the name of the interface: whole IP packets.
# TYPE vmac_mldfilter_filtered_bytes_total counter
vmac_mldfilter_filtered_bytes_total{interface="vrrp6",message="igmp"} 80
# HELP vmac_mldfilter_guard_packets_total Messages that the guard of the device caught.
# TYPE vmac_mldfilter_guard_packets_total counter
vmac_mldfilter_guard_packets_total{device="eth0",message="mld-listener-done"} 1
# HELP vmac_mldfilter_guard_bytes_total Bytes that the guard of the device caught: whole Ethernet frames.
# TYPE vmac_mldfilter_guard_bytes_total counter
vmac_mldfilter_guard_bytes_total{device="eth0",message="mld-listener-done"} 86
# HELP vmac_mldfilter_audit_finding A warning or critical finding of the audit, as labels; the value is always 1.
# TYPE vmac_mldfilter_audit_finding gauge
vmac_mldfilter_audit_finding{interface="vrrp6",id="message-left",severity="critical"} 1
vmac_mldfilter_audit_finding{interface="",id="rules-restored",severity="warning"} 1
# HELP vmac_mldfilter_audit_findings How many findings of this severity the audit has.
# TYPE vmac_mldfilter_audit_findings gauge
vmac_mldfilter_audit_findings{severity="ok"} 1
vmac_mldfilter_audit_findings{severity="warning"} 1
vmac_mldfilter_audit_findings{severity="critical"} 1
)");
}

TEST(Metrics, OfAServiceThatDoesNotRunThereIsNothingElse) {
    EXPECT_EQ(exposition(metrics(std::nullopt)),
              "# HELP vmac_mldfilter_up Whether the service runs and answers.\n"
              "# TYPE vmac_mldfilter_up gauge\n"
              "vmac_mldfilter_up 0\n");
}

TEST(Metrics, WhatHasNoValuesIsLeftOut) {
    EXPECT_THAT(names(bare()), ElementsAre("vmac_mldfilter_up", "vmac_mldfilter_build_info", "vmac_mldfilter_protected",
                                           "vmac_mldfilter_guard_active", "vmac_mldfilter_auto_detect",
                                           "vmac_mldfilter_restorations_total", "vmac_mldfilter_interfaces",
                                           "vmac_mldfilter_audit_findings"));
}

TEST(Metrics, WhatIsKnownBeforehandIsThereAsZero) {
    for (const auto *name : {"protected", "guard_active", "auto_detect", "restorations_total", "interfaces"}) {
        EXPECT_THAT(samples(bare(), name), ElementsAre(Sample{.value = 0})) << name;
    }
    EXPECT_THAT(samples(bare(), "audit_findings"), AllOf(SizeIs(3), testing::Each(Field(&Sample::value, 0))));
}

TEST(Metrics, EachSwitchIsItsOwn) {
    const auto switches = [](auto turn_on) {
        Report report = bare();
        turn_on(report.overview);
        return std::vector{samples(report, "protected").at(0).value, samples(report, "guard_active").at(0).value,
                           samples(report, "auto_detect").at(0).value};
    };
    EXPECT_THAT(switches([](Overview &overview) { overview.is_protected = true; }), ElementsAre(1, 0, 0));
    EXPECT_THAT(switches([](Overview &overview) { overview.guard_active = true; }), ElementsAre(0, 1, 0));
    EXPECT_THAT(switches([](Overview &overview) { overview.auto_detect = true; }), ElementsAre(0, 0, 1));
}

TEST(Metrics, CountersAreExact) {
    Report report = usual();
    report.overview.restorations = kMost;
    report.counters = {{"vrrp6", {{"igmp", {.packets = (1ULL << 53) + 1, .bytes = kMost}}}}};
    report.guard = {{"eth0", {{"igmp", {.packets = kMost - 1, .bytes = kMost}}}}};
    const std::string text = exposition(metrics(report));
    EXPECT_THAT(text, HasSubstr("\nvmac_mldfilter_restorations_total 18446744073709551615\n"));
    EXPECT_THAT(text, HasSubstr("packets_total{interface=\"vrrp6\",message=\"igmp\"} 9007199254740993\n"));
    EXPECT_THAT(text, HasSubstr("guard_packets_total{device=\"eth0\",message=\"igmp\"} 18446744073709551614\n"));
    const auto json = to_json(metrics(report));
    EXPECT_THAT(json.dump(), HasSubstr("9007199254740993"));
    EXPECT_THAT(json.dump(), Not(HasSubstr("e+")));
}

TEST(Metrics, EveryInterfaceAndMessageOnce) {
    Report report = bare();
    report.counters = {{"vrrp6", {{"igmp", {1, 10}}, {"mld-listener-done", {2, 20}}}}, {"vrrp7", {{"igmp", {3, 30}}}}};
    const auto bytes = [](const char *interface, const char *message, std::uint64_t value) {
        return Sample{.labels = {{"interface", interface}, {"message", message}}, .value = value};
    };
    EXPECT_THAT(
        samples(report, "filtered_bytes_total"),
        ElementsAre(bytes("vrrp6", "igmp", 10), bytes("vrrp6", "mld-listener-done", 20), bytes("vrrp7", "igmp", 30)));
    EXPECT_THAT(samples(report, "guard_bytes_total"), IsEmpty());
}

TEST(Metrics, InterfaceThatDoesNotExist) {
    Report report = bare();
    report.interfaces = {{.name = "vrrp9", .action = "drop", .effective_action = "drop", .origins = {"api"}}};
    EXPECT_THAT(samples(report, "interface_present"),
                ElementsAre(Sample{.labels = {{"interface", "vrrp9"}}, .value = 0}));
    EXPECT_THAT(exposition(metrics(report)),
                HasSubstr("interface_info{interface=\"vrrp9\",action=\"drop\",effective_action=\"drop\",parent=\"\","
                          "mac=\"\",origin=\"api\"} 1\n"));
}

// Who finds the same labels twice rejects the whole file.
TEST(Metrics, FindingsWithTheSameLabelsAreOne) {
    Report report = bare();
    report.findings = {{"vrrp6", Severity::Warning, "relocation-blocked", "by firewalld"},
                       {"vrrp6", Severity::Warning, "relocation-blocked", "on eth0"},
                       {"vrrp6", Severity::Critical, "relocation-blocked", "worse"},
                       {"vrrp7", Severity::Warning, "relocation-blocked", "there too"}};
    EXPECT_THAT(samples(report, "audit_finding"), SizeIs(3));
    const Sample warnings{.labels = {{"severity", "warning"}}, .value = 3};
    EXPECT_THAT(samples(report, "audit_findings"), testing::Contains(warnings));
}

TEST(Metrics, FindingsThatAllIsWellAreOnlyCounted) {
    Report report = bare();
    report.findings = {{"", Severity::Ok, "protected", "fine"}};
    EXPECT_THAT(samples(report, "audit_finding"), IsEmpty());
    EXPECT_THAT(samples(report, "audit_findings").at(0), (Sample{.labels = {{"severity", "ok"}}, .value = 1}));
}

TEST(Exposition, EscapesWhatWouldEndALabel) {
    Report report = bare();
    report.interfaces = {{.name = R"(a"b\c)", .present = true}};
    EXPECT_THAT(exposition(metrics(report)), HasSubstr(R"(present{interface="a\"b\\c"} 1)"));
    report.overview.version = "1\n2";
    EXPECT_THAT(exposition(metrics(report)), HasSubstr(R"(build_info{version="1\n2"} 1)"));
}

TEST(Exposition, LeavesOtherCharactersAlone) {
    Report report = bare();
    report.interfaces = {{.name = "wän{0}#,=", .present = true}};
    EXPECT_THAT(exposition(metrics(report)), HasSubstr("present{interface=\"wän{0}#,=\"} 1\n"));
}

TEST(Exposition, HelpKeepsItsQuotes) {
    EXPECT_EQ(exposition({{.name = "n", .type = "gauge", .help = "a \"b\" \\ c\nd", .samples = {{.value = 5}}}}),
              "# HELP n a \"b\" \\\\ c\\nd\n# TYPE n gauge\nn 5\n");
}

TEST(Exposition, OfNothingIsEmpty) {
    EXPECT_EQ(exposition({}), "");
}

// What promtool cannot see in a file that has no values for them.
TEST(Metrics, KeepToTheConventions) {
    const auto families = metrics(usual());
    std::set<std::string> seen;
    for (const Family &family : families) {
        EXPECT_TRUE(seen.insert(family.name).second) << family.name << " is there twice";
        EXPECT_EQ(family.type == "counter", family.name.ends_with("_total")) << family.name;
        EXPECT_TRUE(family.help.ends_with('.')) << family.help;
        for (const Sample &sample : family.samples) {
            ASSERT_EQ(sample.labels.size(), family.samples[0].labels.size()) << family.name;
            for (std::size_t i = 0; i < sample.labels.size(); i++) {
                EXPECT_EQ(sample.labels[i].first, family.samples[0].labels[i].first) << family.name;
            }
        }
    }
}

TEST(MetricsAsJson, IsTheSame) {
    const auto json = to_json(metrics(usual()));
    const auto &families = json.at("families");
    ASSERT_EQ(families.size(), metrics(usual()).size());
    EXPECT_EQ(families[0], nlohmann::json::parse(R"({"name": "vmac_mldfilter_up", "type": "gauge",
        "help": "Whether the service runs and answers.", "samples": [{"labels": {}, "value": 1}]})"));
    EXPECT_EQ(families[9].at("samples"), nlohmann::json::parse(R"([{"labels":
        {"interface": "vrrp6", "message": "igmp"}, "value": 2}])"));
}

TEST(MetricsAsJson, OneFamilyIsStillAList) {
    const auto json = to_json(metrics(std::nullopt));
    ASSERT_TRUE(json.at("families").is_array());
    EXPECT_EQ(json.at("families").size(), 1U);
    EXPECT_EQ(json.at("families").at(0).at("samples"), nlohmann::json::parse(R"([{"labels": {}, "value": 0}])"));
}

TEST(MetricsAsJson, WithoutAnyIsAnEmptyList) {
    EXPECT_EQ(to_json({}), nlohmann::json::parse(R"({"families": []})"));
}

}  // namespace
}  // namespace vmac::ctl
