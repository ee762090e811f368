# SPDX-License-Identifier: GPL-2.0-or-later
"""VMACs come under management by themselves, whoever makes them, and go by themselves."""

import itertools
import os

from rig import isolation, kernel
from rig.case import Case, WireCase
from rig.isolation import run
from rig.traffic import vandal
from rig.vmac import Vmac
from rig.wire import MESSAGES, Wire

_numbers = itertools.count(1)


def make(name, mac=None, parent='eth0', kind='macvlan'):
    """A macvlan as ip makes it, down. Without a MAC one of VRRP's."""
    mac = mac or f'00:00:5e:00:02:{next(_numbers):02x}'
    kernel.ip('link', 'add', name, 'link', parent, 'address', mac, 'type', kind, 'mode', 'private')


class _Detection(Case):
    """A wire, and nothing on it."""

    def prepare(self):
        self.wire = Wire()

    def detected(self):
        """All that was detected by now: what changed before the fence has been looked at when the fence has."""
        make('fence')
        self.wait_for_interface('fence')
        kernel.ip('link', 'del', 'fence')
        self.wait_for_no_interface('fence')
        return {name for name, entry in self.root.list().items() if 'detected' in entry['origins']}

    def assert_detected(self, name, action='relocate', parent='eth0', origins=('detected',), messages=MESSAGES):
        entry = self.wait_for_interface(name)
        self.assertEqual((entry['origins'], entry['action'], entry['parent'], entry['present']),
                         (list(origins), action, parent, True))
        self.assert_in_force(name, action, messages)

    def assert_gone(self, name):
        self.wait_for_no_interface(name)
        self.assert_in_force(name, messages=[], parent='')


class Comes(_Detection):
    def test_made_with_the_mac(self):
        make('v6', '00:00:5e:00:02:05')
        self.assert_detected('v6')

    def test_mac_of_ipv4_vrrp(self):
        make('v4', '00:00:5e:00:01:ff')
        self.assert_detected('v4')

    def test_made_and_given_the_mac(self):
        kernel.ip('link', 'add', 'v6', 'link', 'eth0', 'type', 'macvlan', 'mode', 'private')
        self.assertEqual(self.detected(), set())
        kernel.ip('link', 'set', 'v6', 'address', '00:00:5e:00:02:05')
        self.assert_detected('v6')

    def test_macvtap(self):
        make('tap6', kind='macvtap')
        self.assert_detected('tap6')

    def test_other_modes_of_a_macvlan(self):
        for mode in ('vepa', 'bridge'):
            kernel.ip('link', 'add', mode, 'link', 'eth0', 'address', f'00:00:5e:00:02:{next(_numbers):02x}',
                      'type', 'macvlan', 'mode', mode)
            self.assert_detected(mode)

    def test_is_there_when_the_service_starts(self):
        self.daemon.stop_cleanly()
        make('v6')
        make('v7')
        self.daemon.start()
        for name in ('v6', 'v7'):
            self.assertEqual(self.root.list()[name]['origins'], ['detected'])
            self.assert_in_force(name, parent='eth0')

    def test_tells_the_bus(self):
        with self.signals() as caught:
            make('v6', '00:00:5e:00:02:05')
            self.assert_detected('v6')
        entry = next(values[1] for member, values in caught if member == 'InterfaceAdded')
        self.assertEqual((entry['origins'], entry['mac'], entry['parent']), (['detected'], '00:00:5e:00:02:05', 'eth0'))
        self.assertIn(['v6'], [changed.get('Interfaces') for changed in self.properties_changed(*caught)])

    def test_tells_the_bus_that_a_named_one_came(self):
        self.root.add('vip0')
        with self.signals() as caught:
            make('vip0', '02:00:00:00:00:05')
            self.assert_listed('vip0', present=True, parent='eth0')
        told = [values for member, values in caught if member == 'InterfaceChanged']
        self.assertEqual(told[-1], ('vip0', self.root.list()['vip0']))

    def test_one_transaction(self):
        """The first line and the guard together."""
        before = kernel.generation()
        make('v6')
        self.assert_detected('v6')
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})
        self.assertEqual(kernel.generation() - before, 1)

    def test_ranges_to_their_ends(self):
        """00:00:5e:00:00:ff and 00:00:5e:00:03:00 are their neighbours."""
        ends = ('00:00:5e:00:01:00', '00:00:5e:00:01:ff', '00:00:5e:00:02:00', '00:00:5e:00:02:ff')
        beyond = ('00:00:5e:00:00:ff', '00:00:5e:00:03:00', '00:00:5f:00:01:00', '02:00:5e:00:01:00')
        for number, mac in enumerate((*ends, *beyond)):
            make(f'm{number}', mac)
        self.assertEqual(self.detected(), {f'm{number}' for number in range(len(ends))})


