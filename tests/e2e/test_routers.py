# SPDX-License-Identifier: GPL-2.0-or-later
"""Two routers with keepalived, a switch that snoops, a host: what all this is for."""

from e2e.rig import snapshot
from e2e.rig.case import IS_DEBIAN_12, Case
from e2e.rig.routers import Routers

SECONDS = 15  # of measuring


class Keepalived(Case):
    def test_install_reboot_purge(self):
        """The package is installed and nothing else done: silence and service, also after a reboot; purge leaves no
        trace."""
        routers = Routers(self)
        routers.boot()
        before = [snapshot.take(machine) for machine in routers.machines]
        routers.install()
        routers.mark()
        routers.start()
        self.judge(routers, 'after the installation')

        for machine in routers.machines:
            machine.power_off()
        routers.mark()
        routers.master.boot()
        routers.wait_for(routers.master, 'MASTER')
        routers.backup.boot()
        self.judge(routers, 'after a reboot of both')

        for machine in routers.machines:
            machine.systemctl('stop', 'keepalived')
            machine.remove_package('purge')
        for machine, was in zip(routers.machines, before):
            found = snapshot.differences(was, snapshot.take(machine))
            self.check(f'{machine.name} is as it was after purge', found, [])

    def test_without_and_later(self):
        """Without the package the same figures are bad: the virtual MAC moves. Then it is installed beside a keepalived
        that runs, and they are good."""
        routers = Routers(self)
        routers.boot()
        routers.mark()
        routers.start()
        if not IS_DEBIAN_12:  # keepalived 2.3.3 stops reports by itself, until somebody flushes its rules
            for machine in routers.machines:
                machine.nft('flush', 'ruleset')
        found = routers.measure(SECONDS)
        self.note(f'without the package: {found}')
        self.check('without the package the virtual MAC moves', found.moves > 0)
        self.check('without the package it sends reports', found.from_vmac > 0)

        routers.install()
        routers.wait_for_master_to_speak()
        routers.mark()
        self.judge(routers, 'when it is installed later')

    def test_flushed(self):
        """After `nft flush ruleset` keepalived stops nothing any more; we do."""
        routers = Routers(self, mld=2)
        routers.boot()
        routers.install()
        routers.start()
        for machine in routers.machines:
            machine.nft('flush', 'ruleset')
            # What is sent between a flush and the moment when the tables are back gets out on Debian 12.
            machine.wait_until_protected()
        routers.mark()
        self.judge(routers, 'with MLDv2, after somebody flushed all rules')

    def judge(self, routers, when):
        found = routers.measure(SECONDS)
        self.note(f'{when}: {found}')
        self.check(f'0 moves {when}', found.moves, 0)
        self.check(f'0 % loss {when}', found.loss_percent, 0)
        self.check(f'1 MASTER {when}', found.masters, 1)
        self.check(f'no MLD from the virtual MAC {when}', found.from_vmac, 0)
        self.check(f'reports from the parents {when}', found.from_parents > 0)
        for machine in routers.machines:
            self.check(f'{machine.name} says it protects {when}',
                       [machine.property('Protected'), machine.property('GuardActive')], [True, True])
            self.check(f'{machine.name} found the interface by itself {when}',
                       machine.interfaces().get('vrrp1v6', {}).get('origins'), ['detected'])
