// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/service.hpp"

#include <memory>
#include <type_traits>
#include <utility>

#include "bus/compat.hpp"
#include "bus/errors.hpp"

namespace vmac::bus {
namespace {

/// Every entry from the bus that answers at once goes through here: sdbus-c++ 1 ends the process for any exception
/// that is not its own.
template <typename Function>
auto guarded(Function function) {
    try {
        return function();
    } catch (...) {
        throw current_error();
    }
}

/// Sends something. That the bus is gone is nobody's business here: the session notices.
template <typename Function>
void send(Function function) {
    try {
        function();
    } catch (const sdbus::Error &) {
        return;
    }
}

/// Sends the error that is being handled.
template <typename Result>
void return_error(const Result &result) {
    const auto error = current_error();
    send([&] { result.returnError(error); });
}

/// Calls @p function and sends what it returns, or the error that it throws.
template <typename Result, typename Function>
void answer(const Result &result, Function &function) {
    try {
        if constexpr (std::is_void_v<decltype(function())>) {
            function();
            result.returnResults();
        } else {
            result.returnResults(function());
        }
    } catch (...) {
        return_error(result);
    }
}

const char *name_of(Property property) {
    switch (property) {
        case Property::Interfaces:
            return "Interfaces";
        case Property::AutoDetect:
            return "AutoDetect";
        case Property::GuardActive:
            return "GuardActive";
        case Property::Protected:
            return "Protected";
        case Property::Restorations:
            return "Restorations";
        case Property::Features:
            return "Features";
    }
    return "";
}

InterfaceOptions read_interfaces(const std::vector<sdbus::Struct<std::string, Dictionary>> &list) {
    InterfaceOptions interfaces;
    for (const auto &item : list) {
        const auto name = InterfaceName::parse(std::get<0>(item));
        if (!interfaces.emplace(name, read_options(std::get<1>(item))).second) {
            throw Error(Errc::InvalidName, "\"" + name.str() + "\" is in the list twice; each name may be there once");
        }
    }
    return interfaces;
}

}  // namespace

Service::Service(sdbus::IConnection &connection, Backend backend)
    : AdaptorInterfaces(connection, compat::ObjectPath{kObjectPath}),
      filter_(backend.filter),
      auditor_(backend.auditor),
      reload_(std::move(backend.reload)),
      authority_(connection) {
    registerAdaptor();
    filter_.add_observer(*this);
}

Service::~Service() {
    filter_.remove_observer(*this);
    unregisterAdaptor();
}

/// The way of every method that changes something. @p validate reads the arguments and returns the change, which
/// runs when polkit has agreed, and then looks at the world as it is by then.
template <typename Result, typename Validate>
void Service::authorised(Result &&result, const char *action, Validate validate) {
    const auto shared = std::make_shared<std::decay_t<Result>>(std::forward<Result>(result));
    try {
        auto change = validate();
        const auto caller = compat::current_caller(getObject());
        authority_.check(caller, action, [shared, change](const std::optional<Error> &refusal) {
            auto run = [&] {
                if (refusal) {
                    throw Error(*refusal);
                }
                return change();
            };
            answer(*shared, run);
        });
    } catch (...) {
        return_error(*shared);
    }
}

void Service::AddInterface(sdbus::Result<bool> &&result, std::string name, Dictionary options) {
    authorised(std::move(result), kManageInterfaces, [&] {
        return [this, name = InterfaceName::parse(name), options = read_options(options)] {
            return filter_.add(name, options);
        };
    });
}

void Service::RemoveInterface(sdbus::Result<bool> &&result, std::string name) {
    authorised(std::move(result), kManageInterfaces,
               [&] { return [this, name = InterfaceName::parse(name)] { return filter_.remove(name); }; });
}

void Service::SetInterfaces(sdbus::Result<bool> &&result,
                            std::vector<sdbus::Struct<std::string, Dictionary>> interfaces) {
    authorised(std::move(result), kManageInterfaces, [&] {
        filter_.config().require_room(interfaces.size());  // before a name is looked at
        return [this, interfaces = read_interfaces(interfaces)] { return filter_.set(interfaces); };
    });
}

std::vector<sdbus::Struct<std::string, Dictionary>> Service::ListInterfaces() {
    return guarded([this] {
        std::vector<sdbus::Struct<std::string, Dictionary>> list;
        for (const auto &[name, entry] : filter_.entries()) {
            list.emplace_back(name.str(), describe(entry));
        }
        return list;
    });
}

CounterDictionary Service::GetCounters(const std::string &name) {
    return guarded([&] { return describe(filter_.counters(InterfaceName::parse(name))); });
}

std::map<std::string, CounterDictionary> Service::GetAllCounters() {
    return guarded([this] { return describe(filter_.counters()); });
}

std::map<std::string, CounterDictionary> Service::GetGuardCounters() {
    return guarded([this] { return describe(filter_.guard_counters()); });
}

void Service::ResetCounters(sdbus::Result<> &&result, std::vector<std::string> names) {
    authorised(std::move(result), kResetCounters, [&] {
        std::vector<InterfaceName> chosen;
        chosen.reserve(names.size());
        for (const auto &name : names) {
            chosen.push_back(InterfaceName::parse(name));
        }
        return [this, chosen = std::move(chosen)] {
            filter_.reset_counters(chosen);
            auditor_.counters_reset(chosen);
        };
    });
}

std::vector<Dictionary> Service::Audit() {
    return guarded([this] {
        std::vector<Dictionary> findings;
        for (const auto &finding : auditor_.audit()) {
            findings.push_back(describe(finding));
        }
        return findings;
    });
}

std::string Service::GetRuleset() {
    return guarded([this] { return filter_.ruleset(); });
}

void Service::Reload(sdbus::Result<> &&result) {
    authorised(std::move(result), kReload, [this] { return reload_; });
}

std::string Service::Version() {
    return VMAC_VERSION;
}

std::vector<std::string> Service::Interfaces() {
    return guarded([this] {
        std::vector<std::string> names;
        names.reserve(filter_.entries().size());
        for (const auto &[name, entry] : filter_.entries()) {
            names.push_back(name.str());
        }
        return names;
    });
}

bool Service::AutoDetect() {
    return filter_.config().auto_detect;
}

bool Service::GuardActive() {
    return filter_.is_guard_active();
}

bool Service::Protected() {
    return filter_.is_protected();
}

std::uint64_t Service::Restorations() {
    return filter_.restorations();
}

std::vector<std::string> Service::Features() {
    return filter_.features();
}

void Service::interface_added(const Entry &entry) {
    send([&] { emitInterfaceAdded(entry.name.str(), describe(entry)); });
}

void Service::interface_changed(const Entry & /*before*/, const Entry &now) {
    send([&] { emitInterfaceChanged(now.name.str(), describe(now)); });
}

void Service::interface_removed(const InterfaceName &name) {
    send([&] { emitInterfaceRemoved(name.str()); });
}

void Service::ruleset_restored(const std::string &cause, const std::string & /*process*/) {
    send([&] { emitRulesetRestored(cause); });
}

void Service::properties_changed(const std::set<Property> &properties) {
    std::vector<compat::PropertyName> names;
    names.reserve(properties.size());
    for (const Property property : properties) {
        names.emplace_back(name_of(property));
    }
    send([&] { compat::emit_properties_changed(getObject(), INTERFACE_NAME, names); });
}

}  // namespace vmac::bus
