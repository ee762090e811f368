# SPDX-License-Identifier: GPL-2.0-or-later
"""The package goes onto a running machine, and off again; what is there then."""

import re
import stat

from e2e.rig import snapshot
from e2e.rig.case import IS_DEBIAN_12, Case
from e2e.rig.container import PACKAGE, UNITS
from e2e.rig.network import Wire

# As /proc/PID/status has it: one capability, by its bit, and a filter of system calls.
NOTHING, ONLY_NET_ADMIN = f'{0:016x}', f'{1 << 12:016x}'
CONFINED = {'CapEff': ONLY_NET_ADMIN, 'CapPrm': ONLY_NET_ADMIN, 'CapBnd': ONLY_NET_ADMIN, 'NoNewPrivs': '1',
            'Seccomp': '2'}

FAMILIES = [('ip', 'vmac_mldfilter'), ('ip6', 'vmac_mldfilter'), ('netdev', 'vmac_mldfilter')]


class Install(Case):
    def test_install(self):
        """apt install starts and enables the units; nothing else needs to be done."""
        vm = self.machine(package=False)
        said = vm.install_package()
        self.check('apt complains of nothing', re.findall(r'(?im)^.*\b(?:warning|error|failed|unable)\b.*$', said), [])
        for unit in UNITS:
            self.check(f'{unit} is active', vm.unit(unit, 'ActiveState')['ActiveState'], 'active')
            self.check(f'{unit} is enabled', vm.unit(unit, 'UnitFileState')['UnitFileState'], 'enabled')
        self.check('no unit has failed', vm.failed_units(), [])
        self.check('the system is not degraded', vm.attempt('systemctl', 'is-system-running').output.strip(), 'running')
        self.check('an ordinary user reads', vm.call('ListInterfaces', user='nobody'), [])
        self.check('an ordinary user sees that it protects', vm.property('Protected', user='nobody'))
        self.check('the alias of bus activation is there',
                   vm.unit('dbus-org.vmac.MldFilter.service', 'Id')['Id'], 'vmac-mldfilter.service')
        self.check('the daemon is not root',
                   vm.run('ps', '-o', 'user:20=', '-C', 'vmac-mldfilterd').strip(), 'vmac-mldfilter')
        self.check('what was installed belongs to root, and nobody else may write to it', self.unsafe(vm), [])
        self.check('dpkg finds its files as they were packed', vm.run('dpkg', '--verify', PACKAGE), '')
        self.check('nothing but this is logged as a warning or worse', [
            line['MESSAGE'] for line in vm.journal('--priority=warning', '--unit=vmac-mldfilter',
                                                   '--unit=vmac-mldfilter-restore')], [])

    def unsafe(self, vm):
        found = []
        for path in vm.run('dpkg-query', '--listfiles', PACKAGE).splitlines():
            about = vm.path(path).lstat()
            if about.st_uid or about.st_gid or (about.st_mode & 0o022 and not stat.S_ISLNK(about.st_mode)):
                found.append(path)
        return found

    def test_bus_does_not_know_the_user_yet(self):
        """The bus that runs learns the new user and the policy before the service wants its name; with dbus-broker
        too."""
        vm = self.container()
        vm.enable('dbus-broker')
        vm.boot()
        self.check('it is dbus-broker', vm.attempt('pgrep', '-x', 'dbus-broker').status, 0)
        vm.install_package()
        self.check('an ordinary user reads', vm.call('ListInterfaces', user='nobody'), [])
        self.check('the service got its name at the first attempt', [
            line['MESSAGE'] for line in vm.journal('--unit=vmac-mldfilter') if 'not on the bus' in line['MESSAGE']], [])

    def test_remove_and_purge(self):
        """remove leaves configuration, state and rules, which work on; purge takes all of it away."""
        vm = self.machine(wires=[Wire()], package=False)
        before = snapshot.take(vm)
        vm.install_package()
        vm.write('/etc/vmac-mldfilter/10-case.toml', '[interface.conf0]\n')
        vm.call('Reload')
        vm.call('AddInterface', 'sa{sv}', 'api0', '0')
        vm.set_up('eth0')
        vm.add_vmac()
        vm.call('GetCounters', 's', 'vrrp6')
        self.check('there are tables of three families', vm.tables(), FAMILIES)

        vm.remove_package()
        self.check('after remove, no daemon runs', vm.attempt('pgrep', '-f', 'vmac-mldfilterd').status, 1)
        self.check('after remove, the rules stay', vm.tables(), FAMILIES)
        self.check('after remove, the state stays', vm.path('/var/lib/vmac-mldfilter/state.json').is_file())
        self.check('after remove, the configuration stays', vm.path('/etc/vmac-mldfilter/10-case.toml').is_file())
        self.check('after remove, no unit is left', vm.attempt('systemctl', 'cat', 'vmac-mldfilter').status, 1)
        self.check('after remove, no unit has failed', vm.failed_units(), [])
        wire = vm.wires[0]
        mark = wire.frames.mark()
        with vm.talking() as talker:
            wire.wait_for_relocated(100, mark)
        self.check('after remove, the rules work', wire.leaks(mark), [])
        self.note(f'{talker.rounds} reports and dones after remove')

        vm.install_package()
        self.check('installed again, it knows what it knew', sorted(vm.interfaces()), ['api0', 'conf0', 'vrrp6'])
        vm.run('ip', 'link', 'del', 'vrrp6')
        vm.remove_package('remove')
        vm.remove_package('purge')
        self.check('after purge, the machine is as it was', snapshot.differences(before, snapshot.take(vm)), [])
        self.check('after purge, no unit has failed', vm.failed_units(), [])

    def test_purge_at_once(self):
        """The same without remove before, and with everything in use."""
        vm = self.machine(wires=[Wire()], package=False)
        before = snapshot.take(vm)
        vm.install_package()
        vm.set_up('eth0')
        vm.add_vmac()
        vm.call('AddInterface', 'sa{sv}', 'api0', '0')
        vm.remove_package('purge')
        self.check('the machine is as it was', snapshot.differences(before, snapshot.take(vm)), [])
        vm.install_package()
        self.check('it can be installed again', vm.call('ListInterfaces', user='nobody')[0][0], 'vrrp6')


