// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/monitor.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <iostream>

#include "bus/attachment.hpp"
#include "ctl/events.hpp"
#include "ctl/failure.hpp"
#include "ctl/json.hpp"
#include "ctl/text.hpp"
#include "system/event_loop.hpp"

namespace vmac::ctl {
namespace {

using nlohmann::json;
using Kind = Event::Kind;

struct Word {
    Kind kind;
    const char *word;
    Tone tone;
};

constexpr std::array kWords = {
    Word{Kind::InterfaceAdded, "interface-added", Tone::Good},
    Word{Kind::InterfaceChanged, "interface-changed", Tone::Plain},
    Word{Kind::InterfaceRemoved, "interface-removed", Tone::Strong},
    Word{Kind::RulesetRestored, "ruleset-restored", Tone::Warning},
    Word{Kind::PropertiesChanged, "properties-changed", Tone::Plain},
    Word{Kind::ServiceStarted, "service-started", Tone::Good},
    Word{Kind::ServiceStopped, "service-stopped", Tone::Bad},
};

const Word &word_of(Kind kind) {
    return *std::ranges::find(kWords, kind, &Word::kind);
}

struct Property {
    const char *name;  ///< on the bus
    const char *key;   ///< in what `status --json` prints
};

constexpr std::array kProperties = {
    Property{"Version", "version"},           Property{"Protected", "protected"},
    Property{"GuardActive", "guard-active"},  Property{"AutoDetect", "auto-detect"},
    Property{"Restorations", "restorations"}, Property{"Features", "features"},
    Property{"Interfaces", "interfaces"},
};

json properties_of(const Event &event) {
    const json all = to_json(event.overview, {});
    auto changed = json::object();
    for (const auto &[name, key] : kProperties) {
        if (event.changed.contains(name)) {
            changed[key] = all.at(key);
        }
    }
    return changed;
}

json to_json(const Event &event) {
    json object = {
        {"time", time_stamp()},
        {"event", word_of(event.kind).word},
    };
    switch (event.kind) {
        case Kind::InterfaceAdded:
        case Kind::InterfaceChanged:
            object["name"] = event.interface.name;
            object["properties"] = ctl::to_json(event.interface);
            break;
        case Kind::InterfaceRemoved:
            object["name"] = event.interface.name;
            break;
        case Kind::RulesetRestored:
            object["cause"] = event.cause;
            break;
        case Kind::PropertiesChanged:
            object["properties"] = properties_of(event);
            break;
        case Kind::ServiceStarted:
        case Kind::ServiceStopped:
            break;
    }
    return object;
}

std::string value_in_words(const json &value) {
    if (value.is_boolean()) {
        return value.get<bool>() ? "yes" : "no";
    }
    if (value.is_array()) {
        return std::to_string(value.size()) + (value.size() == 1 ? " entry" : " entries");
    }
    return value.is_string() ? escaped(value.get<std::string>()) : value.dump();
}

std::string in_words(const Event &event) {
    switch (event.kind) {
        case Kind::InterfaceAdded:
        case Kind::InterfaceChanged:
            return escaped(event.interface.name) + ": " + in_words(event.interface);
        case Kind::InterfaceRemoved:
            return escaped(event.interface.name);
        case Kind::RulesetRestored:
            return escaped(event.cause);
        case Kind::PropertiesChanged: {
            std::vector<std::string> words;
            const json properties = properties_of(event);
            for (const auto &[key, value] : properties.items()) {
                words.push_back(key + '=' + value_in_words(value));
            }
            return joined(words);
        }
        case Kind::ServiceStarted:
        case Kind::ServiceStopped:
            break;
    }
    return "";
}

void print(const Event &event, const Look &look, bool as_json) {
    if (as_json) {
        std::cout << to_json(event).dump() << std::endl;
        return;
    }
    const auto &[kind, word, tone] = word_of(event.kind);
    std::cout << look.terminal.paint(Tone::Faint, time_of_day("%b %d %H:%M:%S")) << ' '
              << look.terminal.paint(tone, word);
    if (const std::string text = in_words(event); !text.empty()) {
        std::cout << ' ' << text;
    }
    std::cout << std::endl;
}

}  // namespace

void monitor(Client &client, const Monitor &wish, const Look &look, bool json) {
    EventLoop loop;
    const auto interrupted = loop.on_signal(SIGINT, [&loop] { loop.quit(kDone); });
    const auto terminated = loop.on_signal(SIGTERM, [&loop] { loop.quit(kDone); });
    bool is_lost = false;
    const bus::Attachment attachment(loop, client.connection(), [&loop, &is_lost] {
        is_lost = true;
        loop.quit(kUnreachable);
    });
    unsigned seen = 0;
    const Events events(client.connection(), [&](const Event &event) {
        if (!wish.count || seen < *wish.count) {
            print(event, look, json);
        }
        if (++seen == wish.count) {
            loop.quit(kDone);
        }
    });
    if (look.legend && !json) {
        const char *state = client.is_running() ? "runs" : "does not run at present";
        std::cout << look.terminal.paint(Tone::Faint, std::string("The service ") + state + "; ^C ends this.")
                  << std::endl;
    }
    loop.run();
    if (is_lost) {
        throw Failure(kUnreachable, "the bus has gone away");
    }
}

}  // namespace vmac::ctl
