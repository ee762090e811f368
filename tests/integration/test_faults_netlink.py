# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that does not take or give a message now: ENOBUFS, EBUSY, EINTR and others, where libnftables asks.

Floods that make the kernel lose events really are in test_healing, test_detection and test_parents.
"""

import errno
import os
import time

from rig import bus, kernel
from rig.case import OPEN, WireCase
from rig.insisting import insist
from rig.shim import Shim
from rig.telling import wait_for_status

CHANGE_MAY_TAKE = 5  # seconds, whatever libnftables does


class _Netlink(WireCase):
    configuration = OPEN

    def prepare(self):
        super().prepare()
        self.shim = Shim(self.daemon)

    def setUp(self):
        super().setUp()
        self.wait_for_interface('vrrp6')
        self.vmac.all_messages()
        self.settle()
        self.before = self.root.counters('vrrp6')

    def assert_heals(self):
        """By itself, with everything that came meanwhile; and nothing got out at any time."""
        self.wait_for_property('Protected', True)
        self.assert_in_force('vrrp6', parent='eth0')
        for message, counted in self.before.items():
            self.assertGreaterEqual(self.root.counters('vrrp6')[message], counted)
        self.assertTrue(insist(lambda: self.root.add('vrrp7')))
        self.assert_in_force('vrrp7')
        wait_for_status(self.daemon, 'Protecting')
        self.vmac.up()
        self.vmac.all_messages()
        self.settle()
        self.assertEqual(self.wire.from_virtual_macs(), [])
        self.daemon.restart()
        self.assertEqual(self.root.list().keys(), {'vrrp6', 'vrrp7'})


class ForGood(_Netlink):
    """Nothing goes through until the fault has gone."""

    def assert_survives(self, fault, *reasons):
        for reason in reasons:
            with self.subTest(reason=os.strerror(reason)):
                self.assert_refused(fault, reason)
        self.assert_heals()

    def assert_refused(self, fault, reason):
        tables = kernel.own_tables()
        state = self.daemon.state_file.read_bytes()
        with self.shim.fault(fault, reason):
            for call in (lambda: self.root.add('vrrp7'), lambda: self.root.set({'vrrp8': {}})):
                with self.assertRaises(bus.BusError) as raised:
                    call()
                self.assertIn(raised.exception.name, ('EngineUnavailable', 'KernelRejected'))
                self.assertTrue(raised.exception.text)
            self.wait_for_property('Protected', False)
            self.assertEqual(self.root.list().keys(), {'vrrp6'})
            wait_for_status(self.daemon, 'NOT protecting: .')
            first = self.root.audit()[0]
            self.assertEqual((first['id'], first['severity']), ('not-protected', 'critical'))
            self.assertEqual(kernel.own_tables(), tables)
            self.assertEqual(self.daemon.state_file.read_bytes(), state)
        self.wait_for_property('Protected', True)
        self.assert_in_force('vrrp6')

    def test_sending(self):
        self.assert_survives('netfilter.send', errno.ENOBUFS, errno.EBUSY, errno.ENOMEM, errno.EINTR)

    def test_receiving(self):
        self.assert_survives('netfilter.receive', errno.ENOBUFS, errno.ENOMEM)


class Endless(_Netlink):
    """libnftables begins anew whenever it is interrupted, for as long as it is."""

    def test_receiving(self):
        with self.shim.fault('netfilter.receive', errno.EINTR):
            for number in range(3):
                begin = time.monotonic()
                with self.assertRaises(bus.BusError) as raised:
                    self.root.add(f'new{number}')
                self.assertLess(time.monotonic() - begin, CHANGE_MAY_TAKE)
                self.assertEqual((raised.exception.name, raised.exception.text),
                                 ('EngineUnavailable', 'libnftables did not come to an end in 3 s'))
            self.wait_for_property('Protected', False)
            self.assertEqual(self.root.counters('vrrp6'), self.before)
            wait_for_status(self.daemon, 'NOT protecting: libnftables did not come to an end in 3 s')
        self.assert_heals()


class NowAndThen(_Netlink):
    """Every so often. What does not go through is refused as a whole, and what is told to be done is done."""

    def assert_all_or_nothing(self, fault, reason, each):
        done = 0
        with self.shim.fault(fault, reason, each):
            for number in range(60):
                before = kernel.verdicts()
                try:
                    self.assertTrue(self.root.add(f'v{number}'))
                except bus.BusError as error:
                    self.assertIn(error.name, ('EngineUnavailable', 'KernelRejected'))
                    self.assertEqual(kernel.verdicts(), before)
                    self.assertNotIn(f'v{number}', self.root.list())
                else:
                    done += 1
                    self.assert_in_force(f'v{number}')
                    self.assertIn(f'v{number}', self.daemon.saved()['interfaces'])
        self.assert_heals_with(done)

    def assert_heals_with(self, done):
        self.wait_for_property('Protected', True)
        self.assertEqual(len(self.daemon.saved()['interfaces']), done)
        insist(lambda: self.root.set({}))
        self.assert_heals()

    def test_out_of_buffers_while_sending(self):
        self.assert_all_or_nothing('netfilter.send', errno.ENOBUFS, 7)

    def test_busy(self):
        self.assert_all_or_nothing('netfilter.send', errno.EBUSY, 5)

    def test_out_of_buffers_while_receiving(self):
        """The kernel may have done it, and the answer is lost: only a look tells."""
        self.assert_all_or_nothing('netfilter.receive', errno.ENOBUFS, 11)

    def test_interrupted(self):
        self.assert_all_or_nothing('netfilter.receive', errno.EINTR, 9)


class Events(_Netlink):
    """The service's own sockets."""

    def test_interrupted(self):
        """Every second time that it reads."""
        for protocol in ('route', 'netfilter'):
            with self.shim.fault(f'{protocol}.events', errno.EINTR, 2):
                kernel.ip('link', 'add', 'v7', 'link', 'eth0', 'address', '00:00:5e:00:02:07', 'type', 'macvlan')
                self.wait_for_interface('v7')
                kernel.ip('link', 'del', 'v7')
                self.wait_for_no_interface('v7')
                kernel.nft('delete table ip6 vmac_mldfilter')
                kernel.until(lambda: kernel.parents() == {'vrrp6': 'eth0'}, 'for the table')
        self.assert_heals()

    def test_links_lost(self):
        """It is told that events were lost, again and again, and looks at all links each time."""
        with self.shim.fault('route.events', errno.ENOBUFS, 3):
            for _ in range(20):
                kernel.ip('link', 'add', 'v7', 'link', 'eth0', 'address', '00:00:5e:00:02:07', 'type', 'macvlan')
                self.wait_for_interface('v7')
                kernel.ip('link', 'del', 'v7')
                self.wait_for_no_interface('v7')
        self.assert_heals()
