// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "model/counters.hpp"
#include "nft/commands.hpp"

namespace vmac::test {

/// What a kernel and its libnftables can do.
struct Abilities {
    bool egress = true;                      ///< chains at the egress hook (Linux 5.16)
    bool absent_devices = true;              ///< such chains for devices that are not there (Linux 6.16)
    bool prints_devices = false;             ///< the listing names the device of a chain (libnftables 1.1)
    bool ownership = false;                  ///< tables that only their owner can change (Linux 6.9, libnftables 1.1)
    std::set<std::string> devices = {"lo"};  ///< those that are there
};

/// The ruleset of a kernel, as far as this project uses it. A copy is a transaction that can still be dropped.
class FakeTables {
public:
    /// Runs one command that changes something, of @p process. @throws Error KernelRejected where nf_tables refuses
    void apply(const nlohmann::json &command, const Abilities &can, const std::string &process);

    /// The listing of a table. @throws Error KernelRejected when there is none
    [[nodiscard]] nlohmann::json print(const nlohmann::json &name, const Abilities &can) const;

    /// What a kernel before 6.16 does when a device goes: its chains go with it, and nobody is told.
    void release(const std::string &device);

    /// The owner of tables has closed its socket: they stay, and anybody may change them.
    void orphan();

    [[nodiscard]] bool has_table(nft::Family family) const;

    /// Whether somebody owns the table, who alone can change it.
    [[nodiscard]] bool is_owned(nft::Family family) const;

    /// Packets hit the element of @p message in the map "verdicts", which must be there.
    void count(const std::string &name, Message message, const Count &more);

    /// Packets hit the rule of @p message in the guard of @p device, which must be there.
    void count_guard(const std::string &device, Message message, const Count &more);

    /// What an element of a map says, null when there is none. Elements of sets say "".
    [[nodiscard]] nlohmann::json element(nft::Family family, const char *map, const nlohmann::json &key) const;

    /// The keys of a set or map as nft writes them: "eth0 . 00:00:5e:00:02:01".
    [[nodiscard]] std::vector<std::string> keys(nft::Family family, const char *map) const;

    /// Each device with an egress chain that leads to the rules for it, and the MAC which those set.
    [[nodiscard]] std::map<std::string, std::string> guards() const;

private:
    struct Element {
        nlohmann::json value;
        Count count;
    };

    struct Map {
        const char *kind;  ///< "map" or "set"
        nlohmann::json definition;
        std::map<nlohmann::json, Element> elements;
    };

    struct Rule {
        nlohmann::json body;
        Count count;
    };

    struct Table {
        std::map<std::string, Map> maps;  ///< sets too, for they share their names
        std::map<std::string, nlohmann::json> chains;
        std::vector<Rule> rules;
        nlohmann::json flags = nlohmann::json::array();
        std::string owner;  ///< a process; empty where everybody may change it

        void erase_chain(const std::string &name);
        void erase_rules(const std::string &chain);
        [[nodiscard]] bool leads_to(const std::string &chain) const;
    };

    void apply_to_table(const std::string &verb, const nlohmann::json &body, const Abilities &can,
                        const std::string &process);
    Table &table_of(const nlohmann::json &body, const char *key, const std::string &process);
    [[nodiscard]] const Table *find(nft::Family family) const;

    static void change_elements(Table &table, const std::string &verb, const nlohmann::json &body);
    static void add_element(const Table &table, Map &map, const nlohmann::json &element);
    static void add(Table &table, const std::string &kind, const nlohmann::json &body, const Abilities &can);
    static void add_rule(Table &table, const nlohmann::json &body);
    static void delete_chain(Table &table, const std::string &name);

    std::map<nlohmann::json, Table> tables_;  ///< by {family, name}
};

}  // namespace vmac::test
