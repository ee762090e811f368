# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens at boot, in which order, and what is kept from one boot to the next."""

import json
import time

from e2e.rig.case import Case
from e2e.rig.container import UNITS
from e2e.rig.network import Wire
from e2e.rig.routers import NETWORK

# Somebody who looks between the two units, before there is a network.
EARLY = '''[Unit]
DefaultDependencies=no
After=vmac-mldfilter-restore.service
Before=vmac-mldfilter.service network-pre.target

[Service]
Type=oneshot
ExecStart=/bin/sh -c 'for f in ip6 ip netdev; do nft -j list table $f vmac_mldfilter >/var/lib/early-$f.json; done'
ExecStart=/bin/sh -c 'ip -br link show eth0 >/var/lib/early-link'

[Install]
WantedBy=network-pre.target
'''
STARTED = '39f53479d3a045ac8e11786248231fbf'  # systemd's id for "a unit has been started"


class Order(Case):
    def test_networkd_and_keepalived(self):
        """Rules, daemon, network, in this order."""
        vm = self.prepare()
        vm.write('/etc/systemd/network/eth0.network', NETWORK)
        vm.write('/etc/keepalived/keepalived.conf', 'vrrp_instance v6 {\n  interface eth0\n  use_vmac\n'
                 '  virtual_router_id 1\n  virtual_ipaddress {\n    fe80::1:1/64\n  }\n}\n')
        vm.enable('systemd-networkd', 'keepalived')
        self.judge(vm, 'systemd-networkd.service', 'keepalived.service')

    def test_networkmanager(self):
        """The same with NetworkManager."""
        vm = self.prepare()
        vm.enable('NetworkManager')
        self.judge(vm, 'NetworkManager.service')

    def test_nftables(self):
        """The same with nftables.service, which flushes all rules when it starts."""
        vm = self.prepare()
        vm.enable('nftables', 'systemd-networkd')
        # Slow enough that our units would be first if they did not wait for it.
        vm.write('/etc/systemd/system/nftables.service.d/case.conf', '[Service]\nExecStartPre=/bin/sleep 1\n')
        vm.write('/etc/systemd/network/eth0.network', NETWORK)
        self.judge(vm, 'systemd-networkd.service')
        # So early that the journal did not run.
        flushed = int(vm.unit('nftables.service', 'ExecMainExitTimestampMonotonic').popitem()[1])
        restored = int(vm.unit('vmac-mldfilter-restore.service', 'ExecMainStartTimestampMonotonic').popitem()[1])
        self.check('nftables.service flushed all rules, before ours came', 0 < flushed <= restored)
        self.check('nobody took our rules away', vm.property('Restorations'), 0)

    def test_verify(self):
        """systemd finds nothing wrong with the units."""
        vm = self.machine()
        for unit in UNITS:
            done = vm.attempt('systemd-analyze', 'verify', '--man=no', unit)
            self.check(f'systemd-analyze verify {unit} is silent', (done.status, done.output + done.errors), (0, ''))

    def prepare(self):
        """Names in the configuration and in the state, and a device that had a virtual MAC once."""
        vm = self.machine(wires=[Wire()])
        vm.write('/etc/vmac-mldfilter/10-case.toml', '[interface.conf0]\n')
        vm.call('Reload')
        vm.call('AddInterface', 'sa{sv}', 'api0', '0')
        vm.set_up('eth0')
        vm.add_vmac()
        vm.call('GetCounters', 's', 'vrrp6')
        vm.write('/etc/systemd/system/early.service', EARLY)
        vm.enable('early')
        return vm

    def judge(self, vm, *others):
        vm.reboot()
        order = ['vmac-mldfilter-restore.service', 'early.service', 'vmac-mldfilter.service', 'network-pre.target',
                 *others]
        found = sorted(order, key=lambda unit: self.position(vm, unit))
        self.check(f'the journal has this order: {", ".join(order)}', found, order)
        cycles = [line['MESSAGE'] for line in vm.journal('_PID=1') if 'ordering cycle' in str(line['MESSAGE'])]
        self.check('no ordering cycle', cycles, [])
        early = {family: json.loads(vm.read(f'/var/lib/early-{family}.json')) for family in ('ip6', 'ip', 'netdev')}
        names = {family: self.names(early[family]) for family in ('ip6', 'ip')}
        self.check('before the daemon and the network, the kernel has the names of configuration and state', names,
                   {'ip6': {'conf0', 'api0'}, 'ip': {'conf0', 'api0'}})
        self.check('and the guard on the device that had a virtual MAC once',
                   any('egress_eth0' == item.get('chain', {}).get('name') for item in early['netdev']['nftables']))
        self.check('which was not up then', ' DOWN ' in vm.read('/var/lib/early-link'))
        self.check('the daemon took over what it found', [vm.property('Protected'), vm.property('Restorations')],
                   [True, 0])

    @staticmethod
    def names(dump):
        verdicts = next(item['map'] for item in dump['nftables'] if item.get('map', {}).get('name') == 'verdicts')
        keys = [element['elem']['val'] if 'elem' in element else element for element, _ in verdicts.get('elem', [])]
        return {key['concat'][0] if isinstance(key, dict) else key for key in keys}

    @staticmethod
    def position(vm, unit):
        """Of the message in the journal that says that it has been started."""
        lines = vm.journal('_PID=1', f'MESSAGE_ID={STARTED}')
        return next((number for number, line in enumerate(lines) if line.get('UNIT') == unit), 10_000)


