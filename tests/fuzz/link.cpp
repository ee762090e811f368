// SPDX-License-Identifier: GPL-2.0-or-later
// Messages of rtnetlink, one after the other into a table of links: what is in the table was said, is found by index
// and by name, and goes when it is said to go.
#include "net/link.hpp"

#include <linux/rtnetlink.h>

#include <map>

#include "messages.hpp"
#include "model/mac.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

using net::Link;
using net::LinkEvent;
using net::LinkTable;

void check(const nlmsghdr &message, const LinkEvent &event) {
    const Link &link = event.link;
    require(event.gone == (message.nlmsg_type == RTM_DELLINK), "only RTM_DELLINK says that a link is gone");
    require(link.index > 0 && link.index <= INT32_MAX, "a link has an index");
    require(!link.name.empty() && link.name.find('\0') == std::string::npos, "a link has a name");
    require(link.mac.empty() || parse_mac(link.mac) == link.mac, "a link has a MAC, or none");
    require(!link.is_vmac() || link.mac.starts_with("00:00:5e:00:0"), "a VMAC has a MAC of VRRP");
    require(!link.snooping || link.kind == "bridge", "only a bridge does snooping");
}

/// The same table by other means: what was said last of each index.
using Said = std::map<unsigned, Link>;

void check(const LinkTable &table, const Said &said) {
    require(std::equal(table.begin(), table.end(), said.begin(), said.end()), "the table holds what was said");
    for (const auto &[index, link] : said) {
        require(*table.by_index(index) == link, "a link is found by its index");
        const Link *named = table.by_name(link.name);
        require(named == nullptr || named->name == link.name, "a link that is found by its name has it");
        const Link *lower = table.lower_of(link);
        require(lower == nullptr || (lower->index == link.lower && !link.lower_elsewhere), "the device below");
    }
}

}  // namespace

void try_input(Input input) {
    LinkTable table;
    Said said;
    each_message(input, [&](const nlmsghdr &message) {
        const auto event = net::parse_link(message);
        if (!event) {
            return;
        }
        check(message, *event);
        const auto known = said.find(event->link.index);
        const bool news = event->gone ? known != said.end() : known == said.end() || known->second != event->link;
        require(table.apply(*event) == news, "what changes something is news");
        require(!table.apply(*event), "what was said before is not");
        if (event->gone) {
            said.erase(event->link.index);
        } else {
            said[event->link.index] = event->link;
            require(!news || table.by_name(event->link.name)->index == event->link.index,
                    "who was named last has the name");
        }
        check(table, said);
    });

    LinkTable read;
    through_socket(input, [&](const nlmsghdr &message) {
        if (const auto event = net::parse_link(message)) {
            read.apply(*event);
        }
    });
}

}  // namespace vmac::fuzz
