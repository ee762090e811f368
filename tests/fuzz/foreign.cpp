// SPDX-License-Identifier: GPL-2.0-or-later
// Tables of others, as the audit reads them: whatever is in them, there is a ruling on every message, which says what
// it hangs on if and only if it is not known. And where a chain that drops all comes before, no message gets through.
#include "audit/foreign.hpp"

#include <array>
#include <nlohmann/json.hpp>

#include "target.hpp"

namespace vmac::fuzz {
namespace {

using audit::Fate;
using audit::ForeignTable;
using nlohmann::json;

net::LinkTable usual_links() {
    net::LinkTable links;
    links.apply({.link = {.index = 2, .name = "eth0"}});
    links.apply({.link = {.index = 7, .name = "vrrp1", .kind = "macvlan", .lower = 2}});
    links.apply({.link = {.index = 8, .name = "7"}});
    return links;
}

void check(const ForeignTable &table, const net::LinkTable &links) {
    constexpr std::array kBefore = {-1, 10, std::numeric_limits<int>::max()};
    for (const auto &[index, link] : links) {
        for (const Message message : kAllMessages) {
            for (const int before : kBefore) {
                const auto ruling = table.rule_on({link, message}, before);
                require((ruling.fate == Fate::Unknown) == !ruling.unreadable.empty(),
                        "what is not known hangs on something");
                require(is_readable(ruling.unreadable), "the bus carries what a ruling hangs on");
                require(table.rule_on({link, message}, before) == ruling, "a ruling stands");
            }
        }
    }
}

/// The same listing with a chain before all others that drops everything; nothing where the text is no listing.
std::optional<std::string> with_wall(const std::string &text) {
    json listing = json::parse(text, nullptr, false);
    if (!listing.is_object() || !listing.contains("nftables") || !listing["nftables"].is_array()) {
        return std::nullopt;
    }
    listing["nftables"].push_back({{"chain",
                                    {{"name", "a wall, by a name that is too long for any chain in the kernel"},
                                     {"hook", "output"},
                                     {"prio", std::numeric_limits<int>::min()},
                                     {"policy", "drop"}}}});
    return listing.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

void try_input(Input input) {
    static const net::LinkTable kLinks = usual_links();
    const std::string text(text_of(input));
    const auto table = ForeignTable::parse(text, kLinks);
    require(ForeignTable::parse(text, kLinks) == table, "a table is what it is");
    check(table, kLinks);
    if (const auto walled = with_wall(text)) {
        const auto behind = ForeignTable::parse(*walled, kLinks);
        const bool readable = !(behind == table);
        for (const Message message : kAllMessages) {
            const auto ruling = behind.rule_on({*kLinks.by_name("vrrp1"), message});
            require(!readable || ruling.fate == Fate::Dropped, "nothing gets over a wall");
        }
    }
}

}  // namespace vmac::fuzz
