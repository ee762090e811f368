// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/command_line.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iomanip>
#include <memory>
#include <sstream>
#include <utility>

#include "ctl/failure.hpp"
#include "model/interface_name.hpp"

namespace vmac::ctl {
namespace {

constexpr auto kFooter = R"(With no command: status. All changes are in the kernel and on disk when the command returns.
Exit status: 0 done, 1 and 2 audit found a warning or something critical, 3 the service does not run,
4 refused, 5 not allowed, 64 wrong command line. See mldfilterctl(1).)";

constexpr auto kNames = "NAME";

std::vector<std::string> split(const std::string &text, char separator) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    for (std::size_t end = 0; end != std::string::npos; start = end + 1) {
        end = text.find(separator, start);
        parts.push_back(text.substr(start, end == std::string::npos ? end : end - start));
    }
    return parts;
}

bool parse_bool(const std::string &option, const std::string &value) {
    if (value == "yes" || value == "true" || value == "1") {
        return true;
    }
    if (value == "no" || value == "false" || value == "0") {
        return false;
    }
    throw Failure(kUsage, option + " is yes or no, not \"" + value + '"');
}

/// A number of the option, within these bounds; a whole one if the least is.
double parse_number(const std::string &option, const std::string &text, double least, double most, const char *what) {
    double number = 0;
    if (!CLI::detail::lexical_cast(text, number) || !(number >= least && number <= most) ||
        (std::floor(least) == least && std::floor(number) != number)) {
        std::ostringstream bounds;
        bounds << option << " is " << least << " to " << std::fixed << std::setprecision(0) << most << what;
        throw Failure(kUsage, bounds.str() + ", not \"" + text + '"');
    }
    return number;
}

/// All else is for the service to judge.
void require_utf8(const Names &texts) {
    if (!std::ranges::all_of(texts, [](const auto &text) { return is_utf8(text); })) {
        throw Failure(kUsage, "a name or a word is not UTF-8; D-Bus carries no other");
    }
}

void require_names(const Names &texts) {
    require_utf8(texts);
    if (std::ranges::count(texts, "") != 0) {
        throw Failure(kUsage, "a name is empty");
    }
}

/// Help that looks like that of other programs: an option and what its value is called, no more.
class Formatter final : public CLI::Formatter {
public:
    Formatter() { column_width(28); }

    [[nodiscard]] std::string make_option_opts(const CLI::Option *option) const override {
        const std::string type = option->get_positional() ? "" : option->get_type_name();
        return type.empty() ? "" : ' ' + type.substr(0, type.find(':'));
    }

    [[nodiscard]] std::string make_option_name(const CLI::Option *option, bool is_positional) const override {
        std::string name = CLI::Formatter::make_option_name(option, is_positional);
        if (const auto comma = name.find(','); !is_positional && comma != std::string::npos) {
            name.insert(comma + 1, " ");
        }
        return name;
    }
};

constexpr std::array kColours = {
    std::pair{"auto", Colour::Auto},
    std::pair{"always", Colour::Always},
    std::pair{"never", Colour::Never},
};

Colour parse_colour(const std::string &word) {
    const auto *const found = std::ranges::find(kColours, word, [](const auto &row) { return row.first; });
    if (found == kColours.end()) {
        throw Failure(kUsage, "--color is auto, always or never, not \"" + word + '"');
    }
    return found->second;
}

// CLI11 takes "[a,b]" for a list wherever there may be several words, but it may be the name of an interface. So it
// never sees a word that begins with a bracket.
constexpr char kMark = '\1';

std::string marked(const std::string &word) {
    return word.starts_with('[') || word.starts_with(kMark) ? kMark + word : word;
}

std::string unmarked(const std::string &word) {
    return word.starts_with(kMark) ? word.substr(1) : word;
}

/// The program with all its commands; parsing fills the request.
class Parser {
public:
    Parser() {
        app_.name("mldfilterctl");
        app_.footer(kFooter);
        app_.set_version_flag("--version", "vmac-mldfilter " VMAC_VERSION);
        app_.fallthrough();
        app_.formatter(std::make_shared<Formatter>());
        app_.require_subcommand(0, 1);
        globals();
        questions();
        changes();
        others();
    }

