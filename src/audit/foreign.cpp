// SPDX-License-Identifier: GPL-2.0-or-later
#include "audit/foreign.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/quoting.hpp"
#include "nft/commands.hpp"
#include "nft/ruleset.hpp"

namespace vmac::audit {
namespace {

using nlohmann::json;

/// More rules than that are not followed, so that an audit of many interfaces beside a large firewall comes to an end.
constexpr std::size_t kMostRules = 1024;

/// As deep as the kernel lets rules jump (NFT_JUMP_STACK_SIZE).
constexpr int kDeepest = 16;

constexpr unsigned bit(Fate fate) {
    return 1U << static_cast<unsigned>(fate);
}

constexpr unsigned kAnyFate = bit(Fate::Passes) | bit(Fate::Relocated) | bit(Fate::Dropped);

/// The key of an element: of a set the element, of a map the first of two.
json key_of(const json &element, bool is_map) {
    return is_map && element.is_array() && !element.empty() ? element.front() : element;
}

ForeignSets read_sets(const json &objects) {
    ForeignSets sets;
    for (const json &object : objects) {
        for (const char *kind : {"set", "map"}) {
            if (!object.contains(kind)) {
                continue;
            }
            const json &body = object[kind];
            auto &keys = sets[body.value("name", "")];
            const json elements = body.value("elem", json::array());
            for (const json &element : elements) {
                keys.push_back(key_of(element, std::string_view(kind) == "map"));
            }
        }
    }
    return sets;
}

}  // namespace

/// Follows one message through the chains of a table.
class ForeignWalk {
public:
    ForeignWalk(const ForeignTable &table, const Departure &departure) : table_(table), departure_(departure) {}

    /// How the walk through a chain can end.
    struct End {
        unsigned fates = 0;      ///< bits of those that are possible
        bool goes_on = false;    ///< whether it can come out at the end of the chain, too
        std::string unreadable;  ///< the first thing that it hangs on
    };

    End through(const std::string &chain, int depth = 0) {
        const auto found = table_.chains_.find(chain);
        if (found == table_.chains_.end()) {
            return {.goes_on = true};
        }
        if (depth > kDeepest) {
            return {.fates = kAnyFate, .goes_on = true, .unreadable = "rules that jump too deep"};
        }
        if (const auto known = ends_.find(chain); known != ends_.end()) {
            return known->second;  // or a chain that many jump to would be walked many times
        }
        End end;
        const bool finished = walk(found->second, depth, end);
        end.goes_on |= !finished;
        return ends_[chain] = end;
    }

private:
    /// @return whether nothing gets past these rules
    bool walk(const std::vector<ForeignRule> &rules, int depth, End &end) {
        for (const ForeignRule &rule : rules) {
            std::string unreadable;
            const Truth truth = applies(rule, unreadable);
            if (truth == Truth::No) {
                continue;
            }
            if (end.unreadable.empty()) {
                end.unreadable = unreadable;
            }
            if (act(rule, depth, end) && truth == Truth::Yes) {
                return true;
            }
        }
        return false;
    }

    Truth applies(const ForeignRule &rule, std::string &unreadable) const {
        Truth all = Truth::Yes;
        for (const Condition &condition : rule.conditions) {
            const Truth truth = condition.holds(departure_);
            if (truth == Truth::No) {
                return Truth::No;
            }
            if (truth == Truth::Maybe) {
                all = Truth::Maybe;
                unreadable = condition.unreadable;
            }
        }
        return all;
    }

