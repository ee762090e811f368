# SPDX-License-Identifier: GPL-2.0-or-later
"""The real thing: two VRRP routers, a switch that snoops MLD, a host (tests/lab/two-routers). The service has no
configuration, and nobody calls it."""

import json
import os
import subprocess
import unittest

from rig.case import SOURCE

SHORT = ('--seconds', '12')


class _Lab(unittest.TestCase):
    maxDiff = None

    @staticmethod
    def run_lab(*options):
        lab = subprocess.run([SOURCE / 'tests' / 'lab' / 'two-routers', *options], stdout=subprocess.PIPE, text=True,
                             check=True)
        print(lab.stdout)
        return json.loads(lab.stdout)

    def run_with_service(self, *options):
        return self.run_lab('--service', os.environ['VMAC_MLDFILTERD'], *options)

    def assert_quiet(self, *options):
        """The virtual MAC stays where the MASTER is, and each report arrives once, from the parent."""
        result = self.run_with_service(*options)
        expected = {'vmac_moves': 0, 'ping_loss_percent': 0, 'routers_that_became_master': 1, 'doubles': 0, 'lost': 0,
                    'from_vmac': {'131': 0, '132': 0, '143': 0}}
        self.assertEqual({name: result[name] for name in expected}, expected)
        return result['counters'].values()

    def assert_quiet_because_of_us(self, message, *options):
        """The counters tell this silence from that of routers that had nothing to say."""
        for counters in self.assert_quiet(*options):
            self.assertGreater(counters[message][0], 0)


class TwoRouters(_Lab):
    """keepalived has rules of its own, which come before ours and do the same: for MLDv2, and as of 2.3.2 for MLDv1."""

    def test_mld1(self):
        self.assert_quiet('--mld', '1')

    def test_mld2(self):
        self.assert_quiet('--mld', '2')

    # Without the rules of keepalived, all that there is to stop is ours.

    def test_mld1_without_the_rules_of_keepalived(self):
        self.assert_quiet_because_of_us('mld-listener-report', '--mld', '1', '--unfiltered', *SHORT)

    def test_mld2_without_the_rules_of_keepalived(self):
        self.assert_quiet_because_of_us('mld2-listener-report', '--mld', '2', '--unfiltered', *SHORT)


class Frr(_Lab):
    """Has no rules of its own."""

    def test_mld1(self):
        self.assert_quiet_because_of_us('mld-listener-report', '--vrrp', 'frr', '--mld', '1', *SHORT)

    def test_mld2(self):
        self.assert_quiet_because_of_us('mld2-listener-report', '--vrrp', 'frr', '--mld', '2', *SHORT)


class TheLabItself(_Lab):
    """Sees what it must see when there is something to see."""

    def test_keepalived_alone(self):
        result = self.run_lab('--unfiltered', '--mld', '2', *SHORT)
        self.assertGreater(result['vmac_moves'], 0)
        self.assertGreater(result['from_vmac']['143'], 0)

    def test_frr_alone(self):
        """It holds its BACKUP down, so whether the MAC moves is a matter of who is first."""
        result = self.run_lab('--vrrp', 'frr', '--mld', '1', *SHORT)
        self.assertGreater(result['from_vmac']['131'], 0)

    def test_reports_sent_twice(self):
        result = self.run_with_service('--doubled', *SHORT)
        self.assertGreater(result['doubles'], 0)
