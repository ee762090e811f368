# SPDX-License-Identifier: GPL-2.0-or-later
"""A second daemon where no bus keeps it away: none is there, or it has another one. With the same bus: test_life."""

from rig import kernel
from rig.case import Case
from rig.service import Daemon


class Second(Case):
    WORDS = 'another instance works in {state}; nothing was touched'

    def setUp(self):
        super().setUp()
        self.root.add('vrrp6')

    def assert_ends(self, second):
        tables = kernel.own_tables()
        state = self.daemon.state_file.read_bytes()
        files = sorted(path.name for path in self.daemon.state.iterdir())
        with self.transactions(0):
            second.launch()
            self.assertEqual(second.wait_for_exit(), 1)
        second.log.wait(lambda line: self.WORDS.format(state=self.daemon.state) in line)
        self.assertEqual((kernel.own_tables(), self.daemon.state_file.read_bytes()), (tables, state))
        self.assertEqual(sorted(path.name for path in self.daemon.state.iterdir()), files)
        self.assertFalse(any('READY=1' in message for message in second.notified.all()))

    def test_without_a_bus(self):
        self.bus.stop()
        self.assert_ends(Daemon(self.bus.address, 'second'))
        self.bus.start()
        self.bus.wait_for_owner('org.vmac.MldFilter')
        self._root = None
        self.assertTrue(self.root.add('vrrp7'))

    def test_on_another_bus(self):
        self.assert_ends(Daemon('unix:path=/nonexistent', 'second'))
        self.assertTrue(self.root.add('vrrp7'))

    def test_with_a_torn_state(self):
        """It would be set aside, if it were its own."""
        self.daemon.state_file.write_bytes(b'torn')
        self.assert_ends(Daemon('unix:path=/nonexistent', 'second'))
        self.assertTrue(self.root.add('vrrp7'))

    def test_after_a_crash(self):
        """Whoever was killed keeps nobody away, nor does what is left of it."""
        self.daemon.kill()
        second = Daemon(self.bus.address, 'second')
        second.start()
        self.assertEqual(self.root.list().keys(), {'vrrp6'})
        self.assertEqual(second.stop(), 0)

    def test_restore_beside_it(self):
        """What runs at boot reads only, and may run again at any time."""
        tables = kernel.content()
        self.daemon.restore()
        self.assertEqual(kernel.content(), tables)
        self.assertTrue(self.root.add('vrrp7'))
