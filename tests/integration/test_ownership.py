# SPDX-License-Identifier: GPL-2.0-or-later
"""Where library and kernel offer it our tables are ours alone. Elsewhere, or turned off, healing has to do."""

from rig import kernel
from rig.case import OPEN, WireCase
from rig.isolation import run
from rig.traffic import talking

FOREIGN_CHANGES = (
    'delete table ip6 vmac_mldfilter',
    'flush chain ip vmac_mldfilter output',
    'insert rule netdev vmac_mldfilter egress_eth0 accept',
    'delete element ip6 vmac_mldfilter verdicts { "vrrp6" . mld-listener-report }',
    'add element netdev vmac_mldfilter exempt { "eth0" . 00:00:5e:00:02:05 . mld-listener-report }',
    'table ip6 vmac_mldfilter { flags dormant; }',
)


class Ownership(WireCase):
    def setUp(self):
        super().setUp()
        self.owned = 'ownership' in self.root.properties()['Features']
        print('our tables are', 'ours alone' if self.owned else 'open to everybody here')
        self.before = kernel.handles()

    def assert_as_before(self, restorations=0):
        self.assertEqual(kernel.handles() == self.before, not restorations)
        properties = self.root.properties()
        self.assertEqual((properties['Protected'], properties['GuardActive']), (True, True))
        self.assertEqual(properties['Restorations'], restorations)
        self.assert_in_force('vrrp6', parent='eth0')
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})

    def test_says_what_the_kernel_shows(self):
        flags = [' owner' in kernel.foreign(family, kernel.TABLE) for family in kernel.ALL_FAMILIES]
        self.assertEqual(flags, [self.owned] * 3)

    def test_flush_ruleset(self):
        run('nft', 'flush', 'ruleset')
        if not self.owned:
            self.wait_for_restorations(1)
        self.assert_as_before(0 if self.owned else 1)

    def test_nothing_leaks_while_somebody_flushes(self):
        kernel.sysctl('ipv6', 'vrrp6', force_mld_version=1)
        with talking('vrrp6') as talker:
            for number in range(1, 51):
                run('nft', 'flush', 'ruleset')
                if not self.owned:
                    self.wait_for_restorations(number)
        self.wire.fence()
        self.assertGreater(talker.rounds, 0)
        leaked = self.wire.from_virtual_macs()
        print(len(leaked), 'frames leaked in 50 flushes')
        if self.owned:
            self.assertEqual(leaked, [])

    def test_changes(self):
        for number, script in enumerate(FOREIGN_CHANGES, 1):
            with self.subTest(script):
                if self.owned:
                    with self.assertRaisesRegex(AssertionError, '(?i)not permitted|exist'):
                        kernel.nft(script)
                else:
                    kernel.nft(script)
                    self.wait_for_restorations(number)
        self.assert_as_before(0 if self.owned else len(FOREIGN_CHANGES))

    def test_taken_over_by_the_next(self):
        """A table with an owner would go with him. Ours stays, and works on. To own it the next one makes it anew,
        in one transaction."""
        with self.vmac.chatter():
            self.daemon.restart()
            self.daemon.kill()
            self.daemon.start()
        balance = self.settle()
        self.assertEqual((balance.through, balance.relocated), ([], balance.attempts))
        if self.owned:
            self.before = kernel.handles()
        self.assert_as_before()

    def test_given_up_and_taken_again(self):
        for text, owned in ((OPEN, False), ('own_tables = true\n', self.owned)):
            self.daemon.configure(text)
            self.root.reload()
            self.assertEqual('ownership' in self.root.properties()['Features'], owned)
            self.assertEqual(' owner' in kernel.foreign('ip6', kernel.TABLE), owned)
            self.before = kernel.handles()
            self.assert_as_before()

    def test_given_up_is_healed(self):
        self.daemon.configure(OPEN)
        self.root.reload()
        run('nft', 'flush', 'ruleset')
        self.wait_for_restorations(1)
        self.assert_as_before(1)
