# SPDX-License-Identifier: GPL-2.0-or-later
"""A bus that hangs. That it goes, comes back or was never there is in test_life."""

from rig import bus, kernel, processes
from rig.case import OPEN, WireCase
from rig.isolation import run
from rig.vmac import Vmac

VMAC = 'link add {} link eth0 address 00:00:5e:00:02:07 type macvlan'


class Hangs(WireCase):
    configuration = OPEN

    def test_protects_meanwhile(self):
        """Old interfaces and new ones; whatever is done to the tables is put right, although nobody can be told."""
        self.wait_for_interface('vrrp6')
        with processes.halted(processes.only('dbus-daemon')):
            other = Vmac('vrrp7', mac='00:00:5e:00:02:07', attempts=self.attempts)
            kernel.until(lambda: kernel.protected('vrrp7'), 'for the new one')
            kernel.nft('delete table ip6 vmac_mldfilter')
            kernel.until(lambda: kernel.protected('vrrp6') and kernel.parents(), 'for the table')
            for vmac in (self.vmac, other):
                vmac.all_messages()
                vmac.down()
            self.attempts.fence()
            self.wire.fence()
            self.assertEqual(self.wire.from_virtual_macs(), [])
        self.assertEqual(self.root.list().keys(), {'vrrp6', 'vrrp7'})
        self.assertEqual(self.root.properties()['Restorations'], 1)
        self.assertTrue(self.root.add('vrrp8'))

    def test_the_service_ends_meanwhile(self):
        with processes.halted(processes.only('dbus-daemon')):
            self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()
        self.assertIn('vrrp6', self.root.list())

    def test_more_signals_than_it_takes(self):
        """Thousands of changes that nobody takes: the service neither waits for the bus nor forgets to protect."""
        with processes.halted(processes.only('dbus-daemon')):
            run('ip', '-batch', '-', input=''.join(
                f'{VMAC.format(f"v{number}")}\nlink del v{number}\n' for number in range(300)))
            run('ip', '-batch', '-', input=VMAC.format('last'))
            kernel.until(lambda: kernel.protected('last'), 'for the last one')
        self.bus.wait_for_owner(bus.NAME)
        self.assertIn('last', self.root.list())