    /// Notes what the rule does. @return whether nothing goes on to the next rule
    bool act(const ForeignRule &rule, int depth, End &end) {
        switch (rule.does) {
            case Does::Accepts:
                end.fates |= bit(Fate::Passes);
                return true;
            case Does::Drops:
                end.fates |= bit(rule.sends_copy ? Fate::Relocated : Fate::Dropped);
                return true;
            case Does::Returns:
                end.goes_on = true;
                return true;
            case Does::Jumps:
            case Does::Goes: {
                const End there = through(rule.target, depth + 1);
                end.fates |= there.fates;
                if (end.unreadable.empty()) {
                    end.unreadable = there.unreadable;
                }
                if (rule.does == Does::Goes) {
                    end.goes_on |= there.goes_on;
                    return true;
                }
                return !there.goes_on;
            }
            case Does::Unreadable:
                end.fates |= kAnyFate;
                if (end.unreadable.empty()) {
                    end.unreadable = rule.target;
                }
                return false;
            case Does::Nothing:
                break;
        }
        return false;
    }

    const ForeignTable &table_;
    const Departure &departure_;
    std::map<std::string, End> ends_;
};

ForeignTable ForeignTable::parse(const std::string &listing, const net::LinkTable &links) {
    ForeignTable table;
    try {
        const json document = nft::parse_document(listing);
        const json &objects = document.at("nftables");
        const ForeignSets sets = read_sets(objects);
        std::size_t count = 0;
        for (const json &object : objects) {
            if (object.contains("chain") && object["chain"].contains("hook")) {
                const json &chain = object["chain"];
                const std::string hook = chain.value("hook", "");
                if (hook == "output" || hook == "postrouting") {
                    table.bases_.push_back({.postrouting = hook == "postrouting",
                                            .priority = chain.value("prio", 0),
                                            .drops = chain.value("policy", "accept") == "drop",
                                            .chain = chain.value("name", "")});
                }
            }
            if (object.contains("rule")) {
                const json &body = object["rule"];
                ForeignRule rule = read_rule(body.value("expr", json::array()), sets, links);
                if (may_concern_us(rule) && ++count <= kMostRules) {
                    table.chains_[body.value("chain", "")].push_back(std::move(rule));
                }
            }
        }
        if (count > kMostRules) {
            return unreadable("more rules than are followed here (" + std::to_string(kMostRules) + ")");
        }
    } catch (const std::exception &) {
        return unreadable("a listing of libnftables that makes no sense");
    }
    std::ranges::sort(table.bases_);
    return table;
}

ForeignTable ForeignTable::unreadable(std::string why) {
    ForeignTable table;
    table.unreadable_ = std::move(why);
    return table;
}

Ruling ForeignTable::rule_on(const Departure &departure, int before) const {
    if (!unreadable_.empty()) {
        return {.fate = Fate::Unknown, .unreadable = unreadable_};
    }
    ForeignWalk walk(*this, departure);
    Ruling ruling;
    for (const Base &base : bases_) {
        const bool counts = before == std::numeric_limits<int>::max() || (!base.postrouting && base.priority < before);
        if (!counts) {
            continue;
        }
        const ForeignWalk::End end = walk.through(base.chain);
        const unsigned policy = bit(base.drops ? Fate::Dropped : Fate::Passes);
        const unsigned fates = end.fates | (end.goes_on ? policy : 0);
        if (fates == bit(Fate::Dropped) || fates == bit(Fate::Relocated)) {
            return {.fate = fates == bit(Fate::Dropped) ? Fate::Dropped : Fate::Relocated, .unreadable = {}};
        }
        if (fates != bit(Fate::Passes) && ruling.fate == Fate::Passes) {
            ruling = {.fate = Fate::Unknown, .unreadable = on_one_line(end.unreadable)};
        }
    }
    return ruling;
}

std::string_view table_of(Owner owner) {
    return owner == Owner::Keepalived ? "keepalived" : "filter";
}

Ruling ForeignRules::rule_on(Owner owner, const Departure &departure, int before) const {
    const auto found = tables.find(std::string(nft::to_string(nft::family_of(departure.message))) + ' ' +
                                   std::string(table_of(owner)));
    return found == tables.end() ? Ruling{} : found->second.rule_on(departure, before);
}

}  // namespace vmac::audit
