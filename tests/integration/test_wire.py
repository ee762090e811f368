# SPDX-License-Identifier: GPL-2.0-or-later
"""What arrives at the far end of the parent, for each message that the kernel makes and each action."""

import socket

from rig import kernel
from rig.isolation import run
from rig.case import WireCase
from rig.vmac import Vmac
from rig.wire import MESSAGES, Wire, quiet


class _Messages(WireCase):
    """Each message, under one action."""

    def setUp(self):
        super().setUp()
        self.root.add('vrrp6', action=self.action)

    def test_mld1_report(self):
        self.vmac.mld1_report()
        self.judge()

    def test_mld1_done(self):
        self.vmac.mld1_done()
        self.judge()

    def test_mld2_report(self):
        self.vmac.mld2_report()
        self.judge()

    def test_mld2_leave(self):
        self.vmac.leave6(self.vmac.mld2_report())
        self.judge()

    def test_igmp2_report(self):
        self.vmac.igmp2_report()
        self.judge()

    def test_igmp2_leave(self):
        self.vmac.igmp2_leave()
        self.judge()

    def test_igmp3_report(self):
        self.vmac.igmp3_report()
        self.judge()

    def test_everything(self):
        self.vmac.all_messages()
        self.judge()

    def test_with_a_mac_of_ipv4_vrrp(self):
        self.vmac.down()
        self.vmac.mac = '00:00:5e:00:01:ff'
        kernel.ip('link', 'set', 'vrrp6', 'address', self.vmac.mac)
        self.vmac.up()
        self.vmac.all_messages()
        self.judge()


class Relocate(_Messages):
    """With the parent's MAC and the same group; router solicitations not at all."""
    action = 'relocate'

    def judge(self):
        self.assert_relocated()

    def test_router_solicit(self):
        self.vmac.router_solicit()
        self.assertNotIn('nd-router-solicit', [frame.kind for frame in self.wire.arrived()])
        self.judge()


class Drop(_Messages):
    action = 'drop'

    def judge(self):
        self.assert_dropped()

    def test_router_solicit(self):
        self.vmac.router_solicit()
        self.judge()


class Allow(_Messages):
    action = 'allow'

    def judge(self):
        self.assert_let_through()

    def test_router_solicit(self):
        self.vmac.router_solicit()
        self.judge()


class NoEntry(WireCase):
    """Nobody called the bus."""

    starts = False

    def test_as_shipped_it_is_relocated(self):
        self.daemon.start()
        self.vmac.all_messages()
        self.assert_relocated()

    def test_where_nothing_is_detected_it_is_left_alone(self):
        self.daemon.configure('auto_detect = false\n')
        self.daemon.start()
        self.root.add('vrrp7')
        self.vmac.all_messages()
        self.assert_let_through()

    def test_detected_is_handled_without_the_guard_too(self):
        self.daemon.configure('guard = "off"\n')
        self.daemon.start()
        self.vmac.all_messages()
        self.assert_relocated()


class SomeMessages(WireCase):
    """Only the messages that were named are handled."""

    def arrived_with_vmac(self):
        return {frame.kind for frame in self.settle(self.vmac.mute).through}

    def test_igmp_only(self):
        self.root.add('vrrp6', messages=['igmp'])
        self.vmac.all_messages()
        self.assertEqual(self.arrived_with_vmac(), set(MESSAGES) - {'igmp'})

    def test_done_and_solicitation_only(self):
        self.root.add('vrrp6', action='drop', messages=['mld-listener-done', 'nd-router-solicit'])
        self.vmac.all_messages()
        self.assertEqual(self.arrived_with_vmac(), set(MESSAGES) - {'mld-listener-done', 'nd-router-solicit'})


