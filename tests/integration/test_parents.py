# SPDX-License-Identifier: GPL-2.0-or-later
"""The parent comes, goes, is renamed or made again; the kernel's map follows, and nothing gets out meanwhile."""

from rig import kernel
from rig.case import WireCase
from rig.vmac import Vmac
from rig.wire import Wire


class _Follow(WireCase):
    def wait_for_parent(self, parent, name='vrrp6'):
        """Until the maps of both families, and the list, say so."""
        def followed():
            return all(kernel.parents(family).get(name, '') == parent for family in kernel.FAMILIES)
        kernel.until(followed, f'for the parent of {name}: {parent or "none"}')
        self.assert_listed(name, parent=parent, effective_action='relocate' if parent else 'drop')
        self.assertEqual(bool(self.root.list()[name]['reason']), not parent)


class DefaultParent(_Follow):
    """The lower device of the macvlan."""

    def setUp(self):
        super().setUp()
        self.root.add('vrrp6')

    def test_interface_goes_and_comes(self):
        kernel.ip('link', 'del', 'vrrp6')
        self.wait_for_parent('')
        self.vmac.make()
        self.wait_for_parent('eth0')
        self.vmac.all_messages()
        self.assert_silent_and_relocated()

    def test_made_again_with_its_parent(self):
        """Entries are names: what comes under the same name is handled from its first frame on."""
        before = kernel.handles(kernel.FAMILIES)
        kernel.ip('link', 'del', 'eth0')
        self.wait_for_parent('')
        self.wire = Wire('eth0', 'far0', self.wire.namespace)
        self.vmac.make()
        self.wait_for_parent('eth0')
        self.assertEqual(kernel.handles(kernel.FAMILIES), before)
        self.vmac.all_messages()
        self.assert_silent_and_relocated()

    def test_index_of_the_parent_goes_to_another_interface(self):
        """The map holds an index. It must not stay when that index becomes somebody else's."""
        index = kernel.link('eth0')['ifindex']
        kernel.ip('link', 'del', 'eth0')
        innocent = Wire('eth9', 'far9', self.wire.namespace, index=str(index))
        self.wait_for_parent('')
        self.wire = Wire('eth0', 'far0', self.wire.namespace)
        self.vmac.make()
        self.wait_for_parent('eth0')
        self.vmac.all_messages()
        self.assert_silent_and_relocated()
        innocent.fence()
        self.assertEqual(innocent.arrived(), [])

    def test_parent_renamed(self):
        self.wire.rename('wan0')
        self.assert_listed('vrrp6', parent='wan0')
        self.wait_for_parent('wan0')
        self.vmac.up()
        self.vmac.all_messages()
        self.assert_silent_and_relocated()

    def test_parent_renamed_to_what_is_not_utf8(self):
        """libnftables ends the process that asks it for JSON when a name in there is not UTF-8."""
        name = b'wan\xff'.decode(errors='surrogateescape')
        self.wire.rename(name, up=False)
        self.assert_listed('vrrp6', parent='', effective_action='drop')
        self.root.counters('vrrp6')
        self.assertTrue(self.root.add('vrrp7'))
        self.assertTrue(self.root.properties()['Protected'])
        self.daemon.notified.wait(lambda message: 'without guard: not on wan?: ' in message)
        self.wire.rename('eth0')
        self.wait_for_parent('eth0')
        self.vmac.up()
        self.vmac.all_messages()
        self.assert_silent_and_relocated()

    def test_interface_renamed(self):
        """The old name is an entry without an interface; the new one was detected."""
        self.vmac.down()
        kernel.ip('link', 'set', 'vrrp6', 'name', 'vrrp66')
        self.wait_for_parent('')
        self.wait_for_parent('eth0', 'vrrp66')
        self.assertEqual({name: entry['origins'] for name, entry in self.root.list().items()},
                         {'vrrp6': ['api'], 'vrrp66': ['detected']})
        self.vmac.name = 'vrrp66'
        self.vmac.up()
        self.vmac.all_messages()
        self.assert_silent_and_relocated()

    def test_entered_before_there_is_any_interface(self):
        self.root.add('vrrp7')
        late = Vmac('vrrp7', mac='00:00:5e:00:02:07', attempts=self.attempts)
        group = late.mld2_report()  # at once, whether or not the service has seen it come
        self.wire.fence()
        self.assertEqual(self.wire.arrived(source=late.mac), [])
        self.wait_for_parent('eth0', 'vrrp7')
        group = late.mld2_report()
        self.wire.frames.wait(lambda frame: group in frame.groups and frame.source == self.wire.mac)

    def test_moved_to_another_namespace_and_back(self):
        kernel.ip('link', 'set', 'vrrp6', 'netns', 'far')
        self.wait_for_parent('')
        self.wire.on_far_side('link', 'set', 'vrrp6', 'netns', '1')
        self.wait_for_parent('eth0')

    def test_more_changes_than_the_service_can_hear_of(self):
        """Its socket overflows while it does not run. It must notice, and look at everything again."""
        with self.daemon.halted():
            kernel.overflow_links(self.daemon.process, 'eth0')
            kernel.ip('link', 'del', 'vrrp6')  # for which there is no room any more
        self.wait_for_parent('')
        self.assertFalse(self.root.list()['vrrp6']['present'])

    def test_parent_comes_under_management_itself(self):
        """Relocated to there it would be dropped there, unsaid. So say it."""
        self.root.add('eth0', action='drop')
        kernel.until(lambda: kernel.parents() == {}, 'for no parents')
        self.assertEqual(self.root.list()['vrrp6']['effective-action'], 'drop')
        self.root.remove('eth0')
        self.wait_for_parent('eth0')

    def assert_silent_and_relocated(self):
        """Nothing ever came from the VMAC, and what was tried since the fence before came from the parent."""
        balance = self.settle()
        self.assertEqual(balance.through, [])
        self.assertTrue(balance.relocated)
        tried = [frame for frame in balance.attempts if frame.kind != 'nd-router-solicit']
        self.assertEqual(balance.relocated, tried)


