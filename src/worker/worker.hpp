// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <string_view>

#include "nft/engine.hpp"
#include "worker/channel.hpp"

namespace vmac::worker {

/// What the first byte of an answer says about the rest.
enum class Outcome : char {
    Done = 'o',         ///< what the engine has printed
    Refused = 'r',      ///< why the kernel refused
    Unavailable = 'u',  ///< why the engine cannot be used
    Forbidden = 'n',    ///< what of it the worker does not do, see require_ours()
};

// How requests begin that are not a command list. Behind the first one comes a family, behind the others lines as in
// nft/element_lines.hpp.
inline constexpr std::string_view kOutline = "outline ";
inline constexpr std::string_view kRead = "read\n";
inline constexpr std::string_view kChange = "change\n";

/// What a worker answers to one request.
std::string answer_to(nft::TableEngine &engine, std::string_view request);

/// The life of a worker: gives up what it does not need, and serves the socket that is its standard input until the
/// other side closes it.
/// @return the exit status
int work();

}  // namespace vmac::worker
