# SPDX-License-Identifier: GPL-2.0-or-later
"""Two hundred VMACs come one after the other, as keepalived makes them, and nobody calls the service."""

from pathlib import Path

from rig import kernel
from rig.case import Case
from rig.isolation import run
from rig.vmac import Vmac
from rig.wire import MESSAGES, VIRTUAL, Switch

NUMBER = 200


def mac(number):
    return f'00:00:5e:00:02:{number:02x}'


def groups(number):
    """The solicited-node groups of its address and of the link-local one that the kernel makes from its MAC, and one of
    IPv4."""
    return {f'ff02::1:ff01:{number:x}', f'ff02::1:ff00:2{number:02x}', f'239.2.0.{number}'}


def commands(numbers):
    """For ip. Half of them get their MAC with the link, half of them afterwards; each comes up at once."""
    for number in numbers:
        name = f'vrrp{number}'
        if number % 2:
            yield f'link add {name} link eth0 address {mac(number)} type macvlan mode private'
        else:
            yield f'link add {name} link eth0 type macvlan mode private'
            yield f'link set {name} address {mac(number)}'
        yield f'link set {name} up'
        yield f'address add 2001:db8::1:{number:x}/64 dev {name} nodad'
        yield f'address add 239.2.0.{number}/32 dev {name} autojoin'


def make(numbers):
    run('ip', '-batch', '-', input='\n'.join(commands(numbers)))


class _FirstFrame(Case):
    """The settings of the interfaces are the kernel's own, but for the version of MLD."""

    starts = False

    def prepare(self):
        kernel.sysctl('ipv6', 'default', force_mld_version=self.version)
        self.wire = Switch(self.version)
        # The second, unasked report of each group comes soon.
        kernel.sysctl('ipv6', 'default', mldv1_unsolicited_report_interval=50, mldv2_unsolicited_report_interval=50)
        Path('/proc/sys/net/ipv4/igmp_max_memberships').write_text('1000\n', encoding='ascii')  # of the kernel itself

    def wait_for_groups(self, numbers):
        """Until the far end has heard of them all, from the parent."""
        for group in set().union(*map(groups, numbers)):
            self.wire.frames.wait(lambda frame, group=group: group in frame.groups and frame.source == self.wire.mac)

    def assert_learned(self, numbers):
        expected = set().union(*map(groups, numbers))
        learned = self.wire.learned()
        self.assertEqual(expected - learned.get('far0', set()), set())
        self.assertEqual({port for port in learned if learned[port] & expected}, {'far0'})

    def assert_all_managed(self, numbers):
        self.wait_for_interface(f'vrrp{numbers[-1]}')
        self.assertEqual(self.root.list().keys(), {f'vrrp{number}' for number in numbers})
        self.assertTrue(self.root.properties()['Protected'])
        self.assertEqual(self.root.properties()['Restorations'], 0)

    def test_armed(self):
        self.daemon.configure('guard = ["eth0"]\n')
        self.daemon.start()
        numbers = range(1, NUMBER + 1)
        make(numbers)
        self.wait_for_groups(numbers)
        self.assert_all_managed(numbers)
        self.wire.fence()
        self.assertEqual(self.wire.from_virtual_macs(), [])
        self.assertEqual({kind for kind in MESSAGES if self.wire.arrived(kind, source=self.wire.mac)}, self.messages)
        self.assert_learned(numbers)
        first = sum(packets for counters in self.root.all_counters().values() for packets, _ in counters.values())
        second = {message: packets for message, (packets, _) in self.root.guard_counters()['eth0'].items() if packets}
        print(f'{NUMBER} VMACs: the first line handled {first} messages, the guard {second}')

    def test_parent_never_seen_before(self):
        """What comes before the first entry is counted. Behind it, there is nothing."""
        self.daemon.start()
        self.assertEqual(kernel.guarded(), {})
        burst = NUMBER // 2
        make(range(1, burst + 1))
        self.wait_for_interface('vrrp1')
        self.wire.fence()
        escaped = self.wire.from_virtual_macs()
        mark = self.wire.frames.mark()
        numbers = range(1, NUMBER + 1)
        make(range(burst + 1, NUMBER + 1))
        self.assert_all_managed(numbers)
        self.wait_for_groups(range(burst + 1, NUMBER + 1))
        for number in numbers:  # the first ones, too, say more now
            group = f'ff05::1:{number:x}'
            kernel.join6(f'vrrp{number}', group)
        for number in numbers:
            group = f'ff05::1:{number:x}'
            self.wire.frames.wait(lambda frame, group=group: group in frame.groups and frame.source == self.wire.mac)
        self.wire.fence()
        self.assertEqual(self.wire.from_virtual_macs(after=mark), [])
        self.assert_learned(range(burst + 1, NUMBER + 1))
        print(f'{len(escaped)} frames of {len({frame.source for frame in escaped})} VMACs escaped before the first '
              f'entry: {sorted({frame.kind for frame in escaped})}')


class Mld1(_FirstFrame):
    version = 1
    messages = {'mld-listener-report', 'igmp'}


class Mld2(_FirstFrame):
    version = 2
    messages = {'mld2-listener-report', 'igmp'}


class Queried(Case):
    """The switch asks, everybody answers: for each group, one parent."""

    def prepare(self):
        kernel.sysctl('ipv6', 'default', force_mld_version=1)
        self.wire = Switch(1)
        self.vmacs = [Vmac(f'vrrp{number}', mac=mac(number)) for number in range(1, 6)]

    def test_answers_leave_through_the_parent(self):
        asked = [vmac.join6() for vmac in self.vmacs]
        for group in asked:
            self.wire.frames.wait(lambda frame, group=group: group in frame.groups)
        mark = self.wire.frames.mark()
        self.wire.on_far_side('link', 'set', 'br0', 'type', 'bridge', 'mcast_querier', '0')
        self.wire.on_far_side('link', 'set', 'br0', 'type', 'bridge', 'mcast_querier', '1')
        for group in asked:
            self.wire.frames.wait(lambda frame, group=group: group in frame.groups and frame.source == self.wire.mac,
                                  mark)
        self.wire.fence()
        self.assertEqual(self.wire.from_virtual_macs(*MESSAGES), [])
        self.assertLessEqual(set(asked), self.wire.learned()['far0'])
        self.assertEqual(self.wire.ports_of(VIRTUAL), {})
