// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/taking.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <chrono>
#include <exception>
#include <system_error>
#include <utility>

#include "bus/compat.hpp"

namespace vmac::bus {
namespace {

/// How long a bus may take nothing of what is said to it, and once more when it has answered somebody else.
constexpr std::chrono::milliseconds kPatience{250};

/// How often it is seen whether a bus in doubt takes something after all.
constexpr std::chrono::milliseconds kPulse{5};

}  // namespace

Taking::Taking(EventLoop &loop, sdbus::IConnection &connection, std::function<void()> given_up)
    : loop_(loop), connection_(connection), fd_(compat::poll_of(connection).fd), given_up_(std::move(given_up)) {}

void Taking::look() {
    const int before = std::exchange(untaken_, 0);
    ioctl(fd_, SIOCOUTQ, &untaken_);
    if (untaken_ == 0 || untaken_ < before) {
        be_content();
    }
}

void Taking::watch() {
    look();
    if (untaken_ > 0 && !patience_ && !doubt_) {
        patience_ = loop_.after(kPatience, [this] {
            look();
            if (patience_) {
                patience_.reset();
                doubt();
            }
        });
    }
}

void Taking::said() {
    if (follow_up_) {
        return;
    }
    try {
        follow_up_ = loop_.after(kPatience, [this] { follow_up(); });
    } catch (const std::exception &) {
        return;  // the loop has ended, or the bus is gone, which is told otherwise
    }
}

/// What has left our socket need not have been passed on: dbus-daemon(1) reads several messages at once, and keeps
/// those behind the one that has reached the limit. So what was said last is followed by something that is said alone:
/// if it is taken, all before it has been passed on.
void Taking::follow_up() {
    follow_up_.reset();
    look();
    try {
        if (untaken_ == 0) {
            compat::say_something(connection_);
        } else {
            said();
        }
        watch();
    } catch (const std::exception &) {
        return;  // as above
    }
}

/// While more is added, what a busy bus takes may not be seen.
void Taking::doubt() {
    try {
        auto arrival = std::make_unique<Arrival>(loop_, [this] {
            patience_ = loop_.after(kPatience, [this] {
                look();
                if (doubt_) {
                    given_up_();
                }
            });
        });
        keep_looking();
        doubt_ = std::move(arrival);
    } catch (const std::system_error &) {
        return;  // later, then
    }
}

void Taking::keep_looking() {
    pulse_ = loop_.after(kPulse, [this] {
        look();
        if (doubt_) {
            keep_looking();
        }
    });
}

void Taking::be_content() {
    patience_.reset();
    doubt_.reset();
    pulse_.reset();
}

void Taking::end() {
    be_content();
    follow_up_.reset();
}

}  // namespace vmac::bus
