# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody else changes our tables. Nobody calls the service, and all is as before."""

import contextlib

from rig import bus, kernel
from rig.case import OPEN, WireCase
from rig.isolation import run
from rig.traffic import vandal
from rig.vmac import Vmac, copy_attempts


class _Healing(WireCase):
    """A VMAC that was detected, one that was registered with another MAC, one with an exemption: something in every
    map and set, and something counted."""

    configuration = OPEN

    def setUp(self):
        super().setUp()
        other = Vmac('other6', mac='02:00:00:00:00:66', attempts=self.attempts)
        other.down()
        self.root.set({'other6': {}, 'allowed6': {'action': 'allow'}, 'some6': {'messages': ['igmp']}})
        kernel.ip('link', 'add', 'allowed6', 'link', 'eth0', 'address', '00:00:5e:00:02:aa', 'type', 'macvlan')
        kernel.ip('link', 'add', 'some6', 'link', 'eth0', 'address', '00:00:5e:00:02:bb', 'type', 'macvlan')
        for name in ('allowed6', 'some6', 'vrrp6'):
            self.assert_listed(name, present=True)
        self.vmac.all_messages()
        self.settle()
        self.counted = self.root.counters('vrrp6')
        self.before = kernel.content()
        self.assertEqual((len(kernel.guarded()), len(kernel.registered())), (1, 1))
        self.assertIn(('eth0', '00:00:5e:00:02:aa', 'igmp'), kernel.exempt())
        self.assertEqual(self.root.properties()['Restorations'], 0)

    @contextlib.contextmanager
    def restored(self, cause=r'\bnft\b.*\bprocess \d+'):
        """What is done inside is undone: in one transaction, and said once."""
        generation = kernel.generation()
        mark = self.bus.signals.mark()
        yield
        self.wait_for_restorations(1)
        self.assertEqual(kernel.generation() - generation, 2)
        self.assertEqual(kernel.content(), self.before)
        self.root.list()
        self.bus.signals.fence(self.root.connection)
        causes = [signal.values[0] for signal in self.bus.signals.all(mark) if signal.member == 'RulesetRestored']
        self.assertEqual(len(causes), 1)
        self.assertRegex(causes[0], cause)
        properties = self.root.properties()
        self.assertEqual((properties['Protected'], properties['GuardActive']), (True, True))
        self.assert_still_silent()
        self.assertEqual(self.root.properties()['Restorations'], 1)

    def assert_still_silent(self):
        after = self.root.counters('vrrp6')
        for message, counted in self.counted.items():
            self.assertGreaterEqual(after[message], counted, message)
        if ('ip6', 'attempts') not in kernel.all_tables():
            copy_attempts()
        mark = self.wire.frames.mark()
        self.vmac.up()
        self.vmac.all_messages()
        self.settle()
        self.assertEqual(self.wire.from_virtual_macs(after=mark), [])
        for message, counted in self.counted.items():
            self.assertGreater(self.root.counters('vrrp6')[message], counted, message)

    def heal(self, script, cause=r'\bnft\b.*\bprocess \d+'):
        with self.restored(cause):
            kernel.nft(script)


class Table(_Healing):
    def test_ruleset_flushed(self):
        with self.restored():
            run('nft', 'flush', 'ruleset')

    def test_deleted(self):
        self.heal('delete table ip6 vmac_mldfilter', r'ip6 vmac_mldfilter.*\bnft\b')

    def test_deleted_ip(self):
        self.heal('delete table ip vmac_mldfilter', r'ip vmac_mldfilter.*\bnft\b')

    def test_deleted_netdev(self):
        self.heal('delete table netdev vmac_mldfilter', r'netdev vmac_mldfilter.*\bnft\b')

    def test_all_deleted(self):
        self.heal(''.join(f'delete table {family} vmac_mldfilter\n' for family in kernel.ALL_FAMILIES))

    def test_flushed(self):
        self.heal('flush table ip6 vmac_mldfilter')

    def test_flushed_ip(self):
        self.heal('flush table ip vmac_mldfilter')

    def test_flushed_netdev(self):
        self.heal('flush table netdev vmac_mldfilter')

    def test_dormant(self):
        self.heal('table ip6 vmac_mldfilter { flags dormant; }')

    def test_dormant_ip(self):
        self.heal('table ip vmac_mldfilter { flags dormant; }')

    def test_dormant_netdev(self):
        self.heal('table netdev vmac_mldfilter { flags dormant; }')

    def test_replaced_by_one_that_looks_alike(self):
        listed = kernel.foreign('ip6', kernel.TABLE)
        self.assertIn('priority 10', listed)
        self.heal('delete table ip6 vmac_mldfilter\n' + listed.replace('priority 10', 'priority -200'))


