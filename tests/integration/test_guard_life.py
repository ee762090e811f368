# SPDX-License-Identifier: GPL-2.0-or-later
"""The guard over time: it follows its device, is remembered, counts on, and does without where it cannot be."""

import itertools
import time

from rig import isolation, kernel
from rig.case import OPEN, Case, WireCase
from rig.guard import GuardCase, nothing
from rig.journal import Journal
from rig.traffic import Owner, talking
from rig.vmac import Vmac
from rig.wire import MESSAGES, Wire, quiet


class Follow(GuardCase):
    """The parent's MAC and name change, it goes and comes."""

    configuration = OPEN + 'auto_detect = false\nguard = ["eth0"]\n'

    def test_mac_of_the_parent_changes(self):
        kernel.ip('link', 'set', 'eth0', 'address', '02:00:00:00:00:aa')
        self.wait_for_guard(eth0='02:00:00:00:00:aa')
        self.wire.mac = '02:00:00:00:00:aa'
        self.vmac.all_messages()
        self.assert_rewritten()

    def test_another_parent(self):
        """The VMAC is made anew on another one; both stay guarded."""
        other = Wire('eth1', 'far1', self.wire.namespace)
        self.daemon.configure('guard = ["eth0"]\nauto_detect = true\n', '10-more.toml')
        self.root.reload()
        kernel.ip('link', 'del', 'vrrp6')
        self.vmac.parent = 'eth1'
        self.vmac.make()
        self.wait_for_guard(eth0=self.wire.mac, eth1=other.mac)


class FollowByDetection(GuardCase):
    def test_parent_renamed(self):
        self.wire.rename('wan0')
        kernel.until(lambda: kernel.guarded().get('wan0') == self.wire.mac, 'for the guard of wan0')
        self.vmac.up()
        with self.daemon.halted():
            self.without_first_line()
            self.vmac.all_messages()
            self.settle()
        self.assertEqual(self.wire.from_virtual_macs(), [])
        self.assertEqual(self.root.guard_counters()['wan0'], self.tried())

    def test_another_takes_the_name(self):
        """Frames of eth0's VMACs must leave with the MAC of whatever is called eth0 now."""
        self.wire.rename('wan0')
        third = Wire('eth0', 'far3', self.wire.namespace)
        kernel.until(lambda: kernel.guarded() == {'eth0': third.mac, 'wan0': self.wire.mac}, 'for both')
        self.vmac.up()
        other = Vmac('vrrp8', mac='00:00:5e:00:02:08', attempts=self.attempts)
        with self.daemon.halted():
            self.without_first_line()
            mine, others = self.vmac.mld1_report(), other.mld1_report()
            self.settle()
        third.fence()
        self.assertEqual({frame.source for frame in third.arrived() if others in frame.groups}, {third.mac})
        self.assertEqual({frame.source for frame in self.wire.arrived() if mine in frame.groups}, {self.wire.mac})

    def test_gone_and_made_again(self):
        kernel.ip('link', 'del', 'eth0')
        self.wait_for_no_interface('vrrp6')
        self.wire = Wire('eth0', 'far0', self.wire.namespace)
        self.vmac.make()
        self.wait_for_interface('vrrp6')
        self.wait_for_guard(eth0=self.wire.mac)
        with self.daemon.halted():
            self.without_first_line()
            self.vmac.mld2_report()
            self.settle()
        self.assertEqual(self.wire.from_virtual_macs(), [])
        self.assertIs(self.root.properties()['GuardActive'], True)

    def test_made_again_under_load(self):
        """A VMAC under another name speaks on each new eth0 at once.

        On a kernel that takes a guard for a device that is not there it holds from the first frame, with the last MAC
        known. So the source is the old MAC or the new one, but never the virtual one.
        """
        old = self.wire.mac
        for number in range(10):
            kernel.ip('link', 'del', 'eth0')
            wire = Wire('eth0', f'again{number}', self.wire.namespace)
            late = f'late{number}'
            kernel.ip('link', 'add', late, 'link', 'eth0', 'address', '00:00:5e:00:02:06', 'type', 'macvlan')
            kernel.sysctl('ipv6', late, force_mld_version=1)
            kernel.ip('link', 'set', late, 'up')
            with talking(late) as talker:
                wire.frames.wait(lambda frame, mac=wire.mac: (frame.kind, frame.source) == ('mld-listener-done', mac))
            wire.fence()
            self.assertGreater(talker.rounds, 0)
            self.assertEqual(wire.from_virtual_macs(), [])
            self.assertLessEqual({frame.source for frame in wire.arrived(*MESSAGES)}, {old, wire.mac})
            old = wire.mac
        self.assertEqual(kernel.guarded(), {'eth0': old})

    def test_absent_one_does_not_make_it_inactive(self):
        kernel.ip('link', 'del', 'eth0')
        self.wait_for_no_interface('vrrp6')
        self.assertIs(self.root.properties()['GuardActive'], True)
        self.assertTrue(self.root.properties()['Protected'])

    def test_vmac_moved_to_another_namespace(self):
        """Out of reach of the first line; the guard stays where it was."""
        guest = isolation.Namespace('guest')
        kernel.ip('link', 'set', 'vrrp6', 'netns', 'guest')
        with guest.inside():
            quiet('vrrp6')
            kernel.sysctl('ipv6', 'vrrp6', force_mld_version=1)
        mark = self.wire.frames.mark()
        isolation.run('ip', '-n', 'guest', 'link', 'set', 'vrrp6', 'up')
        with talking('vrrp6', guest):
            self.wait_for_no_interface('vrrp6')
            self.wire.frames.wait(lambda frame: frame.kind == 'mld-listener-done' and frame.source == self.wire.mac,
                                  mark)
        self.wire.fence()
        self.assertEqual(self.wire.from_virtual_macs(), [])
        self.assertGreater(self.root.guard_counters()['eth0']['mld-listener-done'], (0, 0))


