// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/counters.hpp"
#include "model/interface_name.hpp"

// The words of libnftables-json(5) that both lines of defence are written in.
namespace vmac::nft {

inline constexpr auto kTable = "vmac_mldfilter";

/// A table that finds out what the kernel can do, and is gone again.
inline constexpr auto kProbeTable = "vmac_mldfilter_probe";

/// IGMP as an IP protocol (RFC 3376). As a number, for its name is in /etc/protocols, which a small system lacks.
inline constexpr int kIgmpProtocol = 2;

/// A table of ours is in each of these families.
enum class Family { Ip6, Ip, Netdev };
inline constexpr std::array kFamilies = {Family::Ip6, Family::Ip, Family::Netdev};

/// nftables' name of the family.
const char *to_string(Family family);

/// The family that nftables calls so, if it is one of these.
std::optional<Family> family_named(std::string_view name);

/// {verb: {object: body}}
nlohmann::json command(const char *verb, const char *object, nlohmann::json body);

/// An object of our table of that family.
nlohmann::json ours(Family family, nlohmann::json body);

/// Our table of that family itself, or another one.
nlohmann::json table_of(Family family, std::string_view name = kTable);

/// The same in words: "table ip6 vmac_mldfilter".
std::string in_words(Family family);

/// The same to be made. One that is owned can be changed by nobody else while we hold the socket that made it, passes
/// by at "flush ruleset" of others, and stays when we go: the flags owner (Linux 5.12) and persist (6.9).
nlohmann::json new_table(Family family, bool owned);

/// Takes these flags out of the table that @p object, of a listing, is. Whether both were there.
bool take_ownership_out(nlohmann::json &object);

/// Command lists that make a table of its own with ownership, to be listed, and take it away. libnftables 1.0.6 does
/// not know what the first one says.
nlohmann::json probe_ownership();
nlohmann::json end_ownership_probe();

nlohmann::json payload(const char *protocol, const char *field);
nlohmann::json meta(const char *key);
nlohmann::json match(nlohmann::json left, nlohmann::json right, const char *op = "==");

/// A rule of our table, as an object of a command list.
nlohmann::json rule(Family family, const std::string &chain, nlohmann::json statements);

/// Whether libnftables lists a device by this name as it is: it does not escape quotes, and aborts over what is not
/// UTF-8.
bool is_readable(std::string_view device);

/// How a name is written in a set. A '*' at its end would make it a prefix, were it not escaped; see string
/// evaluation in libnftables' evaluate.c.
std::string written(const InterfaceName &name);

/// Appends a command for @p elements of a set or map, unless there are none.
void append_elements(nlohmann::json &commands, const char *verb, Family family, const char *name,
                     nlohmann::json elements);

/// The commands that list our table of @p family, or another one.
nlohmann::json list_table(Family family, std::string_view name = kTable);

/// A command list that has nothing to do.
nlohmann::json no_commands();

/// True when @p commands, a command list, has nothing to do.
bool is_empty(const nlohmann::json &commands);

/// One command list of several, in their order.
nlohmann::json joined(std::initializer_list<nlohmann::json> lists);

/// Reads a listing. One whose values are nested deeper than any that libnftables makes is none: to copy or to write
/// such a value, the JSON library calls itself for each level, and the stack has an end.
/// @throws nlohmann::json::exception or Error
nlohmann::json parse_document(const std::string &text);

/// The objects of a listing, each {kind: body}, without what libnftables says about itself.
/// @throws nlohmann::json::exception or Error for a text that is no listing
std::vector<nlohmann::json> read_objects(const std::string &text);

/// What a counter in a listing says. @throws nlohmann::json::exception
Count read_counter(const nlohmann::json &counter);

/// An object of a listing as it was written: without what the kernel adds (handles), what is compared on its own
/// (elements), and what has been counted.
nlohmann::json as_written(nlohmann::json object);

/// Whether two lists of objects are the same, in whatever order things of different places come.
bool same_objects(std::vector<nlohmann::json> one, std::vector<nlohmann::json> other);

}  // namespace vmac::nft
