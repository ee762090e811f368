# SPDX-License-Identifier: GPL-2.0-or-later
"""The real thing: two keepalived routers, a switch that snoops MLD, a host (tests/lab/two-routers)."""

import json
import os
import subprocess
import unittest

from rig.case import SOURCE


class TwoRouters(unittest.TestCase):
    maxDiff = None

    def assert_quiet(self, *options):
        program = SOURCE / 'tests' / 'lab' / 'two-routers'
        lab = subprocess.run([program, '--service', os.environ['VMAC_MLDFILTERD'], *options],
                             stdout=subprocess.PIPE, text=True, check=True)
        print(lab.stdout)
        result = json.loads(lab.stdout)
        expected = {'vmac_moves': 0, 'ping_loss_percent': 0, 'routers_that_became_master': 1,
                    'from_vmac': {'131': 0, '132': 0, '143': 0}}
        self.assertEqual({name: result[name] for name in expected}, expected)
        return result['counters'].values()

    def test_mld1(self):
        self.assert_quiet('--mld', '1')

    def test_mld2(self):
        self.assert_quiet('--mld', '2')

    # Without the rules that keepalived makes for itself, which come before ours. All that there is to stop is ours
    # then, so the counters can tell this silence from that of routers that had nothing to say.

    def test_mld1_without_the_rules_of_keepalived(self):
        for counters in self.assert_quiet('--mld', '1', '--unfiltered', '--seconds', '12'):
            self.assertGreater(counters['mld-listener-report'][0], 0)

    def test_mld2_without_the_rules_of_keepalived(self):
        for counters in self.assert_quiet('--mld', '2', '--unfiltered', '--seconds', '12'):
            self.assertGreater(counters['mld2-listener-report'][0], 0)
