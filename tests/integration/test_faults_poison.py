# SPDX-License-Identifier: GPL-2.0-or-later
"""A set that a newer nft has made, of which libnftables dies; see rig/poison.py. Where it does not, all goes on."""

import os
import re
import threading

from rig import kernel, poison
from rig.bus import BusError
from rig.case import OPEN, WireCase
from rig.flood import is_watched
from rig.insisting import insist
from rig.telling import wait_for_status
from rig.vmac import Vmac

CRASHED = 'libnftables crashed (Segmentation fault)'


class _Poisoned(WireCase):
    """What nft says is not asked while the set is there: it dies too. What came over the wire always tells."""

    configuration = OPEN

    def prepare(self):
        super().prepare()
        # ASan would make an exit status of the crash.
        self.daemon.environment['ASAN_OPTIONS'] = os.environ.get('ASAN_OPTIONS', '') + ':handle_segv=0'

    def setUp(self):
        super().setUp()
        if self.starts:
            self.wait_for_interface('vrrp6')
            self.vmac.all_messages()
            self.settle()
            self.counted = self.root.counters('vrrp6')

    def brew(self):
        poison.brew()
        return poison.kills()

    def complaint(self):
        """What Audit says first."""
        first = self.root.audit()[0]
        return first['severity'], first['id'], first['message']

    def assert_not_protected(self):
        self.wait_for_property('Protected', False)
        wait_for_status(self.daemon, f'NOT protecting: {re.escape(CRASHED)}')
        severity, identity, message = self.complaint()
        self.assertEqual((severity, identity), ('critical', 'not-protected'))
        self.assertIn(CRASHED, message)

    def assert_unavailable(self, change):
        with self.transactions(0), self.assertRaises(BusError) as raised:
            change()
        self.assertEqual((raised.exception.name, raised.exception.text), ('EngineUnavailable', CRASHED))

    def assert_silent(self, *vmacs):
        """None of them was heard until now, although they speak."""
        for vmac in vmacs or (self.vmac,):
            vmac.up()
            vmac.all_messages()
            vmac.down()
        self.attempts.fence()
        self.wire.fence()
        self.assertEqual(self.wire.from_virtual_macs(), [])

    def assert_healed(self, *names):
        self.wait_for_property('Protected', True)
        for name in names:
            self.assert_in_force(name, parent='eth0')
        self.assertIn('protected', [finding['id'] for finding in self.root.audit()])
        wait_for_status(self.daemon, 'Protecting')
        self.assertTrue(insist(lambda: self.root.add('later')))
        self.assert_in_force('later')


class Present(_Poisoned):
    def test_reading(self):
        """Everything is answered, and counters go on: our own tables can be listed one by one."""
        self.brew()
        listed = self.root.list()
        self.assert_silent()
        self.assertEqual(self.root.list(), {'vrrp6': listed['vrrp6']})
        for message, counted in self.counted.items():
            self.assertGreater(self.root.counters('vrrp6')[message], counted)
        self.assertEqual(self.root.all_counters(), {'vrrp6': self.root.counters('vrrp6')})
        self.assertEqual(self.root.guard_counters().keys(), {'eth0'})
        self.assertIn('verdicts', self.root.ruleset())
        self.assertTrue(self.root.properties()['Protected'])
        poison.pour_out()
        self.assert_healed('vrrp6')

    def test_changing_elements(self):
        """Which go past libnftables."""
        self.brew()
        self.assertTrue(self.root.add('vrrp7'))
        self.assertTrue(self.root.add('vrrp6', action='drop'))
        self.assert_silent()
        self.assertTrue(self.root.set({'vrrp8': {}, 'vrrp9': {}}))
        self.assert_silent()
        self.assertTrue(self.root.properties()['Protected'])
        poison.pour_out()
        self.assertEqual(self.root.list().keys(), {'vrrp6', 'vrrp8', 'vrrp9'})
        self.assert_in_force('vrrp6', parent='eth0')
        self.assert_in_force('vrrp8')
        self.assertEqual(kernel.protected('vrrp7'), set())
        insist(lambda: self.root.set({}))
        self.assert_healed('vrrp6')

    def test_changing_the_guard(self):
        """Which does not."""
        tables, state = kernel.own_tables(), self.daemon.state_file.read_bytes()
        if self.brew():
            self.assert_unavailable(lambda: self.root.add('vrrp6', action='allow'))
            self.assertEqual(self.root.list()['vrrp6']['action'], 'relocate')
            self.assert_silent()
            poison.pour_out()
            self.assertEqual((kernel.own_tables(), self.daemon.state_file.read_bytes()), (tables, state))
        else:
            self.root.add('vrrp6', action='allow')
            poison.pour_out()
        insist(lambda: self.root.set({}))
        self.assert_healed('vrrp6')

    def test_audit(self):
        """Tables of others are read one by one too: nothing is unknown because of one that nobody has to read."""
        kernel.nft('table ip6 filter { chain output { type filter hook output priority 0; icmpv6 type 143 drop; } }')
        before = self.root.audit()
        self.brew()
        self.assertEqual(self.root.audit(), before)
        poison.pour_out()
        self.assertEqual(self.root.audit(), before)


