// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace vmac::audit {

/// How much a finding matters. Later is worse.
enum class Severity {
    Ok,        ///< as it should be
    Warning,   ///< protected, but not as well as it could be
    Critical,  ///< messages get out in the name of a VMAC, or could at once
};

inline constexpr std::array kAllSeverities = {Severity::Ok, Severity::Warning, Severity::Critical};

/// The word for it on the bus.
constexpr std::string_view to_string(Severity severity) {
    switch (severity) {
        case Severity::Ok:
            return "ok";
        case Severity::Warning:
            return "warning";
        case Severity::Critical:
            return "critical";
    }
    return "critical";
}

/// One thing that was found out about the host or an interface.
struct Finding {
    std::string interface;  ///< printable(); empty: the host
    Severity severity = Severity::Ok;
    std::string id;       ///< from ids.hpp
    std::string message;  ///< what is so, and what to do about it

    bool operator==(const Finding &) const = default;
};

}  // namespace vmac::audit