class DoesNotCome(_Detection):
    def test_what_is_no_vmac(self):
        kernel.ip('link', 'add', 'veth6', 'address', '00:00:5e:00:02:61', 'type', 'veth', 'peer', 'name', 'veth7')
        kernel.ip('link', 'add', 'br6', 'address', '00:00:5e:00:02:62', 'type', 'bridge')
        make('other6', '02:00:00:00:00:05')
        kernel.ip('link', 'set', 'eth0', 'address', '00:00:5e:00:02:63')
        self.assertEqual(self.detected(), set())
        self.assertEqual(kernel.verdicts(), {})

    def test_in_another_namespace(self):
        self.wire.on_far_side('link', 'add', 'v6', 'link', 'far0', 'address', '00:00:5e:00:02:05', 'type', 'macvlan')
        self.assertEqual(self.detected(), set())


class ParentElsewhere(_Detection):
    """In a container, say: the VMAC is here and what it sits on is not."""

    def test_drops(self):
        """The index of that parent may be that of an innocent interface here."""
        Wire('innocent', 'far2', self.wire.namespace, index='77')
        self.wire.on_far_side('link', 'add', 'up0', 'index', '77', 'type', 'veth', 'peer', 'name', 'up1')
        self.wire.on_far_side('link', 'add', 'guest', 'link', 'up0', 'address', '00:00:5e:00:02:05', 'type', 'macvlan')
        self.wire.on_far_side('link', 'set', 'guest', 'netns', '1')
        entry = self.wait_for_interface('guest')
        self.assertEqual((entry['origins'], entry['parent'], entry['effective-action']), (['detected'], '', 'drop'))
        self.assertTrue(entry['reason'])
        self.assertEqual(kernel.parents(), {})
        self.assertEqual(kernel.guarded(), {})
        self.assertTrue(self.root.properties()['Protected'])


class Goes(_Detection):
    def setUp(self):
        super().setUp()
        make('v6', '00:00:5e:00:02:05')
        self.assert_detected('v6')

    def test_with_the_link(self):
        with self.signals() as caught:
            kernel.ip('link', 'del', 'v6')
            self.assert_gone('v6')
        self.assertIn(('InterfaceRemoved', ('v6',)), caught)
        self.assertIn([], [changed.get('Interfaces') for changed in self.properties_changed(*caught)])

    def test_with_the_mac(self):
        kernel.ip('link', 'set', 'v6', 'address', '02:00:00:00:00:05')
        self.assert_gone('v6')
        kernel.ip('link', 'set', 'v6', 'address', '00:00:5e:00:01:05')
        self.assert_detected('v6')

    def test_with_the_parent(self):
        kernel.ip('link', 'del', 'eth0')
        self.assert_gone('v6')

    def test_by_rename(self):
        kernel.ip('link', 'set', 'v6', 'name', 'v66')
        self.assert_detected('v66')
        self.assert_gone('v6')

    def test_by_swapped_names(self):
        make('v7', '00:00:5e:00:02:07')
        for old, new in (('v6', 'swap'), ('v7', 'v6'), ('swap', 'v7')):
            kernel.ip('link', 'set', old, 'name', new)
        self.assertEqual(self.detected(), {'v6', 'v7'})
        self.assertEqual({name: entry['mac'] for name, entry in self.root.list().items()},
                         {'v6': '00:00:5e:00:02:07', 'v7': '00:00:5e:00:02:05'})

    def test_to_another_namespace_and_back(self):
        kernel.ip('link', 'set', 'v6', 'netns', 'far')
        self.assert_gone('v6')
        self.wire.on_far_side('link', 'set', 'v6', 'netns', '1')
        self.assert_detected('v6')

    def test_while_the_service_is_away(self):
        self.daemon.stop_cleanly()
        kernel.ip('link', 'del', 'v6')
        make('v7')
        self.daemon.start()
        self.assertEqual(self.root.list().keys(), {'v7'})
        self.assert_in_force('v6', messages=[])
        self.assert_in_force('v7')

    def test_made_again_as_something_else(self):
        kernel.ip('link', 'del', 'v6')
        kernel.ip('link', 'add', 'v6', 'type', 'veth', 'peer', 'name', 'v7')
        self.assert_gone('v6')


