// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/program.hpp"

#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <optional>

#include "ctl/agent.hpp"
#include "ctl/command_line.hpp"
#include "ctl/failure.hpp"
#include "ctl/json.hpp"
#include "ctl/metrics.hpp"
#include "ctl/monitor.hpp"
#include "ctl/output_file.hpp"
#include "ctl/show.hpp"
#include "ctl/text.hpp"
#include "ctl/watch.hpp"
#include "model/counted.hpp"
#include "nft/clear.hpp"

namespace vmac::ctl {
namespace {

using nlohmann::json;

constexpr std::chrono::seconds kTypingPassword{120};

/// Leaves of @p items those that are called one of @p names, all where there are none.
/// @throws Failure when there is none of that name
template <typename Items, typename Name>
void keep(Items &items, const Names &names, Name name_of) {
    if (names.empty()) {
        return;
    }
    for (const auto &name : names) {
        if (std::ranges::count(items, name, name_of) == 0) {
            throw Failure(kRefused, escaped(name) + " is not under management; mldfilterctl list shows what is, " +
                                        "mldfilterctl add " + escaped(name) + " adds it");
        }
    }
    std::erase_if(items, [&](const auto &item) { return std::ranges::count(names, std::invoke(name_of, item)) == 0; });
}

/// Carries one request out.
class Program {
public:
    explicit Program(const Request &request)
        : request_(request), look_{look_at_terminal(request.colour), request.legend} {}

    int operator()(const Status & /*status*/) {
        auto &client = open();
        if (!client.is_running()) {
            print(json{{"running", false}}, {bullet(look_.terminal, Tone::Bad) + " vmac-mldfilter: " +
                                             look_.terminal.paint(Tone::Bad, "the service does not run") +
                                             "; the rules that it has left stand, but nobody watches over them"});
            client.require_running();
        }
        const auto overview = client.overview();
        const auto findings = client.findings();
        print(to_json(overview, findings), show_status(look_, overview, client.interfaces(), findings));
        return kDone;
    }

    int operator()(const List &list) {
        auto interfaces = running().interfaces();
        keep(interfaces, list.names, &ManagedInterface::name);
        print(to_json(interfaces), show_interfaces(look_, interfaces));
        return kDone;
    }

    int operator()(const Add &add) {
        const bool changed = allowed().add(add.wish);
        report(changed, escaped(add.wish.name) + (changed ? " is under management." : " was so already."));
        return kDone;
    }

    int operator()(const Remove &remove) {
        const bool changed = allowed().remove(remove.name);
        report(changed, escaped(remove.name) +
                            (changed ? " is no longer under management." : " was not under management anyway."));
        return kDone;
    }

    int operator()(const Set &set) {
        const bool changed = allowed().set(set.wishes);
        report(changed, counted(set.wishes.size(), "interface") + (changed ? " set." : " set, as before."));
        return kDone;
    }

    int operator()(const ShowCounters &wish) {
        auto &client = running();
        CounterTable interfaces;
        CounterTable guard;
        for (const auto &name : wish.names) {
            interfaces.emplace(name, client.counters_of(name));
        }
        if (wish.names.empty() && !wish.only_guard) {
            interfaces = client.counters();
        }
        if (wish.names.empty()) {
            guard = client.guard_counters();
        }
        Lines lines = show_counters(look_, "INTERFACE", interfaces);
        const Lines caught = show_counters(look_, "GUARD", guard);
        if (!lines.empty() && !caught.empty()) {
            lines.emplace_back();
        }
        lines.insert(lines.end(), caught.begin(), caught.end());
        if (lines.empty() && look_.legend) {
            lines.emplace_back("Nothing is under management, and there is no guard.");
        }
        print({{"interfaces", to_json(interfaces)}, {"guard", to_json(guard)}}, lines);
        return kDone;
    }

    int operator()(const Watch &wish) {
        auto &client = open();
        if (!wish.names.empty() && client.is_running()) {
            auto interfaces = client.interfaces();
            keep(interfaces, wish.names, &ManagedInterface::name);
        }
        watch(client, wish, look_, request_.json);
        return kDone;
    }

    int operator()(const Audit &wish) {
        auto findings = running().findings();
        if (!wish.names.empty()) {
            Names names = wish.names;
            names.emplace_back();  // the host
            keep(findings, names, &audit::Finding::interface);
        }
        print(to_json(findings), show_findings(look_, findings, wish.all));
        switch (worst_of(findings)) {
            case audit::Severity::Ok:
                return kDone;
            case audit::Severity::Warning:
                return kWarning;
            case audit::Severity::Critical:
                return kCritical;
        }
        return kCritical;
    }

