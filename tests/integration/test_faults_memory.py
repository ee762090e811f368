# SPDX-License-Identifier: GPL-2.0-or-later
"""No memory left: what is asked for is done or not done, and said, and all goes on when there is some again."""

import contextlib
import resource
import subprocess
from pathlib import Path

from rig import bus, kernel, processes
from rig.bus import BusError
from rig.case import OPEN, Case
from rig.insisting import insist
from rig.processes import KEEPER, WORKER

MIB = 1 << 20


class Memory(Case):
    """Of the worker: a large change takes most."""

    configuration = OPEN  # what a worker owns must be made anew when it has died of it

    MANY = {f'vrrp{number}': {} for number in range(4000)}

    def setUp(self):
        super().setUp()
        self.root.add('vrrp6')

    @staticmethod
    def used(pid):
        pages = Path(f'/proc/{pid}/statm').read_text(encoding='ascii').split()[0]
        return int(pages) * resource.getpagesize()

    def test_of_one_worker(self):
        """The next one has enough."""
        worker = processes.only(WORKER)
        processes.limit(worker, resource.RLIMIT_AS, self.used(worker) + MIB)
        self.assertTrue(self.root.set(self.MANY))
        self.assertEqual(len(kernel.verdicts('ip')), len(self.MANY))

    def test_of_all_workers(self):
        """A change that is too large is refused as a whole, and small ones are made."""
        worker = processes.only(WORKER)
        lift = processes.limit(processes.only(KEEPER), resource.RLIMIT_AS, self.used(worker) + MIB)
        processes.kill(worker)
        with self.refused('EngineUnavailable', 'libnftables '):
            self.root.set(self.MANY)
        self.wait_for_property('Protected', True)
        self.assertTrue(insist(lambda: self.root.add('vrrp7')))
        self.assert_in_force('vrrp7')
        lift()
        processes.kill(processes.only(WORKER))
        self.assertTrue(self.root.set(self.MANY))
        self.assertEqual(len(kernel.verdicts('ip')), len(self.MANY))

    def test_of_the_daemon(self):
        """Wherever it runs out of it, a change is made or not made. The bus it may have to leave for a moment, to get rid
        of a message that it could not read; and where the destructor of a library wants memory, it ends."""
        many = {name: {'messages': ['igmp']} for name in self.MANY}
        for step in range(80):
            before = self.root.list().keys()
            pid = self.daemon.process.pid
            lift = processes.limit(pid, resource.RLIMIT_AS, self.used(pid) + step * step * MIB // 16)
            with contextlib.suppress(BusError):
                self.root.set(many)
            if self.lives():
                lift()
            else:
                self.assertNotEqual(self.daemon.wait_for_exit(), 0)
                self.assertIn(kernel.verdicts('ip').keys(), (before, many.keys()))  # and no gap
                self.daemon.start()
            self.bus.wait_for_owner(bus.NAME)
            names = self.root.list().keys()
            self.assertIn(names, (before, many.keys()))
            self.assertEqual(self.daemon.saved()['interfaces'].keys(), names)
            self.wait_for_property('Protected', True)
            self.assertEqual(kernel.verdicts('ip').keys(), names)
            if names == many.keys():
                break
        self.assertGreater(step, 0)
        self.assertEqual(names, many.keys())  # the last one had enough

    def lives(self):
        """The bus may tell that it has gone before it has."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            if not bus.call(self.root.connection, bus.BUS, 'NameHasOwner', '(s)', bus.NAME)[0]:
                self.daemon.process.wait(1)
        return self.daemon.running
