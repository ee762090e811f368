// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "ctl/report.hpp"
#include "ctl/terminal.hpp"

// What people read, as lines.
namespace vmac::ctl {

using Lines = std::vector<std::string>;

/// How something is shown.
struct Look {
    Terminal terminal;
    bool legend = true;  ///< headings and hints
};

/// Where a host stands: the word for it, and its colour.
struct Standing {
    std::string word;  ///< "protected", "protected, with warnings" or "NOT PROTECTED"
    Tone tone = Tone::Good;
};

Standing standing_of(const Overview &overview, audit::Severity worst);

Lines show_status(const Look &look, const Overview &overview, const std::vector<ManagedInterface> &interfaces,
                  const std::vector<audit::Finding> &findings);
Lines show_interfaces(const Look &look, const std::vector<ManagedInterface> &interfaces);

/// @param what heading of the first column
Lines show_counters(const Look &look, const char *what, const CounterTable &counters);

/// @param all whether findings of severity ok are shown, too
Lines show_findings(const Look &look, const std::vector<audit::Finding> &findings, bool all);

/// "relocate, parent eth0, by detection": what an event tells of an interface.
std::string in_words(const ManagedInterface &interface);

/// The worst that was found; Ok for nothing.
audit::Severity worst_of(const std::vector<audit::Finding> &findings);

Tone tone_of(audit::Severity severity);

/// A filled circle, or what comes next to it.
std::string bullet(const Terminal &terminal, Tone tone);

}  // namespace vmac::ctl