class Meanwhile(_Poisoned):
    """What happens while it is there."""

    def test_vmac_comes(self):
        """It gets its entry all the same."""
        self.brew()
        other = Vmac('vrrp7', mac='00:00:5e:00:02:07', attempts=self.attempts)
        self.wait_for_interface('vrrp7')
        self.assert_silent(self.vmac, other)
        self.assertGreater(sum(count[0] for count in self.root.counters('vrrp7').values()), 0)
        self.assertTrue(self.root.properties()['Protected'])
        poison.pour_out()
        self.assert_healed('vrrp6', 'vrrp7')
        self.assert_silent(self.vmac, other)

    def test_table_is_deleted(self):
        dies = self.brew()
        poison.delete(poison.NFPROTO_IPV6, kernel.TABLE)
        if dies:
            self.assert_not_protected()
        else:
            self.wait_for_restorations(1)
        self.assert_silent()
        poison.pour_out()
        self.assert_healed('vrrp6')
        self.assert_silent()

    def test_entry_that_is_removed_and_interface_that_goes(self):
        other = Vmac('vrrp7', mac='00:00:5e:00:02:07', attempts=self.attempts)
        self.wait_for_interface('vrrp7')
        self.brew()
        kernel.ip('link', 'del', other.name)
        self.wait_for_no_interface('vrrp7')
        poison.pour_out()
        self.assert_healed('vrrp6')
        self.assertEqual(kernel.protected('vrrp7'), set())

    def test_few_processes(self):
        """It is tried again by itself, at first after a second and then less often, and costs next to nothing."""
        seconds, most = 8, 14
        dies = self.brew()
        poison.delete(poison.NFPROTO_IPV6, kernel.TABLE)
        if dies:
            self.wait_for_property('Protected', False)
        before = self.last_process()
        for _ in range(50):  # callers do not make it any quicker
            self.root.list()
            self.root.all_counters()
            self.root.audit()
        threading.Event().wait(seconds)  # nothing happens that could be waited for
        self.assertLess(self.last_process() - before, most + 50)  # each audit has a process of its own
        self.assertLess(self.daemon.cpu_seconds(), 10 if is_watched(self.daemon.process) else 2)
        crashes = [line for line in self.daemon.log.all() if CRASHED in line]
        self.assertEqual(len(crashes), 2 if dies else 0)  # that another goes on, and that it does not protect
        poison.pour_out()
        self.assert_healed('vrrp6')

    @staticmethod
    def last_process():
        with open('/proc/loadavg', encoding='ascii') as file:
            return int(file.read().split()[-1])


class InOurs(_Poisoned):
    """In a table of the service's, as somebody makes it who saves all rules and restores them with a newer nft. Now not
    even that table can be listed, nor be put right. That its own rules stand is seen on the wire."""

    OURS = (poison.NFPROTO_IPV6, kernel.TABLE)

    def setUp(self):
        super().setUp()
        poison.brew(*self.OURS)
        self.dies = poison.kills()

    def test_reading(self):
        """What was known last."""
        if self.dies:
            self.assert_not_protected()
            self.assertEqual(self.root.counters('vrrp6'), self.counted)
            self.assertEqual(self.root.all_counters(), {'vrrp6': self.counted})
            self.assertEqual(self.root.guard_counters().keys(), {'eth0'})
            self.assert_unavailable(self.root.ruleset)
            self.assert_unavailable(lambda: self.root.add('vrrp7'))
            self.assertEqual(self.root.list().keys(), {'vrrp6'})
            self.assert_silent()
            poison.pour_out(*self.OURS)
        else:
            self.wait_for_restorations(1)  # by making the table anew, without the set
        self.assert_healed('vrrp6')
        for message, counted in self.counted.items():
            self.assertGreaterEqual(self.root.counters('vrrp6')[message], counted)
        self.assert_silent()

    def test_until_the_table_is_deleted(self):
        """Which is what an administrator would do about it."""
        if self.dies:
            self.assert_not_protected()
            poison.delete(*self.OURS)
        self.assert_healed('vrrp6')
        self.assert_silent()


class AtStart(_Poisoned):
    starts = False

    def test_nothing_there_yet(self):
        self.daemon.configure('[interface.configured]\n')
        dies = self.brew()
        self.daemon.start()
        self.assertEqual(self.root.list().keys(), {'configured', 'vrrp6'})
        if dies:
            self.assert_not_protected()
            self.assertEqual(self.root.all_counters().keys(), {'configured', 'vrrp6'})
            self.assert_unavailable(lambda: self.root.add('vrrp7'))
        poison.pour_out()
        self.assert_healed('vrrp6')
        self.assert_in_force('configured')
        self.wait_for_property('GuardActive', True)

    def test_rules_are_there(self):
        """Of a former run: they stand, and it is seen that they do."""
        self.daemon.start()
        self.wait_for_interface('vrrp6')
        self.daemon.stop_cleanly()
        tables = kernel.own_tables()
        self.brew()
        self.daemon.start()
        self.assertEqual(self.root.list().keys(), {'vrrp6'})
        self.assert_silent()
        poison.pour_out()
        self.wait_for_property('Protected', True)
        self.assertEqual(kernel.own_tables(), tables)
        self.assert_healed('vrrp6')

    def test_at_boot(self):
        """What puts the rules in place before the network is there fails, and says why."""
        self.daemon.configure('[interface.configured]\n')
        dies = self.brew()
        said = self.daemon.restore(status=1 if dies else 0)
        if dies:
            self.assertIn(CRASHED, said)
        poison.pour_out()
        self.daemon.restore()
        self.assert_in_force('configured')
