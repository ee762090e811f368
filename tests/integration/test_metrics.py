# SPDX-License-Identifier: GPL-2.0-or-later
"""Metrics: what `mldfilterctl metrics` says is true and keeps to Prometheus' conventions, and what is shipped for
monitoring does with it what it promises, in the real node_exporter and the real Prometheus."""

import json
import os
import re
import stat
import subprocess
import unittest
from pathlib import Path

from rig import kernel
from rig.case import OPEN, SOURCE, tool
from rig.guard import GuardCase
from rig.isolation import CASE, fill_disk, run, small_disk
from rig.monitoring import FILE, TEXTFILES, Exporter, Prometheus, without_delays
from rig.record import DEADLINE

BUILD = Path(os.environ['BUILD_ROOT'])
MONITORING = SOURCE / 'monitoring'
RULES = MONITORING / 'vmac-mldfilter.rules.yml'
DASHBOARD = MONITORING / 'vmac-mldfilter.grafana.json'
PREFIX = 'vmac_mldfilter_'
_LINE = re.compile(r'(\w+)(?:\{(.*)\})? (\d+)')
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def parse(text):
    """{name: {(value of each label): value}} of what the program prints."""
    found = {}
    for line in text.splitlines():
        if not line.startswith('#'):
            name, labels, value = _LINE.fullmatch(line).groups()
            key = tuple(re.sub(r'\\(.)', r'\1', each) for _, each in _LABEL.findall(labels or ''))
            series = found.setdefault(name.removeprefix(PREFIX), {})
            assert key not in series, line
            series[key] = int(value)
    return found


def as_series(counters):
    """({(name, message): packets}, {(name, message): bytes}) of what a method of the bus returned."""
    pairs = {(name, message): count for name, messages in counters.items() for message, count in messages.items()}
    return {key: packets for key, (packets, _) in pairs.items()}, {key: size for key, (_, size) in pairs.items()}


def expressions():
    """What the dashboard asks for, with its variables filled in."""
    board = json.loads(DASHBOARD.read_text(encoding='utf-8'))
    for panel in board['panels']:
        for target in panel.get('targets', ()):
            text = target['expr'].replace('$instance', '.+')
            yield panel['title'], re.sub(r'\$__(rate_interval|range)', '5m', text)


def alert_names():
    return re.findall(r'(?m)^ +- alert: (\w+)$', RULES.read_text(encoding='utf-8'))


class MetricsCase(GuardCase):
    """A VMAC on a guarded wire."""

    configuration = OPEN

    def prepare(self):
        super().prepare()
        kernel.sysctl('ipv6', 'vrrp6', accept_ra=0, autoconf=0)

    def attempt(self, *words):
        """Run mldfilterctl and return what came of it."""
        environment = {**os.environ, 'DBUS_SYSTEM_BUS_ADDRESS': self.bus.address}
        return subprocess.run([os.environ['MLDFILTERCTL'], *map(str, words)], env=environment, text=True, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE)

    def metrics(self, *words):
        done = self.attempt('metrics', *words)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        return done.stdout

    def write(self):
        """What the timer does."""
        self.assertEqual(self.metrics('--output', FILE), '')

    def make_trouble(self):
        """Something in every metric: filtered and caught messages, a restoration, findings, a name that is quoted."""
        self.root.add('a"b\\c', action='drop')
        self.vmac.all_messages()
        self.settle()
        self.root.all_counters()  # what the service has seen it keeps
        self.catch_something()

    def catch_something(self):
        """By the guard, since the first line is gone while the service cannot put it right."""
        self.hush()
        before = self.root.properties()['Restorations']
        with self.daemon.halted():
            self.without_first_line()
            self.vmac.up()
            self.vmac.unmute()
            self.vmac.mld1_done()
            self.hush()
            self.attempts.fence()
        self.wait_for_restorations(before + 1)