class Kept(Case):
    def test_reboot(self):
        """Entries from the bus are kept, those with runtime are not; parents are remembered, counters begin anew."""
        vm = self.machine(wires=[Wire()])
        vm.set_up('eth0')
        vm.add_vmac()
        vm.call('AddInterface', 'sa{sv}', 'kept0', '2', 'action', 's', 'drop', 'messages', 'as', '1', 'igmp')
        vm.call('AddInterface', 'sa{sv}', 'gone0', '1', 'runtime', 'b', 'true')
        vm.call('AddInterface', 'sa{sv}', 'vrrp6', '1', 'parent', 's', 'eth0')
        mark = vm.wires[0].frames.mark()
        with vm.talking():
            vm.wires[0].wait_for_relocated(20, mark)
        self.check('something was counted', sum(self.packets(vm).values()) > 0)
        vm.write('/etc/systemd/system/early.service', EARLY)
        vm.enable('early')

        vm.reboot()
        found = vm.interfaces()
        self.check('entries that were added are there, those with runtime are not, what is gone is not',
                   sorted(found), ['kept0', 'vrrp6'])
        self.check('with their options', [found.get('kept0', {}).get(key) for key in ('action', 'messages', 'origins')],
                   ['drop', ['igmp'], ['api']])
        self.check('counters began anew', sum(self.packets(vm).values()), 0)
        early = json.loads(vm.read('/var/lib/early-netdev.json'))['nftables']
        self.check('the guard of the remembered parent was there before the network',
                   [item['chain']['name'] for item in early if 'egress' in item.get('chain', {}).get('name', '')],
                   ['egress_eth0'])
        self.check('and is there now', vm.property('GuardActive'))
        mark = vm.wires[0].frames.mark()
        vm.set_up('eth0')
        vm.add_vmac('vrrp7', mac='00:00:5e:00:02:07')
        with vm.talking('vrrp7'):
            vm.wires[0].wait_for_relocated(20, mark)
        self.check('a virtual MAC that is new there is silent from its first frame', vm.wires[0].leaks(mark), [])

    def test_without_the_daemon(self):
        """The daemon cannot start: what was known is protected all the same."""
        vm = self.machine(wires=[Wire()])
        vm.set_up('eth0')
        vm.add_vmac()
        vm.call('AddInterface', 'sa{sv}', 'vrrp6', '1', 'parent', 's', 'eth0')
        vm.mask('vmac-mldfilter')
        vm.reboot()
        self.check('no daemon runs', vm.attempt('pgrep', '-f', 'vmac-mldfilterd').status, 1)
        vm.set_up('eth0')
        mark = vm.wires[0].frames.mark()
        vm.add_vmac()
        with vm.talking():
            vm.wires[0].wait_for_relocated(20, mark)
        self.check('not one frame got out', vm.wires[0].leaks(mark), [])
        vm.unmask('vmac-mldfilter')
        vm.systemctl('start', 'vmac-mldfilter')
        self.check('the daemon goes on from there', [vm.property('Protected'), vm.property('Restorations')], [True, 0])
        self.check('with what was counted without it',
                   vm.call('GetCounters', 's', 'vrrp6')['mld-listener-report'][0] >= 10)

    def test_killed(self):
        """What was acknowledged is there after all processes were killed at once."""
        vm = self.machine()
        for number in range(10):
            vm.call('AddInterface', 'sa{sv}', f'api{number}', '0')
        vm.kill()
        vm.boot()
        self.check('all ten entries are there', sorted(vm.interfaces()), [f'api{number}' for number in range(10)])
        self.check('it protects', vm.property('Protected'))

    def test_failed_state(self):
        """A state file that is torn keeps neither unit from starting."""
        vm = self.machine()
        vm.write('/etc/vmac-mldfilter/10-case.toml', '[interface.conf0]\n')
        vm.call('Reload')
        vm.power_off()
        vm.write('/var/lib/vmac-mldfilter/state.json', '{"torn', mode=0o600)
        vm.boot()
        for unit in UNITS:
            self.check(f'{unit} is active', vm.unit(unit, 'ActiveState')['ActiveState'], 'active')
        self.check('what the configuration names is there', list(vm.interfaces()), ['conf0'])
        self.check('the file was kept', vm.path('/var/lib/vmac-mldfilter/state.json.rejected').is_file())

    @staticmethod
    def packets(vm):
        counters = vm.call('GetAllCounters')
        return {name: sum(packets for packets, _ in kinds.values()) for name, kinds in counters.items()}


