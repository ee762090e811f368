// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "model/message.hpp"
#include "net/link.hpp"

// What the system says about one interface in files that everybody may read. A fact that cannot be read is not known,
// never an error: interfaces come and go, and a kernel may have no IPv6.
namespace vmac::audit {

/// What the kernel has sent through one interface: /proc/net/dev_snmp6/IF.
struct DeviceCounts {
    unsigned ifindex = 0;                   ///< of the interface that this is about
    std::map<Message, std::uint64_t> sent;  ///< that passed all rules; ICMPv6 only, none is 0
    std::uint64_t discarded = 0;            ///< packets that rules or queues have swallowed

    bool operator==(const DeviceCounts &) const = default;
};

/// A program that configures interfaces, and what it says about this one.
enum class Holding {
    Nothing,   ///< leaves it alone
    Made,      ///< has made it itself
    Observes,  ///< shows it, and leaves it as another program has set it up
    Holds,     ///< configures it, although another program has made it or may have
};

struct Manager {
    std::string name;  ///< "NetworkManager", "systemd-networkd"; empty without
    Holding holding = Holding::Nothing;

    bool operator==(const Manager &) const = default;
};

/// All that is known about one interface.
struct Facts {
    std::optional<int> disable_ipv6;   ///< sysctl net.ipv6.conf.IF.*, all of these
    std::optional<int> forwarding;     ///<
    std::optional<int> accept_ra;      ///<
    std::optional<int> autoconf;       ///<
    std::optional<int> addr_gen_mode;  ///< IN6_ADDR_GEN_MODE_EUI64 and so on
    Manager manager;
    /// What has left the interface since its rules are in force.
    std::map<Message, std::uint64_t> left;
    /// What has left it ever; of devices that messages are relocated to.
    std::map<Message, std::uint64_t> sent;

    bool operator==(const Facts &) const = default;
};

/// Reads facts. Names of interfaces come from the kernel, which allows no '/' in them; nothing else becomes a path.
class FactsReader {
public:
    FactsReader() : root_("/") {}

    /// @param root the directory that proc/ and run/ are in, for tests
    explicit FactsReader(std::filesystem::path root) : root_(std::move(root)) {}

    /// All but Facts::left and Facts::sent.
    [[nodiscard]] Facts read(const net::Link &link) const;

    /// None when there is no such interface, or no IPv6 on it.
    [[nodiscard]] std::optional<DeviceCounts> counts(const net::Link &link) const;

private:
    [[nodiscard]] Manager manager_of(const net::Link &link) const;

    std::filesystem::path root_;
};

}  // namespace vmac::audit
