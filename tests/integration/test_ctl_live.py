# SPDX-License-Identifier: GPL-2.0-or-later
"""mldfilterctl watch and monitor: what is live."""

import json
import os
import re
import signal
import subprocess
import sys
import time

from rig import kernel
from rig.case import OPEN, WireCase
from rig.record import DEADLINE, Record
from rig.terminal import Terminal
from rig.traffic import talking
from rig.vmac import Vmac
from rig.wire import MESSAGES

CTL = os.environ['MLDFILTERCTL']
RATES = {'packets', 'bytes', 'packets-per-second', 'bytes-per-second'}


class LiveCase(WireCase):
    configuration = OPEN

    def prepare(self):
        super().prepare()
        kernel.sysctl('ipv6', 'vrrp6', force_mld_version=1)  # of which each change is a message at once

    @property
    def environment(self):
        return {'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8', 'DBUS_SYSTEM_BUS_ADDRESS': self.bus.address}


class Watch(LiveCase):
    """On a terminal."""

    def watching(self, *words, **options):
        terminal = Terminal(CTL, 'watch', '--interval', '0.2', *words, **self.environment, **options)
        self.addCleanup(terminal.close)
        terminal.wait_for('protected, guard on')
        return terminal

    def test_rates_while_the_kernel_speaks(self):
        terminal = self.watching()
        self.assertTrue(terminal.screen.alternate)
        self.assertFalse(terminal.screen.cursor_shown)
        self.assertFalse(terminal.settings['ECHO'])
        with talking('vrrp6', pause=0.01):
            rate = terminal.wait_for(r'vrrp6 +relocate +mld-listener-\w+ +\d+ +([1-9][0-9.]*) +\S')
        self.assertGreater(float(rate.group(1)), 1)
        self.vmac.down()
        terminal.wait(lambda screen: not re.search(r'(?m) [1-9][0-9.]* +[▁-█]*$', screen.text)
                      and re.search(r'mld-listener-report +\d+ +0\.0', screen.text), 'for the rates to fall')
        terminal.type('q')
        self.assertEqual(terminal.wait_for_end(), 0)
        self.assertEqual((terminal.screen.alternate, terminal.screen.cursor_shown, terminal.screen.text),
                         (False, True, ''))

    def ends(self, act):
        """A shell waits on the same terminal, so that the settings can be looked at when it has ended."""
        script = f'{CTL} watch --interval 0.2; echo "status $?"; read -r line'
        terminal = Terminal('bash', '-c', f'trap : INT; {script}', **self.environment)
        self.addCleanup(terminal.close)
        terminal.wait_for('protected, guard on')
        act(terminal)
        terminal.wait_for('status 0')
        self.assertEqual(terminal.settings, {'ECHO': True, 'ICANON': True, 'ISIG': True})
        self.assertEqual((terminal.screen.alternate, terminal.screen.cursor_shown), (False, True))
        self.assertEqual(re.sub(r'\^C', '', terminal.screen.text).strip(), 'status 0')

    def test_q(self):
        self.ends(lambda terminal: terminal.type('q'))

    def test_interrupt(self):
        self.ends(lambda terminal: terminal.type('\x03'))

    def test_terminate(self):
        def terminate(_):
            pids = subprocess.run(['pgrep', '-xf', f'{CTL} watch --interval 0.2'], capture_output=True, text=True,
                                  check=True).stdout.split()
            self.assertEqual(len(pids), 1)  # we are in a process namespace of our own
            os.kill(int(pids[0]), signal.SIGTERM)
        self.ends(terminate)

    def test_resize(self):
        self.root.set({f'waits{number:02}': {} for number in range(40)})
        terminal = self.watching(rows=24, columns=80)
        for rows, columns in ((10, 40), (60, 120), (24, 80)):
            terminal.resize(rows, columns)
            def fits(screen, more=rows < 45):
                lines = screen.text.splitlines()
                return (lines[-1:] == ['q quits'] and lines[0].startswith('● protected')
                        and any(' more;' in line for line in lines) == more)
            terminal.wait(fits, f'for {rows} lines of {columns}', deadline=10)
        terminal.type('q')
        self.assertEqual(terminal.wait_for_end(), 0)

    def test_events(self):
        terminal = self.watching()
        self.root.add('vrrp9', action='drop')
        terminal.wait_for('vrrp9 +drop')
        with self.daemon.halted():
            kernel.nft('flush ruleset')
        terminal.wait_for('the rules were put right')
        terminal.wait_for('1 restoration')
        self.daemon.stop_cleanly()
        terminal.wait_for('the service does not run')
        self.daemon.start()
        terminal.wait_for('protected, guard on')

    def test_bus_goes(self):
        terminal = self.watching()
        self.bus.stop()
        self.assertEqual(terminal.wait_for_end(), 3)
        self.assertRegex(terminal.screen.text, r'\Amldfilterctl: .*bus.*\Z')
        self.bus.start()
        self.bus.wait_for_owner('org.vmac.MldFilter')