class Units(Case):
    def test_security(self):
        """How much systemd keeps both from doing."""
        vm = self.machine()
        for unit in UNITS:
            said = vm.run('systemd-analyze', 'security', '--no-pager', unit)
            level = float(re.search(r'Overall exposure level for \S+: ([0-9.]+)', said).group(1))
            self.note(f'{unit}: exposure level {level}')
            self.check(f'{unit} is at 1.2 or better', level <= 1.2)
            expected = {'NoNewPrivileges': 'yes', 'CapabilityBoundingSet': 'cap_net_admin',
                        'AmbientCapabilities': 'cap_net_admin', 'ProtectSystem': 'strict', 'ProtectHome': 'yes',
                        'MemoryDenyWriteExecute': 'yes', 'PrivateDevices': 'yes', 'User': 'vmac-mldfilter'}
            self.check(f'the manager has what matters most for {unit}', vm.unit(unit, *expected), expected)
            families = vm.unit(unit, 'RestrictAddressFamilies')['RestrictAddressFamilies']
            self.check(f'only netlink and local sockets for {unit}', sorted(families.split()),
                       ['AF_NETLINK', 'AF_UNIX'])
        self.check('the kernel has it so for each process', self.confinement(vm), {
            'vmac-mldfilterd': CONFINED | {'CapEff': NOTHING, 'CapPrm': NOTHING},
            'mldfilter-keep': CONFINED,
            'mldfilter-nft': CONFINED})

    @staticmethod
    def confinement(vm):
        """What the kernel says of the processes of the unit, by their names."""
        found = {}
        for pid in vm.run('cat', '/sys/fs/cgroup/system.slice/vmac-mldfilter.service/cgroup.procs').split():
            status = dict(line.split(':\t', 1) for line in vm.read(f'/proc/{pid}/status').splitlines())
            found[status['Name']] = {name: status[name].strip() for name in CONFINED}
        return found

    def test_restart_and_watchdog(self):
        """As the manager has it."""
        vm = self.machine()
        expected = {'Type': 'notify', 'BusName': 'org.vmac.MldFilter', 'Restart': 'on-failure', 'WatchdogUSec': '1min',
                    'StartLimitIntervalUSec': '0', 'RestartUSec': '5s'}
        if not IS_DEBIAN_12:  # systemd 252 does not know growing delays
            expected |= {'RestartUSec': '1s', 'RestartSteps': '6', 'RestartMaxDelayUSec': '1min'}
        found = vm.unit('vmac-mldfilter.service', *expected)
        self.check('notify, watchdog, restart, and no giving up', found, expected)
        restore = vm.unit('vmac-mldfilter-restore.service', 'Type', 'RemainAfterExit')
        self.check('restore is done once', restore, {'Type': 'oneshot', 'RemainAfterExit': 'yes'})

    def test_hang(self):
        """A daemon that hangs is killed by the watchdog and started again; calls are answered after that."""
        vm = self.machine(package=False)
        vm.write('/etc/systemd/system/vmac-mldfilter.service.d/case.conf',
                 '[Service]\nWatchdogSec=1s\nRestartSec=100ms\n')
        vm.install_package()
        before = vm.main_pid()
        vm.run('kill', '-STOP', before)
        vm.wait_for_new_pid(before)
        self.check('it runs again', vm.call('ListInterfaces', user='nobody'), [])
        self.check('systemd says why', vm.unit('vmac-mldfilter.service', 'NRestarts')['NRestarts'], '1')
        self.check('it was the watchdog', [line for line in vm.run('journalctl', '--boot', '--output=cat').splitlines()
                                           if 'Watchdog timeout' in line] != [])

    def test_catalog(self):
        """journalctl -x explains what the service said, in English and in Chinese; after purge nobody does."""
        vm = self.machine(wires=[Wire()])
        vm.set_up('eth0')
        vm.add_vmac()
        vm.call('ListInterfaces')  # what was said before is in the journal now
        said = vm.run('journalctl', '--catalog', '--no-pager', '--unit=vmac-mldfilter')
        self.check('the interface is explained', 'Interface vrrp6 is under management' in said)
        self.check('with the command that helps', 'busctl call org.vmac.MldFilter' in said)
        ours = sorted({line['MESSAGE_ID'] for line in vm.journal('_COMM=vmac-mldfilterd') if 'MESSAGE_ID' in line})
        self.check('messages of ours have an id', ours != [])
        vm.run('localedef', '-i', 'zh_CN', '-f', 'UTF-8', 'zh_CN.UTF-8')
        for language, characters in (('C', '[A-Za-z]'), ('zh_CN', '[\u4e00-\u9fff]')):
            texts = [vm.attempt('env', f'LC_ALL={language}.UTF-8', 'journalctl', '--dump-catalog', each).output
                     for each in ours]
            self.check(f'each is explained in {language}', [bool(re.search(characters, text)) for text in texts],
                       [True] * len(ours))
        vm.remove_package('purge')
        listed = vm.run('journalctl', '--list-catalog', '--no-pager')
        self.check('after purge the catalog has none of ours', [each for each in listed.splitlines()
                                                                if 'mldfilter' in each.lower()], [])
        self.check('after purge nothing is explained', 'busctl call org.vmac.MldFilter' not in
                   vm.run('journalctl', '--catalog', '--no-pager', '--unit=vmac-mldfilter'))