class Remembered(Case):
    """Armed before there is any VMAC."""

    def prepare(self):
        self.wire = Wire()

    def setUp(self):
        super().setUp()
        self.vmac()

    def vmac(self):
        kernel.ip('link', 'add', 'v6', 'link', 'eth0', 'address', '00:00:5e:00:02:05', 'type', 'macvlan')
        self.wait_for_interface('v6')

    def reboot(self):
        """As far as the service can see: no tables, no VMAC, another boot id."""
        self.daemon.stop_cleanly()
        kernel.ip('link', 'del', 'v6')
        kernel.nft('flush ruleset')
        isolation.new_boot()

    def test_in_the_state_file(self):
        """Even when it is told to end as soon as it has seen the first VMAC."""
        for _ in range(5):
            self.daemon.stop_cleanly()
            self.assertEqual(self.daemon.saved()['parents'], {'eth0': self.wire.mac})
            kernel.ip('link', 'del', 'v6')
            self.daemon.state_file.unlink()
            self.daemon.start()
            self.vmac()

    def test_over_a_restart(self):
        self.daemon.stop_cleanly()
        kernel.ip('link', 'del', 'v6')
        self.daemon.start()
        self.assertEqual(self.root.list(), {})
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})

    def test_over_a_reboot(self):
        self.reboot()
        self.daemon.start()
        self.assertEqual(self.root.list(), {})
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})
        self.assertIs(self.root.properties()['GuardActive'], True)

    def test_over_a_reboot_with_another_mac(self):
        self.reboot()
        kernel.ip('link', 'set', 'eth0', 'address', '02:00:00:00:00:aa')
        self.daemon.start()
        self.assertEqual(kernel.guarded(), {'eth0': '02:00:00:00:00:aa'})
        self.daemon.stop_cleanly()
        self.assertEqual(self.daemon.saved()['parents'], {'eth0': '02:00:00:00:00:aa'})
        self.daemon.start()

    def test_before_the_device_comes(self):
        """At boot the service is often there before the network card. On Linux 6.18 the guard waits in the kernel."""
        self.reboot()
        kernel.ip('link', 'del', 'eth0')
        self.daemon.start()
        waits = kernel.guarded()
        self.assertTrue(self.root.properties()['Protected'])
        self.wire = Wire('eth0', 'far9', self.wire.namespace)
        kernel.until(lambda: kernel.guarded() == {'eth0': self.wire.mac}, 'for the guard of eth0')
        print('the guard of a device that is not there:', waits or 'not on this kernel')

    def test_first_frame_of_a_device_that_comes(self):
        """Where the kernel takes a guard for what is not there yet, not even the very first frame gets through."""
        self.reboot()
        kernel.ip('link', 'del', 'eth0')
        self.daemon.start()
        if not kernel.guarded():
            self.assertTrue(self.root.properties()['Protected'])
            return  # then only the first line can, after it has heard of the VMAC
        with self.daemon.halted():  # nobody but the kernel
            wire = Wire('eth0', 'far9', self.wire.namespace)
            kernel.ip('link', 'add', 'v6', 'link', 'eth0', 'address', '00:00:5e:00:02:05', 'type', 'macvlan')
            kernel.sysctl('ipv6', 'v6', force_mld_version=1)
            kernel.ip('link', 'set', 'v6', 'up')
            with talking('v6'):
                wire.frames.wait(lambda frame: frame.kind == 'mld-listener-done')
            wire.fence()
        self.assertEqual(wire.from_virtual_macs(), [])
        self.assertEqual({frame.source for frame in wire.arrived('mld-listener-done')}, {self.wire.mac})

    def test_an_older_state_file(self):
        """Of a version that knew no guard."""
        self.daemon.stop_cleanly()
        state = self.daemon.saved()
        for key in ('parents', 'guard_counters'):
            state.pop(key, None)
        for key in ('auto_detect', 'guard'):
            state['configuration'].pop(key, None)
        self.daemon.write_state(state)
        self.daemon.start()
        self.assertEqual(self.root.list()['v6']['origins'], ['detected'])
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})
        self.assertEqual([path.name for path in self.daemon.state.iterdir()], ['state.json'])


