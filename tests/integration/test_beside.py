# SPDX-License-Identifier: GPL-2.0-or-later
"""Other programs that work on nftables beside the service: firewalld, and somebody with a huge ruleset. They have
tables of their own, so the service has nothing to put right, and they do not keep it from what it has to do."""

import contextlib
import os
import subprocess
import time

from rig import kernel
from rig.bus import BUS, Signals, call
from rig.case import WireCase, tool
from rig.isolation import CASE, run

FIREWALLD = 'org.fedoraproject.FirewallD1'


class Firewalld:
    """firewalld as Debian has it, with a bus of its own and an empty configuration."""

    def __init__(self):
        tool('firewalld')
        directory = CASE / 'firewalld'
        directory.mkdir()
        (directory / 'firewalld.conf').write_text('FirewallBackend=nftables\nDefaultZone=public\n', encoding='ascii')
        self._command = ['firewalld', '--nofork', '--nopid', '--system-config', directory, '--log-target', 'console']
        # Not the bus of the service, whose policy is for the service alone.
        address = f'unix:path={CASE}/firewalld.bus'
        bus = subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--nopidfile', '--print-address',
                                f'--address={address}'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert bus.stdout.readline(), 'no bus for firewalld'
        self._environment = os.environ | {'DBUS_SYSTEM_BUS_ADDRESS': address}
        self._signals = Signals(address)
        self._process = None

    def start(self):
        mark = self._signals.mark()
        self._process = subprocess.Popen(self._command, env=self._environment)
        self._signals.wait(lambda signal: signal.member == 'NameOwnerChanged' and signal.values[0] == FIREWALLD
                           and signal.values[2], mark)
        self.tell('--state')  # answers when all rules are there
        assert self.has_rules()

    def tell(self, *words):
        return run('firewall-cmd', *words, env=self._environment)

    def stop(self):
        self._process.terminate()
        assert self._process.wait() == 0
        assert not self.has_rules()
        assert not call(self._signals.connection, BUS, 'NameHasOwner', '(s)', FIREWALLD)[0]

    @staticmethod
    def has_rules():
        return ('inet', 'firewalld') in kernel.all_tables()


class _Beside(WireCase):
    """A VMAC that the service has found by itself."""

    def setUp(self):
        super().setUp()
        self.wait_for_interface('vrrp6')
        self.before = kernel.own_tables()
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})

    def assert_untouched(self):
        """The very same tables, which nobody had to put right, and which do what they are for."""
        group = self.vmac.mld1_report()
        self.wire.frames.wait(lambda frame: group in frame.groups and frame.source == self.wire.mac)
        self.wire.fence()
        self.assertEqual(self.wire.from_virtual_macs(), [])
        self.assertEqual(kernel.own_tables(), self.before)
        properties = self.root.properties()
        self.assertEqual((properties['Protected'], properties['GuardActive'], properties['Restorations']),
                         (True, True, 0))


class FirewalldBeside(_Beside):
    def setUp(self):
        super().setUp()
        self.firewalld = Firewalld()

    def test_started_reloaded_stopped(self):
        self.firewalld.start()
        self.assert_untouched()
        self.firewalld.tell('--reload')
        self.assert_untouched()
        self.firewalld.tell('--complete-reload')
        self.assert_untouched()
        self.firewalld.stop()
        self.assert_untouched()

    def test_rules_changed(self):
        self.firewalld.start()
        self.firewalld.tell('--zone=drop', '--change-interface=eth0')
        self.firewalld.tell('--zone=drop', '--add-port=80/tcp')
        self.firewalld.tell('--panic-on')  # drops whatever comes in and goes out, but not what arp, bridge, netdev see
        self.firewalld.tell('--panic-off')
        self.firewalld.tell('--set-default-zone=block')
        self.assert_untouched()
        self.firewalld.stop()
        self.assert_untouched()

    def test_there_first(self):
        """The service starts beside the rules of firewalld, with none of its own in the kernel."""
        self.daemon.stop_cleanly()
        for family in kernel.own_families():
            kernel.nft(f'delete table {family} {kernel.TABLE}')
        self.firewalld.start()
        rules = run('nft', 'list', 'table', 'inet', 'firewalld')
        self.daemon.start()
        self.wait_for_interface('vrrp6')
        self.before = kernel.own_tables()
        self.assert_untouched()
        self.assertEqual(run('nft', 'list', 'table', 'inet', 'firewalld'), rules)

    def test_stopped_while_the_service_is_not_there(self):
        self.firewalld.start()
        self.daemon.stop_cleanly()
        left = kernel.own_tables()
        self.firewalld.stop()
        self.assertEqual(kernel.own_tables(), left)
        self.daemon.start()
        self.before = kernel.own_tables()
        self.assert_untouched()