class Parent(WireCase):
    def setUp(self):
        super().setUp()
        self.other = Wire('eth1', 'far1', self.wire.namespace)

    def test_named_parent_takes_the_messages(self):
        self.root.add('vrrp6', parent='eth1')
        group = self.vmac.mld2_report()
        balance = self.settle()
        self.other.fence()
        self.assertEqual((balance.through, balance.relocated), ([], []))
        self.assertEqual([frame.content for frame in self.other.arrived(source=self.other.mac)], balance.attempts)
        self.assertIn(group, balance.attempts[0].groups)

    def test_device_called_like_the_index_of_the_parent(self):
        decoy = Wire(str(kernel.link('eth0')['ifindex']), 'far2', self.wire.namespace)
        self.root.add('vrrp6')
        self.vmac.mld2_report()
        self.assert_relocated()
        decoy.fence()
        self.assertEqual(decoy.arrived(), [])

    def test_veth_with_named_parent(self):
        """Not a macvlan: whatever the interface, it is handled when somebody entered it."""
        third = Wire('vr0', 'far2', self.wire.namespace)
        self.root.add('vr0', parent='eth1')
        kernel.join6('vr0', 'ff05::99')
        self.other.frames.wait(lambda frame: 'ff05::99' in frame.groups)
        third.fence()
        self.assertEqual(third.arrived(*MESSAGES), [])

    def test_interface_without_parent_falls_back_to_drop(self):
        third = Wire('vr0', 'far2', self.wire.namespace)
        self.root.add('vr0')
        entry = self.root.list()['vr0']
        self.assertEqual((entry['effective-action'], entry['parent']), ('drop', ''))
        self.assertIn('parent', entry['reason'])
        kernel.sysctl('ipv6', 'vr0', force_mld_version=1)
        kernel.join6('vr0', 'ff05::99')  # is reported before this returns
        self.assertGreater(self.root.counters('vr0')['mld-listener-report'][0], 0)
        self.assertEqual(third.arrived(*MESSAGES), [])

    def test_parent_in_another_namespace(self):
        """The index of that parent may be that of an innocent interface here."""
        Wire('innocent', 'far2', self.wire.namespace, index='77')
        self.wire.on_far_side('link', 'add', 'up0', 'index', '77', 'type', 'veth', 'peer', 'name', 'up1')
        self.wire.on_far_side('link', 'add', 'guest', 'link', 'up0', 'type', 'macvlan', 'mode', 'private')
        self.wire.on_far_side('link', 'set', 'guest', 'netns', '1')
        quiet('guest')
        self.root.add('guest')
        kernel.ip('link', 'set', 'guest', 'up')  # whether it comes up is up to its parent
        entry = self.root.list()['guest']
        self.assertEqual((entry['parent'], entry['effective-action']), ('', 'drop'))
        self.assertNotIn('guest', kernel.parents())
        self.assertTrue(entry['reason'])


class OtherTraffic(WireCase):
    """What is none of the service's business passes with the virtual MAC, in both directions."""

    def setUp(self):
        super().setUp()
        for words in (('2001:db8::99/64', 'nodad'), ('192.0.2.99/24',)):
            self.wire.on_far_side('address', 'add', words[0], 'dev', 'far0', *words[1:])
        kernel.ip('address', 'add', '2001:db8::5/64', 'dev', 'vrrp6', 'nodad')
        kernel.ip('address', 'add', '192.0.2.5/24', 'dev', 'vrrp6')
        self.root.add('vrrp6')

    def assert_passes(self, kind):
        self.wire.fence()
        self.assertTrue(self.wire.arrived(kind, source=self.vmac.mac), f'no {kind} from the virtual MAC')

    def test_ping6_and_neighbour_solicitation(self):
        run('ping', '-6', '-c', '2', '-i', '0.01', '-W', '10', '-I', 'vrrp6', '2001:db8::99')
        self.assert_passes('echo-request')
        self.assert_passes('nd-neighbor-solicit')

    def test_pinged_and_neighbour_advertisement(self):
        run('ip', 'netns', 'exec', 'far', 'ping', '-6', '-c', '2', '-i', '0.01', '-W', '10', '2001:db8::5')
        self.assert_passes('echo-reply')
        self.assert_passes('nd-neighbor-advert')

    def test_ping_ipv4(self):
        run('ping', '-c', '2', '-i', '0.01', '-W', '10', '-I', 'vrrp6', '192.0.2.99')
        self.assert_passes('echo-request')

    def test_vrrp_adverts(self):
        for family, group in ((socket.AF_INET6, 'ff02::12'), (socket.AF_INET, '224.0.0.18')):
            with socket.socket(family, socket.SOCK_RAW, 112) as sender:
                sender.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'vrrp6')
                sender.sendto(bytes(24), (group, 0))
        self.wire.fence()
        adverts = self.wire.arrived('vrrp', source=self.vmac.mac)
        self.assertEqual([frame.groups for frame in adverts], [('224.0.0.18',), ('ff02::12',)])

    def test_neighbour_that_is_no_vmac_keeps_its_voice(self):
        other = Vmac('other7', mac='02:00:00:00:00:07', attempts=self.attempts)
        group = other.mld2_report()
        self.wire.fence()
        self.assertIn(group, [each for frame in self.wire.arrived(source=other.mac) for each in frame.groups])

    def test_the_parent_itself_keeps_its_voice(self):
        kernel.join6('eth0', 'ff05::77')
        self.wire.frames.wait(lambda frame: 'ff05::77' in frame.groups and frame.source == self.wire.mac)
