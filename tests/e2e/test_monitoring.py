# SPDX-License-Identifier: GPL-2.0-or-later
"""Metrics as an installation has them: the timer, Debian's node_exporter, and the sandbox in between."""

import re
import urllib.request

from e2e.rig.case import Case
from e2e.rig.network import Wire
from e2e.rig.waiting import until

SERVICE, TIMER = 'vmac-mldfilter-metrics.service', 'vmac-mldfilter-metrics.timer'
DIRECTORY = '/var/lib/prometheus/node-exporter'
FILE = f'{DIRECTORY}/vmac-mldfilter.prom'
# Not each second: the manager allows ten starts in ten seconds.
OFTEN = '[Timer]\nOnActiveSec=\nOnActiveSec=0\nOnUnitActiveSec=2s\n'
ELSEWHERE = '''[Unit]
ConditionPathIsDirectory=
ConditionPathIsDirectory=/srv/metrics

[Service]
User=prometheus
ExecStart=
ExecStart=/usr/bin/mldfilterctl metrics --output /srv/metrics/vmac-mldfilter.prom
ReadWritePaths=
ReadWritePaths=/srv/metrics
'''


class Timer(Case):
    def test_node_exporter(self):
        """node_exporter hands out what the service counts, says that it is stopped, and nothing starts it for that."""
        vm = self.machine(wires=[Wire()])
        vm.set_up('eth0')
        vm.add_vmac()
        with vm.talking():
            vm.wires[0].wait_for_relocated(20)
        self.check('the timer is installed but not enabled',
                   vm.attempt('systemctl', 'is-enabled', TIMER).output.strip(), 'disabled')
        self.check('nothing was written', vm.path(FILE).exists(), False)
        vm.systemctl('start', 'prometheus-node-exporter')
        until(lambda: self.answer(vm), 'node_exporter answers: it tells systemd nothing of when it does')
        vm.systemctl('--quiet', 'enable', '--now', TIMER)
        self.wait_for_run(vm)
        self.check('everybody may read the file', oct(vm.path(FILE).stat().st_mode & 0o7777), '0o644')
        # Of what was counted since, for the kernel repeats a report after a while, the next run of the timer tells.
        until(lambda: self.filtered(vm) == self.counted(vm), 'node_exporter has the numbers of the service')
        self.check('node_exporter has the numbers of the service', self.filtered(vm)['mld-listener-done'] > 0)
        self.check('and found no fault with the file', self.value(vm, 'node_textfile_scrape_error'), 0.0)
        self.check('it is up and protected', [self.value(vm, f'vmac_mldfilter_{name}') for name in ('up', 'protected')],
                   [1.0, 1.0])
        vm.systemctl('stop', 'vmac-mldfilter')
        self.often(vm)
        until(lambda: self.value(vm, 'vmac_mldfilter_up') == 0.0, 'node_exporter says that the service is down')
        self.wait_for_run(vm)
        self.check('which did not start it', vm.is_active('vmac-mldfilter'), False)
        self.check('and of which nothing else is said',
                   set(re.findall(r'^vmac_mldfilter_\w+', self.answer(vm), re.M)), {'vmac_mldfilter_up'})
        vm.systemctl('start', 'vmac-mldfilter')
        until(lambda: self.value(vm, 'vmac_mldfilter_up') == 1.0, 'node_exporter says that it is up')
        self.check('nothing of these runs is in the journal',
                   [line['MESSAGE'] for line in vm.journal(f'--unit={SERVICE}')], [])

    def test_without_node_exporter(self):
        """Where its directory is missing the timer does no harm, and it writes as soon as that is there."""
        vm = self.machine()
        vm.run('mv', DIRECTORY, f'{DIRECTORY}.away')
        self.often(vm)
        vm.systemctl('--quiet', 'enable', '--now', TIMER)
        runs = set()
        until(lambda: runs.add(vm.unit(SERVICE, 'ConditionTimestampMonotonic')['ConditionTimestampMonotonic'])
              or len(runs) > 2, 'it was tried twice')
        self.check('no unit failed', vm.failed_units(), [])
        self.check('no directory was made', vm.path(DIRECTORY).exists(), False)
        vm.run('mv', f'{DIRECTORY}.away', DIRECTORY)
        until(vm.path(FILE).exists, 'the file is there')
        self.check('with what it should say', 'vmac_mldfilter_up 1\n' in vm.read(FILE))

    def test_reboot(self):
        """The timer writes again after a reboot."""
        vm = self.machine()
        vm.systemctl('--quiet', 'enable', '--now', TIMER)
        self.wait_for_run(vm)
        before = vm.path(FILE).stat().st_mtime_ns
        vm.reboot()
        until(lambda: vm.path(FILE).stat().st_mtime_ns > before, 'the file was written in this boot')
        self.check('the service is up', 'vmac_mldfilter_up 1\n' in vm.read(FILE))

    def test_another_directory(self):
        """Of another user, as mldfilterctl(1) says. Without User= it cannot be written to, and the journal says so."""
        vm = self.machine()
        vm.run('install', '--directory', '--owner=prometheus', '/srv/metrics')
        vm.write(f'/etc/systemd/system/{SERVICE}.d/elsewhere.conf', ELSEWHERE.replace('User=prometheus\n', ''))
        vm.systemctl('daemon-reload')
        self.check('root without capabilities may not', vm.attempt('systemctl', 'start', SERVICE).status != 0)
        said = [(line['MESSAGE'], line['PRIORITY']) for line in vm.journal('--identifier=mldfilterctl')]
        self.check('the journal has one line of the program', len(said), 1)
        self.check(f'an error, which names the directory: {said}', '/srv/metrics' in said[0][0] and said[0][1] == '3')
        vm.write(f'/etc/systemd/system/{SERVICE}.d/elsewhere.conf', ELSEWHERE)
        vm.systemctl('daemon-reload')
        vm.systemctl('start', SERVICE)
        file = '/srv/metrics/vmac-mldfilter.prom'
        self.check('it is there', 'vmac_mldfilter_up 1\n' in vm.read(file))
        self.check('and is his', vm.run('stat', '--format=%U %a', file).strip(), 'prometheus 644')
        self.check('nothing is where it was', vm.path(FILE).exists(), False)

    def test_units(self):
        """systemd finds nothing wrong with them; the timer's period is what the documents say."""
        vm = self.machine()
        for unit in (SERVICE, TIMER):
            done = vm.attempt('systemd-analyze', 'verify', '--man=no', unit)
            self.check(f'systemd-analyze verify {unit} is silent', (done.status, done.output + done.errors), (0, ''))
        vm.systemctl('start', TIMER)
        self.check('it runs each 15 seconds',
                   'OnUnitActiveUSec=15s' in vm.run('systemctl', 'show', TIMER, '--property=TimersMonotonic'))

    @staticmethod
    def often(vm):
        """Soon again and again, so that nobody waits for it long."""
        vm.write(f'/etc/systemd/system/{TIMER}.d/case.conf', OFTEN)
        vm.systemctl('daemon-reload')
        if vm.is_active(TIMER):
            vm.systemctl('restart', TIMER)

    @staticmethod
    def wait_for_run(vm):
        """Until the file was written once more."""
        def written():
            return vm.path(FILE).stat().st_mtime_ns if vm.path(FILE).exists() else 0
        before = written()
        until(lambda: written() > before, 'the file was written')

    @staticmethod
    def answer(vm):
        """What node_exporter hands out; nothing as long as it does not."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with vm.network.inside():
            try:
                with opener.open('http://127.0.0.1:9100/metrics', timeout=10) as answer:
                    return answer.read().decode()
            except OSError:
                return ''

    def value(self, vm, name):
        found = re.search(rf'^{name} (\S+)$', self.answer(vm), re.M)
        return float(found[1]) if found else None

    @staticmethod
    def counted(vm):
        return {message: packets for message, (packets, _) in vm.call('GetAllCounters')['vrrp6'].items()}

    def filtered(self, vm):
        found = re.findall(r'^vmac_mldfilter_filtered_packets_total{interface="vrrp6",message="(.*)"} (\S+)$',
                           self.answer(vm), re.M)
        return {message: float(packets) for message, packets in found}