class Origins(_Detection):
    """Detected, and on the bus or in the configuration besides."""

    def setUp(self):
        super().setUp()
        make('v6', '00:00:5e:00:02:05')
        self.assert_detected('v6')

    def test_remove_is_refused_and_says_what_to_do(self):
        with self.refused('StillDetected', 'v6', 'action=allow'):
            self.root.remove('v6')

    def test_remove_is_refused_after_add_too(self):
        self.root.add('v6', action='drop')
        with self.refused('StillDetected', 'v6', 'action=allow'):
            self.root.remove('v6')
        self.assert_in_force('v6', 'drop')

    def test_add(self):
        self.root.add('v6', action='drop', messages=['igmp'])
        self.assert_detected('v6', 'drop', origins=('api', 'detected'), messages=['igmp'])

    def test_added_one_stays_when_the_link_goes(self):
        self.root.add('v6', action='drop')
        kernel.ip('link', 'del', 'v6')
        self.assert_listed('v6', origins=['api'], present=False)
        self.assert_in_force('v6', 'drop')
        self.assertTrue(self.root.remove('v6'))
        self.assertEqual(self.root.list(), {})

    def test_added_one_is_detected_when_it_comes(self):
        self.root.add('v7', action='drop')
        make('v7')
        self.assert_listed('v7', origins=['api', 'detected'], present=True)
        self.assert_in_force('v7', 'drop')

    def test_set_takes_nothing_but_the_bus_away(self):
        self.root.set({'v6': {'action': 'drop'}})
        self.assert_detected('v6', 'drop', origins=('api', 'detected'))
        with self.signals() as caught:
            self.root.set({})
        self.assert_detected('v6')
        self.assertEqual([member for member, _ in caught if member.startswith('Interface')], ['InterfaceChanged'])

    def test_set_again(self):
        with self.transactions(0):
            self.assertFalse(self.root.set({}))

    def test_allowed_on_the_bus(self):
        self.root.add('v6', action='allow')
        self.assert_detected('v6', 'allow', origins=('api', 'detected'))
        self.daemon.restart()
        self.assert_detected('v6', 'allow', origins=('api', 'detected'))

    def test_allowed_in_the_configuration(self):
        self.daemon.configure('[interface.v6]\naction = "allow"\n')
        self.root.reload()
        self.assert_detected('v6', 'allow', origins=('config', 'detected'))
        with self.refused('StillDetected', 'v6'):
            self.root.remove('v6')

    def test_options_of_the_configuration(self):
        """The defaults, then those of the interface, then those of the bus."""
        self.daemon.configure('action = "drop"\nmessages = ["igmp"]\n')
        self.root.reload()
        self.assert_detected('v6', 'drop', messages=['igmp'])
        self.daemon.configure('action = "drop"\n[interface.v6]\nmessages = ["mld-listener-done"]\n')
        self.root.reload()
        self.assert_detected('v6', 'drop', origins=('config', 'detected'), messages=['mld-listener-done'])
        self.root.add('v6', action='relocate')
        self.assert_detected('v6', origins=('config', 'api', 'detected'), messages=['mld-listener-done'])

    def test_not_saved(self):
        self.root.add('other0')
        self.assertEqual(self.daemon.saved()['interfaces'], {'other0': {}})


