# SPDX-License-Identifier: GPL-2.0-or-later
"""The process that has libnftables crashes, is killed or hangs; so does the one that starts it, and the daemon."""

import os
import signal
import time

from rig import bus, isolation, kernel, processes
from rig.case import OPEN, Case, WireCase
from rig.insisting import insist
from rig.processes import KEEPER, WORKER
from rig.telling import wait_for_status
from rig.vmac import Vmac

AS_USER = ('setpriv --reuid=vmac-mldfilter --regid=vmac-mldfilter --clear-groups --no-new-privs '
           '--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin')
CHANGE_MAY_TAKE = 5  # seconds, whatever libnftables does


class _Worker(WireCase):
    configuration = OPEN

    def setUp(self):
        super().setUp()
        self.wait_for_interface('vrrp6')
        self.root.add('drop6', action='drop')
        self.vmac.all_messages()
        self.settle()
        self.counted = self.root.counters('vrrp6')
        self.worker = processes.only(WORKER)

    def assert_silent(self):
        self.vmac.up()
        self.vmac.all_messages()
        self.settle()
        self.assertEqual(self.wire.from_virtual_macs(), [])

    def assert_works(self):
        self.wait_for_property('Protected', True)
        self.assert_in_force('vrrp6', parent='eth0')
        for message, counted in self.counted.items():
            self.assertGreaterEqual(self.root.counters('vrrp6')[message], counted)
        self.assertTrue(insist(lambda: self.root.add('later')))
        self.assert_in_force('later')
        self.assertTrue(self.root.remove('later'))
        wait_for_status(self.daemon, 'Protecting')
        self.assert_silent()


class Killed(_Worker):
    def test_idle(self):
        """Nobody notices, but for the next one that is there at once."""
        for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGXCPU):
            with self.subTest(number), self.signals() as signals:
                worker = processes.only(WORKER)
                tables = kernel.own_tables()
                processes.kill(worker, number)
                self.assertTrue(self.root.properties()['Protected'])
                self.assertEqual(self.root.counters('vrrp6'), self.counted)
                self.assertNotEqual(processes.only(WORKER), worker)
                self.assertEqual(kernel.own_tables(), tables)
            self.assertEqual(signals, [])
        self.assert_works()

    def test_idle_and_then_a_change(self):
        for number in range(10):
            processes.kill(processes.only(WORKER))
            self.assertTrue(self.root.add(f'new{number}'))
            self.assert_in_force(f'new{number}')
        self.assert_works()

    def test_at_work(self):
        """Another one does it."""
        for call, done in ((('AddInterface', '(sa{sv})', 'new', {}), (True,)),
                           (('GetCounters', '(s)', 'vrrp6'), (self.counted,)),
                           (('RemoveInterface', '(s)', 'new'), (True,))):
            mark = self.daemon.log.mark()
            with processes.halted(processes.only(WORKER)):
                answer = self.root.begin(*call)
                processes.wait_in_call(self.daemon.process.pid)
                processes.kill(processes.only(WORKER), signal.SIGKILL)
                self.assertEqual(answer.get(), done)
            self.daemon.log.wait(lambda line: 'libnftables crashed (Killed); another process goes on' in line, mark)
        self.assertTrue(self.root.properties()['Protected'])
        self.assert_works()


class NoCore(Case):
    """As the unit runs it, for root's processes look the same either way."""

    starts = False

    def setUp(self):
        isolation.add_user('vmac-mldfilter', 990)
        super().setUp()
        isolation.run('chown', 'vmac-mldfilter', self.daemon.state)

    def test_of_what_may_crash(self):
        """What it was asked about is nobody's: the kernel writes no core of it, and lets nobody look into it."""
        self.daemon.start(AS_USER)
        self.root.add('vrrp6')
        for name in (KEEPER, WORKER):
            directory = os.stat(f'/proc/{processes.only(name)}/fd')
            self.assertEqual(directory.st_uid, 0, name)  # the user's own, if it could be dumped


