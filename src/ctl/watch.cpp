// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/watch.hpp"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>

#include "bus/attachment.hpp"
#include "ctl/events.hpp"
#include "ctl/failure.hpp"
#include "ctl/screen.hpp"
#include "ctl/text.hpp"
#include "ctl/watch_view.hpp"
#include "system/event_loop.hpp"

namespace vmac::ctl {
namespace {

constexpr auto kClock = "%H:%M:%S";
constexpr std::size_t kDepth = 60;  // looks that are remembered

/// Only @p names, unless that is nothing.
CounterTable only(CounterTable table, const Names &names) {
    if (!names.empty()) {
        std::erase_if(table, [&](const auto &row) { return std::ranges::count(names, row.first) == 0; });
    }
    return table;
}

class Watcher {
public:
    Watcher(Client &client, const Watch &wish, const Look &look, bool json)
        : client_(client), wish_(wish), look_(look), json_(json) {
        if (look_.terminal.is_terminal && !json_) {
            screen_ = std::make_unique<Screen>();
            keys_ = loop_.on_readable(STDIN_FILENO, [this] { take_key(); });
        }
    }

    void run() {
        take_look();
        loop_.run();
        if (is_lost_) {
            screen_.reset();
            throw Failure(kUnreachable, "the bus has gone away");
        }
    }

private:
    void take_look() {
        timer_ = loop_.after(wish_.interval, [this] { take_look(); });
        ask();
        show();
        if (++looks_ == wish_.count) {
            loop_.quit(kDone);
        }
    }

    /// A service that stops in between is as one that does not run.
    void ask() {
        try {
            if (!client_.is_running()) {
                forget();
                return;
            }
            if (is_stale_ || !seen_.overview) {
                seen_.overview = client_.overview();
                seen_.actions.clear();
                for (const auto &interface : client_.interfaces()) {
                    seen_.actions.emplace(interface.name, interface.effective_action);
                }
                is_stale_ = false;
            }
            const auto now = Rates::Clock::now();
            seen_.counters = only(client_.counters(), wish_.names);
            seen_.rates.look(seen_.counters, now);
            seen_.guard = wish_.names.empty() ? client_.guard_counters() : CounterTable{};
            seen_.guard_rates.look(seen_.guard, now);
        } catch (const Failure &failure) {
            if (failure.status() != kUnreachable) {
                throw;
            }
            forget();
        }
    }

    /// What was seen is no longer so.
    void forget() { seen_ = Seen(kDepth); }

    void show() {
        if (json_) {
            std::cout << watch_json(seen_, time_stamp()).dump() << std::endl;
        } else if (screen_) {
            screen_->draw(show_watch(look_, seen_, time_of_day(kClock)));
        } else {
            for (const auto &line : show_watch(look_, seen_, time_of_day(kClock))) {
                std::cout << line << '\n';
            }
            std::cout << std::endl;
        }
    }

    void take_key() {
        char key = 0;
        if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q') {
            loop_.quit(kDone);
        }
    }

    void resize() {
        look_.terminal.measure();
        if (screen_) {
            show();
        }
    }

    void take(const Event &event) {
        is_stale_ = true;
        if (event.kind == Event::Kind::RulesetRestored) {
            seen_.notice = time_of_day(kClock) + " the rules were put right: " + escaped(event.cause);
        }
    }

    Client &client_;
    const Watch &wish_;
    Look look_;
    bool json_;
    EventLoop loop_;
    Seen seen_{kDepth};
    bool is_stale_ = true;  ///< whether more than counters has changed
    bool is_lost_ = false;
    unsigned looks_ = 0;
    std::unique_ptr<Screen> screen_;
    EventSource timer_{nullptr, sd_event_source_disable_unref};
    EventSource keys_{nullptr, sd_event_source_disable_unref};
    EventSource interrupted_ = loop_.on_signal(SIGINT, [this] { loop_.quit(kDone); });
    EventSource terminated_ = loop_.on_signal(SIGTERM, [this] { loop_.quit(kDone); });
    EventSource resized_ = loop_.on_signal(SIGWINCH, [this] { resize(); });
    bus::Attachment attachment_{loop_, client_.connection(), [this] {
                                    is_lost_ = true;
                                    loop_.quit(kUnreachable);
                                }};
    Events events_{client_.connection(), [this](const Event &event) { take(event); }};
};

}  // namespace

void watch(Client &client, const Watch &wish, const Look &look, bool json) {
    Watcher(client, wish, look, json).run();
}

}  // namespace vmac::ctl
