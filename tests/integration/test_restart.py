# SPDX-License-Identifier: GPL-2.0-or-later
"""The service stops, crashes, starts: no packet gets to the wire, no count is lost, the tables stay as they are."""

from rig import isolation, kernel
from rig.case import OPEN, Case, WireCase


class InTheMiddle(WireCase):
    """While the VMAC speaks without a pause."""

    configuration = OPEN  # tables that are owned are made again at a start
    ROUNDS = 3

    def setUp(self):
        super().setUp()
        self.root.add('vrrp6')
        self.handles = kernel.handles()

    def assert_tight(self):
        """Everything came from the parent, nothing from the VMAC."""
        balance = self.settle()
        self.assertEqual(balance.through, [])
        self.assertEqual(balance.relocated, balance.attempts)
        return balance

    def test_sigterm(self):
        with self.vmac.chatter():
            for _ in range(self.ROUNDS):
                self.daemon.restart()
        self.assertEqual(kernel.handles(), self.handles)
        self.assert_counted(self.assert_tight())

    def test_sigkill(self):
        with self.vmac.chatter():
            for _ in range(self.ROUNDS):
                self.daemon.kill()
                self.daemon.start()
        self.assertEqual(kernel.handles(), self.handles)
        self.assert_counted(self.assert_tight())

    def test_other_interfaces_change(self):
        with self.vmac.chatter():
            for number in range(30):
                self.root.add(f'other{number}')
            self.root.set({'vrrp6': {}, 'one': {}})
        self.assert_counted(self.assert_tight())

    # When elements are replaced, what they counted between the last look and the transaction is not carried over, at
    # this rate some dozens of messages each time. So: never backwards, never more than there was, and not
    # nothing. How much is a matter of how long a busy machine takes from the reading to the change.

    def assert_counted_nearly(self, balance):
        counted = self.root.counters('vrrp6')
        for message, (packets, _) in self.missing(balance).items():
            self.assertLessEqual(counted[message][0], packets)
            self.assertGreater(counted[message][0], 0)
            print(f'{message}: {counted[message][0]} of {packets} were counted')

    def test_tables_replaced(self):
        """Somebody puts a chain of his own into our table while the service is away."""
        with self.vmac.chatter():
            self.daemon.stop_cleanly()
            kernel.nft('add chain ip6 vmac_mldfilter strange { type filter hook output priority 300; }')
            self.daemon.start()
        self.assertNotIn('strange', str(kernel.own_tables()))
        self.assert_counted_nearly(self.assert_tight())

    def test_action_changed(self):
        """From relocate to drop and back. There is no moment without either."""
        seen = [self.root.counters('vrrp6')]
        with self.vmac.chatter():
            for action in ('drop', 'relocate') * 10:
                self.root.add('vrrp6', action=action)
                seen.append(self.root.counters('vrrp6'))
        for before, after in zip(seen, seen[1:]):
            self.assertTrue(all(after[message] >= before[message] for message in before), (before, after))
        balance = self.settle()
        self.assertEqual(balance.through, [])
        self.assert_counted_nearly(balance)


class Stopped(WireCase):
    def test_tables_replaced_lose_no_count(self):
        """While nothing is sent the counters are carried over exactly."""
        self.root.add('vrrp6')
        self.vmac.mld1_done()
        self.daemon.stop_cleanly()
        self.vmac.igmp3_report()
        balance = self.settle()
        kernel.nft('add chain ip vmac_mldfilter strange { type filter hook output priority 300; }\n'
                   'add chain ip6 vmac_mldfilter strange { type filter hook output priority 300; }')
        self.daemon.start()
        self.assertNotIn('strange', str(kernel.own_tables()))
        self.assert_counted(balance)

    def test_rules_stay(self):
        self.root.add('vrrp6')
        before = kernel.own_tables()
        self.daemon.stop_cleanly()
        self.assertEqual(kernel.own_tables(), before)
        self.vmac.mld1_report()
        balance = self.settle()
        self.assertEqual((balance.through, balance.relocated), ([], balance.attempts))
        self.daemon.start()
        self.assert_counted(balance)

    def test_changes_of_the_world_meanwhile(self):
        self.root.add('vrrp6')
        self.daemon.stop_cleanly()
        kernel.ip('link', 'del', 'vrrp6')
        self.daemon.start()
        self.assertEqual(kernel.parents(), {})
        self.assert_in_force('vrrp6')


class Entries(Case):
    def test_survive(self):
        self.root.set({'vrrp6': {}, 'vrrp7': {'action': 'drop', 'messages': ['igmp']}, 'vrrp8': {'action': 'allow'}})
        before = self.root.list()
        self.daemon.restart()
        self.assertEqual(self.root.list(), before)

    def test_survive_a_crash(self):
        self.root.add('vrrp6')
        before = self.root.list()
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.root.list(), before)

    def test_runtime_entries_survive_a_restart_but_no_reboot(self):
        self.root.set({'passing': {'runtime': True}, 'lasting': {}})
        self.daemon.restart()
        self.assertEqual(self.root.list().keys(), {'passing', 'lasting'})
        self.daemon.stop_cleanly()
        isolation.new_boot()
        self.daemon.start()
        self.assertEqual(self.root.list().keys(), {'lasting'})
        self.assertEqual({interface for interface, _ in kernel.verdicts()}, {'lasting'})

    def test_kernel_is_empty_after_a_reboot(self):
        self.root.add('vrrp6')
        self.daemon.stop_cleanly()
        kernel.nft('flush ruleset')
        isolation.new_boot()
        self.daemon.start()
        self.assert_in_force('vrrp6')
        self.assertTrue(self.root.properties()['Protected'])
