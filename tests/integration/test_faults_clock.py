# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody sets the clock, back and forth and by far. Nothing may depend on what time it is."""

import errno

from rig import bus, kernel
from rig.case import OPEN, WireCase
from rig.shim import Shim

YEAR = 365 * 24 * 3600
JUMPS = (3600, -3600, 100 * YEAR, -50 * YEAR, 0)


class Jumps(WireCase):
    configuration = OPEN

    def prepare(self):
        super().prepare()
        self.shim = Shim(self.daemon)
        self.shim.set('clock.set', 0)  # the service asks for the time while it starts, so the fault strikes

    def jumps(self):
        for number, seconds in enumerate(JUMPS):
            with self.subTest(seconds=seconds):
                self.shim.set('clock.set', seconds)
                yield number
        self.assertGreater(self.shim.strokes('clock.set'), 0)

    def test_changes_and_counters(self):
        for number in self.jumps():
            self.assertTrue(self.root.add(f'vrrp{number + 10}'))
            self.vmac.up()
            before = self.root.counters('vrrp6')['mld-listener-report'][0]
            self.vmac.mld1_report()
            self.settle()
            self.assertGreater(self.root.counters('vrrp6')['mld-listener-report'][0], before)
            self.assert_in_force(f'vrrp{number + 10}')
        self.assertEqual(self.wire.from_virtual_macs(), [])
        self.daemon.restart()
        self.assertEqual(len(self.root.list()), len(JUMPS) + 1)

    def test_restoring(self):
        """Its budget is time."""
        for number in self.jumps():
            kernel.nft('delete table ip6 vmac_mldfilter')
            self.wait_for_restorations(number + 1)
            self.assert_in_force('vrrp6')

    def test_checking_again(self):
        """What could not be done is tried again after a time."""
        for _ in self.jumps():
            with self.shim.fault('netfilter.send', errno.ENOMEM):
                kernel.nft('flush chain ip6 vmac_mldfilter output')
                self.wait_for_property('Protected', False)
            self.wait_for_property('Protected', True)
            self.assert_in_force('vrrp6')

    def test_bus_that_comes_back(self):
        for _ in self.jumps():
            self.bus.stop()
            self.bus.start()
            self.bus.wait_for_owner(bus.NAME)
            self._root = None
            self.assertIn('vrrp6', self.root.list())

    def test_watchdog(self):
        self.daemon.stop_cleanly()
        self.daemon.environment = {**self.daemon.environment, 'WATCHDOG_USEC': '1000000'}
        self.daemon.start()
        for _ in self.jumps():
            mark = self.daemon.notified.mark()
            self.daemon.notified.wait(lambda message: 'WATCHDOG=1' in message, mark)