class AutoDetect(_Detection):
    def configure(self, value):
        self.daemon.configure(f'auto_detect = {value}\n')

    def test_is_on_as_shipped(self):
        self.assertIs(self.root.properties()['AutoDetect'], True)

    def test_off_at_start(self):
        self.daemon.stop_cleanly()
        self.configure('false')
        make('v6')
        self.daemon.start()
        self.assertIs(self.root.properties()['AutoDetect'], False)
        make('v7')
        self.root.add('v7')
        self.assertEqual({name: entry['origins'] for name, entry in self.root.list().items()}, {'v7': ['api']})
        self.assertTrue(self.root.remove('v7'))
        self.assertEqual((self.root.list(), kernel.verdicts()), ({}, {}))

    def test_turned_off(self):
        make('v6')
        make('v7')
        self.assert_detected('v6')
        self.assert_detected('v7')
        self.root.add('v7')
        self.configure('false')
        with self.signals() as caught:
            self.root.reload()
        self.assertEqual({name: entry['origins'] for name, entry in self.root.list().items()}, {'v7': ['api']})
        self.assert_in_force('v6', messages=[])
        self.assertIn(('InterfaceRemoved', ('v6',)), caught)
        self.assertIn(False, [changed.get('AutoDetect') for changed in self.properties_changed(*caught)])

    def test_turned_on(self):
        self.configure('false')
        self.root.reload()
        make('v6')
        self.configure('true')
        with self.signals() as caught:
            self.root.reload()
        self.assertEqual(self.root.list()['v6']['origins'], ['detected'])
        self.assert_in_force('v6')
        self.assertIn('v6', [values[0] for member, values in caught if member == 'InterfaceAdded'])
        self.assertIn(True, [changed.get('AutoDetect') for changed in self.properties_changed(*caught)])


class Counters(WireCase):
    """Nobody called the bus, and still all is counted, and relocated."""

    def test_counted(self):
        self.vmac.all_messages()
        self.assert_relocated()

    def test_carried_over_when_it_is_made_again(self):
        self.vmac.all_messages()
        self.settle()
        before = self.root.counters('vrrp6')
        self.assertGreater(before['igmp'], (0, 0))
        kernel.ip('link', 'del', 'vrrp6')
        self.wait_for_no_interface('vrrp6')
        self.vmac.make()
        self.wait_for_interface('vrrp6')
        self.assertEqual(self.root.counters('vrrp6'), before)
        self.vmac.mld1_report()
        self.settle()
        self.assertGreater(self.root.counters('vrrp6')['mld-listener-report'], before['mld-listener-report'])

    def test_of_one_that_is_away_are_not_found(self):
        kernel.ip('link', 'del', 'vrrp6')
        self.wait_for_no_interface('vrrp6')
        with self.refused('NotFound', 'vrrp6'):
            self.root.counters('vrrp6')


class ReadOnlyDisk(WireCase):
    """Nothing that is detected needs a disk. What is to be remembered of it is said not to be."""

    def test_protects(self):
        kernel.ip('link', 'del', 'vrrp6')
        self.wait_for_no_interface('vrrp6')
        isolation.write_protect(self.daemon.state)
        self.vmac.make()
        self.wait_for_interface('vrrp6')
        self.vmac.all_messages()
        self.assertEqual(self.settle().through, [])
        self.assertTrue(self.root.properties()['Protected'])
        isolation.unmount(self.daemon.state)


