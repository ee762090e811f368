// SPDX-License-Identifier: GPL-2.0-or-later
#include "nft/listing.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <vector>

#include "model/error.hpp"

namespace vmac::nft {
namespace {

using nlohmann::json;

constexpr auto kOtherParents = "the parents in the two tables were not the same";

Verdict verdict_of(const json &value) {
    if (value == json{{"drop", nullptr}}) {
        return Verdict::Drop;
    }
    if (value == json{{"goto", {{"target", "relocate"}}}}) {
        return Verdict::Relocate;
    }
    throw Error(Errc::KernelRejected, "not a verdict of ours");
}

/// Takes in one element of "verdicts": [{"elem": {"val": key, "counter": …}}, verdict].
/// @throws json::exception or Error where it has another form.
void read_verdict(Family family, const json &element, Listing &listing) {
    const json &key = element.at(0).at("elem").at("val");
    const json &name = family == Family::Ip6 ? key.at("concat").at(0) : key;
    const auto message =
        family == Family::Ip6 ? parse_message(key.at("concat").at(1).get<std::string>()) : Message::Igmp;
    const auto verdict = verdict_of(element.at(1));
    const auto interface = InterfaceName::parse(name.get<std::string>());
    const Count count = read_counter(element.at(0).at("elem").at("counter"));
    if (family_of(message) != family) {
        throw Error(Errc::KernelRejected, "not a message of this family");
    }
    listing.ruleset.verdicts[interface][message] = verdict;
    listing.counters[interface][message] = count;
}

/// Takes in one element of "parents": [name, device].
void read_parent(const json &element, const IndexOf &index_of, Listing &listing) {
    const auto device = element.at(1).get<std::string>();
    unsigned index = index_of(device);
    if (index == 0) {
        std::from_chars(device.data(), device.data() + device.size(), index);
    }
    listing.ruleset.parents[InterfaceName::parse(element.at(0).get<std::string>())] = index;
}

void read_elements(Family family, const json &map, const IndexOf &index_of, Listing &listing) {
    for (const json &element : map.value("elem", json::array())) {
        try {
            if (map.at("name") == "parents") {
                read_parent(element, index_of, listing);
            } else {
                read_verdict(family, element, listing);
            }
        } catch (const std::exception &) {
            listing.deviation = "there was a foreign element in map " + map.value("name", "");
        }
    }
}

}  // namespace

Listing parse_listing(Family family, const std::string &text, const IndexOf &index_of) {
    Listing listing;
    std::vector<json> structure;
    try {
        for (const json &object : read_objects(text)) {
            if (object.contains("map")) {
                read_elements(family, object["map"], index_of, listing);
            }
            structure.push_back(as_written(object));
            listing.ruleset.owned |= take_ownership_out(structure.back());
        }
        if (!same_objects(std::move(structure), table_objects(family))) {
            listing.deviation = in_words(family) + " had other content";
        }
    } catch (const std::exception &) {
        listing.deviation = in_words(family) + " could not be read";
    }
    return listing;
}

Listing listing_of(Reading reading) {
    Listing listing;
    listing.missing = !reading.structure.contains(Family::Ip6) && !reading.structure.contains(Family::Ip);
    if (listing.missing) {
        listing.deviation = in_words(Family::Ip6) + " was missing";
    } else if (!reading.foreign.empty()) {
        listing.deviation = "there was a foreign element in " + in_words(reading.foreign.front());
    } else if (reading.parents != reading.parents_in_ip) {
        listing.deviation = kOtherParents;
    }
    listing.ruleset.verdicts = std::move(reading.verdicts);
    listing.ruleset.parents = std::move(reading.parents);
    listing.counters = std::move(reading.counters);
    return listing;
}

Listing merge(Listing ip6, Listing ip) {
    if (ip6.deviation.empty()) {
        ip6.deviation = std::move(ip.deviation);
    }
    if (ip6.deviation.empty() && ip6.ruleset.parents != ip.ruleset.parents) {
        ip6.deviation = kOtherParents;
    }
    for (const auto &[name, verdicts] : ip.ruleset.verdicts) {
        ip6.ruleset.verdicts[name].merge(verdicts);
    }
    accumulate(ip6.counters, ip.counters);
    ip6.missing = ip6.missing && ip.missing;
    ip6.ruleset.owned = ip6.ruleset.owned && ip.ruleset.owned;
    return ip6;
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
