// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/client.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include "ctl/failure.hpp"
#include "ctl/variants.hpp"
#include "proxy.hpp"

namespace vmac::ctl {
namespace {

constexpr auto kBus = "org.freedesktop.DBus";
constexpr auto kBusObject = "/org/freedesktop/DBus";

using Row = sdbus::Struct<std::uint64_t, std::uint64_t>;

/// Runs @p ask, and says in our words what went wrong.
template <typename Ask>
auto asking(Ask ask) {
    try {
        return ask();
    } catch (const sdbus::Error &error) {
        throw failure_of(error);
    }
}

std::unique_ptr<sdbus::IConnection> connect(const std::string &host) {
    try {
        return host.empty() ? sdbus::createSystemBusConnection() : sdbus::createRemoteSystemBusConnection(host);
    } catch (const sdbus::Error &error) {
        if (!host.empty()) {
            throw Failure(kUnreachable,
                          "cannot reach the bus of " + host + "; try: ssh " + host + " systemd-stdio-bridge");
        }
        throw Failure(kUnreachable, "cannot reach the system bus: " + error.getMessage());
    }
}

std::map<std::string, Count> counts_of(const std::map<std::string, Row> &rows) {
    std::map<std::string, Count> counts;
    for (const auto &[message, row] : rows) {
        counts.emplace(message, Count{row.get<0>(), row.get<1>()});
    }
    return counts;
}

CounterTable table_of(const std::map<std::string, std::map<std::string, Row>> &rows) {
    CounterTable table;
    for (const auto &[name, counts] : rows) {
        table.emplace(name, counts_of(counts));
    }
    return table;
}

}  // namespace

/// Without its signals: whoever waits for them has a proxy of his own.
class Client::Proxy final : public sdbus::ProxyInterfaces<org::vmac::MldFilter_proxy, sdbus::Properties_proxy> {
public:
    explicit Proxy(sdbus::IConnection &connection)
        : ProxyInterfaces(connection, bus::compat::ServiceName{kService}, bus::compat::ObjectPath{kObject}) {}

    virtual ~Proxy() = default;
    Proxy(const Proxy &) = delete;
    Proxy &operator=(const Proxy &) = delete;

    void allow_interaction() { bus::compat::allow_interaction(getProxy(), kService); }

private:
    void onInterfaceAdded(const std::string & /*name*/, const Dictionary & /*properties*/) override {}
    void onInterfaceChanged(const std::string & /*name*/, const Dictionary & /*properties*/) override {}
    void onInterfaceRemoved(const std::string & /*name*/) override {}
    void onRulesetRestored(const std::string & /*cause*/) override {}
    void onPropertiesChanged(const bus::compat::BusInterfaceName & /*interface*/, const Properties & /*changed*/,
                             const std::vector<bus::compat::PropertyName> & /*invalidated*/) override {}
};

Client::Client(const std::string &host, std::chrono::seconds patience)
    : connection_(connect(host)), proxy_(std::make_unique<Proxy>(*connection_)) {
    connection_->setMethodCallTimeout(patience);
}

Client::~Client() = default;

void Client::allow_interaction(std::chrono::seconds patience) {
    connection_->setMethodCallTimeout(patience);
    proxy_->allow_interaction();
}

bool Client::is_running() {
    return asking([this] {
        const auto bus =
            sdbus::createProxy(*connection_, bus::compat::ServiceName{kBus}, bus::compat::ObjectPath{kBusObject});
        bool has_owner = false;
        bus->callMethod("NameHasOwner")
            .onInterface(kBus)
            .withArguments(std::string(kService))
            .storeResultsTo(has_owner);
        return has_owner;
    });
}

void Client::require_running() {
    if (!is_running()) {
        throw failure_of(sdbus::Error(bus::compat::ErrorName{"org.freedesktop.DBus.Error.NameHasNoOwner"}, "no owner"));
    }
}

Overview Client::overview() {
    return asking([this] {
        Overview overview;
        read_properties(proxy_->GetAll(bus::compat::BusInterfaceName{kService}), overview);
        return overview;
    });
}

std::vector<ManagedInterface> Client::interfaces() {
    return asking([this] {
        std::vector<ManagedInterface> interfaces;
        for (const auto &entry : proxy_->ListInterfaces()) {
            interfaces.push_back(read_interface(entry.get<0>(), entry.get<1>()));
        }
        return interfaces;
    });
}

CounterTable Client::counters() {
    return asking([this] { return table_of(proxy_->GetAllCounters()); });
}

std::map<std::string, Count> Client::counters_of(const std::string &name) {
    return asking([this, &name] { return counts_of(proxy_->GetCounters(name)); });
}

CounterTable Client::guard_counters() {
    return asking([this] { return table_of(proxy_->GetGuardCounters()); });
}

std::vector<audit::Finding> Client::findings() {
    return asking([this] {
        std::vector<audit::Finding> findings;
        for (const auto &finding : proxy_->Audit()) {
            findings.push_back(read_finding(finding));
        }
        return findings;
    });
}

std::string Client::ruleset() {
    return asking([this] { return proxy_->GetRuleset(); });
}

Report Client::report() {
    return {overview(), interfaces(), counters(), guard_counters(), findings()};
}

bool Client::add(const Wish &wish) {
    return asking([&] { return proxy_->AddInterface(wish.name, options_of(wish)); });
}

bool Client::remove(const std::string &name) {
    return asking([&] { return proxy_->RemoveInterface(name); });
}

bool Client::set(const std::vector<Wish> &wishes) {
    std::vector<sdbus::Struct<std::string, Dictionary>> interfaces;
    interfaces.reserve(wishes.size());
    for (const auto &wish : wishes) {
        interfaces.emplace_back(wish.name, options_of(wish));
    }
    return asking([&] { return proxy_->SetInterfaces(interfaces); });
}

void Client::reset(const std::vector<std::string> &names) {
    asking([&] { proxy_->ResetCounters(names); });
}

void Client::reload() {
    asking([this] { proxy_->Reload(); });
}

}  // namespace vmac::ctl