class Activation(Case):
    def test_dbus_daemon(self):
        """The first call of an ordinary user starts the service when it was stopped."""
        self.judge('dbus-daemon')

    def test_dbus_broker(self):
        """The same with the other implementation of the bus."""
        self.judge('dbus-broker')

    def judge(self, bus):
        vm = self.container()
        if bus == 'dbus-broker':
            vm.enable('dbus-broker')
        vm.boot()
        vm.install_package()
        vm.power_off()
        vm.start()
        start = time.monotonic()
        vm.wait_for_name()
        self.note(f'{time.monotonic() - start:.2f} s from the start of the machine until the service was on {bus}')
        vm.wait_until_booted()
        self.check(f'the bus is {bus}', vm.attempt('pgrep', '-x', bus).status, 0)
        self.check('the service is on the bus after boot without being called',
                   'org.vmac.MldFilter' in vm.busctl('list', '--acquired', '--no-legend'))
        vm.systemctl('stop', 'vmac-mldfilter')
        self.check('it was stopped', vm.is_active('vmac-mldfilter'), False)
        vm.call('ListInterfaces', user='nobody')
        self.check('the call started it', vm.is_active('vmac-mldfilter'))
        vm.systemctl('stop', 'vmac-mldfilter')
        vm.mask('vmac-mldfilter')
        said = vm.refused('ListInterfaces', user='nobody')
        self.check('a call when it is masked fails at once and says so', 'masked' in said)
        self.note(f'masked, {bus}: {said}')

    def test_restart_of_the_bus(self):
        """The service comes back by itself when the bus was away, and protects meanwhile."""
        vm = self.machine(wires=[Wire()])
        vm.set_up('eth0')
        vm.add_vmac()
        before = vm.main_pid()
        vm.systemctl('stop', 'dbus.socket', 'dbus.service')
        mark = vm.wires[0].frames.mark()
        with vm.talking():
            vm.wires[0].wait_for_relocated(20, mark)
        vm.systemctl('start', 'dbus.socket', 'dbus.service')
        vm.wait_for_name()
        self.check('it is the same daemon', vm.main_pid(), before)
        self.check('not one frame got out', vm.wires[0].leaks(mark), [])
        self.check('an ordinary user reads', list(vm.interfaces()), ['vrrp6'])
