# SPDX-License-Identifier: GPL-2.0-or-later
"""The second line of defence: what gets past the first leaves with the parent's own MAC, or not at all."""

import os

from rig import isolation, kernel
from rig.case import OPEN, Case, WireCase
from rig.guard import GuardCase, nothing
from rig.traffic import talking
from rig.vmac import Vmac
from rig.wire import MESSAGES, Wire


class Alone(GuardCase):
    """No entry at all, and a device of the configuration."""

    configuration = OPEN + 'auto_detect = false\nguard = ["eth0"]\n'

    def test_mld1_report(self):
        self.vmac.mld1_report()
        self.assert_rewritten()

    def test_mld1_done(self):
        self.vmac.mld1_done()
        self.assert_rewritten()

    def test_mld2_report(self):
        self.vmac.mld2_report()
        self.assert_rewritten()

    def test_router_solicit(self):
        self.vmac.router_solicit()
        self.assertNotIn('nd-router-solicit', [frame.kind for frame in self.wire.arrived()])
        self.assert_rewritten()

    def test_igmp2_report(self):
        self.vmac.igmp2_report()
        self.assert_rewritten()

    def test_igmp2_leave(self):
        self.vmac.igmp2_leave()
        self.assert_rewritten()

    def test_igmp3_report(self):
        self.vmac.igmp3_report()
        self.assert_rewritten()

    def test_everything(self):
        self.vmac.all_messages()
        self.assert_rewritten()

    def test_with_macs_of_ipv4_vrrp(self):
        for mac in ('00:00:5e:00:01:00', '00:00:5e:00:01:ff'):
            self.hush()
            kernel.ip('link', 'set', 'vrrp6', 'address', mac)
            self.speak()
        self.assert_rewritten()

    def test_other_macs_keep_their_voice(self):
        """Those that share their beginning with VRRP's, too."""
        for number, mac in enumerate(('02:00:00:00:00:05', '00:00:5e:00:00:ff', '00:00:5e:00:03:00')):
            other = Vmac(f'other{number}', mac=mac, attempts=self.attempts)
            group = other.mld1_report()
            self.wire.frames.wait(lambda frame, group=group, mac=mac: group in frame.groups and frame.source == mac)
        self.assertEqual(self.root.guard_counters(), {'eth0': nothing()})

    def test_what_is_no_report_keeps_the_virtual_mac(self):
        self.wire.on_far_side('address', 'add', '2001:db8::99/64', 'dev', 'far0', 'nodad')
        kernel.ip('address', 'add', '2001:db8::5/64', 'dev', 'vrrp6', 'nodad')
        isolation.run('ping', '-6', '-c', '2', '-i', '0.01', '-W', '10', '-I', 'vrrp6', '2001:db8::99')
        self.wire.fence()
        for kind in ('echo-request', 'nd-neighbor-solicit'):
            self.assertTrue(self.wire.arrived(kind, source=self.vmac.mac), f'no {kind} from the virtual MAC')

    def test_in_a_namespace_of_its_own(self):
        """The first line is in the wrong place for this one."""
        guest = isolation.Namespace('guest')
        kernel.ip('link', 'set', 'vrrp6', 'netns', 'guest')
        isolation.run('ip', '-n', 'guest', 'link', 'set', 'vrrp6', 'address', '00:00:5e:00:02:0a')
        with guest.inside():
            kernel.sysctl('ipv6', 'vrrp6', force_mld_version=1, addr_gen_mode=1)
        isolation.run('ip', '-n', 'guest', 'link', 'set', 'vrrp6', 'up')
        with talking('vrrp6', guest):
            self.wire.frames.wait(lambda frame: frame.kind == 'mld-listener-done' and frame.source == self.wire.mac)
        self.wire.fence()
        self.assertEqual(self.wire.from_virtual_macs(), [])
        counted = self.root.guard_counters()['eth0']
        for message in ('mld-listener-report', 'mld-listener-done'):
            self.assertEqual(counted[message][0], len(self.wire.arrived(message, source=self.wire.mac)))