class Hangs(_Worker):
    def call(self, function):
        """What it says, and that it says it in time."""
        begin = time.monotonic()
        with self.assertRaises(bus.BusError) as raised:
            function()
        self.assertLess(time.monotonic() - begin, CHANGE_MAY_TAKE)
        return raised.exception

    def test_change(self):
        tables, state = kernel.own_tables(), self.daemon.state_file.read_bytes()
        with processes.halted(self.worker):
            error = self.call(lambda: self.root.add('new'))
            self.assertEqual((error.name, error.text),
                             ('EngineUnavailable', 'libnftables did not come to an end in 3 s'))
            self.daemon.log.wait(lambda line: error.text in line)
            self.assertEqual(self.root.list().keys(), {'drop6', 'vrrp6'})
        self.assertEqual((kernel.own_tables(), self.daemon.state_file.read_bytes()), (tables, state))
        self.assertNotIn(self.worker, processes.named(WORKER))
        self.assert_works()

    def test_reading(self):
        """What was known last, after the time that a run may take; and at once when it is asked again."""
        with processes.halted(self.worker):
            begin = time.monotonic()
            self.assertEqual(self.root.counters('vrrp6'), self.counted)
            self.assertLess(time.monotonic() - begin, CHANGE_MAY_TAKE)
            begin = time.monotonic()
            self.assertEqual(self.root.all_counters()['vrrp6'], self.counted)
            self.assertEqual(self.root.guard_counters().keys(), {'eth0'})
            self.assertEqual(self.root.list().keys(), {'drop6', 'vrrp6'})
            self.assertLess(time.monotonic() - begin, 1)
        self.assert_works()

    def test_vmac_that_comes(self):
        """Its entry comes late, but before it the guard lets nothing through."""
        with processes.halted(self.worker):
            other = Vmac('vrrp7', mac='00:00:5e:00:02:07', attempts=self.attempts)
            self.wait_for_interface('vrrp7')
            other.all_messages()
        kernel.until(lambda: kernel.parents().get('vrrp7') == 'eth0', 'for the entry')
        other.down()
        self.attempts.fence()
        self.wire.fence()
        self.assertEqual(self.wire.from_virtual_macs(), [])
        self.assert_works()

    def test_the_service_ends(self):
        with processes.halted(self.worker):
            self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(processes.named(WORKER) + processes.named(KEEPER), [])
        self.daemon.start()
        self.assert_works()


class Keeper(_Worker):
    def test_is_killed(self):
        """The daemon cannot start workers any more, so it ends, and systemd starts it again. The rules stand."""
        tables = kernel.own_tables()
        worker = os.pidfd_open(self.worker)
        processes.kill(processes.only(KEEPER))
        self.assertEqual(self.daemon.wait_for_exit(), 1)
        processes.wait_for_end(worker)
        self.assertTrue(any('the process that starts workers has ended' in line for line in self.daemon.log.all()))
        self.assertEqual(kernel.own_tables(), tables)
        self.assert_silent()
        self.daemon.start()
        self.assert_works()

    def test_hangs(self):
        """Nobody starts a worker then, nor ends one."""
        with processes.halted(processes.only(KEEPER)):
            self.assertTrue(self.root.add('new'))
            processes.kill(self.worker)
            begin = time.monotonic()
            with self.assertRaises(bus.BusError) as raised:
                self.root.add('another')
            self.assertLess(time.monotonic() - begin, CHANGE_MAY_TAKE)
            self.assertEqual(raised.exception.name, 'EngineUnavailable')
            self.assertEqual(self.root.list().keys(), {'drop6', 'new', 'vrrp6'})
        self.assert_works()


class Daemon(_Worker):
    def test_is_killed(self):
        """Nothing is left behind but the rules, whatever the others did at that time."""
        for victim in (None, WORKER, KEEPER):
            tables = kernel.own_tables()
            left = [processes.only(KEEPER), processes.only(WORKER)]
            descriptors = [os.pidfd_open(pid) for pid in left]
            if victim is None:
                self.daemon.kill()
            else:
                with processes.halted(processes.only(victim)):
                    self.daemon.kill()
                    processes.wait_for_end(*descriptors)
            processes.wait_for_end(*descriptors)
            self.assertEqual(kernel.own_tables(), tables)
            self.daemon.start()
        self.assert_works()
