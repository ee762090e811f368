// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "audit/audit.hpp"
#include "daemon/filter.hpp"
#include "nft/engine.hpp"

namespace vmac::audit {

/// Finds out how well the host is protected, when somebody asks. Between two audits it only takes note of what each
/// interface had sent when it came under management.
///
/// To wire it: make it after the Filter and before Filter::start(), add it to the filter as the last observer, answer
/// the call Audit with audit(), and tell counters_reset() after Filter::reset_counters() has succeeded.
class Auditor final : public Observer {
public:
    /// What it asks. All must outlive the auditor.
    struct World {
        Filter &filter;
        const net::LinkTable &links;  ///< those of the filter
        nft::Engine &foreign;         ///< lists the tables of others; may fail, for that may crash it
        FactsReader facts = FactsReader();
        /// Another number after each change of anybody's rules; none where that is not known.
        std::function<std::optional<std::uint64_t>()> generation = [] { return std::nullopt; };
    };

    explicit Auditor(World world) : world_(std::move(world)) {}

    /// Reads the kernel, as Filter::check() does, and says what there is to say. Does not throw an Error.
    std::vector<Finding> audit();

    /// What has left these interfaces so far is known; all when @p names is empty.
    void counters_reset(const std::vector<InterfaceName> &names);

private:
    /// What an interface had sent when its rules came into force.
    struct BaseLine {
        unsigned ifindex = 0;
        std::map<Message, std::uint64_t> sent;
    };

    void interface_added(const Entry &entry) override;
    void interface_removed(const InterfaceName &name) override;
    void interface_changed(const Entry &before, const Entry &now) override;
    void protection_changed(bool is_protected, const std::string &failure) override;
    void properties_changed(const std::set<Property> &properties) override;

    void expect_base_lines();
    void take_base_lines();
    [[nodiscard]] GuardReport guard_report() const;
    [[nodiscard]] Facts facts_of(const net::Link &link) const;
    [[nodiscard]] std::map<std::string, Facts> gather_facts() const;
    void take_in_foreign_rules(const Counters &counted);
    [[nodiscard]] ForeignRules list_foreign_rules() const;

    World world_;
    std::map<InterfaceName, BaseLine> base_lines_;
    std::set<InterfaceName> pending_;  ///< interfaces whose base line is to be taken once the rules are in force
    ForeignRules foreign_;             ///< as of foreign_generation_
    Counters counted_before_;          ///< what the entries had counted when the rules in foreign_ were new
    std::optional<std::uint64_t> foreign_generation_;
};

}  // namespace vmac::audit