    int operator()(const Monitor &wish) {
        monitor(open(), wish, look_, request_.json);
        return kDone;
    }

    int operator()(const Reset &reset) {
        allowed().reset(reset.names);
        print({{"reset", reset.names}}, {"Counting from zero."});
        return kDone;
    }

    int operator()(const Reload & /*reload*/) {
        allowed().reload();
        print({{"reloaded", true}}, {"The configuration was read, and the kernel is in line with it."});
        return kDone;
    }

    int operator()(const Clear & /*clear*/) {
        require_clearable();
        nft::LibnftablesEngine engine;
        const auto cleared = nft::clear(engine);
        Lines lines;
        for (const auto &table : cleared) {
            lines.push_back("Took away " + table + '.');
        }
        if (cleared.empty()) {
            lines.emplace_back("There were no rules.");
        } else if (look_.legend) {
            lines.emplace_back("The service puts them back when it starts, at the next boot too, unless disabled:");
            lines.emplace_back("systemctl disable vmac-mldfilter vmac-mldfilter-restore");
        }
        print({{"cleared", !cleared.empty()}}, lines);
        return kDone;
    }

    int operator()(const ShowRuleset & /*ruleset*/) {
        std::cout << json::parse(running().ruleset()).dump(2) << '\n';
        return kDone;
    }

    int operator()(const ShowMetrics &wish) {
        const auto families = metrics(report_if_running());
        const std::string text = request_.json ? to_json(families).dump(2) + '\n' : exposition(families);
        if (wish.output.empty()) {
            std::cout << text;
        } else {
            replace_file(wish.output, text);
        }
        return kDone;
    }

private:
    Client &open() { return client_.emplace(request_.host, request_.timeout); }

    /// For questions: they do not start a service that somebody has stopped.
    Client &running() {
        auto &client = open();
        client.require_running();
        return client;
    }

    /// For changes: whoever may not make them is asked for a password, where that is possible.
    Client &allowed() {
        auto &client = open();
        if (request_.ask_password && geteuid() != 0) {
            if (request_.host.empty() && Agent::is_wanted()) {
                agent_.emplace();
            }
            client.allow_interaction(std::max(request_.timeout, kTypingPassword));
        }
        return client;
    }

    /// Nothing when the service does not run. One that does not answer is an error: what was known last grows old then,
    /// which monitoring can tell from a service that was stopped.
    std::optional<Report> report_if_running() {
        auto &client = open();
        return client.is_running() ? std::optional(client.report()) : std::nullopt;
    }

    void require_clearable() {
        if (!request_.host.empty()) {
            throw Failure(kUsage, "clear works on this machine only; ssh " + request_.host + " mldfilterctl clear");
        }
        if (geteuid() != 0) {
            throw Failure(kNotAllowed, "only root may clear; the service would not do it for anybody");
        }
        bool is_running = false;
        try {
            is_running = open().is_running();
        } catch (const Failure &) {
            is_running = false;  // no bus, no service
        }
        if (is_running) {
            throw Failure(
                kRefused,
                "the service runs and would put the rules back; stop it first: systemctl stop vmac-mldfilter");
        }
    }

    void report(bool changed, const std::string &sentence) { print({{"changed", changed}}, {sentence}); }

    void print(const json &object, const Lines &lines) {
        if (request_.json) {
            std::cout << object.dump(2) << '\n';
            return;
        }
        if (request_.quiet) {
            return;
        }
        for (const auto &line : lines) {
            std::cout << line << '\n';
        }
    }

    const Request &request_;
    Look look_;
    std::optional<Client> client_;
    std::optional<Agent> agent_;
};

int complain(int status, const std::string &message) {
    std::cerr << "mldfilterctl: " << escaped(message) << '\n';
    return status;
}

int run_command(int argc, const char *const *argv) {
    const auto parsed = parse_command_line(argc, argv);
    if (const auto *text = std::get_if<Text>(&parsed)) {
        std::cout << text->text;
        return kDone;
    }
    const auto &request = std::get<Request>(parsed);
    return std::visit(Program(request), request.command);
}

}  // namespace

int run(int argc, const char *const *argv) {
    try {
        const int status = run_command(argc, argv);
        if (!std::cout.flush()) {
            return complain(kRefused, "cannot write to standard output");
        }
        return status;
    } catch (const Failure &failure) {
        return complain(failure.status(), failure.what());
    } catch (const std::exception &error) {
        return complain(kRefused, error.what());
    }
}

}  // namespace vmac::ctl
