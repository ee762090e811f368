# SPDX-License-Identifier: GPL-2.0-or-later
"""Counters: they count what the far end missed, never go backwards, and start again only for who resets them."""

from rig import kernel
from rig.case import OPEN, WireCase
from rig.wire import MESSAGES


class Counters(WireCase):
    configuration = OPEN

    def setUp(self):
        super().setUp()
        self.root.add('vrrp6')

    def speak(self):
        self.vmac.up()
        self.vmac.mld1_done()
        self.vmac.igmp3_report()
        self.vmac.down()
        self.attempts.fence()

    def test_all_messages_are_listed_before_the_first(self):
        self.assertEqual(self.root.counters('vrrp6'), {message: (0, 0) for message in MESSAGES})

    def test_all_counters(self):
        self.root.add('vrrp7')
        self.speak()
        self.assertEqual(self.root.all_counters(), {name: self.root.counters(name) for name in ('vrrp6', 'vrrp7')})

    def test_unknown_interface(self):
        with self.refused('NotFound', 'vrrp7'):
            self.root.counters('vrrp7')

    def test_change_of_action(self):
        for action in ('drop', 'relocate', 'drop'):
            self.speak()
            self.root.add('vrrp6', action=action)
        self.assert_counted(self.settle())

    def test_allowed_for_a_while(self):
        self.speak()
        before = self.root.counters('vrrp6')
        self.root.add('vrrp6', action='allow')
        self.assertEqual(self.root.counters('vrrp6') | before, before | self.root.counters('vrrp6'))
        self.vmac.up()
        group = self.vmac.mld1_report()
        self.wire.frames.wait(lambda frame: group in frame.groups and frame.source == self.vmac.mac)
        self.vmac.down()
        self.root.add('vrrp6', action='drop')
        self.assertEqual(self.root.counters('vrrp6')['mld-listener-report'], before['mld-listener-report'])

    def test_removed_and_added(self):
        """What was detected cannot be removed."""
        self.daemon.configure('auto_detect = false\n')
        self.root.reload()
        self.speak()
        before = self.root.counters('vrrp6')
        self.root.remove('vrrp6')
        self.root.add('vrrp6')
        self.assertEqual(self.root.counters('vrrp6'), before)
        self.speak()
        self.assert_counted(self.settle())

    def test_messages_taken_out_and_in(self):
        self.speak()
        before = self.root.counters('vrrp6')
        self.root.add('vrrp6', messages=['nd-router-solicit'])
        self.root.add('vrrp6', messages=list(MESSAGES))
        self.assertEqual(self.root.counters('vrrp6'), before)

    def test_interface_made_again(self):
        self.speak()
        before = self.root.counters('vrrp6')
        kernel.ip('link', 'del', 'vrrp6')
        self.vmac.make()
        self.assertEqual(self.root.counters('vrrp6'), before)
        self.vmac.up()
        self.vmac.mld1_report()
        self.assertGreater(self.root.counters('vrrp6')['mld-listener-report'], before['mld-listener-report'])

    def test_tables_lost(self):
        """What had been seen before somebody flushed everything is still counted."""
        self.speak()
        before = self.root.counters('vrrp6')
        kernel.nft('delete table ip vmac_mldfilter\ndelete table ip6 vmac_mldfilter')
        self.assertEqual(self.root.counters('vrrp6'), before)
        self.speak()
        self.assert_counted(self.settle())

    def test_tables_lost_while_the_service_is_away(self):
        """It has looked once more before it went."""
        self.speak()
        before = self.root.counters('vrrp6')
        self.speak()
        self.daemon.stop_cleanly()
        kernel.nft('flush table ip6 vmac_mldfilter\ndelete table ip6 vmac_mldfilter\ndelete table ip vmac_mldfilter')
        self.daemon.start()
        after = self.root.counters('vrrp6')
        for message in ('mld-listener-done', 'igmp'):
            self.assertGreater(after[message], before[message])
        self.assert_counted(self.settle())

    def test_one_element_lost(self):
        self.speak()
        before = self.root.counters('vrrp6')
        kernel.nft('delete element ip6 vmac_mldfilter verdicts { "vrrp6" . mld-listener-report }')
        self.assertEqual(self.root.counters('vrrp6'), before)
        self.speak()
        self.assert_counted(self.settle())

    def test_others_change(self):
        self.speak()
        self.root.set({'vrrp6': {}} | {f'other{number}': {} for number in range(100)})
        self.root.set({'vrrp6': {}})
        self.assert_counted(self.settle())


class Reset(WireCase):
    configuration = OPEN

    def setUp(self):
        super().setUp()
        self.root.set({'vrrp6': {}, 'vrrp7': {}})
        self.vmac.all_messages()
        self.settle()
        self.before = self.root.counters('vrrp6')
        self.assertGreater(self.before['igmp'], (0, 0))

    def in_kernel(self):
        return [kernel.foreign(family, kernel.TABLE) for family in kernel.FAMILIES]

    def assert_zero(self):
        self.assertEqual(set(self.root.counters('vrrp6').values()), {(0, 0)})

    def test_counts_from_zero(self):
        self.root.reset('vrrp6')
        self.assert_zero()

    def test_all(self):
        self.root.reset()
        self.assert_zero()

    def test_another(self):
        self.root.reset('vrrp7')
        self.assertEqual(self.root.counters('vrrp6'), self.before)

    def test_kernel_is_left_alone(self):
        kernel_before = self.in_kernel()
        with self.transactions(0):
            self.root.reset()
        self.assertEqual(self.in_kernel(), kernel_before)

    def test_unknown_one_among_known(self):
        with self.refused('NotFound', 'vrrp8'):
            self.root.reset('vrrp6', 'vrrp8')
        self.assertEqual(self.root.counters('vrrp6'), self.before)

    def test_survives_a_restart(self):
        self.root.reset()
        self.daemon.restart()
        self.assert_zero()
        self.vmac.up()
        self.vmac.mld1_report()
        self.vmac.down()
        packets, size = self.root.counters('vrrp6')['mld-listener-report']
        self.assertIn(packets, (1, 2))  # the kernel repeats an unasked report once, if it still gets to it
        self.assertEqual(size, 72 * packets)

    def test_survives_a_change_of_action(self):
        self.root.reset()
        self.root.add('vrrp6', action='drop')
        self.assert_zero()

    def test_survives_lost_tables(self):
        """The base line is of counters that start at zero again."""
        self.root.reset()
        kernel.nft('flush table ip6 vmac_mldfilter\ndelete table ip6 vmac_mldfilter')
        self.assert_zero()
        self.vmac.up()
        self.vmac.mld1_report()
        self.assertGreater(self.root.counters('vrrp6')['mld-listener-report'], (0, 0))