class Chain(_Healing):
    def test_deleted(self):
        self.heal('flush chain ip6 vmac_mldfilter output\ndelete chain ip6 vmac_mldfilter output')

    def test_deleted_ip(self):
        self.heal('flush chain ip vmac_mldfilter output\ndelete chain ip vmac_mldfilter output')

    def test_deleted_netdev(self):
        self.heal('flush chain netdev vmac_mldfilter egress_eth0\ndelete chain netdev vmac_mldfilter egress_eth0')

    def test_foreign(self):
        self.heal('add chain ip6 vmac_mldfilter strange')

    def test_foreign_netdev(self):
        self.heal('add chain netdev vmac_mldfilter strange')

    def test_foreign_on_a_hook(self):
        self.heal('add chain ip vmac_mldfilter strange { type filter hook output priority -10; policy accept; }')

    def test_foreign_on_the_guarded_device(self):
        self.heal('add chain netdev vmac_mldfilter strange '
                  '{ type filter hook egress device "eth0" priority -10; policy accept; }')

    def test_renamed(self):
        self.heal('rename chain ip6 vmac_mldfilter output strange')

    def test_policy(self):
        self.heal('add chain ip6 vmac_mldfilter output { policy drop; }')


class Rule(_Healing):
    def test_deleted(self):
        self.heal('flush chain ip6 vmac_mldfilter output')

    def test_deleted_ip(self):
        self.heal('flush chain ip vmac_mldfilter output')

    def test_deleted_netdev(self):
        self.heal('flush chain netdev vmac_mldfilter egress_eth0')

    def test_deleted_of_the_relocation(self):
        self.heal('flush chain ip6 vmac_mldfilter relocate')

    def test_deleted_of_the_rewriting(self):
        self.heal('flush chain netdev vmac_mldfilter vmac_eth0')

    def test_one_deleted_by_its_handle(self):
        handle = next(item['rule']['handle'] for item in kernel.own_tables_as_json()
                      if 'mangle' in str(item.get('rule', '')))
        self.heal(f'delete rule netdev vmac_mldfilter vmac_eth0 handle {handle}')

    def test_foreign_before_ours(self):
        self.heal('insert rule ip6 vmac_mldfilter output accept')

    def test_foreign_behind_ours(self):
        self.heal('add rule ip vmac_mldfilter output counter')

    def test_foreign_netdev(self):
        self.heal('insert rule netdev vmac_mldfilter egress_eth0 accept')

    def test_foreign_in_the_rewriting(self):
        self.heal('insert rule netdev vmac_mldfilter vmac_eth0 accept')


class Element(_Healing):
    def test_deleted(self):
        self.heal('delete element ip6 vmac_mldfilter verdicts { "vrrp6" . mld-listener-report }')

    def test_deleted_ip(self):
        self.heal('delete element ip vmac_mldfilter verdicts { "vrrp6" }')

    def test_deleted_parent(self):
        self.heal('delete element ip6 vmac_mldfilter parents { "vrrp6" }')

    def test_all_deleted(self):
        self.heal('flush map ip6 vmac_mldfilter verdicts')

    def test_deleted_registered(self):
        self.heal('delete element netdev vmac_mldfilter registered { "eth0" . 02:00:00:00:00:66 }')

    def test_deleted_exempt(self):
        self.heal('delete element netdev vmac_mldfilter exempt { "eth0" . 00:00:5e:00:02:aa . mld-listener-report }')

    def test_deleted_exempt_igmp(self):
        self.heal('delete element netdev vmac_mldfilter exempt_igmp { "eth0" . 00:00:5e:00:02:aa }')

    def test_foreign(self):
        self.heal('add element ip6 vmac_mldfilter verdicts { "eth0" . echo-request : drop }')

    def test_foreign_ip(self):
        self.heal('add element ip vmac_mldfilter verdicts { "eth0" : drop }')

    def test_foreign_parent(self):
        self.heal('add element ip6 vmac_mldfilter parents { "lo" : "eth0" }')

    def test_foreign_exempt(self):
        self.heal('add element netdev vmac_mldfilter exempt { "eth0" . 00:00:5e:00:02:05 . mld-listener-report }')

    def test_foreign_exempt_igmp(self):
        self.heal('add element netdev vmac_mldfilter exempt_igmp { "eth0" . 00:00:5e:00:02:05 }')

    def test_foreign_registered(self):
        self.heal(f'add element netdev vmac_mldfilter registered {{ "eth0" . {self.wire.mac} }}')

    def test_another_verdict(self):
        self.heal('delete element ip6 vmac_mldfilter verdicts { "vrrp6" . 131 }\n'
                  'add element ip6 vmac_mldfilter verdicts { "vrrp6" . 131 : accept }')

    def test_another_parent(self):
        self.heal('delete element ip6 vmac_mldfilter parents { "vrrp6" }\n'
                  'add element ip6 vmac_mldfilter parents { "vrrp6" : "lo" }')


class Set(_Healing):
    def test_deleted(self):
        self.heal('flush chain ip6 vmac_mldfilter output\ndelete map ip6 vmac_mldfilter verdicts')

    def test_deleted_parents(self):
        self.heal('flush chain ip vmac_mldfilter relocate\ndelete map ip vmac_mldfilter parents')

    def test_deleted_netdev(self):
        self.heal('flush chain netdev vmac_mldfilter vmac_eth0\ndelete set netdev vmac_mldfilter exempt')

    def test_foreign(self):
        self.heal('add set ip6 vmac_mldfilter strange { type ifname; }')

    def test_foreign_netdev(self):
        self.heal('add map netdev vmac_mldfilter strange { type ifname : verdict; }')

    def test_foreign_object(self):
        self.heal('add counter ip vmac_mldfilter strange')


