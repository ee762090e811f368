// SPDX-License-Identifier: GPL-2.0-or-later
#include "json_listing.hpp"

#include <net/if.h>

#include <nlohmann/json.hpp>

#include "model/error.hpp"

namespace vmac::test {
namespace {

using nft::Family;
using nlohmann::json;

nft::Verdict verdict_of(const json &value) {
    if (value == json{{"drop", nullptr}}) {
        return nft::Verdict::Drop;
    }
    if (value == json{{"goto", {{"target", "relocate"}}}}) {
        return nft::Verdict::Relocate;
    }
    throw Error(Errc::KernelRejected, "not a verdict of ours");
}

/// Takes one element of "verdicts": [{"elem": {"val": key, "counter": …}}, verdict].
/// @throws json::exception or Error where it has another form.
void take_verdict(Family family, const json &element, nft::Reading &reading) {
    const json &key = element.at(0).at("elem").at("val");
    const json &name = family == Family::Ip6 ? key.at("concat").at(0) : key;
    const Message message =
        family == Family::Ip6 ? parse_message(key.at("concat").at(1).get<std::string>()) : Message::Igmp;
    const nft::Verdict verdict = verdict_of(element.at(1));
    const auto interface = InterfaceName::parse(name.get<std::string>());
    const Count count = nft::read_counter(element.at(0).at("elem").at("counter"));
    if (nft::family_of(message) != family) {
        throw Error(Errc::KernelRejected, "not a message of this family");
    }
    reading.verdicts[interface][message] = verdict;
    reading.counters[interface][message] = count;
}

/// Takes one element of "parents": [name, device]. A device is listed by its name where it has one.
void take_parent(Family family, const json &element, nft::Reading &reading) {
    const auto device = element.at(1).get<std::string>();
    const unsigned index = if_nametoindex(device.c_str());
    auto &parents = family == Family::Ip6 ? reading.parents : reading.parents_in_ip;
    parents[InterfaceName::parse(element.at(0).get<std::string>())] =
        index != 0 ? index : static_cast<unsigned>(std::stoul(device));
}

}  // namespace

void take_elements(Family family, const std::string &text, nft::Reading &reading) {
    bool has_foreign = false;
    for (const json &object : nft::read_objects(text)) {
        const json map = object.value("map", json::object());
        for (const json &element : map.value("elem", json::array())) {
            try {
                if (map.at("name") == "parents") {
                    take_parent(family, element, reading);
                } else {
                    take_verdict(family, element, reading);
                }
            } catch (const std::exception &) {
                has_foreign = true;
            }
        }
    }
    if (has_foreign) {
        reading.foreign.push_back(family);
    }
}

nft::Reading list_elements(nft::Engine &engine) {
    nft::Reading reading;
    for (const Family family : nft::kFirstLine) {
        take_elements(family, engine.run(nft::list_table(family).dump()), reading);
    }
    return reading;
}

}  // namespace vmac::test
