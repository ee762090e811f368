# SPDX-License-Identifier: GPL-2.0-or-later
"""vmac-mldfilterd --restore: what is known is in the kernel at boot, before there is a bus, a network, a daemon."""

from rig import isolation, kernel
from rig.case import OPEN, Case, WireCase
from rig.wire import Wire


def on_disk(daemon):
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in daemon.state.iterdir()}


class Boot(Case):
    """The daemon has run, the machine has been switched off and on."""

    # Whose the tables are is left in them, and those of nobody are made again at each start.
    configuration = OPEN + 'auto_detect = false\n[interface.configured]\naction = "drop"\n'

    def prepare(self):
        self.wire = Wire()

    def setUp(self):
        super().setUp()
        self.root.set({'vrrp6': {'messages': ['igmp']}, 'vip0': {'parent': 'eth0'}})
        self.content = kernel.content()

    def reboot(self):
        self.daemon.stop_cleanly()
        kernel.nft('flush ruleset')
        isolation.new_boot()

    def test_the_same_rules(self):
        self.reboot()
        said = self.daemon.restore()
        self.assertEqual(kernel.content(), self.content)
        self.assertEqual(said, 'info: The kernel holds the rules for 3 interfaces, and the guard on 0 devices\n')

    def test_without_runtime_entries(self):
        self.root.add('gone', runtime=True)
        self.reboot()
        self.daemon.restore()
        self.assertEqual(kernel.content(), self.content)

    def test_the_disk_is_only_read(self):
        self.reboot()
        before = on_disk(self.daemon)
        self.daemon.restore()
        self.assertEqual(on_disk(self.daemon), before)

    def test_where_nothing_is_known(self):
        self.reboot()
        self.daemon.state_file.unlink()
        (self.daemon.config / '00-class.toml').unlink()
        said = self.daemon.restore()
        self.assertIn('the rules for 0 interfaces', said)
        self.assertEqual((kernel.verdicts(), list(self.daemon.state.iterdir())), ({}, []))

    def test_twice(self):
        self.reboot()
        self.daemon.restore()
        handles = kernel.handles()
        self.daemon.restore()
        self.assertEqual(kernel.handles(), handles)

    def test_what_is_left_of_an_attack(self):
        """Tables of our name that are not ours are replaced."""
        self.reboot()
        kernel.nft('table ip6 vmac_mldfilter { chain strange { type filter hook output priority 0; } }')
        self.daemon.restore()
        self.assertEqual(kernel.content(), self.content)

    def test_torn_state(self):
        """The configuration is in force, and the file is left to the daemon, which sets it aside."""
        self.reboot()
        self.daemon.state_file.write_text('{"version": 1, "inter', encoding='ascii')
        before = on_disk(self.daemon)
        said = self.daemon.restore()
        self.assertIn('warning: Restoring what the configuration names; the state file is not used', said)
        self.assertEqual(kernel.protected('configured'), {131, 132, 133, 143, 'igmp'})
        self.assertEqual((kernel.protected('vrrp6'), on_disk(self.daemon)), (set(), before))
        self.daemon.start()
        self.assertTrue((self.daemon.state / 'state.json.rejected').exists())

    def test_wrong_configuration(self):
        """The last good one, as for the daemon."""
        self.reboot()
        self.daemon.configure('acton = "drop"\n')
        said = self.daemon.restore()
        self.assertIn('00-case.toml:1: unknown key acton', said)
        self.assertIn('the last good configuration is used', said)
        self.assertEqual(kernel.content(), self.content)

    def test_a_kernel_that_refuses(self):
        self.reboot()
        said = self.daemon.restore('setpriv --inh-caps=-net_admin --bounding-set=-net_admin', status=1)
        self.assertIn('error: NOT protecting: ', said)
        self.assertEqual(kernel.all_tables(), [])


class Beside(Case):
    """The daemon runs, and where it can its tables are owned."""

    def test_by_hand(self):
        """Somebody restarts the unit by hand: nothing is changed, nothing had to be restored."""
        self.root.set({'vrrp6': {}, 'vrrp7': {'action': 'drop'}})
        handles, before = kernel.handles(), on_disk(self.daemon)
        with self.nothing_changes():
            self.daemon.restore()
        self.assertEqual((kernel.handles(), on_disk(self.daemon)), (handles, before))
        self.assertEqual(self.root.properties()['Restorations'], 0)


class Adopted(Case):
    """What was restored is what the daemon would have made itself, so it goes on with that."""

    configuration = OPEN  # tables that are owned are made again at a start

    def test_by_the_daemon(self):
        self.root.set({'vrrp6': {}, 'vrrp7': {'action': 'drop'}})
        self.daemon.stop_cleanly()
        kernel.nft('flush ruleset')
        isolation.new_boot()
        self.daemon.restore()
        handles = kernel.handles()
        self.daemon.start()
        self.assertEqual(kernel.handles(), handles)
        self.assertTrue(self.root.properties()['Protected'])
        self.assertEqual(self.root.properties()['Restorations'], 0)


class OnTheWire(WireCase):
    """No daemon runs, and none has to."""

    def reboot(self):
        """Our tables are gone, and the VMAC is made again after they were restored."""
        self.daemon.stop_cleanly()
        kernel.ip('link', 'del', 'vrrp6')
        kernel.nft(''.join(f'delete table {family} {kernel.TABLE}\n' for family in kernel.own_families()))
        isolation.new_boot()
        self.daemon.restore()

    def assert_silent_from_the_first_frame(self):
        self.vmac.make()
        self.vmac.all_messages()
        balance = self.settle()
        self.assertTrue(balance.attempts)
        self.assertEqual(balance.through, [])
        return balance

    def assert_from_the_parent(self, balance):
        """All kinds came, and nothing that was not tried. The kernel may lose a frame of a link that just came up."""
        tried = {frame for frame in balance.attempts if frame.kind != 'nd-router-solicit'}
        self.assertLessEqual(set(balance.relocated), tried)
        self.assertEqual({frame.kind for frame in balance.relocated}, {frame.kind for frame in tried})

    def test_a_parent_that_is_remembered(self):
        """Nobody has ever named the VMAC. The guard gives its reports the MAC of the parent."""
        self.wait_for_interface('vrrp6')
        self.reboot()
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})
        balance = self.assert_silent_from_the_first_frame()
        self.assert_from_the_parent(balance)

    def test_a_vmac_that_was_named(self):
        """Its parent was not found before it is there, so the first line drops; the daemon makes it relocate."""
        self.daemon.configure('guard = "off"\n')
        self.root.call('Reload')
        self.root.add('vrrp6')
        self.reboot()
        self.assertEqual(kernel.guarded(), {})
        self.assertEqual(self.assert_silent_from_the_first_frame().relocated, [])
        self.daemon.start()
        self.assert_in_force('vrrp6', parent='eth0')

    def test_a_parent_that_was_named(self):
        """Relocates without having seen the VMAC."""
        self.daemon.configure('guard = "off"\n')
        self.root.call('Reload')
        self.root.add('vrrp6', parent='eth0')
        self.reboot()
        balance = self.assert_silent_from_the_first_frame()
        self.assert_from_the_parent(balance)
