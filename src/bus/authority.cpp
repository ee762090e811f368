// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/authority.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace vmac::bus {
namespace {

constexpr auto kPolkitInterface = "org.freedesktop.PolicyKit1.Authority";
constexpr std::uint32_t kAllowUserInteraction = 1;

/// A person may look for a password; who does not answer for longer is taken for a no.
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
    if (const auto known = users_.find(caller.sender); known != users_.end()) {
        decide(caller, known->second, action, std::move(answer));
        return;
    }
    bus_driver_->callMethodAsync("GetConnectionUnixUser")
        .onInterface("org.freedesktop.DBus")
        .withTimeout(kPatience)  // the answer comes behind all that others have sent us by now
        .withArguments(caller.sender)
        .uponReplyInvoke(
            [this, caller, action, answer = std::move(answer)](compat::ReplyError error, std::uint32_t uid) {
                if (error) {
                    answer(denied(action, "the bus does not tell who calls: " + std::string(error->getMessage())));
                } else {
                    users_[caller.sender] = uid;
                    decide(caller, uid, action, answer);
                }
            });
}

void Authority::decide(const compat::Caller &caller, std::uint32_t uid, const char *action, Answer answer) {
    if (uid == 0) {
        answer(std::nullopt);
    } else {
        ask_polkit(caller, uid, action, std::move(answer));
    }
}

void Authority::ask_polkit(const compat::Caller &caller, std::uint32_t uid, const char *action, Answer answer) {
    const auto of_this_user = [uid](const auto &question) { return question.second.uid == uid; };
    if (std::ranges::count_if(asked_, of_this_user) >= static_cast<std::ptrdiff_t>(kMostAsked)) {
        answer(Error(Errc::LimitReached, std::to_string(kMostAsked) +
                                             " calls of this user wait for polkit to answer; answer or cancel what it "
                                             "asks, then call again"));
        return;
    }
    using Subject = sdbus::Struct<std::string, std::map<std::string, sdbus::Variant>>;
    using Result = sdbus::Struct<bool, bool, std::map<std::string, std::string>>;
    const Subject subject{"system-bus-name",
                          std::map<std::string, sdbus::Variant>{{"name", sdbus::Variant{caller.sender}}}};
    const std::string id = std::to_string(++last_id_);
    const auto on_reply = [this, id, action, interactive = caller.interactive](compat::ReplyError error,
                                                                               const Result &result) {
        const auto question = asked_.extract(id);
        if (question.empty()) {
            return;  // taken back
        }
        const auto &tell = question.mapped().answer;
        if (error) {
            tell(denied(action, "polkit did not answer: " + std::string(error->getMessage())));
        } else if (std::get<0>(result)) {
            tell(std::nullopt);
        } else if (std::get<1>(result) && !interactive) {
            tell(Error(Errc::InteractiveAuthorizationRequired,
                       std::string(action) + " needs a password, and the caller did not allow to ask for one"));
        } else {
            tell(denied(action, "polkit says no"));
        }
    };
    polkit_->callMethodAsync("CheckAuthorization")
        .onInterface(kPolkitInterface)
        .withTimeout(kPatience)
        .withArguments(subject, std::string(action), std::map<std::string, std::string>{},
                       caller.interactive ? kAllowUserInteraction : 0U, id)
        .uponReplyInvoke(on_reply);
    asked_.emplace(id, Question{caller.sender, uid, std::move(answer)});
}

void Authority::forget(const std::string &sender) {
    users_.erase(sender);
    std::erase_if(asked_, [&](const auto &question) {
        const bool is_his = question.second.sender == sender;
        if (is_his) {
            cancel(question.first);
        }
        return is_his;
    });
}

void Authority::cancel(const std::string &id) {
    try {
        polkit_->callMethod("CancelCheckAuthorization")
            .onInterface(kPolkitInterface)
            .withArguments(id)
            .dontExpectReply();
    } catch (const sdbus::Error &) {
        return;  // the bus is gone, and with it the question
    }
}

}  // namespace vmac::bus
