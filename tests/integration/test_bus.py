# SPDX-License-Identifier: GPL-2.0-or-later
"""Signals, properties, and what is listed."""

import json
import os

from rig import bus, kernel
from rig.case import OPEN, Case, WireCase
from rig.isolation import run
from rig.wire import MESSAGES

LISTED = {'action', 'effective-action', 'reason', 'messages', 'origins', 'runtime', 'parent', 'present', 'ifindex',
          'mac'}


class Signals(Case):
    configuration = OPEN

    def test_added(self):
        with self.signals() as caught:
            self.root.add('vrrp6', action='drop')
        self.assertIn(('InterfaceAdded', ('vrrp6', self.root.list()['vrrp6'])), caught)
        self.assertEqual(self.properties_changed(*caught), [{'Interfaces': ['vrrp6']}])

    def test_removed(self):
        self.root.set({'vrrp6': {}, 'vrrp7': {}})
        with self.signals() as caught:
            self.root.remove('vrrp6')
        self.assertIn(('InterfaceRemoved', ('vrrp6',)), caught)
        self.assertEqual(self.properties_changed(*caught), [{'Interfaces': ['vrrp7']}])

    def test_changed(self):
        self.root.add('vrrp6')
        with self.signals() as caught:
            self.root.add('vrrp6', action='drop')
        self.assertEqual(caught, [('InterfaceChanged', ('vrrp6', self.root.list()['vrrp6']))])

    def test_unchanged_signals_nothing(self):
        self.root.add('vrrp6', action='drop')
        with self.signals() as caught:
            self.root.add('vrrp6', action='drop')
        self.assertEqual(caught, [])

    def test_set_tells_each_once(self):
        self.root.set({'goes': {}, 'stays': {}})
        with self.signals() as caught:
            self.root.set({'comes': {}, 'stays': {}})
        named = [(member, values[0]) for member, values in caught if member.startswith('Interface')]
        self.assertEqual(sorted(named), [('InterfaceAdded', 'comes'), ('InterfaceRemoved', 'goes')])
        self.assertEqual(self.properties_changed(*caught), [{'Interfaces': ['comes', 'stays']}])

    def test_refused_call_signals_nothing(self):
        with self.signals() as caught, self.assertRaises(bus.BusError):
            self.root.add('vrrp6', action='never')
        self.assertEqual(caught, [])

    def test_tables_restored(self):
        self.root.add('vrrp6')
        with self.signals() as caught:
            kernel.nft('flush ruleset')
            self.wait_for_restorations(1)
        causes = [values[0] for member, values in caught if member == 'RulesetRestored']
        self.assertEqual(len(causes), 1)
        self.assertTrue(causes[0])
        self.assertIn(1, [changed.get('Restorations') for changed in self.properties_changed(*caught)])
        self.assert_in_force('vrrp6')


class Properties(Case):
    def test_all(self):
        self.root.set({'zeta': {}, 'alpha': {}})
        version = run(os.environ['VMAC_MLDFILTERD'], '--version')
        properties = self.root.properties()
        self.assertIn(properties.pop('Version'), version.split())
        properties['Features'] = [feature for feature in properties['Features'] if feature != 'ownership']
        self.assertEqual(properties, {'Interfaces': ['alpha', 'zeta'], 'AutoDetect': True, 'GuardActive': True,
                                      'Protected': True, 'Restorations': 0,
                                      'Features': ['guard', 'igmp', 'mld', 'relocate']})

    def test_protected_without_any_interface(self):
        self.assertTrue(self.root.properties()['Protected'])


class Transactions(Case):
    """One change is one transaction in the kernel, however much it covers."""

    def test_one_each(self):
        many = {f'vrrp{number}': {'action': ('relocate', 'drop')[number % 2]} for number in range(50)}
        for change in (lambda: self.root.add('vrrp6'),
                       lambda: self.root.add('vrrp6', action='drop', messages=['igmp']),
                       lambda: self.root.set(many),
                       lambda: self.root.set({'vrrp6': {}}),
                       lambda: self.root.remove('vrrp6')):
            with self.transactions(1):
                self.assertTrue(change())


class Listing(WireCase):
    def test_interface_that_is_there(self):
        self.root.add('vrrp6')
        entry = self.root.list()['vrrp6']
        self.assertEqual(entry.keys(), LISTED)
        index = kernel.link('vrrp6')['ifindex']
        self.assertEqual({**entry, 'messages': sorted(entry['messages'])}, {
            'action': 'relocate', 'effective-action': 'relocate', 'reason': '', 'messages': sorted(MESSAGES),
            'origins': ['api', 'detected'], 'runtime': False, 'parent': 'eth0', 'present': True, 'ifindex': index,
            'mac': self.vmac.mac})

    def test_interface_that_is_not_there(self):
        self.root.add('nowhere0')
        entry = self.root.list()['nowhere0']
        self.assertEqual(entry.keys(), LISTED)
        self.assertEqual((entry['present'], entry['ifindex'], entry['mac'], entry['parent']), (False, 0, '', ''))
        self.assertEqual((entry['action'], entry['effective-action']), ('relocate', 'drop'))
        self.assertIn('nowhere0', entry['reason'])

    def test_sorted_by_name(self):
        self.root.set({name: {} for name in ('b', 'vrrp10', 'a', 'vrrp6', 'B')})
        self.assertEqual(list(self.root.list()), ['B', 'a', 'b', 'vrrp10', 'vrrp6'])

    def test_ruleset_is_what_the_kernel_has(self):
        self.root.add('vrrp6')
        self.vmac.all_messages()
        self.settle()
        def sort(items):
            return sorted(json.dumps(item, sort_keys=True) for item in items if 'metainfo' not in item)
        listed = json.loads(self.root.ruleset())['nftables']
        self.assertEqual(sort(listed), sort(kernel.own_tables_as_json()))