class Limit(WireCase):
    """Detected ones over the limit are left to the guard; explicit ones always have room up to it."""

    configuration = 'max_interfaces = 3\n'
    starts = False

    def setUp(self):
        super().setUp()
        self.wires = [self.vmac]
        for number in range(1, 5):
            self.wires.append(Vmac(f'more{number}', mac=f'00:00:5e:00:02:1{number}', attempts=self.attempts))
        self.daemon.start()

    def test_detected_fill_it(self):
        self.assertEqual(len(self.root.list()), 3)
        for vmac in self.wires:
            vmac.all_messages()
        for vmac in self.wires:
            vmac.down()
        self.attempts.fence()
        self.wire.fence()
        self.assertEqual(self.wire.from_virtual_macs(), [])
        solicited = [frame for frame in self.attempts.arrived(*MESSAGES) if frame.kind != 'nd-router-solicit']
        self.assertEqual(len(self.wire.arrived(*MESSAGES, source=self.wire.mac)), len(solicited))

    def test_explicit_ones_have_room(self):
        for name in ('a', 'b'):
            self.assertTrue(self.root.add(name))
            self.assert_in_force(name)
        entries = self.root.list()
        self.assertEqual(len(entries), 3)
        self.assertEqual(sum('api' in entry['origins'] for entry in entries.values()), 2)
        self.assertTrue(self.root.add('c'))
        self.assertEqual(self.root.list().keys(), {'a', 'b', 'c'})
        with self.refused('LimitReached', '3'):
            self.root.add('d')

    def test_room_is_filled_again(self):
        self.root.set({'a': {}, 'b': {}, 'c': {}})
        self.assertEqual(self.root.list().keys(), {'a', 'b', 'c'})
        self.root.set({})
        self.assertEqual(len(self.root.list()), 3)
        gone = next(iter(self.root.list()))
        kernel.ip('link', 'del', gone)
        self.wait_for_no_interface(gone)
        self.assertEqual(len(self.root.list()), 3)


