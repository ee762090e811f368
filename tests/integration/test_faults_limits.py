# SPDX-License-Identifier: GPL-2.0-or-later
"""No descriptors left. Whoever needs one says so, and goes on when there are some again."""

import errno
import os
import resource

from rig import bus, kernel, processes
from rig.bus import BusError
from rig.case import OPEN, Case, WireCase
from rig.insisting import insist
from rig.processes import WORKER
from rig.telling import wait_for_status

TOO_MANY = os.strerror(errno.EMFILE)


class Descriptors(WireCase):
    configuration = OPEN

    def setUp(self):
        super().setUp()
        self.wait_for_interface('vrrp6')

    def none_left(self):
        """Those that are open stay, and no more can be opened."""
        pid = self.daemon.process.pid
        highest = max(map(int, os.listdir(f'/proc/{pid}/fd')))
        return processes.limit(pid, resource.RLIMIT_NOFILE, highest + 1)

    def assert_works(self):
        self.wait_for_property('Protected', True)
        self.assertTrue(insist(lambda: self.root.add('later')))
        self.assert_in_force('later')
        self.assert_in_force('vrrp6', parent='eth0')
        wait_for_status(self.daemon, 'Protecting')

    def assert_refused(self, call):
        """For want of a descriptor, whoever wanted it: for the state file, for a worker, or to look up a device."""
        with self.nothing_changes(), self.assertRaises(BusError) as raised:
            call()
        self.assertIn(raised.exception.name, ('EngineUnavailable', 'StoreFailed'))
        self.assertIn(TOO_MANY, raised.exception.text)

    def test_changes_and_reading(self):
        lift = self.none_left()
        for call in (lambda: self.root.add('new'), lambda: self.root.set({'new': {}}), self.root.reset):
            self.assert_refused(call)
        with self.assertRaisesRegex(BusError, TOO_MANY):
            self.root.reload()
        self.assertEqual(self.root.all_counters().keys(), {'vrrp6'})
        self.assertEqual(self.root.guard_counters().keys(), {'eth0'})
        self.assertTrue(self.root.audit())
        lift()
        self.assert_works()
        self.assertEqual(self.root.properties()['Restorations'], 0)

    def test_links_are_followed(self):
        lift = self.none_left()
        kernel.ip('link', 'add', 'v7', 'link', 'eth0', 'address', '00:00:5e:00:02:07', 'type', 'macvlan')
        self.wait_for_interface('v7')
        self.assert_in_force('v7')
        kernel.ip('link', 'del', 'v7')
        self.wait_for_no_interface('v7')
        self.assertEqual(self.root.properties()['Restorations'], 0)
        lift()
        self.assert_works()

    def test_table_is_deleted(self):
        """It is put back as soon as it can be seen what must be in it."""
        lift = self.none_left()
        kernel.nft('delete table ip6 vmac_mldfilter')
        self.root.all_counters()
        lift()
        self.assert_works()
        self.assertLessEqual(self.root.properties()['Restorations'], 1)

    def test_links_are_lost(self):
        """To look at all links again takes a socket. Until there is one, those are taken that were known."""
        lift = self.none_left()
        with self.daemon.halted():
            kernel.overflow_links(self.daemon.process, 'eth0')
            kernel.ip('link', 'add', 'v7', 'link', 'eth0', 'address', '00:00:5e:00:02:07', 'type', 'macvlan')
        self.assertIn('vrrp6', self.root.list())
        lift()
        self.wait_for_interface('v7')
        self.assert_in_force('v7')
        self.assert_works()

    def test_worker_is_killed(self):
        """To speak to another one takes a socket. The rules stand meanwhile."""
        lift = self.none_left()
        tables = kernel.own_tables()
        processes.kill(processes.only(WORKER))
        self.assert_refused(lambda: self.root.add('new'))
        wait_for_status(self.daemon, f'NOT protecting: .*{TOO_MANY}')
        self.assertEqual(self.root.all_counters().keys(), {'vrrp6'})
        self.assertEqual(kernel.own_tables(), tables)
        lift()
        self.assert_works()

    def test_bus_comes_back(self):
        """It takes a descriptor too, which the former connection has left."""
        lift = self.none_left()
        self.bus.stop()
        self.bus.start()
        lift()
        self.bus.wait_for_owner(bus.NAME)
        self._root = None
        self.assert_works()


class FewFromTheStart(Case):
    starts = False

    def test_works_or_says_why(self):
        """However few there are: it works, or ends with a reason and has touched nothing."""
        self.daemon.configure('[interface.vrrp6]\n')
        ended, worked = [], []
        for most in range(5, 30):
            generation, said = kernel.generation(), self.daemon.log.mark()
            mark = self.daemon.launch(f'prlimit --nofile={most}:{most}')
            came = self.daemon.notified.wait(lambda message: 'READY=1' in message or 'EXIT' in message, mark)
            if 'READY=1' in came:
                worked.append(most)
                self.daemon.stop_cleanly()
            else:
                ended.append(most)
                self.assertEqual(self.daemon.wait_for_exit(), 1)
                self.assertRegex('\n'.join(self.daemon.log.all(said)), TOO_MANY)
                self.assertEqual(kernel.generation(), generation)
        self.assertTrue(ended and worked, (ended, worked))


class Inherited(Case):
    """Whoever starts the service has left more files open than select() can count."""

    starts = False
    OPEN = 1500
    THROUGH = ('prlimit --nofile=4096:4096 /usr/bin/python3 -c '
               '"import os, sys\n'
               f'for _ in range({OPEN}): os.set_inheritable(os.open(\'/dev/null\', os.O_RDONLY), True)\n'
               'os.execv(sys.argv[1], sys.argv[1:])"')

    def test_works(self):
        self.daemon.configure('[interface.vrrp6]\n')
        self.daemon.start(self.THROUGH)
        inherited = [number for number in os.listdir(f'/proc/{self.daemon.process.pid}/fd') if int(number) > 1024]
        self.assertGreater(len(inherited), 400)
        self.assertTrue(self.root.properties()['Protected'])
        self.assertTrue(self.root.add('vrrp7'))
        self.assert_in_force('vrrp7')
        self.assertLess(len(os.listdir(f'/proc/{processes.only(WORKER)}/fd')), 10)
        self.assertEqual([finding['id'] for finding in self.root.audit()][0], 'protected')
        self.assertEqual(self.root.all_counters().keys(), {'vrrp6', 'vrrp7'})
        self.bus.stop()
        self.bus.start()
        self.bus.wait_for_owner(bus.NAME)
        self._root = None
        self.assertTrue(self.root.remove('vrrp7'))
