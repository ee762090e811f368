# SPDX-License-Identifier: GPL-2.0-or-later
"""Many interfaces: thousands in one transaction, and too many refused as a whole."""

from rig import kernel
from rig.case import OPEN, Case
from rig.wire import MESSAGES


def names(number):
    return [f'vrrp{each}' for each in range(number)]


class Thousands(Case):
    NUMBER = 4096
    configuration = OPEN  # tables that are owned are made again at a start

    def test_one_transaction(self):
        with self.transactions(1):
            self.assertTrue(self.root.set({name: {} for name in names(self.NUMBER)}))
        mld = kernel.verdicts('ip6')
        self.assertEqual(len(mld), self.NUMBER * (len(MESSAGES) - 1))
        self.assertEqual({interface for interface, _ in mld}, set(names(self.NUMBER)))
        self.assertEqual(kernel.verdicts('ip').keys(), set(names(self.NUMBER)))
        self.assertEqual(len(self.root.list()), self.NUMBER)
        self.assertEqual(len(self.root.all_counters()), self.NUMBER)
        before = kernel.handles()
        self.daemon.restart()
        self.assertEqual(kernel.handles(), before)  # taken over as they are
        with self.transactions(1):
            self.root.add('one-more')
        with self.transactions(1):
            self.root.set({})
        self.assertEqual((kernel.verdicts('ip6'), kernel.verdicts('ip')), ({}, {}))

    def test_flush(self):
        """Tables first, with the guard, then their elements, by another way."""
        self.root.set({name: {} for name in names(self.NUMBER)})
        before = kernel.verdicts('ip6'), kernel.verdicts('ip'), kernel.parents()
        mark = len(self.daemon.log.all())
        kernel.nft('flush ruleset')
        self.wait_for_restorations(1)
        self.assertEqual((kernel.verdicts('ip6'), kernel.verdicts('ip'), kernel.parents()), before)
        self.assertTrue(self.root.properties()['Protected'], self.daemon.log.all()[mark:])


class TooMany(Case):
    def setUp(self):
        super().setUp()
        self.root.add('known')

    def test_hundred_thousand(self):
        with self.refused('LimitReached', '8192'), self.transactions(0):
            self.root.set({name: {} for name in names(100_000)})

    def test_one_more_than_the_limit(self):
        with self.refused('LimitReached', '8192'), self.transactions(0):
            self.root.set({name: {} for name in names(8193)})

    def test_the_limit_itself(self):
        self.assertTrue(self.root.set({name: {'action': 'allow'} for name in names(8192)}))
        self.assertEqual(len(self.root.properties()['Interfaces']), 8192)
        with self.refused('LimitReached'):
            self.root.add('one-more')
