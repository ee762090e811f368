// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <syslog.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/observer.hpp"

namespace vmac {

/// A field of a journal entry, such as {"VMAC_INTERFACE", "vrrp1"}.
using JournalField = std::pair<std::string_view, std::string_view>;

/// Writes one entry: to the journal when standard error goes there, else as a line to standard error.
/// @param priority LOG_ERR and so on, syslog(3)
/// @param message_id from message_ids.hpp; empty for none
void journal(int priority, std::string_view message_id, const std::string &text,
             std::initializer_list<JournalField> fields = {});

/// Writes down what happens to the filter.
class Journalist final : public Observer {
public:
    void interface_added(const Entry &entry) override;
    void interface_removed(const InterfaceName &name) override;
    void interface_changed(const Entry &before, const Entry &now) override;
    void ruleset_restored(const std::string &cause, const std::string &process) override;
    void guard_changed(bool is_active, const std::string &reason) override;
    void protection_changed(bool is_protected, const std::string &failure) override;
    void state_not_saved(const std::string &reason) override;

private:
    bool refused_ = false;
    bool guard_missed_ = false;
};

}  // namespace vmac