class Together(GuardCase):
    """With the first line, as shipped."""

    def test_what_the_first_line_handles_does_not_reach_it(self):
        self.vmac.all_messages()
        self.assert_relocated()
        self.assertEqual(self.root.guard_counters(), {'eth0': nothing()})

    def test_takes_over_when_the_first_line_is_gone(self):
        with self.daemon.halted():
            self.without_first_line()
            self.vmac.all_messages()
            self.settle()
        self.assert_rewritten()

    def test_dropped_by_the_first_line(self):
        self.root.add('vrrp6', action='drop')
        self.vmac.all_messages()
        self.assert_dropped()
        self.assertEqual(self.root.guard_counters(), {'eth0': nothing()})

    def test_registered_with_another_mac(self):
        other = Vmac('other6', mac='02:00:00:00:00:66', attempts=self.attempts)
        self.root.add('other6')
        self.assertEqual(kernel.registered(), {('eth0', '02:00:00:00:00:66')})
        with self.daemon.halted():
            self.without_first_line()
            other.all_messages()
            self.settle(other.mute)
        self.assertEqual(self.wire.arrived(*MESSAGES, source=other.mac), [])
        self.assertEqual(self.root.guard_counters(), {'eth0': self.tried()})

    def test_registered_one_gets_another_mac(self):
        other = Vmac('other6', mac='02:00:00:00:00:66', attempts=self.attempts)
        self.root.add('other6')
        kernel.ip('link', 'set', 'other6', 'address', '02:00:00:00:00:67')
        kernel.until(lambda: kernel.registered() == {('eth0', '02:00:00:00:00:67')}, 'for the other MAC')
        with self.daemon.halted():
            self.without_first_line()
            other.all_messages()
            self.settle(other.mute)
        self.assertEqual(self.wire.arrived(*MESSAGES, source='02:00:00:00:00:67'), [])
        self.root.remove('other6')
        self.assertEqual(kernel.registered(), set())

    def test_allowed_one_is_exempt_and_its_neighbour_not(self):
        neighbour = Vmac('vrrp7', mac='00:00:5e:00:02:07', attempts=self.attempts)
        self.root.add('vrrp6', action='allow')
        self.wait_for_interface('vrrp7')
        self.vmac.all_messages()
        neighbour.all_messages()
        self.settle(self.vmac.mute)
        kinds = {frame.kind for frame in self.wire.arrived(*MESSAGES, source=self.vmac.mac)}
        self.assertEqual(kinds, set(MESSAGES))
        self.assertEqual(self.wire.arrived(*MESSAGES, source=neighbour.mac), [])
        self.assertEqual(self.root.guard_counters(), {'eth0': nothing()})

    def test_neighbour_that_nobody_manages(self):
        """With detection off, one entry makes eth0 a parent; then the guard is for all VMACs on it."""
        self.daemon.configure('auto_detect = false\n')
        self.root.reload()
        Vmac('vrrp7', mac='00:00:5e:00:02:07', attempts=self.attempts)
        self.root.add('vrrp7')
        self.assertEqual(self.root.list().keys(), {'vrrp7'})
        self.vmac.all_messages()
        self.assert_rewritten()

    def test_allowed_one_gets_another_mac(self):
        """The exemption is the interface's. It goes along, and its old MAC has none any more."""
        self.root.add('vrrp6', action='allow')
        self.hush()
        kernel.ip('link', 'set', 'vrrp6', 'address', '00:00:5e:00:01:77')
        kernel.until(lambda: {mac for _, mac, _ in kernel.exempt()} == {'00:00:5e:00:01:77'}, 'for the exemption')
        self.vmac.mac = '00:00:5e:00:01:77'
        self.speak()
        self.assertEqual({frame.kind for frame in self.settle().through}, set(MESSAGES))

    def test_allowed_one_is_renamed(self):
        """It is the name that was allowed."""
        self.root.add('vrrp6', action='allow')
        self.hush()
        kernel.ip('link', 'set', 'vrrp6', 'name', 'vrrp66')
        self.wait_for_interface('vrrp66')
        self.assertEqual(kernel.exempt(), set())
        self.vmac.name = 'vrrp66'
        self.speak()
        self.assertEqual(self.settle().through, [])

    def test_allowed_one_goes(self):
        self.root.add('vrrp6', action='allow')
        self.assertTrue(kernel.exempt())
        kernel.ip('link', 'del', 'vrrp6')
        kernel.until(lambda: not kernel.exempt(), 'for no exemption')

    def test_allowed_and_handled_again(self):
        self.root.add('vrrp6', action='allow')
        self.assertEqual({kind for *_, kind in kernel.exempt()}, set(kernel.TYPES.values()))
        self.root.add('vrrp6', action='relocate')
        self.assertEqual(kernel.exempt(), set())

    def test_messages_that_are_not_handled_are_exempt(self):
        self.root.add('vrrp6', messages=['igmp'])
        self.assertEqual({kind for *_, kind in kernel.exempt()}, {131, 132, 133, 143})
        self.vmac.all_messages()
        balance = self.settle(self.vmac.mute)
        self.assertEqual({frame.kind for frame in balance.through}, set(MESSAGES) - {'igmp'})
        self.assertEqual(self.root.guard_counters(), {'eth0': nothing()})

    def test_exempt_on_its_own_parent_only(self):
        """The same virtual router on two networks has the same MAC on both."""
        other = Wire('eth1', 'far1', self.wire.namespace)
        twin = Vmac('twin6', parent='eth1', mac=self.vmac.mac, attempts=self.attempts)
        self.root.add('vrrp6', action='allow')
        self.wait_for_interface('twin6')
        with self.daemon.halted():
            self.without_first_line()
            twin.mld1_done()
            group = self.vmac.mld1_done()
            self.settle(twin.mute)
        other.fence()
        self.assertEqual(other.arrived(*MESSAGES, source=twin.mac), [])
        self.assertIn(group, [each for frame in self.wire.arrived(source=self.vmac.mac) for each in frame.groups])