class Text(MetricsCase):
    def test_conventions(self):
        self.make_trouble()
        text = self.metrics()
        done = subprocess.run([tool('promtool'), 'check', 'metrics'], input=text, text=True, capture_output=True,
                              check=False, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '', ''), text)

    def test_says_what_the_bus_says(self):
        self.make_trouble()
        found = parse(self.metrics())
        about = self.root.properties()
        self.assertEqual(found['up'], {(): 1})
        self.assertEqual(found['build_info'], {(about['Version'],): 1})
        for name, member in (('protected', 'Protected'), ('guard_active', 'GuardActive'),
                             ('auto_detect', 'AutoDetect'), ('restorations_total', 'Restorations')):
            self.assertEqual(found[name], {(): int(about[member])}, name)
        self.assertGreater(about['Restorations'], 0)
        packets, size = as_series(self.root.all_counters())
        self.assertEqual((found['filtered_packets_total'], found['filtered_bytes_total']), (packets, size))
        self.assertGreater(packets['vrrp6', 'igmp'], 0)
        packets, size = as_series(self.root.guard_counters())
        self.assertEqual((found['guard_packets_total'], found['guard_bytes_total']), (packets, size))
        self.assertGreater(packets['eth0', 'mld-listener-done'], 0)
        entries = self.root.list()
        self.assertEqual(found['interfaces'], {(): 2})
        self.assertEqual(found['interface_present'], {('vrrp6',): 1, ('a"b\\c',): 0})
        self.assertEqual(found['interface_info'], {
            (name, entry['action'], entry['effective-action'], entry['parent'], entry['mac'],
             ','.join(entry['origins'])): 1 for name, entry in entries.items()})

    def test_findings(self):
        self.make_trouble()
        findings = self.root.audit()
        found = parse(self.metrics())
        self.assertEqual(found['audit_finding'], {
            (each['interface'], each['id'], each['severity']): 1 for each in findings if each['severity'] != 'ok'})
        self.assertIn(('eth0', 'guard-caught', 'warning'), found['audit_finding'])
        self.assertEqual(found['audit_findings'], {
            (severity,): sum(each['severity'] == severity for each in findings)
            for severity in ('ok', 'warning', 'critical')})

    def test_json_says_the_same(self):
        self.make_trouble()
        families = json.loads(self.metrics('--json'))['families']
        self.assertEqual({each['name'].removeprefix(PREFIX): {
            tuple(sorted(sample['labels'].values())): sample['value'] for sample in each['samples']}
            for each in families}, {name: {tuple(sorted(key)): value for key, value in series.items()}
                                    for name, series in parse(self.metrics()).items()})

    def test_man_page_names_all(self):
        self.make_trouble()
        page = (SOURCE / 'man' / 'mldfilterctl.1.rst.in').read_text(encoding='utf-8')
        self.assertEqual({f'{PREFIX}{name}' for name in parse(self.metrics())},
                         set(re.findall(rf'(?m)^``({PREFIX}\w+)`` \(', page)))

    def test_without_the_service(self):
        self.daemon.stop_cleanly()
        self.assertEqual(parse(self.metrics()), {'up': {(): 0}})
        self.assertFalse(self.daemon.running)


class File(MetricsCase):
    def setUp(self):
        super().setUp()
        TEXTFILES.mkdir()

    def test_replaced_at_once(self):
        """Who reads it meanwhile reads all of the old one, and nothing else is ever there to be read."""
        self.write()
        first = FILE.stat()
        self.assertEqual(stat.S_IMODE(first.st_mode), 0o644)
        with FILE.open(encoding='utf-8') as reader:
            self.root.add('vrrp7')
            self.write()
            self.assertEqual(parse(reader.read())['interfaces'], {(): 1})
        self.assertEqual(parse(FILE.read_text(encoding='utf-8'))['interfaces'], {(): 2})
        self.assertNotEqual(FILE.stat().st_ino, first.st_ino)
        self.assertEqual(list(TEXTFILES.iterdir()), [FILE])

    def test_service_stopped(self):
        self.write()
        self.daemon.stop_cleanly()
        self.write()
        self.assertEqual(parse(FILE.read_text(encoding='utf-8')), {'up': {(): 0}})

    def test_no_room(self):
        """The old one stays, and its age tells; nothing else does."""
        small_disk(TEXTFILES)
        self.write()
        before = FILE.read_text(encoding='utf-8')
        filler = fill_disk(TEXTFILES)
        self.root.add('vrrp7')
        done = self.attempt('metrics', '--output', FILE)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, '')
        self.assertRegex(done.stderr, r'\Amldfilterctl: .*\n\Z')
        self.assertEqual(FILE.read_text(encoding='utf-8'), before)
        self.assertEqual(set(TEXTFILES.iterdir()), {FILE, filler})

    def test_no_directory(self):
        done = self.attempt('metrics', '--output', CASE / 'nowhere' / FILE.name)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout, '')
        self.assertRegex(done.stderr, r'\Amldfilterctl: .*nowhere.*\n\Z')