class _HugeForeignRuleset(_Beside):
    """60,000 elements and 12,000 rules of somebody else's."""

    ELEMENTS, RULES = 60_000, 12_000

    def load(self):
        elements = ', '.join(f'10.{each >> 16}.{each >> 8 & 255}.{each & 255}' for each in range(self.ELEMENTS))
        rules = '\n'.join(f'add rule inet bystander many ip saddr 192.0.2.{each % 256} tcp dport {each % 65535 + 1} '
                          f'counter drop' for each in range(self.RULES))
        run('nft', '-f', '-', input=f'''
add table inet bystander
add set inet bystander addresses {{ type ipv4_addr; elements = {{ {elements} }}; }}
add chain inet bystander many {{ type filter hook forward priority 0; }}
{rules}
''')

    @contextlib.contextmanager
    def told(self, what):
        """How long the transaction of the other took, how long the service needed for its next answer, and what it
        cost the service."""
        cost = self.daemon.cpu_seconds()
        start = time.monotonic()
        yield
        done = time.monotonic()
        self.root.list()
        answered = time.monotonic()
        print(f'{what}: {done - start:.2f} s; next answer of the service after {answered - done:.3f} s; '
              f'it used {self.daemon.cpu_seconds() - cost:.2f} s of the processor')


class HugeForeignRuleset(_HugeForeignRuleset):
    def change(self, what, text):
        with self.told(what):
            kernel.nft(text)
        self.assert_untouched()

    def test_loaded_changed_flushed(self):
        cost = self.daemon.cpu_seconds()
        with self.told('loaded'):
            self.load()
        self.assert_untouched()
        self.change('an element taken away', 'delete element inet bystander addresses { 10.0.0.1 }')
        self.change('a rule added', 'add rule inet bystander many counter accept')
        self.change('the set flushed', 'flush set inet bystander addresses')
        self.change('the rules flushed', 'flush chain inet bystander many')
        self.change('the table deleted', 'delete table inet bystander')
        # To look at all of the foreign rules once takes the third of a second.
        self.assertLess(self.daemon.cpu_seconds() - cost, 1, 'seconds of the processor')

    def test_changes_of_our_own_meanwhile(self):
        self.load()
        with self.told('an interface added'), self.transactions(1):
            self.root.add('vrrp7')
        self.assert_in_force('vrrp7')
        with self.told('its action changed'), self.transactions(1):
            self.root.add('vrrp7', action='drop')
        self.assert_in_force('vrrp7', action='drop')
        with self.told('the interface removed'), self.transactions(1):
            self.root.remove('vrrp7')
        self.assert_untouched()

    def test_service_starts_beside_it(self):
        self.daemon.stop_cleanly()
        self.load()
        start = time.monotonic()
        self.daemon.start()
        print(f'ready after {time.monotonic() - start:.2f} s')
        self.before = kernel.own_tables()
        self.assert_untouched()


class PutRightBesideIt(_HugeForeignRuleset):
    configuration = 'own_tables = false\n'  # or the kernel would let nobody take our tables away

    def test_table_deleted(self):
        self.load()
        with self.told('our table deleted'):
            kernel.nft(f'delete table ip6 {kernel.TABLE}')
            self.wait_for_restorations(1)
        self.assert_in_force('vrrp6', parent='eth0')
        self.assertTrue(self.root.properties()['Protected'])
        with self.told('the same, and the other table changed in one transaction'):
            kernel.nft(f'delete table ip6 {kernel.TABLE}\nflush table inet bystander')
            self.wait_for_restorations(2)
        self.assert_in_force('vrrp6', parent='eth0')
