// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/events.hpp"

#include <utility>

#include "ctl/failure.hpp"
#include "ctl/variants.hpp"
#include "proxy.hpp"

namespace vmac::ctl {
namespace {

constexpr auto kOwnerChanged =
    "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
    "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='org.vmac.MldFilter'";

}  // namespace

class Events::Listener final : public sdbus::ProxyInterfaces<org::vmac::MldFilter_proxy, sdbus::Properties_proxy> {
public:
    Listener(sdbus::IConnection &connection, Handler handler)
        : ProxyInterfaces(connection, bus::compat::ServiceName{kService}, bus::compat::ObjectPath{kObject}),
          handler_(std::move(handler)) {
        bus::compat::add_match(connection, kOwnerChanged, [this](sdbus::Message &message) { owner_changed(message); });
        registerProxy();
    }
    virtual ~Listener() { unregisterProxy(); }
    Listener(const Listener &) = delete;
    Listener &operator=(const Listener &) = delete;

private:
    void owner_changed(sdbus::Message &message) {
        std::string name;
        std::string before;
        std::string now;
        message >> name >> before >> now;
        if (!before.empty()) {
            handler_({.kind = Event::Kind::ServiceStopped});
        }
        if (!now.empty()) {
            handler_({.kind = Event::Kind::ServiceStarted});
        }
    }

    void onInterfaceAdded(const std::string &name, const Dictionary &properties) override {
        handler_({.kind = Event::Kind::InterfaceAdded, .interface = read_interface(name, properties)});
    }

    void onInterfaceChanged(const std::string &name, const Dictionary &properties) override {
        handler_({.kind = Event::Kind::InterfaceChanged, .interface = read_interface(name, properties)});
    }

    void onInterfaceRemoved(const std::string &name) override {
        handler_({.kind = Event::Kind::InterfaceRemoved, .interface = {.name = name}});
    }

    void onRulesetRestored(const std::string &cause) override {
        handler_({.kind = Event::Kind::RulesetRestored, .cause = cause});
    }

    void onPropertiesChanged(const bus::compat::BusInterfaceName &interface, const Properties &changed,
                             const std::vector<bus::compat::PropertyName> & /*invalidated*/) override {
        if (interface != kService) {
            return;
        }
        Event event{.kind = Event::Kind::PropertiesChanged};
        for (const auto &[name, value] : changed) {
            event.changed.insert(name);
        }
        read_properties(changed, event.overview);
        handler_(event);
    }

    Handler handler_;
};

Events::Events(sdbus::IConnection &connection, Handler handler) {
    try {
        listener_ = std::make_unique<Listener>(connection, std::move(handler));
    } catch (const sdbus::Error &error) {
        throw failure_of(error);
    }
}

Events::~Events() = default;

}  // namespace vmac::ctl
