# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon goes and comes, by an upgrade or because somebody killed it, while the kernel speaks on a virtual MAC."""

import os
import re

from e2e.rig.case import Case
from e2e.rig.network import Wire
from integration.rig.isolation import CASE, run


class UnderLoad(Case):
    def setUp(self):
        super().setUp()
        self.vm = self.machine(wires=[Wire()])
        self.wire = self.vm.wires[0]
        self.vm.set_up('eth0')
        self.vm.add_vmac()
        self.vm.call('AddInterface', 'sa{sv}', 'api0', '0')
        self.before = self.vm.interfaces()
        self.mark = self.wire.frames.mark()

    def test_upgrade_and_downgrade(self):
        """apt install of a higher version, and of the lower one again: the entries stay, and not one frame gets out."""
        vm = self.vm
        higher = self.rebuilt('99.0')
        for version, deb in (('99.0', higher), ('the lower one', None)):
            pid, restore = vm.main_pid(), self.restored()
            mark = self.wire.frames.mark()
            with vm.talking() as talker:
                vm.install_package(deb)
                self.wire.wait_for_relocated(200, mark)
            self.check(f'{version}: another daemon runs', vm.main_pid() not in (0, pid))
            self.check(f'{version}: the restoring unit was left alone', self.restored(), restore)
            self.check(f'{version}: entries are as they were', vm.interfaces(), self.before)
            self.check(f'{version}: it protects', [vm.property('Protected'), vm.property('GuardActive')], [True, True])
            self.check(f'{version}: not one frame got out', self.wire.leaks(self.mark), [])
            self.check(f'{version}: somebody spoke all the time', talker.rounds > 200)
            self.note(f'{version}: {talker.rounds} reports and dones; nobody was on the bus for {self.away():.0f} ms')
        self.check('no unit has failed', vm.failed_units(), [])
        self.check('dpkg finds its files as they were packed', vm.run('dpkg', '--verify', 'vmac-mldfilter'), '')

    def test_kill(self):
        """Killed five times in a row, it comes back each time, and not one frame gets out."""
        vm = self.vm
        with vm.talking() as talker:
            for number in range(1, 6):
                pid = vm.main_pid()
                vm.systemctl('kill', '--signal=KILL', 'vmac-mldfilter')
                vm.wait_for_new_pid(pid)
                self.check(f'killed {number} times: the entries are there', vm.interfaces(), self.before)
        self.check('systemd counted', vm.unit('vmac-mldfilter.service', 'NRestarts')['NRestarts'], '5')
        self.check('not one frame got out', self.wire.leaks(self.mark), [])
        self.check('it protects', [vm.property('Protected'), vm.property('GuardActive')], [True, True])
        self.check('the state is whole', vm.path('/var/lib/vmac-mldfilter/state.json.rejected').exists(), False)
        self.note(f'{talker.rounds} reports and dones meanwhile')

    def test_stop(self):
        """Stopped for a while, and started again."""
        vm = self.vm
        with vm.talking() as talker:
            vm.systemctl('stop', 'vmac-mldfilter')
            mark = self.wire.frames.mark()
            self.wire.wait_for_relocated(200, mark)
            self.check('the rules stay', vm.tables(),
                       [(family, 'vmac_mldfilter') for family in ('ip', 'ip6', 'netdev')])
            vm.systemctl('start', 'vmac-mldfilter')
        self.check('not one frame got out', self.wire.leaks(self.mark), [])
        self.check('the entries are there', vm.interfaces(), self.before)
        self.note(f'{talker.rounds} reports and dones meanwhile')

    def restored(self):
        return self.vm.unit('vmac-mldfilter-restore.service', 'ExecMainStartTimestampMonotonic', 'ActiveState')

    def away(self):
        """Milliseconds between the last two daemons, from the moment when one began to stop."""
        lines = self.vm.journal('_PID=1', 'UNIT=vmac-mldfilter.service')
        stopping = [int(line['__MONOTONIC_TIMESTAMP']) for line in lines if line['MESSAGE'].startswith('Stopping ')]
        started = [int(line['__MONOTONIC_TIMESTAMP']) for line in lines if line['MESSAGE'].startswith('Started ')]
        return (started[-1] - stopping[-1]) / 1000

    @staticmethod
    def rebuilt(version):
        """The same package with another version."""
        tree, deb = CASE / 'package', CASE / f'vmac-mldfilter_{version}.deb'
        run('dpkg-deb', '--raw-extract', os.environ['VMAC_E2E_PACKAGE'], tree)
        control = tree / 'DEBIAN' / 'control'
        control.write_text(re.sub(r'(?m)^Version: .*$', f'Version: {version}', control.read_text(encoding='utf-8')),
                           encoding='utf-8')
        run('dpkg-deb', '--root-owner-group', '--build', tree, deb)
        return deb
