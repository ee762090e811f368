// SPDX-License-Identifier: GPL-2.0-or-later
// A change of one interface comes to the same as to think all of it through anew, whatever the world is like.
#include "daemon/draft.hpp"

#include <gmock/gmock.h>

#include <random>
#include <string>

#include "daemon/guarding.hpp"
#include "support.hpp"

namespace vmac {
namespace {

using test::name;

/// A small world in which everything is below or above everything else sooner or later.
class World {
public:
    explicit World(unsigned seed) : draw_(seed) {
        for (unsigned index = 1; index <= kNames; ++index) {
            links.apply({.link = random_link(index)});
        }
        state.last_good.max_interfaces = 2 + number(2 * kNames);
        state.last_good.auto_detect = number(3) > 0;
        state.last_good.guard.mode = static_cast<GuardScope::Mode>(number(3));
        for (unsigned i = number(3); i > 0 && has_room(); --i) {
            state.last_good.interfaces[random_name()] = random_options();
        }
        for (unsigned i = number(kNames); i > 0 && has_room(); --i) {
            state.interfaces[random_name()] = random_options();
        }
        entries = resolve(state.last_good, state.interfaces, links);
        state.parents = remember_parents({}, entries, links);
        wanted = desired_tables(state.last_good, entries, state.parents, links, true);
    }

    unsigned number(unsigned limit) { return std::uniform_int_distribution<unsigned>(0, limit - 1)(draw_); }

    InterfaceName random_name() { return name("v" + std::to_string(1 + number(kNames + 2))); }

    Options random_options() {
        Options options;
        if (number(2) == 0) {
            options.action = static_cast<Action>(number(3));
        }
        if (number(2) == 0) {
            options.parent = number(3) == 0 ? "" : random_name().str();
        }
        if (number(3) == 0) {
            options.messages = MessageSet{kAllMessages.at(number(kAllMessages.size()))};
        }
        return options;
    }

    Draft::Subject subject() {
        return {.state = state, .entries = entries, .wanted = wanted, .links = links, .absent_devices = true};
    }

    net::LinkTable links;
    store::State state;
    Entries entries;
    nft::Ruleset wanted;

private:
    static constexpr unsigned kNames = 6;

    net::Link random_link(unsigned index) {
        net::Link link{
            .index = index, .name = "v" + std::to_string(index), .mac = "02:00:00:00:00:0" + std::to_string(index)};
        link.type = 1;
        if (number(2) == 0) {
            link.kind = "macvlan";
            link.lower = 1 + number(kNames);
            if (number(2) == 0) {
                link.mac = "00:00:5e:00:02:0" + std::to_string(index);
            }
        }
        return link;
    }

    [[nodiscard]] bool has_room() const {
        return count_named(state.last_good, state.interfaces) + 1 < state.last_good.max_interfaces;
    }

    std::mt19937 draw_;
};

/// What @p elements make of @p ruleset.
nft::Ruleset after(nft::Ruleset ruleset, const nft::ElementChanges &elements) {
    nft::apply(elements, ruleset);
    return ruleset;
}

TEST(Draft, OfOneIsTheSameAsOfAll) {
    constexpr unsigned kWorlds = 20'000;
    unsigned by_elements = 0;
    for (unsigned seed = 0; seed < kWorlds; ++seed) {
        SCOPED_TRACE(seed);
        World world(seed);
        const World before = world;
        const auto changed = world.random_name();
        const auto options = world.number(3) == 0 ? std::nullopt : std::optional(world.random_options());
        World expected = world;
        if (options) {
            expected.state.interfaces.insert_or_assign(changed, *options);
        } else {
            expected.state.interfaces.erase(changed);
        }
        if (count_named(expected.state.last_good, expected.state.interfaces) >
            expected.state.last_good.max_interfaces) {
            test::message_of(Errc::LimitReached, [&] { const Draft draft(world.subject(), changed, options); });
            ASSERT_EQ(world.state, before.state);
            continue;
        }
        expected.entries = resolve(expected.state.last_good, expected.state.interfaces, expected.links);
        expected.state.parents = remember_parents(expected.state.parents, expected.entries, expected.links);
        expected.wanted =
            desired_tables(expected.state.last_good, expected.entries, expected.state.parents, expected.links, true);
        {
            const Draft draft(world.subject(), changed, options);
            ASSERT_EQ(world.entries, expected.entries);
            ASSERT_EQ(world.state, expected.state);
            ASSERT_EQ(world.wanted, expected.wanted);
            if (const auto elements = draft.elements()) {
                ++by_elements;
                ASSERT_EQ(after(before.wanted, *elements), expected.wanted);
            }
        }
        ASSERT_EQ(world.state, before.state);
        ASSERT_EQ(world.entries, before.entries);
        ASSERT_EQ(world.wanted, before.wanted);
    }
    EXPECT_GT(by_elements, kWorlds / 10);
    EXPECT_LT(by_elements, kWorlds * 9 / 10);
}

}  // namespace
}  // namespace vmac
