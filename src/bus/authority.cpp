// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/authority.hpp"

#include <chrono>
#include <map>
#include <string>
#include <utility>

namespace vmac::bus {
namespace {

constexpr std::uint32_t kAllowUserInteraction = 1;

/// A person may look for a password; a polkit that hangs for longer is taken for a no.
constexpr std::chrono::minutes kPatience{5};

Error denied(const char *action, const std::string &why) {
    return {Errc::AccessDenied, std::string("not authorised for ") + action + ": " + why};
}

}  // namespace

Authority::Authority(sdbus::IConnection &connection)
    : bus_driver_(sdbus::createProxy(connection, compat::ServiceName{"org.freedesktop.DBus"},
                                     compat::ObjectPath{"/org/freedesktop/DBus"})),
      polkit_(sdbus::createProxy(connection, compat::ServiceName{"org.freedesktop.PolicyKit1"},
                                 compat::ObjectPath{"/org/freedesktop/PolicyKit1/Authority"})) {}

void Authority::check(const compat::Caller &caller, const char *action, Answer answer) {
    bus_driver_->callMethodAsync("GetConnectionUnixUser")
        .onInterface("org.freedesktop.DBus")
        .withArguments(caller.sender)
        .uponReplyInvoke(
            [this, caller, action, answer = std::move(answer)](compat::ReplyError error, std::uint32_t uid) {
                if (error) {
                    answer(denied(action, "the caller has left the bus"));
                } else if (uid == 0) {
                    answer(std::nullopt);
                } else {
                    ask_polkit(caller, action, answer);
                }
            });
}

void Authority::ask_polkit(const compat::Caller &caller, const char *action, Answer answer) {
    using Subject = sdbus::Struct<std::string, std::map<std::string, sdbus::Variant>>;
    using Result = sdbus::Struct<bool, bool, std::map<std::string, std::string>>;
    const Subject subject{"system-bus-name",
                          std::map<std::string, sdbus::Variant>{{"name", sdbus::Variant{caller.sender}}}};
    const auto on_reply = [action, caller, answer = std::move(answer)](compat::ReplyError error, const Result &result) {
        if (error) {
            answer(denied(action, "polkit did not answer: " + std::string(error->getMessage())));
        } else if (std::get<0>(result)) {
            answer(std::nullopt);
        } else if (std::get<1>(result) && !caller.interactive) {
            answer(Error(Errc::InteractiveAuthorizationRequired,
                         std::string(action) + " needs a password, and the caller did not allow to ask for one"));
        } else {
            answer(denied(action, "polkit says no"));
        }
    };
    polkit_->callMethodAsync("CheckAuthorization")
        .onInterface("org.freedesktop.PolicyKit1.Authority")
        .withTimeout(kPatience)
        .withArguments(subject, std::string(action), std::map<std::string, std::string>{},
                       caller.interactive ? kAllowUserInteraction : 0U, std::string())
        .uponReplyInvoke(on_reply);
}

}  // namespace vmac::bus
