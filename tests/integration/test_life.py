# SPDX-License-Identifier: GPL-2.0-or-later
"""Start, end, and what may go away meanwhile: the bus, a privilege, a second one of ourselves."""

import os
import signal
import subprocess

from rig import bus, kernel
from rig.case import Case, WireCase
from rig.service import Daemon


class Start(Case):
    starts = False

    def test_name_is_there_when_it_is_ready(self):
        self.daemon.start()
        self.assertTrue(bus.call(self.root.connection, bus.BUS, 'NameHasOwner', '(s)', bus.NAME)[0])
        self.assertTrue(self.root.properties()['Protected'])

    def test_rules_are_there_when_it_is_ready(self):
        self.daemon.configure('[interface.vrrp6]\n')
        self.daemon.start()
        self.assert_in_force('vrrp6')

    def test_status_can_be_read_by_a_person(self):
        self.daemon.configure('[interface.vrrp6]\n')
        self.daemon.start()
        self.assertRegex(self.daemon.status(), r'\b1\b')

    def test_watchdog_is_fed(self):
        self.daemon.environment = {'WATCHDOG_USEC': '1000000'}
        self.daemon.start()
        self.daemon.notified.wait(lambda message: 'WATCHDOG=1' in message)

    def test_without_a_notify_socket(self):
        environment = {'PATH': os.environ['PATH'], 'DBUS_SYSTEM_BUS_ADDRESS': self.bus.address,
                       'STATE_DIRECTORY': str(self.daemon.state), 'CONFIGURATION_DIRECTORY': str(self.daemon.config)}
        with subprocess.Popen([os.environ['VMAC_MLDFILTERD']], env=environment) as alone:
            self.bus.wait_for_owner(bus.NAME)
            alone.send_signal(signal.SIGTERM)
            self.assertEqual(alone.wait(), 0)

    def test_unknown_option(self):
        for word in ('--frobnicate', 'extra'):
            done = subprocess.run([os.environ['VMAC_MLDFILTERD'], word], capture_output=True, text=True, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn('Usage', done.stderr)
        self.assertEqual(kernel.all_tables(), [])

    def test_help(self):
        done = subprocess.run([os.environ['VMAC_MLDFILTERD'], '--help'], capture_output=True, text=True, check=True)
        self.assertIn('--version', done.stdout)


class End(Case):
    def setUp(self):
        super().setUp()
        self.root.add('vrrp6')
        self.before = kernel.own_tables()

    def assert_ends(self, number):
        self.daemon.process.send_signal(number)
        self.assertEqual(self.daemon.wait_for_exit(), 0)
        self.assertIn('STOPPING=1', '\n'.join(self.daemon.notified.all()))
        self.assertEqual(kernel.own_tables(), self.before)

    def test_sigterm(self):
        self.assert_ends(signal.SIGTERM)

    def test_sigint(self):
        self.assert_ends(signal.SIGINT)


class SecondInstance(Case):
    def test_ends_and_leaves_all_alone(self):
        self.root.add('vrrp6')
        second = Daemon(self.bus.address, 'second')
        with self.nothing_changes(), self.transactions(0):
            second.launch()
            self.assertEqual(second.wait_for_exit(), 1)
        second.log.wait(lambda line: bus.NAME in line)
        self.assertTrue(self.root.add('vrrp7'))

    def test_with_another_configuration_and_a_torn_state(self):
        """It reads both before it knows that it is second. It must not act on them."""
        self.daemon.configure('[interface.stranger]\n')
        self.daemon.state_file.write_bytes(b'torn')
        second = Daemon(self.bus.address, 'second')
        with self.transactions(0):
            second.launch()
            self.assertEqual(second.wait_for_exit(), 1)
        self.assertEqual(kernel.own_tables() and kernel.verdicts(), {})
        self.assertEqual(self.daemon.state_file.read_bytes(), b'torn')
        self.daemon.state_file.unlink()


class NoPrivilege(Case):
    """CAP_NET_ADMIN is missing: it starts, says so, and does nothing by halves."""

    starts = False
    WITHOUT = 'setpriv --inh-caps=-net_admin --bounding-set=-net_admin'

    def test_reports_and_refuses(self):
        self.daemon.configure('[interface.vrrp6]\n')
        self.daemon.start(self.WITHOUT)
        self.assertFalse(self.root.properties()['Protected'])
        self.assertEqual(self.root.properties()['Features'], [])
        self.assertEqual(self.root.list().keys(), {'vrrp6'})
        self.assertRegex(self.daemon.status(), '(?i)not permitted')
        with self.assertRaises(bus.BusError) as raised:
            self.root.add('vrrp7')
        self.assertEqual(raised.exception.name, 'KernelRejected')
        self.assertRegex(raised.exception.text, '(?i)not permitted')
        self.assertEqual(kernel.all_tables(), [])
        self.assertEqual(self.root.list().keys(), {'vrrp6'})
        self.daemon.restart()
        self.assertTrue(self.root.properties()['Protected'])
        self.assertEqual(self.root.list().keys(), {'vrrp6'})


class BusGoesAway(WireCase):
    def setUp(self):
        super().setUp()
        self.root.add('vrrp6')

    def bus_comes_back(self):
        self.bus.start()
        self.bus.wait_for_owner(bus.NAME)
        self._root = self._nobody = None

    def test_protects_without_and_comes_back(self):
        before = self.root.list()
        self.bus.stop()
        self.vmac.mld1_report()
        balance = self.settle()
        self.assertEqual((balance.through, balance.relocated), ([], balance.attempts))
        self.assertTrue(self.daemon.running)
        self.vmac.up()
        self.bus_comes_back()
        self.assertEqual(self.root.list(), {'vrrp6': before['vrrp6']})
        with self.signals() as caught:
            self.assertTrue(self.root.add('vrrp7'))
        self.assertIn('InterfaceAdded', [member for member, _ in caught])

    def test_follows_links_without(self):
        self.bus.stop()
        kernel.ip('link', 'del', 'vrrp6')
        kernel.until(lambda: kernel.parents() == {}, 'for no parents')
        self.vmac.make()
        kernel.until(lambda: kernel.parents() == {'vrrp6': 'eth0'}, 'for the parent')
        self.bus_comes_back()
        self.assertEqual(self.root.list()['vrrp6']['parent'], 'eth0')

    def test_ends_cleanly_without(self):
        self.bus.stop()
        self.assertEqual(self.daemon.stop(), 0)

    def test_reloads_without(self):
        self.bus.stop()
        self.daemon.configure('[interface.configured]\n')
        self.daemon.hang_up()
        self.assert_in_force('configured')
        self.bus_comes_back()
        self.assertIn('configured', self.root.list())

    def test_goes_twice(self):
        for _ in range(2):
            self.bus.stop()
            self.bus_comes_back()
        self.assertTrue(self.root.add('vrrp7'))

    def test_goes_while_polkit_thinks(self):
        answer = self.nobody.begin('AddInterface', '(sa{sv})', 'vrrp9', {})
        self.bus.stop()
        with self.assertRaises(bus.BusError):
            answer.get()
        self.bus_comes_back()
        self.assertEqual(self.root.list().keys(), {'vrrp6'})


class NoBusAtStart(Case):
    starts = False

    def test_protects_and_comes_when_there_is_one(self):
        self.daemon.configure('[interface.vrrp6]\n')
        self.bus.stop()
        self.daemon.start()
        self.assert_in_force('vrrp6')
        self.bus.start()
        self.bus.wait_for_owner(bus.NAME)
        self.assertTrue(self.root.add('vrrp7'))


class NameTaken(Case):
    starts = False

    def test_by_a_stranger(self):
        self.daemon.configure('[interface.vrrp6]\n')
        bus.call(self.root.connection, bus.BUS, 'RequestName', '(su)', bus.NAME, 0)
        self.daemon.launch()
        self.assertEqual(self.daemon.wait_for_exit(), 1)
        self.assertEqual(kernel.all_tables(), [])
        self.assertEqual(list(self.daemon.state.iterdir()), [])
