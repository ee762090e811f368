# SPDX-License-Identifier: GPL-2.0-or-later
"""A kernel that lacks what the rules need. It says so itself: see shim.c."""

import errno
import os

from rig import kernel
from rig.case import OPEN, WireCase
from rig.insisting import insist
from rig.shim import Shim
from rig.telling import wait_for_status

# In the words of libnftables 1.0.6 and of 1.1.3.
NOT_SUPPORTED = f'({os.strerror(errno.EOPNOTSUPP)}|Chain of type "filter" is not supported)'


class _Lacking(WireCase):
    configuration = OPEN
    starts = False
    lacks = ''

    def prepare(self):
        super().prepare()
        self.shim = Shim(self.daemon)

    def setUp(self):
        super().setUp()
        self.shim.set('netfilter.lacks', self.lacks)

    def findings(self):
        return {(finding['interface'], finding['id']): (finding['severity'], finding['message'])
                for finding in self.root.audit()}

    def assert_struck(self):
        self.assertGreater(self.shim.strokes('netfilter.lacks'), 0)


class NoEgress(_Lacking):
    """Before Linux 5.16: the first line of defence stands alone, and it is said that it does."""

    lacks = 'egress'

    def test_first_line_alone(self):
        self.daemon.start()
        self.assert_struck()
        properties = self.root.properties()
        self.assertEqual((properties['Protected'], properties['GuardActive']), (True, False))
        self.assertNotIn('guard', properties['Features'])
        wait_for_status(self.daemon, f'Protecting .*; without guard: the kernel has no egress hook: .*{NOT_SUPPORTED}')
        severity, message = self.findings()['', 'guard-unsupported']
        self.assertEqual(severity, 'warning')
        self.assertRegex(message, NOT_SUPPORTED)
        self.assert_in_force('vrrp6', parent='eth0')
        self.assertNotIn('netdev', kernel.own_families())
        self.vmac.all_messages()
        self.assert_relocated()
        self.assertTrue(insist(lambda: self.root.add('vrrp7')))
        self.assertTrue(self.root.remove('vrrp7'))

    def test_after_an_update_of_the_kernel(self):
        self.daemon.start()
        self.shim.clear('netfilter.lacks')
        self.daemon.restart()
        self.assertTrue(self.root.properties()['GuardActive'])
        self.assertEqual(kernel.guarded(), {'eth0': self.wire.mac})


class NoDup(_Lacking):
    """Without nft_dup_ipv6 a relocation is impossible: nothing may get out all the same, and it must be said."""

    lacks = 'dup'

    def test_says_so_and_heals(self):
        self.daemon.start()
        self.assert_struck()
        self.assertFalse(self.root.properties()['Protected'])
        wait_for_status(self.daemon, f'NOT protecting: .*{os.strerror(errno.ENOENT)}')
        severity, message = self.findings()['', 'not-protected']
        self.assertEqual(severity, 'critical')
        self.assertIn(os.strerror(errno.ENOENT), message)
        with self.refused('KernelRejected', os.strerror(errno.ENOENT)):
            self.root.add('vrrp7')
        self.shim.clear('netfilter.lacks')
        self.wait_for_property('Protected', True)
        self.assert_in_force('vrrp6', parent='eth0')
        self.vmac.all_messages()
        self.settle()
        self.assertTrue(insist(lambda: self.root.add('vrrp7')))


class _NoRules(_Lacking):
    def make_fault(self):
        raise NotImplementedError

    def heal(self):
        raise NotImplementedError

    def test_says_so_and_heals(self):
        """Everything that needs no kernel works; what is asked for is refused; then all comes by itself."""
        self.daemon.configure('[interface.configured]\n')
        self.make_fault()
        self.daemon.start()
        self.assertEqual(self.root.list().keys(), {'configured', 'vrrp6'})
        properties = self.root.properties()
        self.assertEqual((properties['Protected'], properties['GuardActive'], properties['Features']),
                         (False, False, []))
        wait_for_status(self.daemon, 'NOT protecting: .')
        self.assertEqual(self.findings()['', 'not-protected'][0], 'critical')
        with self.refused('EngineUnavailable', 'nftables '):
            self.root.add('vrrp7')
        self.assertEqual(kernel.own_families(), [])
        self.heal()
        self.wait_for_property('Protected', True)
        self.assert_in_force('vrrp6', parent='eth0')
        self.assert_in_force('configured')
        self.wait_for_property('GuardActive', True)
        self.assertTrue(insist(lambda: self.root.add('vrrp7')))


class NoNfTables(_NoRules):
    """nfnetlink without nf_tables: a kernel with nothing but the old tables."""

    lacks = 'nf_tables'

    def make_fault(self):
        """It is there already."""

    def heal(self):
        self.assert_struck()
        self.shim.clear('netfilter.lacks')


class NoNfnetlink(_NoRules):
    """Not even the protocol: nobody gets a socket."""

    def make_fault(self):
        self.shim.set('netfilter.open', errno.EPROTONOSUPPORT)

    def heal(self):
        self.assertGreater(self.shim.strokes('netfilter.open'), 0)
        self.shim.clear('netfilter.open')
