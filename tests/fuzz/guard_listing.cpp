// SPDX-License-Identifier: GPL-2.0-or-later
// What libnftables lists of the guard. Of any text: if nothing in it deviates, the same guard listed again is the same.
// Of a guard that a recipe makes: it is found as it is.
#include "nft/guard_listing.hpp"

#include "listings.hpp"
#include "recipe.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

using nft::Guard;
using nft::GuardListing;

bool is_same(const GuardListing &one, const GuardListing &other) {
    return one.guard == other.guard && one.counters == other.counters && one.owned == other.owned &&
           one.deviation == other.deviation;
}

void try_text(const std::string &text) {
    const GuardListing listing = nft::parse_guard_listing(text);
    require(is_readable(listing.deviation), "a signal carries what deviates");
    for (const auto &[device, mac] : listing.guard.devices) {
        require(parse_mac(mac) == mac, "frames leave with a MAC");
    }
    for (const auto &sender : listing.guard.registered) {
        require(parse_mac(sender.mac) == sender.mac, "a sender has a MAC");
    }
    for (const auto &[sender, message] : listing.guard.exempt) {
        require(parse_mac(sender.mac) == sender.mac, "a sender has a MAC");
    }
    if (listing.deviation.empty()) {
        const std::string again = list_guard(listing.guard, listing.counters, listing.owned);
        require(is_same(nft::parse_guard_listing(again), listing), "what was read is what is listed");
    }
}

void try_recipe(Recipe recipe) {
    Guard guard;
    Counters counters;
    recipe.several(3, [&] {
        const InterfaceName device = recipe.name();
        guard.devices[device] = recipe.mac();
        for (const Message message : kAllMessages) {
            counters[device][message] = {recipe.number(), recipe.number()};
        }
    });
    // Also of devices that have no chain any more.
    recipe.several(3, [&] { guard.registered.insert({recipe.name(), recipe.mac()}); });
    recipe.several(3, [&] { guard.exempt.insert({{recipe.name(), recipe.mac()}, recipe.message()}); });
    const bool owned = recipe.flip();
    const GuardListing listing = nft::parse_guard_listing(list_guard(guard, counters, owned));
    require(listing.deviation.empty(), "our own guard does not deviate");
    require(listing.guard == guard && listing.counters == counters && listing.owned == owned,
            "our own guard is found as it is");
    require(nft::is_empty(nft::change_guard(guard, guard, owned)) || guard.devices.empty(),
            "nothing is done where nothing is to do");
}

}  // namespace

void try_input(Input input) {
    const std::string text(text_of(input));
    try_text(text);
    if (!is_object(text)) {
        try_recipe(Recipe(input));
    }
}

}  // namespace vmac::fuzz