class Layout(WireCase):
    def test_as_the_design_says(self):
        listed = kernel.foreign('netdev', kernel.TABLE)
        for text in ('set registered', 'set exempt', 'set exempt_igmp', 'chain vmac_eth0', 'chain egress_eth0',
                     'hook egress', '@ll,48,32 0x5e00 goto vmac_eth0', f'ether saddr set {self.wire.mac}',
                     'policy accept'):
            with self.subTest(text):
                self.assertIn(text, listed)
        self.assertNotIn('@registered goto', listed)

    def test_second_rule_only_for_registered_ones(self):
        kernel.ip('link', 'add', 'other6', 'link', 'eth0', 'type', 'macvlan')
        self.root.add('other6')
        self.assertRegex(kernel.foreign('netdev', kernel.TABLE), r'ether saddr @registered goto vmac_eth0')
        self.root.remove('other6')
        self.assertNotIn('@registered goto', kernel.foreign('netdev', kernel.TABLE))


class Scope(Case):
    """Which devices have one."""

    starts = False

    def prepare(self):
        self.wire = Wire()
        self.other = Wire('eth1', 'far1', self.wire.namespace)

    def start(self, guard):
        self.daemon.configure(f'guard = {guard}\n' if guard else '', '10-guard.toml')
        self.daemon.start()

    def vmac(self, name='v6', parent='eth0'):
        kernel.ip('link', 'add', name, 'link', parent, 'address', '00:00:5e:00:02:05', 'type', 'macvlan')
        self.wait_for_interface(name)

    def assert_guarded(self, *devices):
        self.assertEqual(kernel.guarded(), {device: kernel.link(device)['address'] for device in devices})
        self.assertEqual(self.root.guard_counters().keys(), set(devices))
        self.assertIs(self.root.properties()['GuardActive'], True)

    def test_parents_by_default(self):
        self.start('')
        self.assert_guarded()
        self.vmac()
        self.assert_guarded('eth0')

    def test_auto(self):
        self.start('"auto"')
        self.vmac()
        self.assert_guarded('eth0')

    def test_list(self):
        self.start('["eth1"]')
        self.assert_guarded('eth1')
        self.vmac()
        self.assert_guarded('eth0', 'eth1')

    def test_all(self):
        self.start('"all"')
        self.assert_guarded('eth0', 'eth1')
        self.vmac()
        late = Wire('eth2', 'far2', self.wire.namespace)
        kernel.until(lambda: 'eth2' in kernel.guarded(), 'for the guard of eth2')
        self.assert_guarded('eth0', 'eth1', late.near)

    def test_all_but_macvlans_and_loopback(self):
        self.start('"all"')
        self.vmac()
        kernel.ip('link', 'add', 'br6', 'type', 'bridge')
        kernel.until(lambda: 'br6' in kernel.guarded(), 'for the guard of a bridge')
        self.assert_guarded('br6', 'eth0', 'eth1')

    def test_all_but_what_cannot_be_written(self):
        """Such devices take the guard of no other away, and the service lives."""
        for number, name in enumerate(('eth*', os.fsdecode(b'wan\xff'))):
            Wire(name, f'odd{number}', self.wire.namespace)
        self.start('"all"')
        self.assertLessEqual({'eth0', 'eth1'}, kernel.guarded().keys())
        self.assertNotIn('eth*', kernel.guarded())
        self.root.guard_counters()
        self.assertTrue(self.root.properties()['Protected'])

    def test_off(self):
        self.start('"off"')
        self.vmac()
        self.assertEqual(kernel.guarded(), {})
        self.assertEqual(self.root.guard_counters(), {})
        self.assertIs(self.root.properties()['GuardActive'], False)
        self.assertIn('guard', self.root.properties()['Features'])  # it could

    def test_turned_off_and_on(self):
        self.start('')
        self.vmac()
        self.daemon.configure('guard = "off"\n', '10-guard.toml')
        with self.signals() as caught:
            self.root.reload()
        self.assertEqual(kernel.guarded(), {})
        self.assertIn(False, [changed.get('GuardActive') for changed in self.properties_changed(*caught)])
        self.daemon.configure('', '10-guard.toml')
        with self.signals() as caught:
            self.root.reload()
        self.assert_guarded('eth0')
        self.assertIn(True, [changed.get('GuardActive') for changed in self.properties_changed(*caught)])

    def test_taken_out_of_the_list(self):
        self.start('["eth1"]')
        self.vmac()
        self.daemon.configure('guard = []\n', '10-guard.toml')
        self.root.reload()
        self.assert_guarded('eth0')

    def test_stays_when_the_last_vmac_goes(self):
        self.start('')
        self.vmac()
        kernel.ip('link', 'del', 'v6')
        self.wait_for_no_interface('v6')
        self.assert_guarded('eth0')

    def test_registered_macvlan_makes_a_parent(self):
        self.start('')
        kernel.ip('link', 'add', 'other6', 'link', 'eth1', 'type', 'macvlan')
        self.root.add('other6')
        self.assert_guarded('eth1')

    def test_macvlan_that_is_not_managed_makes_none(self):
        self.start('')
        kernel.ip('link', 'add', 'other6', 'link', 'eth1', 'type', 'macvlan')
        self.vmac()
        self.assert_guarded('eth0')

    def test_device_that_comes_later(self):
        self.start('["eth2"]')
        late = Wire('eth2', 'far2', self.wire.namespace)
        kernel.until(lambda: kernel.guarded() == {'eth2': late.mac}, 'for the guard of eth2')
        self.assert_guarded('eth2')

    def test_odd_names_of_parents(self):
        self.start('')
        odd = [';reset;', "a'b", '网口', 'policy', 'a,b', '$x', '{}', '1-9', 'eth567890123456']
        for number, name in enumerate(odd):
            Wire(name, f'odd{number}', self.wire.namespace)
            self.vmac(f'v{number}', name)
            self.assertIn(name, kernel.guarded())
            self.assert_in_force(f'v{number}', parent=name)
        self.daemon.restart()
        self.assertEqual(kernel.guarded().keys(), set(odd))
        self.assertTrue(self.root.properties()['Protected'])

    def cannot_be_guarded(self, name):
        """The first line holds, and that the guard does not is said."""
        self.start('')
        odd = Wire(name, 'odd0', self.wire.namespace)
        self.vmac('v6', name)
        self.assert_in_force('v6')
        self.assertEqual(kernel.guarded(), {})
        self.assertTrue(self.root.properties()['Protected'])
        self.assertIs(self.root.properties()['GuardActive'], False)
        kernel.sysctl('ipv6', 'v6', force_mld_version=1)
        kernel.bring_up('v6')
        kernel.join6('v6', 'ff05::66')
        odd.fence()
        self.assertEqual(odd.from_virtual_macs(), [])

    def test_star_at_the_end(self):
        """A wildcard for nft: a guard of that name would be one of other devices too."""
        self.cannot_be_guarded('eth*')

    def test_quote(self):
        """libnftables reads back another name than it wrote."""
        self.cannot_be_guarded('a"b')

    def test_words_that_are_numbers_to_nft(self):
        self.start('')
        for number, name in enumerate(('udp', '@eth')):
            Wire(name, f'odd{number}', self.wire.namespace)
            self.vmac(f'v{number}', name)
            self.assert_in_force(f'v{number}')
            # Guarded or not, what is said of it is true.
            self.assertIs(self.root.properties()['GuardActive'], name in kernel.guarded())
        self.assertTrue(self.root.properties()['Protected'])
