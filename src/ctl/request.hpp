// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ctl/client.hpp"

// What a command line asks for.
namespace vmac::ctl {

using Names = std::vector<std::string>;

struct Status {};
struct List {
    Names names;  ///< empty: all; so it is below
};
struct Add {
    Wish wish;
};
struct Remove {
    std::string name;
};
struct Set {
    std::vector<Wish> wishes;
};
struct ShowCounters {
    Names names;
    bool only_guard = false;
};
struct Watch {
    Names names;
    std::chrono::milliseconds interval{1000};
    std::optional<unsigned> count;  ///< how many times; none: until somebody ends it
};
struct Audit {
    Names names;
    bool all = false;  ///< those of severity ok too
};
struct Monitor {
    std::optional<unsigned> count;  ///< of events
};
struct Reset {
    Names names;
};
struct Reload {};
struct Clear {};
struct ShowRuleset {};
struct ShowMetrics {
    std::string output;  ///< a file; empty: standard output
};

using Command = std::variant<Status, List, Add, Remove, Set, ShowCounters, Watch, Audit, Monitor, Reset, Reload, Clear,
                             ShowRuleset, ShowMetrics>;

enum class Colour { Auto, Always, Never };

struct Request {
    std::string host;  ///< "[USER@]HOST"; empty: here
    bool json = false;
    bool legend = true;
    bool ask_password = true;
    bool quiet = false;
    Colour colour = Colour::Auto;
    std::chrono::seconds timeout{25};
    Command command;
};

}  // namespace vmac::ctl
