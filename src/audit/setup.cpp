// SPDX-License-Identifier: GPL-2.0-or-later
// How an interface is set up: what makes routers that share its MAC share more than that.
#include <linux/if_link.h>

#include "audit/examination.hpp"
#include "audit/ids.hpp"
#include "model/mac.hpp"

namespace vmac::audit {
namespace {

/// net.ipv6.conf.IF.accept_ra: 1 only where nothing is forwarded, 2 always.
bool takes_advertisements(const Facts &facts) {
    const int accept = facts.accept_ra.value_or(0);
    return accept == 2 || (accept == 1 && facts.forwarding.value_or(0) == 0);
}

void examine_manager(const Subject &subject, std::vector<Finding> &findings) {
    const auto &[name, holding] = subject.facts.manager;
    if (holding != Holding::Holds && holding != Holding::Observes) {
        return;
    }
    const bool network_manager = name == "NetworkManager";
    const std::string cure =
        network_manager ? "unmanaged-devices=interface-name:" + subject.name + " under [keyfile] in NetworkManager.conf"
                        : "Unmanaged=yes under [Link] in a .network file that matches it and comes first";
    if (holding == Holding::Observes) {
        findings.push_back({subject.name, Severity::Ok, std::string(id::kOtherManager),
                            name + " shows it, and leaves it as it is. To keep it away altogether: " + cure});
    } else {
        findings.push_back({subject.name, Severity::Warning, std::string(id::kOtherManager),
                            name +
                                " configures it: addresses, routes and router advertisements may change under the "
                                "program that does VRRP. Unless it was " +
                                name + " that made this interface: " + cure});
    }
}

}  // namespace

void examine_setup(const Subject &subject, std::vector<Finding> &findings) {
    if (subject.link == nullptr || !is_vrrp_mac(subject.link->mac)) {
        return;
    }
    const auto warn = [&](std::string_view id, const std::string &text) {
        findings.push_back({subject.name, Severity::Warning, std::string(id), text});
    };
    if (subject.has_ipv6() && takes_advertisements(subject.facts)) {
        const std::string sysctl = "sysctl -w net/ipv6/conf/" + subject.name;
        warn(id::kAcceptRa, "It takes router advertisements (accept_ra=" + std::to_string(*subject.facts.accept_ra) +
                                "), from which it gets routes: " + sysctl + "/accept_ra=0");
        if (subject.facts.autoconf.value_or(0) != 0) {
            warn(id::kAutoconf,
                 "From router advertisements it makes itself addresses, the same on all routers that share its MAC: " +
                     sysctl + "/autoconf=0");
        }
    }
    if (subject.has_ipv6() && subject.facts.addr_gen_mode == IN6_ADDR_GEN_MODE_EUI64) {
        warn(id::kEui64Address,
             "Its link-local address is made of its MAC, and so the same on all routers that share it: ip link set " +
                 subject.name + " addrgenmode none, or random for FRR, before it is set up");
    }
    examine_manager(subject, findings);
}

}  // namespace vmac::audit