class Shipped(unittest.TestCase):
    """The files of monitoring/, by themselves."""

    def test_rules_are_valid(self):
        self.assertIn(f'{len(alert_names())} rules found', run(tool('promtool'), 'check', 'rules', RULES))

    def test_rules_do_what_they_should(self):
        run(tool('promtool'), 'test', 'rules', MONITORING / 'vmac-mldfilter.test.yml')

    def test_dashboard_parses(self):
        """Every expression, as a rule of its own; JSON is YAML."""
        rules = [{'record': f'panel:{number}', 'expr': expression}
                 for number, (_, expression) in enumerate(expressions())]
        self.assertGreater(len(rules), 10)
        file = CASE / 'dashboard.yml'
        file.write_text(json.dumps({'groups': [{'name': 'dashboard', 'rules': rules}]}), encoding='utf-8')
        self.assertIn(f'{len(rules)} rules found', run(tool('promtool'), 'check', 'rules', file))

    def test_dashboard_is_laid_out(self):
        """No two panels have the same number or share a place, and each has its own data source chosen above."""
        board = json.loads(DASHBOARD.read_text(encoding='utf-8'))
        taken = {}
        for panel in board['panels']:
            place = panel['gridPos']
            self.assertLessEqual(place['x'] + place['w'], 24, panel['title'])
            if panel['type'] != 'row':
                self.assertEqual(panel['datasource'], {'type': 'prometheus', 'uid': '${datasource}'}, panel['title'])
            for x in range(place['x'], place['x'] + place['w']):
                for y in range(place['y'], place['y'] + place['h']):
                    self.assertNotIn((x, y), taken, panel['title'])
                    taken[x, y] = panel['title']
        numbers = [panel['id'] for panel in board['panels']]
        self.assertEqual(len(numbers), len(set(numbers)))
        self.assertEqual({variable['name'] for variable in board['templating']['list']}, {'datasource', 'instance'})


class Units(unittest.TestCase):
    """What writes the file, as it is installed."""

    def test_exposure(self):
        """By systemd's own rating, in tenths: it needs nothing but the bus and one directory."""
        unit = BUILD / 'systemd' / 'vmac-mldfilter-metrics.service'
        run(tool('systemd-analyze'), 'security', '--offline=yes', '--no-pager', '--threshold=6', unit)

    def test_one_directory_for_all(self):
        """What is waited for, what may be written and what is written."""
        unit = (BUILD / 'systemd' / 'vmac-mldfilter-metrics.service').read_text(encoding='utf-8')
        home = '/var/lib/prometheus/node-exporter'
        for line in (f'ConditionPathIsDirectory={home}', f'ReadWritePaths={home}', 'CapabilityBoundingSet='):
            self.assertIn(f'\n{line}\n', unit)
        self.assertRegex(unit, rf'\nExecStart=/\S+/mldfilterctl metrics --output {home}/vmac-mldfilter.prom\n')


