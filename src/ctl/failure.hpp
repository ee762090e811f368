// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <stdexcept>
#include <string>

namespace vmac::ctl {

/// What the program exits with; see EXIT STATUS in mldfilterctl(1).
enum ExitStatus : int {
    kDone = 0,
    kWarning = 1,      ///< audit: the worst finding is a warning
    kCritical = 2,     ///< audit: it is critical
    kUnreachable = 3,  ///< the service does not run, or cannot be asked
    kRefused = 4,      ///< the service or the kernel refused, and nothing was changed
    kNotAllowed = 5,
    kUsage = 64,  ///< wrong command line, as in sysexits.h
};

/// Why the program cannot do what it was asked for: one helpful sentence, and what to exit with.
class Failure : public std::runtime_error {
public:
    Failure(ExitStatus status, const std::string &message) : std::runtime_error(message), status_(status) {}

    [[nodiscard]] ExitStatus status() const { return status_; }

private:
    ExitStatus status_;
};

/// What an error from the bus means to a person.
Failure failure_of(const sdbus::Error &error);

}  // namespace vmac::ctl
