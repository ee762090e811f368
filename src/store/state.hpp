// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "model/ledger.hpp"
#include "model/options.hpp"
#include "model/parents.hpp"
#include "store/files.hpp"

namespace vmac::store {

/// What must outlive the daemon.
struct State {
    InterfaceOptions interfaces;  ///< what was added over the bus
    Config last_good;             ///< the last configuration without errors
    Ledger ledger;
    Ledger guard_ledger;  ///< of the guard, by device
    Counters seen;        ///< what the kernel had counted when the service stopped; empty while it runs
    Counters guard_seen;
    std::string structure;  ///< of our tables, when the service stopped, see nft::Tables::structure(); likewise
    Parents parents;

    bool operator==(const State &) const = default;
};

/// The JSON text of @p state as it is in this boot.
std::string format_state(const State &state, const std::string &boot_id);

/// Reads what format_state() wrote. What holds for one boot only (runtime entries, the ledgers) is left out when
/// that boot is over.
/// @throws Error StoreFailed, which says what is wrong with the text.
State parse_state(const std::string &text, const std::string &boot_id);

/// The file state.json.
class StateFile {
public:
    /// @param directory where it is; must exist to save, need not to load
    /// @param boot_id see identify_boot()
    StateFile(const std::filesystem::path &directory, std::string boot_id);

    struct Loaded {
        State state;
        std::string complaint;  ///< what was wrong and what was done about it, for a person; empty when all is well
    };

    /// Reads the file. A torn or foreign one is set aside, never deleted; what cannot be set aside is left alone,
    /// and then stage() refuses. Never throws for what is on the disk.
    /// @throws std::system_error when this process may not open anything more
    Loaded load();

    /// Reads the file and leaves it as it is. Without one the state is empty.
    /// @throws std::system_error when it cannot be read, Error StoreFailed when its text cannot be used
    [[nodiscard]] State read() const;

    /// Writes the new state beside the file; StagedFile::publish() then makes it hold.
    /// @throws Error StoreFailed with the bare reason
    [[nodiscard]] StagedFile stage(const State &state) const;

private:
    std::filesystem::path path_;
    std::string boot_id_;
    std::string blocked_;  ///< why the file must not be replaced; empty when it may be
};

}  // namespace vmac::store