class OnPipe(LiveCase):
    def watch(self, *words):
        return subprocess.run([CTL, 'watch', '--interval', '0.1', *words], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE, check=True).stdout

    def test_blocks(self):
        shown = self.watch('--count', '3')
        self.assertNotIn('\x1b', shown)
        blocks = shown.strip().split('● ')[1:]
        self.assertEqual(len(blocks), 3)
        for block in blocks:
            self.assertRegex(block, r'\Aprotected, guard on, 0 restorations')
            self.assertRegex(block, r'(?m)^vrrp6 ')

    def test_json(self):
        with talking('vrrp6'):
            lines = [json.loads(line) for line in self.watch('--count', '3', '--json').splitlines()]
        self.assertEqual(len(lines), 3)
        for line in lines:
            self.assertEqual(line.keys(), {'time', 'running', 'protected', 'restorations', 'interfaces', 'guard'})
            self.assertLess(abs(line['time'] - time.time()), DEADLINE)
            self.assertEqual((line['running'], line['protected']), (True, True))
            for table in (line['interfaces']['vrrp6'], line['guard']['eth0']):
                self.assertEqual(table.keys(), set(MESSAGES))
                for counts in table.values():
                    self.assertEqual(counts.keys(), RATES)
        self.assertLess(lines[0]['time'], lines[1]['time'])
        first, last = (sum(each['packets'] for each in line['interfaces']['vrrp6'].values()) for line in lines[1:])
        rate = sum(each['packets-per-second'] for each in lines[2]['interfaces']['vrrp6'].values())
        self.assertGreater(rate, 0)
        measured = (last - first) / (lines[2]['time'] - lines[1]['time'])
        self.assertLess(abs(rate - measured), measured / 2)

    def test_only_some(self):
        self.root.add('vrrp7')
        line = json.loads(self.watch('--count', '1', '--json', 'vrrp7'))
        self.assertEqual((line['interfaces'].keys(), line['guard']), ({'vrrp7'}, {}))

    def test_service_away(self):
        """What was seen before is not said again as if it were so."""
        with subprocess.Popen([CTL, 'watch', '--interval', '0.1', '--json'], env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
            said = Record('line')
            said.follow(map(json.loads, process.stdout))
            said.wait(lambda line: 'vrrp6' in line['interfaces'])
            self.daemon.stop_cleanly()
            line = said.wait(lambda line: not line['running'])
            self.assertEqual((line['protected'], line['interfaces'], line['guard'], line['restorations']),
                             (False, {}, {}, 0))
            self.daemon.start()
            said.wait(lambda line: line['protected'] and 'vrrp6' in line['interfaces'], after=said.mark())
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(DEADLINE), 0)


