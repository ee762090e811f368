# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes to the journal: every event has its fixed id, a text in the catalog, and the fields which that uses."""

import re

from rig import bus, isolation, kernel
from rig.case import OPEN, SOURCE, WireCase
from rig.journal import Journal, catalog
from rig.wire import Wire

HEADER = SOURCE / 'src/daemon/message_ids.hpp'
IDS = dict(re.findall(r'k(\w+) = "([0-9a-f]{32})"', HEADER.read_text(encoding='utf-8')))
CATALOG = catalog(SOURCE / 'systemd/vmac-mldfilter.catalog')


class Events(WireCase):
    configuration = OPEN

    starts = False

    def prepare(self):
        super().prepare()
        self.journal = Journal()
        self.daemon.to_journal = True
        self.mark = 0

    def expect(self, event, **fields):
        """The event comes after the one expected before, with at least these fields."""
        entry = self.journal.wait(lambda entry: entry.get('MESSAGE_ID') == IDS[event], self.mark)
        self.mark = self.journal.all().index(entry, self.mark) + 1
        self.assertEqual({name: entry[f'VMAC_{name.upper()}'] for name in fields}, fields)
        return entry

    def tearDown(self):
        super().tearDown()
        for entry in self.journal.all():
            self.assertTrue(entry['MESSAGE'])
            self.assertIn(entry['PRIORITY'], '34567')
            if 'MESSAGE_ID' in entry:
                missing = CATALOG[entry['MESSAGE_ID']] - entry.keys()
                self.assertFalse(missing, f'fields that the catalog uses: {entry}')

    def test_every_id_is_in_the_catalogs(self):
        self.assertGreater(len(IDS), 10)
        self.assertEqual(CATALOG.keys(), set(IDS.values()))
        for translation in SOURCE.glob('systemd/vmac-mldfilter.*.catalog'):
            self.assertEqual(catalog(translation), CATALOG, translation)

    def test_calls(self):
        self.daemon.configure('auto_detect = false\n')
        self.daemon.start()
        self.root.add('vrrp6')
        self.expect('InterfaceAdded', interface='vrrp6', action='relocate', parent='eth0')
        self.root.add('vrrp6', action='drop')
        self.expect('InterfaceChanged', interface='vrrp6', action='drop')
        self.root.remove('vrrp6')
        self.expect('InterfaceRemoved', interface='vrrp6')

    def test_detected(self):
        self.daemon.start()
        kernel.ip('link', 'del', 'vrrp6')
        self.expect('InterfaceRemoved', interface='vrrp6')
        self.vmac.make()
        self.expect('InterfaceAdded', interface='vrrp6', action='relocate', parent='eth0')

    def test_tables_restored(self):
        self.daemon.start()
        kernel.nft('flush ruleset')
        entry = self.expect('RulesetRestored')
        self.assertTrue(entry['VMAC_REASON'])
        self.assertRegex(entry['VMAC_PROCESS'], r'\bnft\b')

    def test_kernel_refuses(self):
        self.daemon.start('setpriv --inh-caps=-net_admin --bounding-set=-net_admin')
        self.assertRegex(self.expect('KernelRefused')['VMAC_REASON'], '(?i)not permitted')

    def test_configuration(self):
        path = self.daemon.configure('oops\n')
        self.daemon.start()
        self.assertIn(f'{path}:1: ', self.expect('ConfigurationWrong')['VMAC_REASON'])
        self.daemon.configure('[interface.vrrp9]\n')
        self.root.reload()
        self.expect('InterfaceAdded', interface='vrrp9')
        self.expect('ConfigurationLoaded')

    def test_state_set_aside(self):
        self.daemon.state_file.write_bytes(b'torn')
        self.daemon.start()
        self.assertIn('state.json.rejected', self.expect('StateSetAside')['VMAC_REASON'])

    def test_bus(self):
        self.daemon.start()
        self.bus.stop()
        self.expect('BusLost')
        self.bus.start()
        self.bus.wait_for_owner(bus.NAME)
        self.expect('BusFound')

    def test_parent(self):
        other = Wire('eth1', 'far1', self.wire.namespace)
        self.daemon.start()
        self.root.add('vrrp6', parent='eth1')
        other.rename('gone1')
        self.assertIn('eth1', self.expect('FallbackToDrop', interface='vrrp6')['VMAC_REASON'])
        other.rename('eth1')
        self.expect('RelocatingAgain', interface='vrrp6', parent='eth1')

    def test_state_not_saved(self):
        """A start that finds another configuration remembers it; here it cannot."""
        self.daemon.start()
        self.daemon.stop_cleanly()
        isolation.write_protect(self.daemon.state)
        self.daemon.configure('[interface.vrrp6]\n')
        self.daemon.start()
        self.assertTrue(self.expect('StateNotSaved')['VMAC_REASON'])

    def test_odd_names_stay_one_field(self):
        self.daemon.start()
        self.root.add('a=b\\n"{}')
        self.expect('InterfaceAdded', interface='a=b\\n"{}')