class Many(_Detection):
    """Links come, go, are renamed and change their MACs; in the end it is as the kernel has it."""

    NUMBER = 1000
    GONE = 7  # a group of links, which go at once: one by one each costs the kernel a grace period

    def churn(self):
        commands = []
        for number in range(self.NUMBER):
            mac = ('00:00:5e:00:02', '00:00:5e:00:01', '02:00:00:00:00')[number % 3]
            commands.append(f'link add m{number} link eth0 address {mac}:{number // 3 % 256:02x} type macvlan')
            if number % 2:
                commands.append(f'link set dev m{number} group {self.GONE}')
        for number in range(0, self.NUMBER, 10):
            commands.append(f'link set dev m{number} name n{number}')
        for number in range(4, self.NUMBER, 10):
            commands.append(f'link set dev m{number} address 00:00:5e:00:01:{number % 256:02x}')
        for number in range(8, self.NUMBER, 10):
            commands.append(f'link set dev m{number} address 02:00:00:00:01:{number % 256:02x}')
        commands.append(f'link del group {self.GONE}')
        commands += [f'link del m{number}' for number in range(2, 20 * 10, 20)]
        run('ip', '-batch', '-', input='\n'.join(commands))

    def of_the_kernel(self):
        """What ip shows that is a macvlan and has one of VRRP's MACs."""
        found = set()
        for line in kernel.ip('-o', '-d', 'link', 'show', 'type', 'macvlan').splitlines():
            if 'link/ether 00:00:5e:00:01:' in line or 'link/ether 00:00:5e:00:02:' in line:
                found.add(line.split(': ')[1].split('@')[0])
        return found

    def assert_as_the_kernel(self):
        expected = self.of_the_kernel()
        self.assertGreater(len(expected), self.NUMBER // 10)
        self.assertEqual(self.detected(), expected)
        self.assertEqual({interface for interface, _ in kernel.verdicts('ip6')}, expected)
        self.assertEqual(kernel.parents('ip6'), {name: 'eth0' for name in expected})
        self.assertTrue(self.root.properties()['Protected'])
        self.assertEqual(self.root.properties()['Restorations'], 0)

    def test_thousand(self):
        self.churn()
        self.assert_as_the_kernel()

    def test_more_changes_than_the_service_can_hear_of(self):
        """Its socket overflows while it does not run. It must notice, and look at everything again."""
        make('early')
        self.wait_for_interface('early')
        with self.daemon.halted():
            kernel.overflow_links(self.daemon.process, 'eth0')
            kernel.ip('link', 'del', 'early')  # nobody hears of this any more
            self.churn()
        self.assert_as_the_kernel()


class Busy(_Detection):
    """Other links come and go all the time, also while the service reads them all: the kernel says that what it told
    is not of one moment, and it must be asked again."""

    def prepare(self):
        super().prepare()
        run('ip', '-batch', '-', input=''.join(f'link add x{number} link eth0 type macvlan\n' for number in range(400)))

    def test_starts(self):
        make('v6')
        with vandal('ip link add busy type veth peer name busy1; ip link del busy'):
            for _ in range(15):
                self.daemon.restart()
                self.assertEqual(self.root.list().keys(), {'v6'})
                self.assert_in_force('v6', parent='eth0')

    def test_hears_of_too_much(self):
        make('early')
        self.wait_for_interface('early')
        with vandal('ip link add busy type veth peer name busy1; ip link del busy'):
            for number in range(5):
                with self.daemon.halted():
                    kernel.overflow_links(self.daemon.process, 'eth0')
                    make(f'late{number}')
                self.wait_for_interface(f'late{number}')
        self.assertEqual(self.detected(), {'early', *(f'late{number}' for number in range(5))})


class OddNames(WireCase):
    """Names that nft's language gives another meaning, or none: what can be written is handled like any other."""

    def speaks(self, name):
        """A VMAC of this name says everything, and the far end hears nothing of it. Tells whether it is managed."""
        self.vmac.down()
        odd = Vmac(name, mac='00:00:5e:00:02:77', attempts=self.attempts)
        make('fence')  # comes after it
        self.wait_for_interface('fence')
        mark = self.wire.frames.mark()
        odd.all_messages()
        self.settle(odd.down)
        self.assertEqual(self.wire.from_virtual_macs(after=mark), [])
        self.assertTrue(self.wire.arrived(*MESSAGES, source=self.wire.mac, after=mark))
        self.assertTrue(self.root.properties()['Protected'])
        return name in self.root.list()

    def accept(self, name):
        self.assertTrue(self.speaks(name))
        self.assert_in_force(name, parent='eth0')
        self.daemon.restart()
        self.assert_in_force(name, parent='eth0')

    def leave_to_the_guard(self, name):
        self.assertFalse(self.speaks(name))
        counted = self.root.guard_counters()['eth0']
        self.assertTrue(all(packets for packets, _ in counted.values()), counted)

    def test_star(self):
        self.accept('vrrp*')

    def test_quote(self):
        self.accept('a"b')

    def test_rules_of_nft(self):
        self.accept(';reset;')

    def test_fifteen_bytes(self):
        self.accept('vrrp56789012345')

    def test_keyword(self):
        self.accept('policy')

    def test_chinese(self):
        self.accept('虚拟口')

    def test_reference_to_a_set(self):
        self.leave_to_the_guard('@x')

    def test_constant(self):
        self.leave_to_the_guard('udp')

    def test_escaped_star(self):
        self.leave_to_the_guard('vrrp\\*')

    def test_not_utf8(self):
        """It can be in no reply on the bus, and libnftables ends the process that asks it for such a name."""
        self.vmac.down()
        name = os.fsdecode(b'vr\xff\xfe')
        kernel.ip('link', 'set', 'vrrp6', 'name', name)
        self.wait_for_no_interface('vrrp6')
        self.vmac.name = name
        self.vmac.up()
        mark = self.wire.frames.mark()
        self.vmac.all_messages()
        self.assertEqual(self.settle().through, [])
        self.assertTrue(self.wire.arrived(*MESSAGES, source=self.wire.mac, after=mark))
        self.root.all_counters()
        self.daemon.restart()
        self.assertTrue(self.root.properties()['Protected'])


class Bystanders(_Detection):
    """Changes of links that mean nothing to the service cost no transaction."""

    def test_no_transaction(self):
        make('v6')
        self.assert_detected('v6')
        with self.transactions(2):  # for the fence, which comes and goes
            kernel.ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1')
            make('other6', '02:00:00:00:00:05')
            kernel.ip('link', 'set', 'v6', 'up')
            kernel.ip('link', 'set', 'v6', 'mtu', '1400')
            kernel.ip('link', 'set', 'v6', 'down')
            self.assertEqual(self.detected(), {'v6'})
