// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel answers about elements: whatever the bytes, the lines that come of them are lines of a reading, and
// nothing is read beyond the end of a message.
#include "nft/element_messages.hpp"

#include "messages.hpp"
#include "model/error.hpp"
#include "target.hpp"

namespace vmac::fuzz {
namespace {

void check(const nlmsghdr &message) {
    for (const nft::Family family : nft::kFirstLine) {
        std::string lines;
        nft::append_elements(lines, family, message);
        for (std::string_view rest = lines; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
            // One by one, for the kernel has no key twice, and a forger might.
            const nft::Reading reading = nft::parse_reading(rest.substr(0, rest.find('\n') + 1));
            for (const auto &[name, verdicts] : reading.verdicts) {
                for (const auto &[of, verdict] : verdicts) {
                    require(nft::family_of(of) == family, "a message is in the table of its family");
                }
            }
        }
    }
    require(nft::structure_of(message).size() <= message.nlmsg_len, "a structure is not longer than what tells it");
    static_cast<void>(nft::parse_generation(message));
    static_cast<void>(nft::parse_acknowledgment(message));
    static_cast<void>(nft::parse_end(message));
}

}  // namespace

void try_input(Input input) {
    each_message(input, check);
}

}  // namespace vmac::fuzz
