# SPDX-License-Identifier: GPL-2.0-or-later
"""Beside FRR and firewalld, as services."""

import re
import time

from e2e.rig.case import Case
from e2e.rig.network import Switch, Wire
from e2e.rig.routers import NETWORK
from e2e.rig.waiting import until

# FRR wants the interface to be there; this is how its manual has it made, in the words of systemd-networkd.
MACVLAN = '''[NetDev]
Name=vrrp6-2-1
Kind=macvlan
MACAddress=00:00:5e:00:02:01

[MACVLAN]
Mode=bridge
'''
ABOVE = '''[Match]
Name=vrrp6-2-1

[Network]
LinkLocalAddressing=ipv6
IPv6LinkLocalAddressGenerationMode=random
IPv6AcceptRA=no
Address=2001:db8::1/64
IPv6DuplicateAddressDetection=0
'''
FRR = '''interface eth0
 vrrp 1 version 3
 vrrp 1 priority 200
 vrrp 1 ipv6 2001:db8::1
'''


class Frr(Case):
    def test_vrrpd(self):
        """Its interface is found, and silent from the start of the machine on, while it becomes MASTER and speaks
        VRRP."""
        found, leaks, relocated = self.boot(package=True)
        self.check('its interface was found', found, ['detected'])
        self.check('not one message came from the virtual MAC', leaks, [])
        self.check('reports came from the parent', relocated > 0)

    def test_without(self):
        """The same without the package, to see that something could have been seen."""
        _, leaks, _ = self.boot(package=False)
        self.check('without the package, messages come from the virtual MAC', leaks != [])
        self.note(f'without the package: {len(leaks)} messages')

    def boot(self, package):
        """Whether the interface was found, what came from the virtual MAC, and how many reports from the parent."""
        switch = Switch()
        vm = self.container(wires=[switch.port('p1')])
        vm.write('/etc/systemd/network/10-eth0.network', NETWORK + 'MACVLAN=vrrp6-2-1\n')
        vm.write('/etc/systemd/network/20-vrrp.netdev', MACVLAN)
        vm.write('/etc/systemd/network/20-vrrp.network', ABOVE)
        vm.write('/etc/frr/frr.conf', FRR)
        daemons = vm.read('/etc/frr/daemons')
        assert 'vrrpd=no' in daemons
        vm.write('/etc/frr/daemons', daemons.replace('vrrpd=no', 'vrrpd=yes'))
        vm.boot()
        if package:
            vm.install_package()
        vm.power_off()
        vm.enable('systemd-networkd', 'frr')
        wire = vm.wires[0]
        mark = wire.frames.mark()
        vm.boot()
        until(lambda: 'Master' in vm.run('vtysh', '-c', 'show vrrp'), 'vrrpd is Master')
        self.note(vm.run('vtysh', '-c', 'show version').splitlines()[0])
        time.sleep(6)  # two queries of the switch
        found = vm.interfaces().get('vrrp6-2-1', {}).get('origins') if package else None
        return found, wire.leaks(mark), len(wire.arrived('mld-listener-report', source=wire.mac, after=mark))


class Firewalld(Case):
    def test_life(self):
        """firewalld starts, reloads, stops; our rules stay, and nobody has to put them back."""
        vm = self.machine(wires=[Wire()])
        vm.set_up('eth0')
        vm.add_vmac()
        ours = self.ours(vm)
        with vm.talking() as talker:
            mark = vm.wires[0].frames.mark()
            for what, words in (('starts', ('systemctl', 'start', 'firewalld')),
                                ('reloads', ('firewall-cmd', '--reload')),
                                ('reloads completely', ('firewall-cmd', '--complete-reload')),
                                ('stops', ('systemctl', 'stop', 'firewalld'))):
                vm.run(*words)
                until(lambda what=what: self.has_rules(vm) == (what != 'stops'), f'firewalld {what}')
                self.judge(vm, f'when firewalld {what}', ours)
            vm.wires[0].wait_for_relocated(20, mark)
        self.check('not one frame got out', vm.wires[0].leaks(mark), [])
        self.note(f'{talker.rounds} reports and dones meanwhile')

    def test_boot(self):
        """Both are enabled and started at boot; later either is restarted."""
        vm = self.machine(wires=[Wire()])
        vm.enable('firewalld')
        vm.reboot()
        vm.set_up('eth0')
        vm.add_vmac()
        until(lambda: self.has_rules(vm), 'firewalld has its rules')
        self.judge(vm, 'after boot', self.ours(vm))
        vm.systemctl('restart', 'vmac-mldfilter')
        ours = self.ours(vm)
        self.judge(vm, 'when our service restarts', ours)
        self.check('firewalld has its rules', self.has_rules(vm))
        vm.systemctl('restart', 'firewalld')
        until(lambda: self.has_rules(vm), 'firewalld has its rules again')
        self.judge(vm, 'when firewalld restarts', ours)

    def judge(self, vm, when, ours):
        self.check(f'our tables are as they were {when}', self.ours(vm), ours)
        self.check(f'Restorations is 0 {when}', vm.property('Restorations'), 0)
        self.check(f'it protects {when}', [vm.property('Protected'), vm.property('GuardActive')], [True, True])

    @staticmethod
    def has_rules(vm):
        return ('inet', 'firewalld') in vm.tables()

    @staticmethod
    def ours(vm):
        """Without counters, but with handles: a table that was made again has another."""
        assert 'vrrp6' in vm.interfaces()
        return [re.sub(r'packets \d+ bytes \d+', '', vm.nft('-a', 'list', 'table', family, 'vmac_mldfilter'))
                for family in ('ip', 'ip6', 'netdev')]