class NamedParent(_Follow):
    """`parent` was given, and names another device."""

    def setUp(self):
        super().setUp()
        self.other = Wire('eth1', 'far1', self.wire.namespace)
        self.root.add('vrrp6', parent='eth1')
        self.wait_for_parent('eth1')

    def test_goes_and_comes(self):
        kernel.ip('link', 'del', 'eth1')
        self.wait_for_parent('')
        self.vmac.all_messages()
        self.wire.fence()
        self.assertEqual(self.wire.arrived(), [])  # neither from the VMAC nor, by mistake, from the lower device
        self.other = Wire('eth1', 'far1', self.wire.namespace)
        self.wait_for_parent('eth1')
        group = self.vmac.mld2_report()
        self.other.frames.wait(lambda frame: group in frame.groups and frame.source == self.other.mac)

    def test_renamed_away_and_back(self):
        self.other.rename('gone1')
        self.wait_for_parent('')
        self.other.rename('eth1')
        self.wait_for_parent('eth1')

    def test_another_takes_its_name(self):
        third = Wire('eth2', 'far2', self.wire.namespace)
        self.other.rename('gone1')
        third.rename('eth1')
        self.wait_for_parent('eth1')
        group = self.vmac.mld2_report()
        third.frames.wait(lambda frame: group in frame.groups and frame.source == third.mac)

    def test_gone_when_the_service_starts(self):
        self.daemon.stop_cleanly()
        kernel.ip('link', 'del', 'eth1')
        self.daemon.start()
        self.wait_for_parent('')
        self.assert_in_force('vrrp6')


class Many(_Follow):
    def test_one_parent_of_many_interfaces(self):
        names = [f'vrrp{number}' for number in range(10, 30)]
        for number, name in enumerate(names, 10):
            Vmac(name, mac=f'00:00:5e:00:02:{number:02x}', attempts=self.attempts)
        self.root.set({name: {} for name in names})
        self.assertEqual(kernel.parents(), {name: 'eth0' for name in ['vrrp6', *names]})
        kernel.ip('link', 'del', 'eth0')
        kernel.until(lambda: kernel.parents() == {}, 'for no parents')
        self.assertEqual({interface for interface, _ in kernel.verdicts()}, set(names))
