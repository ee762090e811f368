// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "model/counters.hpp"
#include "model/error.hpp"
#include "nft/engine.hpp"

namespace vmac::test {

/// A kernel for tests that knows the commands which this project uses, and refuses what nf_tables refuses. That it
/// does as the real one is what engine_test.cpp is for: it gives both the same commands.
class FakeEngine final : public nft::Engine {
public:
    std::string run(const std::string &commands) override;

    /// Which runs a fault is for. A change is a command list that is more than a "list".
    enum class Runs { Changes, Lists };

    /// Refuses the next @p runs with @p code; nothing of them happens.
    void refuse(Runs which, int runs, Errc code = Errc::KernelRejected);

    /// Answers the next @p runs changes as if they had happened. Success is not proof: the service must look.
    void swallow(int runs) { swallowed_ = runs; }

    /// Somebody runs "nft flush ruleset".
    void flush() { tables_.clear(); }

    /// Packets hit the element of @p message in the map "verdicts", which must be there.
    void count(const std::string &name, Message message, const Count &more);

    /// What the element of @p message says: "drop", the target of a goto, or nothing when there is none.
    [[nodiscard]] std::string verdict(const std::string &name, Message message) const;

    /// The device that @p name has in the map "parents" of @p family; nothing when there is none.
    [[nodiscard]] std::string parent(const std::string &family, const std::string &name) const;

    /// How many elements the map "verdicts" of @p family has; 0 without table.
    [[nodiscard]] std::size_t verdicts(const std::string &family) const;

    /// The changes that were asked for, refused ones too.
    [[nodiscard]] const std::vector<nlohmann::json> &changes() const { return changes_; }

    /// How often the kernel was read.
    [[nodiscard]] int lists() const { return lists_; }

private:
    struct Element {
        nlohmann::json value;
        Count count;
    };

    struct Map {
        nlohmann::json definition;
        std::map<nlohmann::json, Element> elements;
    };

    struct Table {
        std::map<std::string, Map> maps;
        std::map<std::string, nlohmann::json> chains;
        std::vector<nlohmann::json> rules;
    };

    using Tables = std::map<nlohmann::json, Table>;  ///< by {family, name}

    static void apply(Tables &tables, const std::string &verb, const std::string &kind, const nlohmann::json &body);
    static void add(Table &table, const std::string &kind, const nlohmann::json &body);
    static void add_element(const Table &table, Map &map, const nlohmann::json &element);
    static Table &table_of(Tables &tables, const nlohmann::json &body, const char *key);
    static nlohmann::json print(const nlohmann::json &id, const Table &table);
    [[nodiscard]] const Map *find(const std::string &family, const std::string &map) const;

    Tables tables_;
    std::vector<nlohmann::json> changes_;
    int lists_ = 0;
    std::map<Runs, std::pair<int, Errc>> refused_;
    int swallowed_ = 0;
};

}  // namespace vmac::test
