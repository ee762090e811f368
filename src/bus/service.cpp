// SPDX-License-Identifier: GPL-2.0-or-later
#include "bus/service.hpp"

#include <chrono>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

#include "bus/compat.hpp"
#include "bus/errors.hpp"
#include "system/memory.hpp"

namespace vmac::bus {
namespace {

/// Every property that could throw goes through here: sdbus-c++ 1 ends the process for any exception that is not its
/// own.
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

template <typename Result>
void return_error(const Result &result, const sdbus::Error &error) {
    send([&] { result.returnError(error); });
}

/// So many names in the arguments of a call or its answer take about as much memory as a call without any.
constexpr std::size_t kNamesInOne = 128;

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

/// Who waits for a turn like a sender, and has no name on the bus.
constexpr auto kOurselves = "";

/// How long what has changed in a longer list of names waits for what changes besides.
constexpr std::chrono::milliseconds kBetweenLongLists{100};

}  // namespace

Service::Service(EventLoop &loop, sdbus::IConnection &connection, Turns &turns, Taking &taking, Backend backend)
    : AdaptorInterfaces(connection, compat::ObjectPath{kObjectPath}),
      loop_(loop),
      connection_(connection),
      filter_(backend.filter),
      auditor_(backend.auditor),
      reload_(std::move(backend.reload)),
      turns_(turns),
      taking_(taking),
      authority_(connection),
      doorkeeper_{.called = [this] { taking_.said(); },
                  .interface = INTERFACE_NAME,
                  .refuse = [this](const std::string &sender) { return refuse(sender); }},
      door_(compat::ask_first(connection, doorkeeper_)) {
    compat::on_sender_left(connection, [this](const std::string &sender) {
        authority_.forget(sender);
        turns_.forget(sender);
    });
    registerAdaptor();
    filter_.add_observer(*this);
}

Service::~Service() {
    filter_.remove_observer(*this);
    unregisterAdaptor();
}

/// Says no to those of whom enough waits already.
std::optional<sdbus::Error> Service::refuse(const std::string &sender) const {
    if (turns_.has_room(sender)) {
        return std::nullopt;
    }
    return to_bus(Error(Errc::LimitReached, std::to_string(Turns::kMostWaiting) +
                                                " calls of yours wait to be served, or a large one; wait for an answer "
                                                "before you call again"));
}

/// Calls @p function and sends what it returns, or the error that it throws. Who has called is answered first, then all
/// are told what has changed: among thousands that takes long. @p names are in arguments or answer.
template <typename Result, typename Function>
void Service::answer(const Result &result, const Function &function, std::size_t names) {
    is_answering_ = true;
    try {
        if constexpr (std::is_void_v<decltype(function())>) {
            function();
            result.returnResults();
        } else {
            result.returnResults(function());
        }
    } catch (...) {
        return_error(result, current_error());
    }
    is_answering_ = false;
    for (const auto &signal : std::exchange(unsaid_, {})) {
        send(signal);
    }
    if (names > kNamesInOne) {
        give_memory_back();
    }
}

/// Emits a signal, after the answer that is under way.
template <typename Function>
void Service::say(Function signal) {
    if (is_answering_) {
        unsaid_.emplace_back(std::move(signal));
    } else {
        send(signal);
        taking_.said();
    }
}

/// The way of every method that only asks. @p validate reads the arguments and returns what to do, which is done when
/// it is the caller's turn. Then he is also told what is wrong with them: so he cannot have more read than others.
/// @p names is how many the answer has.
template <typename Result, typename Validate>
void Service::in_turn(Result &&result, Validate validate, std::size_t names) {
    const auto shared = std::make_shared<std::decay_t<Result>>(std::forward<Result>(result));
    auto place = turns_.admit(compat::current_caller(getObject()).sender);
    try {
        turns_.add(place, [this, shared, names, work = validate()] { answer(*shared, work, names); });
    } catch (...) {
        turns_.add(std::move(place), [shared, error = current_error()] { return_error(*shared, error); });
    }
}

/// The way of every method that changes something. @p validate reads the arguments, of which @p names are names, and
/// returns the change, which is done when polkit has agreed and it is the caller's turn, and then looks at the world
/// as it is by then.
template <typename Result, typename Validate>
void Service::authorised(Result &&result, const char *action, Validate validate, std::size_t names) {
    const auto shared = std::make_shared<std::decay_t<Result>>(std::forward<Result>(result));
    const auto caller = compat::current_caller(getObject());
    auto place = turns_.admit(caller.sender, 1 + names / kNamesInOne);
    try {
        auto change = validate();
        authority_.check(caller, action, [this, shared, place, change, names](const std::optional<Error> &refusal) {
            if (refusal) {
                return_error(*shared, to_bus(*refusal));
                taking_.said();
            } else {
                turns_.add(place, [this, shared, change, names] { answer(*shared, change, names); });
            }
        });
    } catch (...) {
        turns_.add(std::move(place), [shared, error = current_error()] { return_error(*shared, error); });
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
    const auto validate = [&] {
        filter_.config().require_room(interfaces.size());  // before a name is looked at
        return [this, interfaces = read_interfaces(interfaces)] { return filter_.set(interfaces); };
    };
    authorised(std::move(result), kManageInterfaces, validate, interfaces.size());
}

void Service::ListInterfaces(sdbus::Result<std::vector<sdbus::Struct<std::string, Dictionary>>> &&result) {
    const auto work = [this] {
        return [this] {
            std::vector<sdbus::Struct<std::string, Dictionary>> list;
            for (const auto &[name, entry] : filter_.entries()) {
                list.emplace_back(name.str(), describe(entry));
            }
            return list;
        };
    };
    in_turn(std::move(result), work, filter_.entries().size());
}

void Service::GetCounters(sdbus::Result<CounterDictionary> &&result, std::string name) {
    in_turn(std::move(result),
            [&] { return [this, name = InterfaceName::parse(name)] { return describe(filter_.counters(name)); }; });
}

void Service::GetAllCounters(sdbus::Result<std::map<std::string, CounterDictionary>> &&result) {
    const auto work = [this] { return [this] { return describe(filter_.counters()); }; };
    in_turn(std::move(result), work, filter_.entries().size());
}

void Service::GetGuardCounters(sdbus::Result<std::map<std::string, CounterDictionary>> &&result) {
    in_turn(std::move(result), [this] { return [this] { return describe(filter_.guard_counters()); }; });
}

void Service::ResetCounters(sdbus::Result<> &&result, std::vector<std::string> names) {
    const auto validate = [&] {
        filter_.config().require_room(names.size());
        std::vector<InterfaceName> chosen;
        chosen.reserve(names.size());
        for (const auto &name : names) {
            chosen.push_back(InterfaceName::parse(name));
        }
        return [this, chosen = std::move(chosen)] {
            filter_.reset_counters(chosen);
            auditor_.counters_reset(chosen);
        };
    };
    authorised(std::move(result), kResetCounters, validate, names.size());
}

void Service::Audit(sdbus::Result<std::vector<Dictionary>> &&result) {
    in_turn(std::move(result), [this] {
        return [this] {
            std::vector<Dictionary> findings;
            for (const auto &finding : auditor_.audit()) {
                findings.push_back(describe(finding));
            }
            return findings;
        };
    });
}

void Service::GetRuleset(sdbus::Result<std::string> &&result) {
    in_turn(std::move(result), [this] { return [this] { return filter_.ruleset(); }; });
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
    say([this, entry] { emitInterfaceAdded(entry.name.str(), describe(entry)); });
}

void Service::interface_changed(const Entry & /*before*/, const Entry &now) {
    say([this, now] { emitInterfaceChanged(now.name.str(), describe(now)); });
}

void Service::interface_removed(const InterfaceName &name) {
    say([this, name] { emitInterfaceRemoved(name.str()); });
}

void Service::ruleset_restored(const std::string &cause, const std::string & /*process*/) {
    say([this, cause] { emitRulesetRestored(cause); });
}

/// With each interface that comes all names are told once more, which takes as long as there are many: a long list is
/// told some times a second.
void Service::properties_changed(const std::set<Property> &properties) {
    std::set<Property> now = properties;
    if (filter_.entries().size() > kNamesInOne && now.contains(Property::Interfaces) && put_off_long_list()) {
        now.erase(Property::Interfaces);
    }
    if (!now.empty()) {
        announce(now);
    }
}

/// False where nothing can be put off, as when the loop has ended.
bool Service::put_off_long_list() {
    if (long_list_) {
        return true;
    }
    try {
        long_list_ = loop_.after(kBetweenLongLists, [this] {
            long_list_.reset();
            announce({Property::Interfaces});
        });
    } catch (const std::system_error &) {
        return false;
    }
    return true;
}

/// When more is said at once than any bus takes, these are told once when it has taken what was said before.
void Service::announce(const std::set<Property> &properties) {
    const bool will_be_told = !untold_.empty();
    if (!will_be_told && !compat::is_held_up(connection_)) {
        tell(properties);
        return;
    }
    untold_.insert(properties.begin(), properties.end());
    if (!will_be_told) {
        turns_.add(turns_.admit(kOurselves), [this] { tell(std::exchange(untold_, {})); });
    }
}

void Service::tell(const std::set<Property> &properties) {
    std::vector<compat::PropertyName> names;
    names.reserve(properties.size());
    for (const Property property : properties) {
        names.emplace_back(name_of(property));
    }
    say([this, names] { compat::emit_properties_changed(getObject(), INTERFACE_NAME, names); });
}

}  // namespace vmac::bus