    std::variant<Request, Text> parse(int argc, const char *const *argv) {
        try {
            std::vector<std::string> words;
            std::transform(argv + 1, argv + argc, std::back_inserter(words), marked);
            std::ranges::reverse(words);  // as CLI11 wants it
            app_.parse(std::move(words));
        } catch (const CLI::CallForVersion &version) {
            return Text{version.what() + std::string("\n")};
        } catch (const CLI::CallForHelp &) {
            return Text{help()};
        } catch (const CLI::ParseError &error) {
            throw Failure(kUsage, complaint(error) + "; see mldfilterctl --help");
        }
        request_.command = finish_ ? finish_() : Command{Status{}};
        return std::move(request_);
    }

private:
    void globals() {
        add_text(app_, "-H,--host", "HOST", "The router to ask, over ssh: [USER@]HOST",
                 [this](const std::string &host) { request_.host = host; });
        app_.add_flag("--json", request_.json, "Print JSON, for programs");
        app_.add_flag_callback(
            "--no-legend", [this] { request_.legend = false; }, "No headings and no hints");
        app_.add_flag_callback(
            "--no-ask-password", [this] { request_.ask_password = false; }, "Never ask for a password");
        add_text(app_, "--color", "WHEN", "auto, always or never; auto heeds NO_COLOR",
                 [this](const std::string &word) { request_.colour = parse_colour(word); });
        add_text(app_, "--timeout", "SECONDS", "How long to wait for an answer (25)", [this](const std::string &text) {
            request_.timeout = std::chrono::seconds(std::lround(parse_number("--timeout", text, 1, 86400, " seconds")));
        });
        app_.add_flag("-q,--quiet", request_.quiet, "Say nothing but errors; the exit status tells");
    }

    /// A command, of which @p make makes what is asked for once everything is parsed.
    CLI::App &command(const char *name, const char *help, std::function<Command()> make) {
        CLI::App *sub = app_.add_subcommand(name, help);
        sub->callback([this, make = std::move(make)] { finish_ = make; });
        return *sub;
    }

    void questions() {
        command("status", "Is this host protected, and what is wrong", [] { return Status{}; });
        auto &list = command("list", "The interfaces under management", [this] { return List{checked(names_)}; });
        add_names(list, names_, "Only these interfaces");

        auto &counters =
            command("counters", "What interfaces were kept from sending, and what the guard has caught", [this] {
                return ShowCounters{checked(names_), guard_};
            });
        auto *which = add_names(counters, names_, "Only these interfaces");
        counters.add_flag("--guard", guard_, "Only the guard")->excludes(which);

        auto &watch = command("watch", "The same, live, with rates; q ends it", [this] {
            return Watch{checked(names_), std::chrono::milliseconds(std::lround(interval_ * 1000)), count_};
        });
        add_names(watch, names_, "Only these interfaces");
        add_text(watch, "--interval", "SECONDS", "Between two looks (1)", [this](const std::string &text) {
            interval_ = parse_number("--interval", text, 0.1, 3600, " seconds");
        });
        add_count(watch, "How many looks, then end");

        auto &audit =
            command("audit", "What leaks or could, and what to do; exits 0, 1 or 2 by the worst finding", [this] {
                return Audit{checked(names_), all_};
            });
        add_names(audit, names_, "Only these interfaces, and the host");
        audit.add_flag("--all", all_, "What is well, too");

        auto &monitor = command("monitor", "What happens, as it happens", [this] { return Monitor{count_}; });
        add_count(monitor, "How many events, then end");
        command("ruleset", "Our own tables as the kernel has them, as JSON", [] { return ShowRuleset{}; });
        auto &metrics = command("metrics", "Everything, for Prometheus", [this] { return ShowMetrics{output_}; });
        add_text(metrics, "--output", "FILE", "Into this file, which is replaced in one step",
                 [this](const std::string &file) { output_ = file; });
    }

