// SPDX-License-Identifier: GPL-2.0-or-later
#include "daemon/journal.hpp"

#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "daemon/message_ids.hpp"
#include "model/quoting.hpp"

namespace vmac {
namespace {

/// Whether standard error is the stream that the journal gave us; JOURNAL_STREAM in systemd.exec(5).
bool stderr_is_journal() {
    const char *stream = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    if (stream == nullptr || fstat(STDERR_FILENO, &status) < 0) {
        return false;
    }
    return std::to_string(status.st_dev) + ':' + std::to_string(status.st_ino) == stream;
}

constexpr std::array<const char *, 8> kPriorities = {"emerg",   "alert",  "crit", "error",
                                                     "warning", "notice", "info", "debug"};

/// Whether an interface drops instead of relocating. One that does not exist sends nothing, so it is no news there.
bool falls_back(const Entry &entry) {
    return entry.present && entry.action != entry.effective_action;
}

void tell_fallback(const Entry &entry) {
    journal(LOG_WARNING, message_id::kFallbackToDrop,
            entry.name.str() + ": dropping instead of relocating, because " + entry.reason,
            {{"VMAC_INTERFACE", entry.name.str()}, {"VMAC_REASON", entry.reason}});
}

}  // namespace

void journal(int priority, std::string_view message_id, const std::string &text,
             std::initializer_list<JournalField> fields) {
    static const bool to_journal = stderr_is_journal();
    const std::string message = on_one_line(text);  // journalctl shows only UTF-8, which names of devices need not be
    if (!to_journal) {
        std::fprintf(stderr, "%s: %s\n", kPriorities.at(static_cast<std::size_t>(priority)), message.c_str());
        return;
    }
    std::vector<std::string> entry = {"PRIORITY=" + std::to_string(priority), "MESSAGE=" + message};
    if (!message_id.empty()) {
        entry.push_back("MESSAGE_ID=" + std::string(message_id));
    }
    for (const auto &[name, value] : fields) {
        entry.push_back(std::string(name) + '=' + std::string(value));
    }
    std::vector<iovec> parts;
    parts.reserve(entry.size());
    for (auto &field : entry) {
        parts.push_back({field.data(), field.size()});
    }
    sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

void Journalist::interface_added(const Entry &entry) {
    const auto action = std::string(to_string(entry.action));
    journal(LOG_INFO, message_id::kInterfaceAdded, entry.name.str() + ": now under management, action " + action,
            {{"VMAC_INTERFACE", entry.name.str()}, {"VMAC_ACTION", action}, {"VMAC_PARENT", entry.parent}});
    if (falls_back(entry)) {
        tell_fallback(entry);
    }
}

void Journalist::interface_removed(const InterfaceName &name) {
    journal(LOG_INFO, message_id::kInterfaceRemoved, name.str() + ": no longer under management",
            {{"VMAC_INTERFACE", name.str()}});
}

void Journalist::interface_changed(const Entry &before, const Entry &now) {
    if (before.action != now.action || before.messages != now.messages) {
        const auto action = std::string(to_string(now.action));
        journal(LOG_INFO, message_id::kInterfaceChanged, now.name.str() + ": options changed, action " + action,
                {{"VMAC_INTERFACE", now.name.str()}, {"VMAC_ACTION", action}, {"VMAC_PARENT", now.parent}});
    }
    if (falls_back(now) && (!falls_back(before) || before.reason != now.reason)) {
        tell_fallback(now);
    } else if (falls_back(before) && now.effective_action == Action::Relocate) {
        journal(LOG_NOTICE, message_id::kRelocatingAgain, now.name.str() + ": relocating to " + now.parent,
                {{"VMAC_INTERFACE", now.name.str()}, {"VMAC_PARENT", now.parent}});
    }
}

void Journalist::ruleset_restored(const std::string &cause, const std::string &process) {
    journal(LOG_WARNING, message_id::kRulesetRestored, "Restored our tables: " + cause,
            {{"VMAC_REASON", cause}, {"VMAC_PROCESS", process}});
}

void Journalist::guard_changed(bool is_active, const std::string &reason) {
    if (!reason.empty()) {
        journal(LOG_WARNING, message_id::kGuardOff, "Protecting without the guard: " + reason,
                {{"VMAC_REASON", reason}});
        guard_missed_ = true;
    } else if (is_active && guard_missed_) {
        journal(LOG_NOTICE, message_id::kGuardOn, "The guard is in force");
        guard_missed_ = false;
    }
}

void Journalist::protection_changed(bool is_protected, const std::string &failure) {
    if (!failure.empty()) {
        journal(LOG_ERR, message_id::kKernelRefused, "NOT protecting: " + failure, {{"VMAC_REASON", failure}});
        refused_ = true;
    } else if (is_protected && refused_) {
        journal(LOG_NOTICE, message_id::kKernelAcceptsAgain, "Protecting again: the kernel holds our tables");
        refused_ = false;
    }
}

void Journalist::state_not_saved(const std::string &reason) {
    journal(LOG_ERR, message_id::kStateNotSaved, reason, {{"VMAC_REASON", reason}});
}

}  // namespace vmac