class Monitor(LiveCase):
    """`said` is what it says, `act` makes all kinds of things happen."""

    def monitoring(self, *words):
        process = subprocess.Popen([CTL, 'monitor', *words], env=self.environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        said = Record('line')

        def lines():
            for line in process.stdout:
                print(f'monitor: {line}', end='', file=sys.stderr)
                yield line.rstrip('\n')
        said.follow(lines())
        self.addCleanup(process.kill)
        return process, said

    def wait_until_listening(self, said):
        """It says nothing when it begins with --json: make something happen until it hears of it."""
        while not said.all():
            self.root.add('early')
            self.root.remove('early')
            time.sleep(0.05)
        self.root.add('fence')
        said.wait(lambda line: 'interface-added' in line and 'fence' in line)

    def act(self):
        other = Vmac('vrrp7', mac='00:00:5e:00:02:07')
        self.wait_for_interface('vrrp7')
        self.root.add('vrrp7', action='drop')
        kernel.ip('link', 'del', other.name)
        self.root.set({})
        self.wait_for_no_interface('vrrp7')
        with self.daemon.halted():
            kernel.nft('flush ruleset')
        self.wait_for_restorations(1)
        self.daemon.stop_cleanly()
        self.daemon.start()
        self.bus.wait_for_owner('org.vmac.MldFilter')

    def test_all_kinds_as_json(self):
        process, said = self.monitoring('--json')
        self.wait_until_listening(said)
        mark = said.mark()
        self.act()
        said.wait(lambda line: 'service-started' in line, after=mark)
        events = {}
        for line in said.all(mark):
            event = json.loads(line)
            self.assertLess(abs(event.pop('time') - time.time()), DEADLINE)
            events.setdefault(event.pop('event'), []).append(event)
        self.assertEqual(events.keys(), {
            'interface-added', 'interface-changed', 'interface-removed', 'ruleset-restored', 'properties-changed',
            'service-started', 'service-stopped'})
        added = next(each for each in events['interface-added'] if each['name'] == 'vrrp7')
        self.assertEqual(added['properties'].keys(), {*self.root.list()['vrrp6'], 'name'})
        self.assertEqual((added['properties']['mac'], added['properties']['parent']), ('00:00:5e:00:02:07', 'eth0'))
        self.assertIn('drop', [each['properties']['action'] for each in events['interface-changed']
                               if each['name'] == 'vrrp7'])
        self.assertIn({'name': 'vrrp7'}, events['interface-removed'])
        self.assertIn('nft', events['ruleset-restored'][0]['cause'])
        self.assertTrue(all(each.keys() == {'properties'} for each in events['properties-changed']))
        self.assertIn({'properties': {'restorations': 1}}, events['properties-changed'])
        self.assertEqual((events['service-started'], events['service-stopped']), ([{}], [{}]))
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(DEADLINE), 0)

    def test_in_words(self):
        process, said = self.monitoring()
        said.wait(lambda line: line == 'The service runs; ^C ends this.')
        self.act()
        for pattern in (r' interface-added vrrp7: relocate, parent eth0, detected$', r' interface-changed vrrp7: drop',
                        r' interface-removed vrrp7$', r' ruleset-restored .*nft',
                        r' properties-changed .*restorations=1', r' service-stopped$', r' service-started$'):
            line = said.wait(lambda line, pattern=pattern: re.search(pattern, line))
            self.assertRegex(line, r'^[A-Z][a-z]{2} [ 0-9]\d \d\d:\d\d:\d\d ')
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(DEADLINE), 0)

    def test_count(self):
        process, said = self.monitoring('--count', '1')
        said.wait(lambda line: line.startswith('The service runs'))
        self.root.add('vrrp9')
        self.assertEqual(process.wait(DEADLINE), 0)
        said.wait(lambda line: 'vrrp9' in line or 'properties-changed' in line)
        self.assertEqual(len(said.all()), 2)

    def test_does_not_start_the_service(self):
        self.daemon.stop_cleanly()
        process, said = self.monitoring()
        said.wait(lambda line: line.startswith('The service does not run'))
        self.daemon.start()
        said.wait(lambda line: line.endswith('service-started'))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(DEADLINE), 0)
