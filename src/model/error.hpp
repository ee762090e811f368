// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <stdexcept>
#include <string>

namespace vmac {

/// What went wrong, as a caller on the bus can tell it apart. The D-Bus names are in bus/errors.cpp.
enum class Errc {
    InvalidName,                       ///< not an interface name
    InvalidOption,                     ///< an option or a configuration file is wrong
    NotFound,                          ///< the interface is not under management
    StillDetected,                     ///< something else than the bus keeps it under management
    KernelRejected,                    ///< the kernel refused the transaction; nothing of it happened
    EngineUnavailable,                 ///< libnftables cannot be used
    StoreFailed,                       ///< the state could not be saved
    LimitReached,                      ///< too many interfaces
    AccessDenied,                      ///< polkit said no, or could not be asked
    InteractiveAuthorizationRequired,  ///< polkit would ask a person, and the caller did not allow that
};

/// The one exception of this project: a code for programs and one helpful sentence for people.
class Error : public std::runtime_error {
public:
    Error(Errc code, const std::string &message) : std::runtime_error(message), code_(code) {}

    [[nodiscard]] Errc code() const { return code_; }

private:
    Errc code_;
};

}  // namespace vmac
