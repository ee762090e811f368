// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "adaptor.hpp"
#include "audit/auditor.hpp"
#include "bus/authority.hpp"
#include "bus/compat.hpp"
#include "bus/taking.hpp"
#include "bus/turns.hpp"
#include "bus/variants.hpp"
#include "daemon/filter.hpp"
#include "daemon/observer.hpp"
#include "system/event_loop.hpp"

namespace vmac::bus {

inline constexpr auto kBusName = "org.vmac.MldFilter";
inline constexpr auto kObjectPath = "/org/vmac/MldFilter";

/// The object on the bus: validates, asks for authorisation, waits for the caller's turn, hands on to the Filter,
/// answers. The reference of its members is dbus/org.vmac.MldFilter.xml.
class Service final : private sdbus::AdaptorInterfaces<org::vmac::MldFilter_adaptor>, private Observer {
public:
    /// What the methods need of the rest of the daemon.
    struct Backend {
        Filter &filter;
        audit::Auditor &auditor;
        std::function<void()> reload;  ///< reads the configuration again; throws Error
    };

    /// @param loop, @p connection, @p turns and @p taking must outlive this.
    Service(EventLoop &loop, sdbus::IConnection &connection, Turns &turns, Taking &taking, Backend backend);
    ~Service() override;
    Service(const Service &) = delete;
    Service &operator=(const Service &) = delete;

private:
    [[nodiscard]] std::optional<sdbus::Error> refuse(const std::string &sender) const;
    template <typename Result, typename Function>
    void answer(const Result &result, const Function &function, std::size_t names);
    template <typename Function>
    void say(Function signal);
    template <typename Result, typename Validate>
    void in_turn(Result &&result, Validate validate, std::size_t names = 0);
    template <typename Result, typename Validate>
    void authorised(Result &&result, const char *action, Validate validate, std::size_t names = 0);

    void AddInterface(sdbus::Result<bool> &&result, std::string name, Dictionary options) override;
    void RemoveInterface(sdbus::Result<bool> &&result, std::string name) override;
    void SetInterfaces(sdbus::Result<bool> &&result,
                       std::vector<sdbus::Struct<std::string, Dictionary>> interfaces) override;
    void ListInterfaces(sdbus::Result<std::vector<sdbus::Struct<std::string, Dictionary>>> &&result) override;
    void GetCounters(sdbus::Result<CounterDictionary> &&result, std::string name) override;
    void GetAllCounters(sdbus::Result<std::map<std::string, CounterDictionary>> &&result) override;
    void GetGuardCounters(sdbus::Result<std::map<std::string, CounterDictionary>> &&result) override;
    void ResetCounters(sdbus::Result<> &&result, std::vector<std::string> names) override;
    void Audit(sdbus::Result<std::vector<Dictionary>> &&result) override;
    void GetRuleset(sdbus::Result<std::string> &&result) override;
    void Reload(sdbus::Result<> &&result) override;

    std::string Version() override;
    std::vector<std::string> Interfaces() override;
    bool AutoDetect() override;
    bool GuardActive() override;
    bool Protected() override;
    std::uint64_t Restorations() override;
    std::vector<std::string> Features() override;

    void interface_added(const Entry &entry) override;
    void interface_changed(const Entry &before, const Entry &now) override;
    void interface_removed(const InterfaceName &name) override;
    void ruleset_restored(const std::string &cause, const std::string &process) override;
    void properties_changed(const std::set<Property> &properties) override;
    bool put_off_long_list();
    void announce(const std::set<Property> &properties);
    void tell(const std::set<Property> &properties);

    EventLoop &loop_;
    sdbus::IConnection &connection_;
    Filter &filter_;
    audit::Auditor &auditor_;
    std::function<void()> reload_;
    Turns &turns_;
    Taking &taking_;
    Authority authority_;
    compat::Doorkeeper doorkeeper_;
    compat::Slot door_;
    bool is_answering_ = false;
    std::vector<std::function<void()>> unsaid_;  ///< signals that come after the answer
    std::set<Property> untold_;                  ///< of which signals wait until the bus has taken others
    EventSource long_list_{nullptr, sd_event_source_disable_unref};  ///< tells all names in a while
};

}  // namespace vmac::bus