class Together(_Healing):
    """Many changes at once, or with ours between them."""

    def test_one_transaction_in_all_tables(self):
        self.heal('flush chain ip6 vmac_mldfilter output\ndelete table ip vmac_mldfilter\n'
                  'insert rule netdev vmac_mldfilter egress_eth0 accept')

    def test_changes_while_it_does_not_run(self):
        """It hears of all of them at once, and restores once."""
        with self.daemon.halted():
            kernel.nft('delete table ip6 vmac_mldfilter')
            kernel.nft('insert rule netdev vmac_mldfilter egress_eth0 accept')
            kernel.nft('delete element ip vmac_mldfilter verdicts { "vrrp6" }')
        self.wait_for_restorations(1)
        self.assertEqual(kernel.content(), self.before)
        self.assert_still_silent()

    def test_changed_and_changed_back(self):
        """There is nothing to put right, and nothing is said."""
        generation = kernel.generation()
        with self.daemon.halted():
            kernel.nft('add chain ip6 vmac_mldfilter strange')
            kernel.nft('delete chain ip6 vmac_mldfilter strange')
        self.root.all_counters()
        self.assertEqual(kernel.content(), self.before)
        self.assertEqual((self.root.properties()['Restorations'], kernel.generation() - generation), (0, 2))

    def test_more_changes_than_the_service_can_hear_of(self):
        """Its socket overflows while it does not run. It must notice, and look at the tables."""
        with self.daemon.halted():
            kernel.overflow_rules(self.daemon.process)
            kernel.nft('delete table ip6 vmac_mldfilter')  # nobody hears of this any more
        self.wait_for_restorations(1)
        self.assertEqual(kernel.content(), self.before)
        self.assert_still_silent()

    def test_without_a_bus(self):
        self.bus.stop()
        kernel.nft('delete table ip6 vmac_mldfilter\ndelete table netdev vmac_mldfilter')
        kernel.until(lambda: kernel.own_families() and kernel.content() == self.before, 'for our tables')
        self.bus.start()
        self.bus.wait_for_owner(bus.NAME)
        self._root = None
        self.assertEqual(self.root.properties()['Restorations'], 1)
        self.assert_still_silent()

    def test_a_call_finds_it_first(self):
        """Whoever comes first, it is restored once."""
        for _ in range(20):
            with self.daemon.halted():
                kernel.nft('delete table ip6 vmac_mldfilter')
                answer = self.root.begin('GetAllCounters')
            answer.get()
        self.root.all_counters()
        self.assertEqual(kernel.content(), self.before)
        self.assertEqual(self.root.properties()['Restorations'], 20)


class Own(_Healing):
    """What the service does itself is none of somebody else's doing."""

    ROUNDS = 100

    def assert_never_restored(self):
        self.root.all_counters()
        properties = self.root.properties()
        self.assertEqual((properties['Restorations'], properties['Protected']), (0, True))

    def test_add_and_remove(self):
        for number in range(self.ROUNDS):
            self.assertTrue(self.root.add(f'mine{number % 7}', action=('drop', 'relocate')[number % 2]))
            self.assertTrue(self.root.remove(f'mine{number % 7}'))
        self.assert_never_restored()

    def test_set(self):
        for number in range(self.ROUNDS):
            self.root.set({f'mine{each}': {} for each in range(number % 13)})
        self.assert_never_restored()

    def test_reload(self):
        for number in range(self.ROUNDS):
            self.daemon.configure(f'auto_detect = {("false", "true")[number % 2]}\n[interface.mine{number}]\n',
                                  '10-mine.toml')
            self.root.reload()
        self.assert_never_restored()

    def test_links_come_and_go(self):
        for _ in range(10):
            kernel.ip('link', 'add', 'v7', 'link', 'eth0', 'address', '00:00:5e:00:02:07', 'type', 'macvlan')
            self.wait_for_interface('v7')
            kernel.ip('link', 'del', 'v7')
            self.wait_for_no_interface('v7')
        self.assert_never_restored()

    def test_calls_without_a_pause(self):
        """The next call comes before the service has heard of its own transaction."""
        at_once = 50  # of one caller no more than 64 may wait
        for first in range(0, self.ROUNDS, at_once):
            answers = [self.root.begin('AddInterface', '(sa{sv})', f'mine{number}', {})
                       for number in range(first, min(first + at_once, self.ROUNDS))]
            for answer in answers:
                self.assertTrue(answer.get()[0])
        self.assert_never_restored()

    def test_beside_others_who_mind_their_own_tables(self):
        """Their transactions are seen too, between ours, and cost us none."""
        with vandal('nft add table ip bystander; nft delete table ip bystander'):
            for number in range(self.ROUNDS):
                self.root.add('mine', action=('drop', 'relocate')[number % 2])
        self.assert_never_restored()
