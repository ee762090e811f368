// SPDX-License-Identifier: GPL-2.0-or-later
//
// A native client on the bus, which times each call from before it is sent until its reply is there. What the client
// does with a long reply afterwards is not counted: that is so for its rivals too.
//
//     add PREFIX FIRST COUNT       AddInterface of PREFIX<FIRST>..., each with parent=eth0
//     remove PREFIX FIRST COUNT    RemoveInterface of these
//     set PREFIX COUNT             SetInterfaces with "anchor" and PREFIX<0>...
//     list | all | one NAME        ListInterfaces, GetAllCounters, GetCounters
//     zone add|remove PREFIX FIRST COUNT    the same with firewalld's zone.addInterface, zone.removeInterface

#include <systemd/sd-bus.h>

#include <cstdint>
#include <memory>

#include "serve.hpp"

namespace bench {
namespace {

constexpr std::uint64_t kPatience = 300'000'000;  // microseconds
constexpr auto kParent = "eth0";

void require(int status, const char *what) {
    if (status < 0) {
        throw std::system_error(-status, std::generic_category(), what);
    }
}

struct Unref {
    void operator()(sd_bus *bus) const { sd_bus_flush_close_unref(bus); }
    void operator()(sd_bus_message *message) const { sd_bus_message_unref(message); }
};
using Message = std::unique_ptr<sd_bus_message, Unref>;

/// Where calls go.
struct Target {
    const char *name;
    const char *path;
    const char *interface;
};

constexpr Target kService = {"org.vmac.MldFilter", "/org/vmac/MldFilter", "org.vmac.MldFilter"};
constexpr Target kZone = {"org.fedoraproject.FirewallD1", "/org/fedoraproject/FirewallD1",
                          "org.fedoraproject.FirewallD1.zone"};

class Client {
public:
    Client() {
        sd_bus *bus = nullptr;
        require(sd_bus_open_system(&bus), "no bus");
        bus_.reset(bus);
    }

    [[nodiscard]] Message call_to(const Target &target, const char *method) const {
        sd_bus_message *call = nullptr;
        require(sd_bus_message_new_method_call(bus_.get(), &call, target.name, target.path, target.interface, method),
                method);
        return Message(call);
    }

    [[nodiscard]] long long time(const Message &call) const {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *reply = nullptr;
        int status = 0;
        const long long latency =
            time_of([&] { status = sd_bus_call(bus_.get(), call.get(), kPatience, &error, &reply); });
        const Message owned(reply);
        if (status < 0) {
            std::string text = error.message == nullptr ? "no reply" : error.message;
            sd_bus_error_free(&error);
            throw std::runtime_error(text);
        }
        return latency;
    }

private:
    std::unique_ptr<sd_bus, Unref> bus_;
};

void append_options(const Message &call) {
    require(sd_bus_message_append(call.get(), "a{sv}", 1, "parent", "s", kParent), "options");
}

/// One call for each of the names that the request has: PREFIX FIRST COUNT.
template <typename Make>
Latencies each(const Client &client, Words &words, Make make) {
    const auto prefix = words.next();
    const int first = words.next<int>();
    const int count = words.next<int>();
    Latencies latencies;
    for (int number = first; number < first + count; ++number) {
        latencies.push_back(client.time(make(prefix + std::to_string(number))));
    }
    return latencies;
}

Latencies add(const Client &client, Words &words) {
    return each(client, words, [&](const std::string &name) {
        Message call = client.call_to(kService, "AddInterface");
        require(sd_bus_message_append(call.get(), "s", name.c_str()), "name");
        append_options(call);
        return call;
    });
}

Latencies remove(const Client &client, Words &words) {
    return each(client, words, [&](const std::string &name) {
        Message call = client.call_to(kService, "RemoveInterface");
        require(sd_bus_message_append(call.get(), "s", name.c_str()), "name");
        return call;
    });
}

Latencies zone(const Client &client, Words &words) {
    const std::string method = words.next() + "Interface";
    return each(client, words, [&](const std::string &name) {
        Message call = client.call_to(kZone, method.c_str());
        require(sd_bus_message_append(call.get(), "ss", "public", name.c_str()), "name");
        return call;
    });
}

Latencies set(const Client &client, Words &words) {
    const auto prefix = words.next();
    const int count = words.next<int>();
    const Message call = client.call_to(kService, "SetInterfaces");
    require(sd_bus_message_open_container(call.get(), 'a', "(sa{sv})"), "array");
    for (int number = -1; number < count; ++number) {
        const std::string name = number < 0 ? "anchor" : prefix + std::to_string(number);
        require(sd_bus_message_open_container(call.get(), 'r', "sa{sv}"), "struct");
        require(sd_bus_message_append(call.get(), "s", name.c_str()), "name");
        append_options(call);
        require(sd_bus_message_close_container(call.get()), "struct");
    }
    require(sd_bus_message_close_container(call.get()), "array");
    return {client.time(call)};
}

Latencies one(const Client &client, Words &words) {
    const Message call = client.call_to(kService, "GetCounters");
    require(sd_bus_message_append(call.get(), "s", words.next().c_str()), "name");
    return {client.time(call)};
}

}  // namespace
}  // namespace bench

int main() {
    using bench::Words;
    try {
        const bench::Client client;
        return bench::serve({
            {"add", [&](Words &words) { return add(client, words); }},
            {"remove", [&](Words &words) { return remove(client, words); }},
            {"zone", [&](Words &words) { return zone(client, words); }},
            {"set", [&](Words &words) { return set(client, words); }},
            {"one", [&](Words &words) { return one(client, words); }},
            {"all",
             [&](Words &) { return bench::Latencies{client.time(client.call_to(bench::kService, "GetAllCounters"))}; }},
            {"list",
             [&](Words &) { return bench::Latencies{client.time(client.call_to(bench::kService, "ListInterfaces"))}; }},
        });
    } catch (const std::exception &error) {
        std::fprintf(stderr, "client: %s\n", error.what());
        return 1;
    }
}
