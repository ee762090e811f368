# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody flushes everything, again and again: how long it takes until all is as before, and what leaks meanwhile."""

import statistics
import time

from rig import kernel
from rig.case import OPEN, Case
from rig.isolation import run
from rig.journal import Journal
from rig.record import DEADLINE
from rig.traffic import Transactions, talking, vandal
from rig.vmac import Vmac
from rig.wire import MLD, MESSAGES, Wire

FIGHT = 'another program keeps changing our tables'
BURST = 200  # restorations without a pause
PATIENCE = 2 * DEADLINE  # until so many have been made


class _Flushed(Case):
    """A VMAC that speaks MLDv1 about a thousand times a second, and no table but the service's."""

    configuration = OPEN

    def prepare(self):
        self.wire = Wire()
        self.vmac = Vmac()
        kernel.sysctl('ipv6', 'vrrp6', force_mld_version=1)

    def assert_silent_again(self):
        """With the tables back, the VMAC goes on speaking and nothing comes of it."""
        self.wire.fence()
        mark = self.wire.frames.mark()
        self.vmac.mld1_report()
        self.wire.frames.wait(lambda frame: frame.kind in MLD and frame.source == self.wire.mac, mark)
        self.wire.fence()
        self.assertEqual(self.wire.from_virtual_macs(after=mark), [])


class Hundred(_Flushed):
    ROUNDS = 100

    def test_flush_ruleset(self):
        transactions = Transactions()
        before = kernel.content()
        last = self.root.counters('vrrp6')
        with talking('vrrp6') as talker:
            for number in range(1, self.ROUNDS + 1):
                run('nft', 'flush', 'ruleset')
                self.wait_for_restorations(number)
                counted = self.root.counters('vrrp6')
                for message in MESSAGES:
                    self.assertGreaterEqual(counted[message], last[message])
                last = counted
        self.assertEqual(kernel.content(), before)
        self.assertGreater(last['mld-listener-done'], (0, 0))
        self.assertEqual(self.root.properties()['Restorations'], self.ROUNDS)
        causes = [signal.values[0] for signal in self.bus.signals.all() if signal.member == 'RulesetRestored']
        self.assertEqual(len(causes), self.ROUNDS)
        for cause in causes:
            self.assertRegex(cause, r'\bnft\b.*\bprocess \d+')
        self.wire.fence()
        leaked, sent = self.wire.from_virtual_macs(*MLD), self.wire.arrived(*MLD)
        self.assertGreater(len(sent), talker.rounds)
        self.report(transactions, leaked, sent)
        self.assert_silent_again()

    def report(self, transactions, leaked, sent):
        generation = kernel.generation()
        transactions.wait(lambda each: each[1] >= generation)
        times = sorted(transactions.times_to_repair())
        self.assertEqual(len(times), self.ROUNDS)
        print(f'{self.ROUNDS} times flushed under {len(sent)} frames of MLD: from flush to restored '
              f'median {statistics.median(times) * 1000:.2f} ms, p99 {times[-2] * 1000:.2f} ms, '
              f'longest {times[-1] * 1000:.2f} ms; {len(leaked)} frames leaked')
        # No more than a loaded machine may need. That nothing leaks but between the two, the case shows afterwards.
        self.assertLess(times[-1], 5)


class Fight(_Flushed):
    """Two who heal against each other would keep a machine busy for ever. So there is a limit, and it is said."""

    def prepare(self):
        super().prepare()
        self.journal = Journal()
        self.daemon.to_journal = True

    def wait_for_fight(self, after=0):
        """Until the status says so: when it begins, and again each time that something was restored in vain."""
        self.daemon.notified.wait(lambda message: FIGHT in message, after, PATIENCE)

    def wait_for_as_many_as(self, restorations):
        self.bus.signals.wait(lambda signal: signal.member == 'PropertiesChanged'
                              and signal.values[1].get('Restorations', 0) >= restorations, deadline=PATIENCE)

    def test_limit_and_recovery(self):
        transactions = Transactions()
        begin = time.monotonic()
        with vandal():
            self.wait_for_as_many_as(BURST)
            self.wait_for_fight(after=self.daemon.notified.mark())
            before = self.root.properties()['Restorations']
            self.assertEqual(self.root.list()['vrrp6']['effective-action'], 'relocate')
            # It goes on, but however fast he is there is only one more each second.
            self.wait_for_as_many_as(before + 3)
            self.assertLessEqual(self.root.properties()['Restorations'], BURST + (time.monotonic() - begin) + 1)
        begin = time.monotonic()
        self.wait_for_property('Protected', True)
        healed = time.monotonic() - begin
        self.assert_in_force('vrrp6', parent='eth0')
        self.assertNotRegex(self.daemon.status(), FIGHT)
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})
        self.assert_silent_again()
        self.report(transactions, healed)

    def report(self, transactions, healed):
        start = transactions.all()[0][0]
        for who in ('mldfilter-nft', 'nft'):
            seconds = [int((each[0] - start) / 1e9) for each in transactions.all() if each[2] == who]
            self.assertTrue(seconds, who)
            print(f'transactions of {who} in each second:', [seconds.count(each) for each in range(seconds[-1] + 1)])
        print(f'protected again {healed:.1f} s after the other one has ended')

    def test_audit_reports_it(self):
        with vandal():
            self.wait_for_fight()
            # It may be in the status before the burst is used up: where he got in between a change and its proof.
            end, found = time.monotonic() + PATIENCE, []
            while 'critical' not in {finding['severity'] for finding in found}:
                self.assertLess(time.monotonic(), end, found)
                found = self.root.audit()
        self.wait_for_property('Protected', True)

    def test_calls_work_meanwhile(self):
        with vandal():
            self.wait_for_fight()
            for number in range(5):
                self.root.add(f'meanwhile{number}')
            self.root.list()
        self.wait_for_property('Protected', True)
        for number in range(5):
            self.assert_in_force(f'meanwhile{number}')

    def test_ends_cleanly_meanwhile(self):
        with vandal():
            self.wait_for_fight()
            self.assertEqual(self.daemon.stop(), 0)

    def test_journal_does_not_drown(self):
        """A line for each restoration would be thousands. What happened is said, and that it goes on, not each time."""
        with vandal():
            self.wait_for_as_many_as(BURST)
            self.wait_for_fight(after=self.daemon.notified.mark())
            before = self.root.properties()['Restorations']
            self.bus.signals.wait(lambda signal: signal.member == 'PropertiesChanged'
                                  and signal.values[1].get('Restorations', 0) >= before + 2)
        self.wait_for_property('Protected', True)
        restorations = self.root.properties()['Restorations']
        self.assertLessEqual(len(self.journal.all()), restorations + 50)

    def test_slow_one_is_no_fight(self):
        """The burst is for a program that makes its rules anew now and then, however often in the end."""
        for number in range(1, 51):
            kernel.nft('flush ruleset')
            self.wait_for_restorations(number)
        self.assertTrue(self.root.properties()['Protected'])
        self.assertNotRegex(self.daemon.status(), FIGHT)
