# SPDX-License-Identifier: GPL-2.0-or-later
"""A container on the network of the host, with a newer nft. On Debian 12 the library of the host dies of what that
makes; why is in tests/integration/rig/poison.py, which makes the same by hand."""

import os

from e2e.rig.case import IS_DEBIAN_12, Case
from e2e.rig.network import Wire
from e2e.rig.waiting import until
from integration.rig.isolation import run

SET = 'table ip theirs {\n set s {\n type mark\n }\n}\n'
LIST = ('list', 'map', 'ip6', 'vmac_mldfilter', 'verdicts')

# Which changes the guard of its parent.
ALLOW_VRRP9 = ('vrrp9', '1', 'action', 's', 'allow')


class NewerNft(Case):
    def test_set(self):
        """It makes the smallest set that there is. The service stays, tells, protects, and recovers by itself."""
        vm = self.machine(wires=[Wire(), Wire('eth1')])
        wire = vm.wires[0]
        vm.set_up('eth0', 'eth1')
        vm.add_vmac()
        until(lambda: 'vrrp6' in vm.interfaces(), 'vrrp6 was found')
        pid, restarts = vm.main_pid(), vm.unit('vmac-mldfilter', 'NRestarts')
        self.note(self.newer_nft(vm, '--version').strip())

        mark = wire.frames.mark()
        self.newer_nft(vm, '-f', '-', text=SET)
        crashed = vm.attempt('nft', 'list', 'tables').status == -11
        self.check('the nft of the machine dies of it' if IS_DEBIAN_12 else 'its own nft has no trouble',
                   crashed, IS_DEBIAN_12)
        vm.add_vmac('vrrp7', mac='00:00:5e:00:02:07')
        until(lambda: 'vrrp7' in vm.interfaces(), 'vrrp7 was found')
        with vm.talking(), vm.talking('vrrp7'):
            wire.wait_for_relocated(20, mark)
            self.check('an interface is added, past libnftables', vm.call('AddInterface', 'sa{sv}', 'vrrp8', '0'))
            self.check('in the kernel, too', self.are_all_in(self.newer_nft(vm, *LIST), 'vrrp7', 'vrrp8'))
            self.check('it protects both', vm.property('Protected'))
            vm.add_vmac('vrrp9', 'eth1', mac='00:00:5e:00:02:09')
            until(lambda: 'vrrp9' in vm.interfaces(), 'vrrp9 was found')
            if IS_DEBIAN_12:
                self.judge_sick(vm)
            self.newer_nft(vm, 'delete', 'table', 'ip', 'theirs')
            until(lambda: vm.property('Protected'), 'it protects again')
            self.check('the guard is changed again', vm.call('AddInterface', 'sa{sv}', *ALLOW_VRRP9), True)
            wire.wait_for_relocated(20, wire.frames.mark())
        self.check('all three have their entries', self.are_all_in(vm.nft(*LIST), 'vrrp6', 'vrrp7', 'vrrp8'))
        self.check('not one frame got out at any time', wire.leaks(mark), [])
        self.check('it is the same process as before', (vm.main_pid(), vm.unit('vmac-mldfilter', 'NRestarts')),
                   (pid, restarts))
        crashes = [entry for entry in vm.journal('--unit=vmac-mldfilter') if 'crashed' in entry['MESSAGE']]
        self.check('the journal tells it and is not full of it',
                   1 <= len(crashes) <= 6 if IS_DEBIAN_12 else not crashes)

    def judge_sick(self, vm):
        """The guard of another parent is a chain, which only libnftables makes."""
        until(lambda: not vm.property('Protected'), 'it says that it does not protect all')
        self.check('it says why', 'NOT protecting: libnftables crashed (Segmentation fault)' in
                   vm.unit('vmac-mldfilter', 'StatusText')['StatusText'])
        self.check('changes are refused', 'libnftables crashed (Segmentation fault)' in
                   vm.refused('AddInterface', 'sa{sv}', *ALLOW_VRRP9))
        self.check('reading is answered', [sorted(vm.interfaces()), sorted(vm.call('GetAllCounters'))],
                   [['vrrp6', 'vrrp7', 'vrrp8', 'vrrp9']] * 2)
        self.check('Audit tells it', 'crashed' in str(vm.call('Audit')))

    @staticmethod
    def are_all_in(listing, *names):
        return all(f'"{name}"' in listing for name in names)

    @staticmethod
    def newer_nft(vm, *words, text=''):
        """As a container would that shares nothing with the machine but its network."""
        with vm.network.inside():
            return run('chroot', os.environ['VMAC_E2E_NEWER_TREE'], '/usr/sbin/nft', *words, input=text)