    void changes() {
        auto &add = command("add", "Put an interface under management, or change its options", [this] {
            wish_.name = checked({wish_.name}).front();
            require_utf8({wish_.action.value_or(""), wish_.parent.value_or("")});
            require_utf8(wish_.messages.value_or(Names{}));
            return Add{wish_};
        });
        add.add_option(kNames, wish_.name, "The interface, which need not exist yet")->required();
        add_text(add, "--action", "ACTION", "relocate, drop or allow",
                 [this](const std::string &action) { wish_.action = action; });
        add_text(add, "--parent", "DEVICE", "The device to relocate to; \"\": the lower device of the macvlan",
                 [this](const std::string &parent) { wish_.parent = parent; });
        add_text(add, "--messages", "MESSAGE,...", "Only these, separated by commas",
                 [this](const std::string &messages) { wish_.messages = split(messages, ','); });
        auto *runtime = add.add_flag_callback(
            "--runtime", [this] { wish_.runtime = true; }, "Not kept over a reboot");
        add.add_flag_callback(
               "--permanent", [this] { wish_.runtime = false; }, "Kept over a reboot")
            ->excludes(runtime);

        auto &remove = command("remove", "Take an interface out of management",
                               [this] { return Remove{checked({wish_.name}).front()}; });
        remove.add_option(kNames, wish_.name, "The interface")->required();

        auto &set = command("set", "Replace all interfaces that were added, in one step", [this] {
            if (texts_.empty() && !none_) {
                throw Failure(kUsage, "set needs the interfaces that there are to be, or --none for none");
            }
            Set wanted;
            for (const auto &text : checked(texts_)) {
                wanted.wishes.push_back(parse_wish(text));
            }
            return wanted;
        });
        auto *wishes = add_names(set, texts_, "NAME[:OPTION=VALUE]...; action, parent, messages, runtime");
        set.add_flag("--none", none_, "No interfaces")->excludes(wishes);

        auto &reset = command("reset", "Count from zero again", [this] { return Reset{checked(names_)}; });
        add_names(reset, names_, "Only these interfaces, not the guard");
        command("reload", "Read the configuration again", [] { return Reload{}; });
    }

    void others() {
        command("clear", "Take all our rules out of the kernel; only while the service is stopped",
                [] { return Clear{}; });
    }

    void add_count(CLI::App &command, const char *help) {
        add_text(command, "--count", "NUMBER", help, [this](const std::string &text) {
            count_ = static_cast<unsigned>(std::lround(parse_number("--count", text, 1, 1e9, "")));
        });
    }

    static CLI::Option *add_names(CLI::App &command, Names &names, const char *help) {
        return command.add_option(kNames, names, help);
    }

    /// An option whose value is a text, which may be empty.
    static void add_text(CLI::App &command, const char *option, const char *what, const char *help,
                         const std::function<void(const std::string &)> &take) {
        const auto take_unmarked = [take](const std::string &text) { take(unmarked(text)); };
        command.add_option_function<std::string>(option, take_unmarked, help)->type_name(what);
    }

    static Names checked(Names texts) {
        std::ranges::transform(texts, texts.begin(), unmarked);
        require_names(texts);
        return texts;
    }

    /// Of the command that --help was given with, if there was one.
    std::string help() {
        const auto commands = app_.get_subcommands();
        return commands.empty() ? app_.help() : commands.front()->help("mldfilterctl");
    }

    /// One line, of the many that CLI11 may have.
    std::string complaint(const CLI::ParseError &error) {
        const auto extras = app_.remaining(true);
        if (dynamic_cast<const CLI::ExtrasError *>(&error) != nullptr && !extras.empty()) {
            const auto commands = app_.get_subcommands();
            const bool is_option = extras.front().starts_with('-');
            const std::string what = is_option ? "option" : commands.empty() ? "command" : "place";
            return (commands.empty() ? "" : commands.front()->get_name() + ": ") + "there is no " + what +
                   (what == "place" ? " for \"" : " \"") + unmarked(extras.front()) + '"';
        }
        std::string text = error.what();
        std::ranges::replace(text, '\n', ' ');
        return text;
    }

    CLI::App app_{"Keep VRRP virtual-MAC interfaces from speaking MLD and IGMP: ask and tell the service."};
    Request request_;
    std::function<Command()> finish_;
    Names names_;
    Names texts_;
    Wish wish_;
    bool guard_ = false;
    bool all_ = false;
    bool none_ = false;
    double interval_ = 1;
    std::optional<unsigned> count_;
    std::string output_;
};

}  // namespace

Wish parse_wish(const std::string &text) {
    const auto parts = split(text, ':');
    Wish wish{.name = parts.front()};
    for (auto part = std::next(parts.begin()); part != parts.end(); ++part) {
        const auto equals = part->find('=');
        if (equals == std::string::npos) {
            throw Failure(kUsage, "\"" + *part + "\" in " + text + " is no option; write OPTION=VALUE");
        }
        const std::string option = part->substr(0, equals);
        const std::string value = part->substr(equals + 1);
        if (option == "action") {
            wish.action = value;
        } else if (option == "parent") {
            wish.parent = value;
        } else if (option == "messages") {
            wish.messages = split(value, ',');
        } else if (option == "runtime") {
            wish.runtime = parse_bool(option, value);
        } else {
            throw Failure(kUsage, "unknown option \"" + option + "\"; there are action, parent, messages and runtime");
        }
    }
    return wish;
}

std::variant<Request, Text> parse_command_line(int argc, const char *const *argv) {
    return Parser().parse(argc, argv);
}

}  // namespace vmac::ctl