class Counters(GuardCase):
    """By parent and message; never backwards, whatever becomes of the table."""

    configuration = OPEN + 'auto_detect = false\nguard = ["eth0"]\n'

    def setUp(self):
        super().setUp()
        self.assertEqual(self.root.guard_counters(), {'eth0': nothing()})
        self.speak()
        self.before = self.root.guard_counters()
        self.assertEqual(self.before, {'eth0': self.tried()})
        self.assertTrue(all(value > (0, 0) for value in self.before['eth0'].values()))

    def assert_goes_on(self):
        """Nothing lost, and counting goes on."""
        self.assertEqual(self.root.guard_counters(), self.before)
        self.speak()
        self.assertEqual(self.root.guard_counters(), {'eth0': self.tried()})

    def test_restart(self):
        self.daemon.restart()
        self.assert_goes_on()

    def test_table_deleted(self):
        kernel.nft('delete table netdev vmac_mldfilter')
        self.wait_for_restorations(1)
        self.assert_goes_on()

    def test_table_lost_while_the_service_is_away(self):
        self.daemon.stop_cleanly()
        kernel.nft('delete table netdev vmac_mldfilter')
        self.daemon.start()
        self.assert_goes_on()

    def test_mac_of_the_parent_changes(self):
        """The chain is made anew for that."""
        kernel.ip('link', 'set', 'eth0', 'address', '02:00:00:00:00:aa')
        self.wait_for_guard(eth0='02:00:00:00:00:aa')
        self.assert_goes_on()

    def test_parent_made_again(self):
        kernel.ip('link', 'del', 'eth0')
        self.wire = Wire('eth0', 'far0', self.wire.namespace)
        self.wait_for_guard(eth0=self.wire.mac)
        self.vmac.make()
        self.assert_goes_on()

    def test_device_taken_out_and_in(self):
        self.daemon.configure('guard = "auto"\n', '10-guard.toml')
        self.root.reload()
        self.daemon.configure('', '10-guard.toml')
        self.root.reload()
        self.assert_goes_on()

    def test_registered_one_comes_and_goes(self):
        kernel.ip('link', 'add', 'other6', 'link', 'eth0', 'type', 'macvlan')
        self.root.add('other6')
        self.assertEqual(self.root.guard_counters(), self.before)
        self.root.remove('other6')
        self.assert_goes_on()

    def test_reset(self):
        with self.transactions(0):
            self.root.reset()
        self.assertEqual(self.root.guard_counters(), {'eth0': nothing()})
        self.daemon.restart()
        self.assertEqual(self.root.guard_counters(), {'eth0': nothing()})
        kernel.nft('delete table netdev vmac_mldfilter')
        self.wait_for_restorations(1)
        self.assertEqual(self.root.guard_counters(), {'eth0': nothing()})
        self.speak()
        self.assertGreater(self.root.guard_counters()['eth0']['mld-listener-done'], (0, 0))

    def test_reset_of_interfaces_leaves_them(self):
        self.root.add('vrrp6')
        self.root.reset('vrrp6')
        self.assertEqual(self.root.guard_counters(), self.before)

    def test_after_a_reboot_they_begin_at_zero(self):
        self.daemon.stop_cleanly()
        kernel.nft('delete table netdev vmac_mldfilter')
        isolation.new_boot()
        self.daemon.start()
        self.assertEqual(self.root.guard_counters(), {'eth0': nothing()})


class NeverBackwards(WireCase):
    """Read all the time while the VMAC speaks and the chain is made anew again and again."""

    configuration = 'auto_detect = false\nguard = ["eth0"]\n'

    def test_under_load(self):
        kernel.sysctl('ipv6', 'vrrp6', force_mld_version=1)
        last = self.root.guard_counters()['eth0']
        with talking('vrrp6'):
            for number in itertools.count():
                kernel.ip('link', 'set', 'eth0', 'address', f'02:00:00:00:00:{number % 256:02x}')
                counted = self.root.guard_counters()['eth0']
                for message, values in last.items():
                    self.assertGreaterEqual(counted[message], values, message)
                last = counted
                if number >= 30 and last['mld-listener-done'] > (0, 0):
                    break
        self.wire.fence()
        self.assertEqual(self.wire.from_virtual_macs(), [])
        self.assertEqual(self.root.properties()['Restorations'], 0)


