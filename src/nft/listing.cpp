// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/listing.hpp"

#include <nlohmann/json.hpp>
#include <vector>

namespace vmac::nft {

using nlohmann::json;

Listing listing_of(Reading reading) {
    Listing listing;
    listing.missing = !reading.structure.contains(Family::Ip6) && !reading.structure.contains(Family::Ip);
    if (listing.missing) {
        listing.deviation = in_words(Family::Ip6) + " was missing";
    } else if (!reading.foreign.empty()) {
        listing.deviation = "there was a foreign element in " + in_words(reading.foreign.front());
    } else if (reading.parents != reading.parents_in_ip) {
        listing.deviation = "the parents in the two tables were not the same";
    }
    listing.ruleset.verdicts = std::move(reading.verdicts);
    listing.ruleset.parents = std::move(reading.parents);
    listing.counters = std::move(reading.counters);
    return listing;
}

Structure judge_structure(Family family, const std::string &text) {
    Structure structure;
    try {
        std::vector<json> listed;
        for (const json &object : read_objects(text)) {
            listed.push_back(as_written(object));
            structure.owned |= take_ownership_out(listed.back());
        }
        if (!same_objects(std::move(listed), table_objects(family))) {
            structure.deviation = in_words(family) + " had other content";
        }
    } catch (const std::exception &) {
        structure.deviation = in_words(family) + " could not be read";
    }
    return structure;
}

std::string difference_in_words(const Ruleset &present, const Ruleset &wanted) {
    if (present.verdicts != wanted.verdicts) {
        for (const auto &[name, verdicts] : wanted.verdicts) {
            const auto found = present.verdicts.find(name);
            if (found == present.verdicts.end() || found->second != verdicts) {
                return "the verdicts for " + name.str() + " were missing or changed";
            }
        }
        return "there were verdicts for interfaces that are not under management";
    }
    return present.parents == wanted.parents ? "" : "the map of parents was changed";
}

}  // namespace vmac::nft
