// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/failure.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace vmac::ctl {
namespace {

struct Row {
    std::string_view name;  ///< after "org.freedesktop.DBus.Error."
    ExitStatus status;
    std::string_view message;  ///< empty: the one of the error
};

/// The errors that are not the service's own.
constexpr std::array kStandard = {
    Row{"AccessDenied", kNotAllowed, ""},
    Row{"InteractiveAuthorizationRequired", kNotAllowed,
        "a person must be asked for a password, and nobody can be asked here; run it as root, or on a terminal"},
    Row{"ServiceUnknown", kUnreachable, "the service is not installed, or cannot be started by the bus"},
    Row{"NameHasNoOwner", kUnreachable, "the service does not run; start it: systemctl start vmac-mldfilter"},
    Row{"NoReply", kUnreachable, "the service did not answer in time; see: journalctl -u vmac-mldfilter"},
    Row{"Timeout", kUnreachable, "the service did not answer in time; see: journalctl -u vmac-mldfilter"},
    Row{"TimedOut", kUnreachable, "the service could not be started in time; see: journalctl -u vmac-mldfilter"},
    Row{"Disconnected", kUnreachable, "the bus has gone away"},
    Row{"Failed", kRefused, ""},
    Row{"InvalidArgs", kRefused, ""},
    Row{"UnknownMethod", kRefused, "the service that runs is older than this program; restart it"},
};

/// What to do about errors of the service itself, which are told there in the words of the bus.
struct Hint {
    std::string_view name;  ///< after "org.vmac.MldFilter.Error."
    std::string_view text;
};

constexpr std::array kHints = {
    Hint{"NotFound", "mldfilterctl list shows what is"},
    Hint{"StillDetected", "mldfilterctl add NAME --action allow exempts it, --action relocate takes that back"},
};

constexpr std::string_view kOwn = "org.vmac.MldFilter.Error.";
constexpr std::string_view kFreedesktop = "org.freedesktop.DBus.Error.";

}  // namespace

Failure failure_of(const sdbus::Error &error) {
    const std::string &name = error.getName();
    if (name.starts_with(kOwn)) {
        const std::string &message = error.getMessage();
        const auto *const hint = std::ranges::find(kHints, name.substr(kOwn.size()), &Hint::name);
        return {kRefused, hint == kHints.end()
                              ? message
                              : message.substr(0, message.find("; ")) + "; " + std::string(hint->text)};
    }
    for (const auto &row : kStandard) {
        if (name == std::string(kFreedesktop) + std::string(row.name)) {
            return {row.status, row.message.empty() ? error.getMessage() : std::string(row.message)};
        }
    }
    // What libsystemd itself, or whoever starts the service, has met.
    return {kUnreachable, error.getMessage() + " (" + name + ")"};
}

}  // namespace vmac::ctl