class Refused(WireCase):
    """A kernel that cannot hold the guard: 1,024 chains of somebody else are all that a hook can take."""

    starts = False
    MOST = 1024
    CHANGES = 50

    def prepare(self):
        super().prepare()
        self.journal = Journal()
        self.daemon.to_journal = True

    def fill(self):
        """So that eth0 takes not one more."""
        chain = 'type filter hook egress device "eth0" priority 0; policy accept;'
        kernel.nft('table netdev bystander {\n'
                   + ''.join(f'  chain c{number} {{ {chain} }}\n' for number in range(self.MOST)) + '}\n')

    @staticmethod
    def make_room():
        kernel.nft('delete table netdev bystander')

    def assert_first_line_alone(self):
        self.assertIs(self.root.properties()['GuardActive'], False)
        self.assertTrue(self.root.properties()['Protected'])
        self.assertEqual(self.root.list()['vrrp6']['effective-action'], 'relocate')
        self.assert_in_force('vrrp6', parent='eth0')
        entry = self.journal.wait(lambda entry: 'without the guard' in entry['MESSAGE'])
        self.assertIn('MESSAGE_ID', entry)
        self.assertIn('too long', entry['VMAC_REASON'])  # the kernel's words for too many
        self.vmac.all_messages()
        self.assert_relocated()

    def assert_heals(self):
        self.make_room()
        self.wait_for_property('GuardActive', True)
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})

    def test_at_start(self):
        self.fill()
        self.daemon.start()
        self.assert_first_line_alone()
        self.assert_heals()

    def test_at_a_call(self):
        self.daemon.configure('auto_detect = false\n')
        self.fill()
        self.daemon.start()
        self.assertTrue(self.root.add('vrrp6'))
        self.assert_first_line_alone()
        self.assert_heals()

    def test_when_detected(self):
        kernel.ip('link', 'del', 'vrrp6')
        self.daemon.start()
        self.fill()
        self.vmac.make()
        self.wait_for_interface('vrrp6')
        self.assert_first_line_alone()
        self.assert_heals()

    def test_one_device_does_not_take_the_guard_of_another(self):
        other = Wire('eth1', 'far1', self.wire.namespace)
        Vmac('vrrp7', parent='eth1', mac='00:00:5e:00:02:07', attempts=self.attempts)
        self.fill()
        self.daemon.start()
        self.assertEqual(kernel.guarded(), {'eth1': other.mac})
        self.assert_first_line_alone()

    def test_changes_meanwhile(self):
        self.fill()
        self.daemon.start()
        for number in range(5):
            self.assertTrue(self.root.add(f'other{number}'))
            self.assert_in_force(f'other{number}')
        self.assertTrue(self.root.set({}))
        self.assertTrue(self.root.properties()['Protected'])
        self.assertEqual(self.root.properties()['Restorations'], 0)
        self.assert_heals()

    def test_table_that_belongs_to_somebody_else(self):
        owner = Owner('netdev').take()
        self.daemon.start()
        self.assertIs(self.root.properties()['GuardActive'], False)
        self.assertTrue(self.root.properties()['Protected'])
        self.vmac.all_messages()
        self.assert_relocated()
        owner.go()
        self.wait_for_property('GuardActive', True)
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})

    def test_changes_are_carried_out_and_the_journal_does_not_drown(self):
        self.fill()
        self.daemon.start()
        spent, begin = self.daemon.cpu_seconds(), time.monotonic()
        for number in range(self.CHANGES):
            self.assertTrue(self.root.add('other0', action=('drop', 'relocate')[number % 2]))
        print(f'{self.CHANGES} changes beside a guard that cannot be: {time.monotonic() - begin:.2f} s, '
              f'{self.daemon.cpu_seconds() - spent:.2f} s of CPU time')
        said = [entry for entry in self.journal.all() if 'guard' in entry['MESSAGE'].lower()]
        self.assertEqual(len(said), 1)


class Names(Case):
    """In the configuration."""

    starts = False

    def test_macvlan_is_no_device_to_guard(self):
        """Named all the same, it is guarded like any other device or not at all, and nothing breaks."""
        wire = Wire()
        kernel.ip('link', 'add', 'v6', 'link', 'eth0', 'address', '00:00:5e:00:02:05', 'type', 'macvlan')
        self.daemon.configure('guard = ["v6"]\n')
        self.daemon.start()
        self.assertEqual(kernel.guarded().get('eth0'), wire.mac)
        self.assertTrue(self.root.properties()['Protected'])

    def test_odd_ones(self):
        self.daemon.configure('guard = ["网口", "a\\"b", "udp", "@x", "eth*"]\n')
        self.daemon.start()
        self.assertTrue(self.root.properties()['Protected'])
        self.assertTrue(self.root.add('vrrp6'))