class Watched(MetricsCase):
    """By node_exporter and Prometheus."""

    def setUp(self):
        super().setUp()
        self.exporter = Exporter()
        self.write()
        self.prometheus = Prometheus(without_delays(RULES.read_text(encoding='utf-8')))
        # What increases must have been seen before.
        self.prometheus.wait_for(0, f'{PREFIX}restorations_total')

    def test_answers_a_query(self):
        self.make_trouble()
        self.write()
        prometheus = self.prometheus
        packets, size = as_series(self.root.all_counters())
        prometheus.wait_for(packets, f'{PREFIX}filtered_packets_total', 'interface', 'message')
        prometheus.wait_for(size, f'{PREFIX}filtered_bytes_total', 'interface', 'message')
        packets, _ = as_series(self.root.guard_counters())
        prometheus.wait_for(packets, f'{PREFIX}guard_packets_total', 'device', 'message')
        prometheus.wait_for(self.root.properties()['Restorations'], f'{PREFIX}restorations_total')
        self.assertEqual(prometheus.values('node_textfile_scrape_error'), 0)
        told = {line.split()[2] for line in self.exporter.text().splitlines() if line.startswith(f'# TYPE {PREFIX}')}
        self.assertEqual(told, {f'{PREFIX}{name}' for name in parse(self.metrics())})

    def test_dashboard_shows_something(self):
        """In every panel, and by names that exist."""
        self.make_trouble()
        self.write()
        self.prometheus.wait_for(1, f'{PREFIX}audit_finding{{id="guard-caught"}}')
        self.write()
        names = self.prometheus.metric_names()
        for title, expression in expressions():
            with self.subTest(title, expression=expression):
                used = set(re.findall(r'\b(?:vmac_mldfilter|node)_\w+', expression))
                self.assertTrue(used)
                self.assertLessEqual(used, names)
                self.assertTrue(self.prometheus.query(expression))
        known = {f'{PREFIX}{name}' for name in parse(self.metrics())} | {'node_textfile_mtime_seconds'}
        used = set(re.findall(r'\b(?:vmac_mldfilter|node)_\w+', RULES.read_text(encoding='utf-8')))
        self.assertLessEqual(used, known)

    def test_alert_when_it_stops(self):
        self.assertEqual(self.prometheus.firing(), set())
        self.daemon.stop_cleanly()
        self.write()
        alert = self.prometheus.wait_for_alert('VmacMldfilterDown')
        self.assertEqual(alert.labels['severity'], 'critical')
        self.assertIn('127.0.0.1:9100', alert.annotations['summary'])
        self.assertEqual(self.prometheus.firing(), {'VmacMldfilterDown'})
        mark = self.prometheus.alerts.mark()
        self.daemon.start()
        self.write()
        self.prometheus.wait_for_alert('VmacMldfilterDown', fires=False, after=mark)

    def test_alert_when_somebody_interferes(self):
        kernel.nft('delete table ip vmac_mldfilter')
        self.wait_for_restorations(1)
        self.write()
        self.prometheus.wait_for_alert('VmacMldfilterRulesRestored')
        self.assertEqual(self.prometheus.firing(), {'VmacMldfilterRulesRestored'})

    def test_alert_when_the_guard_catches(self):
        self.prometheus.wait_for(0, f'{PREFIX}guard_packets_total{{message="mld-listener-done"}}')
        self.catch_something()
        self.write()
        self.prometheus.wait_for_alert('VmacMldfilterGuardHit', device='eth0')

    def test_alert_when_unprotected(self):
        """A virtual MAC that nobody keeps quiet."""
        self.daemon.configure('auto_detect = false\nguard = "off"\n')
        self.root.reload()
        self.write()
        alert = self.prometheus.wait_for_alert('VmacMldfilterCriticalFinding', id='message-uncovered')
        self.assertEqual(alert.labels['interface'], 'vrrp6')
        self.assertIn('vrrp6 on 127.0.0.1:9100', alert.annotations['summary'])

    def test_alert_when_nobody_writes(self):
        old = FILE.stat().st_mtime - 600
        os.utime(FILE, (old, old))
        alert = self.prometheus.wait_for_alert('VmacMldfilterMetricsStale')
        self.assertEqual(alert.labels['file'], str(FILE))
        mark = self.prometheus.alerts.mark()
        self.write()
        self.prometheus.wait_for_alert('VmacMldfilterMetricsStale', fires=False, after=mark)
