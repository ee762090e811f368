# SPDX-License-Identifier: GPL-2.0-or-later
"""mldfilterctl against the real service: what each command does and prints, how it fails, and what it looks like."""

import json
import os
import re
import subprocess

from rig import kernel
from rig.case import OPEN, SOURCE, Case, WireCase
from rig.record import DEADLINE
from rig.terminal import Terminal
from rig.wire import MESSAGES

CTL = os.environ['MLDFILTERCTL']
NO_BUS = 'unix:path=/nonexistent'
INTERFACE = {'name': str, 'action': str, 'effective-action': str, 'reason': str, 'messages': [str], 'origins': [str],
             'runtime': bool, 'parent': str, 'present': bool, 'ifindex': int, 'mac': str}
COUNTS = {message: {'packets': int, 'bytes': int} for message in MESSAGES}
FINDING = {'interface': str, 'severity': str, 'id': str, 'message': str}
STATUS = {'running': bool, 'version': str, 'protected': bool, 'guard-active': bool, 'auto-detect': bool,
          'restorations': int, 'features': [str], 'interfaces': [str],
          'findings': {'ok': int, 'warning': int, 'critical': int}}
MESSAGE_LINE = re.compile(r'mldfilterctl: \S[^\n]*\n')


class Done:
    def __init__(self, status, output, errors):
        self.status, self.output, self.errors = status, output, errors

    @property
    def json(self):
        return json.loads(self.output)


class CtlCase(Case):
    def ctl(self, *words, status=0, bus=None, user=None, **environment):
        """Run it on pipes. Unless it fails, it says nothing on standard error."""
        environment = {'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8',
                       'DBUS_SYSTEM_BUS_ADDRESS': bus or self.bus.address, **environment}
        done = subprocess.run([CTL, *words], env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=DEADLINE, check=False, **({'user': user, 'group': user} if user else {}))
        self.assertEqual(done.returncode, status, (words, done.stdout, done.stderr))
        if status < 3:
            self.assertEqual(done.stderr, '', words)
        return Done(done.returncode, done.stdout, done.stderr)

    def refused_by_ctl(self, status, *words, text='', **options):
        """It says why in one line, and nothing else."""
        done = self.ctl(*words, status=status, **options)
        self.assertEqual(done.output, '', words)
        self.assertRegex(done.errors, re.compile(MESSAGE_LINE.pattern + r'\Z'), words)
        self.assertIn(text, done.errors, words)
        return done.errors

    def assert_shape(self, value, shape, where='$'):
        """Every key is there with its type, and no other."""
        if isinstance(shape, dict):
            self.assertEqual(value.keys(), shape.keys(), where)
            for key in shape:
                self.assert_shape(value[key], shape[key], f'{where}.{key}')
        elif isinstance(shape, list):
            self.assertIsInstance(value, list, where)
            for each in value:
                self.assert_shape(each, shape[0], f'{where}[]')
        else:
            self.assertIs(type(value), shape, where)

    def assert_documented(self, *keys):
        """Each key stands in JSON of the man page."""
        page = (SOURCE / 'man' / 'mldfilterctl.1.rst.in').read_text(encoding='utf-8')
        section = page[page.index('\nJSON\n===='):page.index('\nEXIT STATUS\n')]
        for key in keys:
            self.assertIn(f'``{key}``', section)

    def terminal(self, *words, **options):
        return Terminal(CTL, *words, DBUS_SYSTEM_BUS_ADDRESS=self.bus.address, **options)


class CtlWireCase(CtlCase, WireCase):
    """With a VMAC that is set up as it should be."""

    configuration = OPEN

    def prepare(self):
        super().prepare()
        kernel.sysctl('ipv6', 'vrrp6', accept_ra=0, autoconf=0)


class Reading(CtlWireCase):
    def test_status(self):
        for words in ((), ('status',)):
            shown = self.ctl(*words).output
            self.assertRegex(shown, r'\A● vmac-mldfilter \S+: protected\n')
            self.assertRegex(shown, r'Interfaces: 1: vrrp6\n')
            told = self.ctl(*words, '--json').json
            self.assert_shape(told, STATUS)
        self.assert_documented(*STATUS, *STATUS['findings'])
        properties = self.root.properties()
        self.assertEqual({key: told[key] for key in ('version', 'protected', 'guard-active', 'auto-detect',
                                                     'restorations', 'features', 'interfaces')},
                         {'version': properties['Version'], 'protected': True, 'guard-active': True,
                          'auto-detect': True, 'restorations': 0, 'features': properties['Features'],
                          'interfaces': ['vrrp6']})
        self.assertEqual(told['findings'], {'ok': len(self.root.audit()), 'warning': 0, 'critical': 0})

    def test_list(self):
        self.root.add('vrrp7', action='drop', runtime=True)
        self.root.add('waits')
        lines = self.ctl('list').output.splitlines()
        self.assertEqual(lines[0].split(), ['INTERFACE', 'ACTION', 'PARENT', 'ORIGIN', 'IFINDEX', 'MAC'])
        index = str(kernel.link('vrrp6')['ifindex'])
        self.assertEqual([line.split() for line in lines[1:4]],
                         [['vrrp6', 'relocate', 'eth0', 'detected', index, self.vmac.mac],
                          ['vrrp7', 'drop', '-', 'api,runtime', '-', 'absent'],
                          ['waits', 'relocate', '(drop)', '-', 'api', '-', 'absent']])
        self.assertIn(f'waits: {self.root.list()["waits"]["reason"]}', lines)
        bare = self.ctl('--no-legend', 'list').output.splitlines()
        self.assertEqual([line.split()[0] for line in bare], ['vrrp6', 'vrrp7', 'waits'])
        some = self.ctl('list', '--no-legend', 'waits', 'vrrp6').output.splitlines()
        self.assertEqual([line.split() for line in some], [bare[0].split(), bare[2].split()])

    def test_list_as_json(self):
        self.root.add('waits', action='drop', messages=['igmp'])
        told = self.ctl('list', '--json').json
        self.assert_shape(told, [INTERFACE])
        self.assert_documented(*INTERFACE)
        self.assertEqual({each.pop('name'): each for each in told}, self.root.list())
        self.assertEqual([each['name'] for each in self.ctl('--json', 'list', 'waits').json], ['waits'])

    def test_counters(self):
        self.root.add('waits')
        self.vmac.mld1_done()
        self.settle()
        counters = self.root.all_counters()
        told = self.ctl('counters', '--json').json
        self.assert_shape(told, {'interfaces': {'vrrp6': COUNTS, 'waits': COUNTS}, 'guard': {'eth0': COUNTS}})
        self.assert_documented('interfaces', 'guard', 'packets', 'bytes')
        self.assertEqual({name: {message: (each['packets'], each['bytes']) for message, each in counts.items()}
                          for name, counts in told['interfaces'].items()}, counters)
        packets, size = counters['vrrp6']['mld-listener-done']
        self.assertGreater(packets, 0)
        self.assertRegex(self.ctl('counters').output, rf'(?m)^\S* +mld-listener-done +{packets} +{size}$')
        self.assertEqual(self.ctl('counters', 'vrrp6', '--json').json['interfaces'],
                         {'vrrp6': told['interfaces']['vrrp6']})
        self.assertEqual(self.ctl('counters', '--guard', '--json').json, {'interfaces': {}, 'guard': told['guard']})

    def test_ruleset(self):
        self.assertEqual(self.ctl('ruleset').json, json.loads(self.root.ruleset()))
        self.assertEqual(self.ctl('ruleset', '--json').json, self.ctl('ruleset').json)

    def test_metrics_as_json(self):
        family = {'name': str, 'type': str, 'help': str, 'samples': list}
        told = self.ctl('metrics', '--json').json
        self.assertEqual(told.keys(), {'families'})
        for each in told['families']:
            self.assertEqual(each.keys(), family.keys())
            for sample in each['samples']:
                self.assertEqual(sample.keys(), {'labels', 'value'})
        self.assert_documented('families', *family, 'labels', 'value')

    def test_open_to_everybody(self):
        for words in ((), ('list',), ('counters',), ('audit',), ('ruleset',)):
            self.assertEqual(self.ctl(*words, user=65534).output, self.ctl(*words).output)


class Auditing(CtlWireCase):
    def test_all_is_well(self):
        shown = self.ctl('audit').output
        self.assertEqual(shown, '2 findings of severity ok; mldfilterctl audit --all shows them.\n')
        self.assertRegex(self.ctl('audit', '--all').output, r'\A● ok this host protected\n  The kernel holds')
        told = self.ctl('audit', '--json').json
        self.assert_shape(told, [FINDING])
        self.assert_documented(*FINDING)
        self.assertEqual(told, self.root.audit())

    def test_warning(self):
        self.root.add('vrrp6', action='allow')
        self.assertRegex(self.ctl('audit', status=1).output, r'\A● warning vrrp6 message-exempt\n')
        self.assertEqual(self.ctl('audit', '--json', status=1).json, self.root.audit())
        self.ctl('audit', '--quiet', status=1)

    def test_critical(self):
        kernel.sysctl('ipv6', 'vrrp6', force_mld_version=2)
        with self.daemon.halted():
            kernel.nft('flush ruleset')
            kernel.join6('vrrp6', 'ff05::77')
            self.wire.frames.wait(lambda frame: 'ff05::77' in frame.groups)
        shown = self.ctl('audit', status=2).output
        self.assertRegex(shown, r'(?m)^● critical vrrp6 message-left$')
        self.assertLess(shown.index('critical'), shown.index('warning'))
        self.assertIn('NOT PROTECTED', self.ctl('status').output)
        self.ctl('audit', 'vrrp6', status=2)

    def test_only_some(self):
        self.root.add('waits')
        self.root.add('vrrp6', action='allow')
        self.assertEqual({each['interface'] for each in self.ctl('audit', 'waits', '--json').json}, {'', 'waits'})
        self.refused_by_ctl(4, 'audit', 'nix', text='nix')


class Changing(CtlWireCase):
    def changed(self, *words):
        told = self.ctl(*words, '--json').json
        self.assert_shape(told, {'changed': bool})
        return told['changed']

    def test_add(self):
        self.assertEqual(self.ctl('add', 'vrrp7').output, 'vrrp7 is under management.\n')
        self.assertFalse(self.changed('add', 'vrrp7'))
        self.assertTrue(self.changed('add', 'vrrp7', '--action', 'drop', '--messages', 'igmp,mld-listener-done',
                                     '--parent=eth0', '--runtime'))
        found = self.root.list()['vrrp7']
        self.assertEqual((found['action'], set(found['messages']), found['parent'], found['runtime']),
                         ('drop', {'igmp', 'mld-listener-done'}, 'eth0', True))
        self.assert_in_force('vrrp7', 'drop', ['igmp', 'mld-listener-done'])
        self.assertTrue(self.changed('add', 'vrrp7', '--permanent', '--parent', ''))
        found = self.root.list()['vrrp7']
        self.assertEqual((found['action'], found['parent'], found['runtime']), ('drop', '', False))

    def test_leave_one_alone(self):
        self.ctl('add', 'vrrp6', '--action', 'allow')
        self.vmac.mld1_done()
        self.assert_let_through()

    def test_remove(self):
        self.root.add('vrrp7')
        self.assertTrue(self.changed('remove', 'vrrp7'))
        self.assertNotIn('vrrp7', self.root.list())
        self.assertFalse(self.changed('remove', 'vrrp7'))
        with self.nothing_changes():
            self.refused_by_ctl(4, 'remove', 'vrrp6', text='detected')

    def test_set(self):
        self.root.add('vrrp7')
        self.assertTrue(self.changed('set', 'vip0:parent=eth0',
                                     'vip1:action=drop:messages=igmp,nd-router-solicit:runtime=yes'))
        found = self.root.list()
        self.assertEqual(found.keys(), {'vip0', 'vip1', 'vrrp6'})
        self.assertEqual((found['vip0']['parent'], found['vip1']['action'], set(found['vip1']['messages']),
                          found['vip1']['runtime']), ('eth0', 'drop', {'igmp', 'nd-router-solicit'}, True))
        self.assertTrue(self.changed('set', '--none'))
        self.assertEqual(self.root.list().keys(), {'vrrp6'})
        self.assertFalse(self.changed('set', '--none'))

    def test_reset(self):
        self.vmac.mld1_done()
        self.settle()
        self.assertNotEqual(self.root.counters('vrrp6')['mld-listener-done'], (0, 0))
        self.assertEqual(self.ctl('reset', 'vrrp6', '--json').json, {'reset': ['vrrp6']})
        self.assertEqual(set(self.root.counters('vrrp6').values()), {(0, 0)})
        self.assertEqual(self.ctl('reset', '--json').json, {'reset': []})
        self.refused_by_ctl(4, 'reset', 'nix', text='nix')
        self.assert_documented('reset', 'changed', 'reloaded', 'cleared')

    def test_reload(self):
        self.daemon.configure('[interface.vrrp9]\n')
        self.assertEqual(self.ctl('reload', '--json').json, {'reloaded': True})
        self.assertIn('vrrp9', self.root.list())
        self.daemon.configure('nonsense = 1\n')
        self.refused_by_ctl(4, 'reload', text='00-case.toml:1')

    def test_quiet(self):
        self.assertEqual(self.ctl('add', 'vrrp7', '-q').output, '')
        self.assertEqual(self.ctl('-q', 'list').output, '')

    def test_odd_names(self):
        """All that the kernel accepts is a name, whatever a command line may make of it."""
        for name in ('list', '-dash', '[x]', '$(x)', '"', "it's", 'é', '*', '{}', '%s', '--json', 'a,b', '#'):
            with self.subTest(name):
                self.ctl('add', '--', name)
                self.assertIn(name, self.root.list())
                self.assertEqual([each['name'] for each in self.ctl('list', '--json', '--', name).json], [name])
                self.ctl('reset', '--', name)
                self.ctl('remove', '--', name)
                self.assertNotIn(name, self.root.list())

    def test_control_characters_do_not_reach_the_terminal(self):
        self.root.add('a\x1b[31mb')
        for words in (('status',), ('list',), ('counters',), ('audit', '--all'), ('watch', '--count', '1')):
            self.assertNotIn('\x1b', self.ctl(*words).output, words)
        self.assertNotIn('\x1b', self.refused_by_ctl(4, 'list', 'x\x1b[31m'))


class Failing(CtlCase):
    def test_command_line(self):
        with self.nothing_changes():
            for words, text in (
                    (('bogus',), 'bogus'), (('',), 'command'), (('list', '--bogus'), '--bogus'), (('set',), '--none'),
                    (('set', 'x:y'), 'OPTION=VALUE'), (('set', 'x:colour=red'), 'there are action, parent'),
                    (('set', 'x:runtime=maybe'), 'yes or no'), (('set', 'x', '--none'), '--none'), (('add',), 'NAME'),
                    (('remove',), 'NAME'), (('add', 'a', 'b'), 'b'), (('reload', 'x'), 'x'),
                    (('--color', 'sometimes'), 'auto, always or never'), (('--timeout', '0'), '--timeout'),
                    (('watch', '--interval', '0'), '--interval'), (('watch', '--count', '0'), '--count'),
                    (('monitor', '--count', 'x'), '--count'), (('counters', '--guard', 'x'), '--guard'),
                    (('add', 'x', '--runtime', '--permanent'), '--permanent'),
                    (('clear', '-H', 'router'), 'this machine')):
                with self.subTest(words):
                    self.refused_by_ctl(64, *words, text=text)

    def test_not_utf8(self):
        self.refused_by_ctl(64, 'add', b'\xff', text='UTF-8')

    def test_refused(self):
        with self.nothing_changes():
            for words, text in (
                    (('add', 'a/b'), 'interface name'), (('add', 'sixteen-letters-'), 'interface name'),
                    (('add', 'x', '--action', 'bounce'), 'relocate, drop, allow'),
                    (('add', 'x', '--messages', 'gossip'), 'gossip'), (('add', 'x', '--messages', ''), 'message'),
                    (('add', 'x', '--parent', 'nix'), 'nix'), (('set', 'x', 'x'), 'twice'),
                    (('set', 'x:messages='), 'message'), (('counters', 'nix'), 'nix'), (('list', 'nix'), 'nix'),
                    (('watch', 'nix', '--count', '1'), 'nix'), (('clear',), 'systemctl stop'),
                    (('metrics', '--output', '/nonexistent/file'), '/nonexistent/file')):
                with self.subTest(words):
                    self.refused_by_ctl(4, *words, text=text)

    def test_not_allowed(self):
        with self.nothing_changes():
            for words in (('add', 'x'), ('remove', 'x'), ('set', 'x'), ('reset',), ('reload',), ('clear',)):
                with self.subTest(words):
                    self.refused_by_ctl(5, *words, user=65534)

    def test_service_away(self):
        self.daemon.stop_cleanly()
        for words in (('list',), ('counters',), ('audit',), ('ruleset',)):
            with self.subTest(words):
                self.refused_by_ctl(3, *words, text='systemctl start vmac-mldfilter')
        self.assertEqual(self.ctl('status', '--json', status=3).json, {'running': False})
        self.assertIn('systemctl start', self.ctl('status', status=3).errors)
        self.refused_by_ctl(3, 'add', 'x', text='service')

    def test_service_that_does_not_answer(self):
        with self.daemon.halted():
            self.refused_by_ctl(3, 'list', '--timeout', '1', text='journalctl -u vmac-mldfilter')

    def test_bus_away(self):
        for words in ((), ('list',), ('add', 'x'), ('watch', '--count', '1'), ('monitor', '--count', '1')):
            with self.subTest(words):
                self.refused_by_ctl(3, *words, bus=NO_BUS, text='bus')

    def test_full_disk(self):
        with open('/dev/full', 'w', encoding='ascii') as full:
            done = subprocess.run([CTL, 'list'], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                                  env={'DBUS_SYSTEM_BUS_ADDRESS': self.bus.address}, timeout=DEADLINE)
        self.assertEqual((done.returncode, done.stderr), (4, 'mldfilterctl: cannot write to standard output\n'))

    def test_help_and_version(self):
        self.assertRegex(self.ctl('--version', bus=NO_BUS).output, r'\Avmac-mldfilter \d+\.\d+\.\d+\n\Z')
        for command in re.findall(r'(?m)^  ([a-z]+) {2,}\S', self.ctl('--help', bus=NO_BUS).output):
            with self.subTest(command):
                shown = self.ctl(command, '--help', bus=NO_BUS).output
                self.assertIn(f'mldfilterctl {command}', shown)
                self.assertNotIn('......', shown)
                page = (SOURCE / 'man' / 'mldfilterctl.1.rst.in').read_text(encoding='utf-8')
                self.assertRegex(page, rf'(?m)^\*\*{command}\*\*')
                for option in re.findall(r'(?m)^  (?:-\w, )?(--[a-z-]+)', shown):
                    self.assertIn(f'**{option}**', page)


class Looks(CtlWireCase):
    """On terminals."""

    def setUp(self):
        super().setUp()
        for name in ('waits', 'fifteen-letters'):
            self.root.add(name)
        self.vmac.mld1_done()

    def on_terminal(self, *words, **options):
        with self.terminal(*words, **options) as terminal:
            status = terminal.wait_for_end()
            return status, terminal.raw

    def test_fits(self):
        for columns in (40, 80, 200):
            for words in (('status',), ('list',), ('counters',), ('audit', '--all')):
                with self.subTest(words, columns=columns):
                    _, shown = self.on_terminal(*words, columns=columns)
                    lines = re.sub(r'\x1b\[[0-9;]*m', '', shown).split('\r\n')
                    # A word that is longer cannot be broken: it has to be copied.
                    wide = [line for line in lines
                            if len(line) > columns and len(max(line.split(), key=len)) + 2 < columns]
                    self.assertEqual(wide, [])
                    if words[0] == 'list':
                        self.assertTrue(any(line.startswith('fifteen-letters') for line in lines), lines)

    def test_colour(self):
        def coloured(shown):
            return '\x1b[' in shown
        self.assertTrue(coloured(self.on_terminal()[1]))
        self.assertTrue(coloured(self.on_terminal(NO_COLOR='')[1]))
        self.assertFalse(coloured(self.on_terminal(NO_COLOR='1')[1]))
        self.assertFalse(coloured(self.on_terminal(TERM='dumb')[1]))
        self.assertFalse(coloured(self.on_terminal('--color', 'never')[1]))
        self.assertTrue(coloured(self.on_terminal('--color=always', NO_COLOR='1')[1]))
        self.assertFalse(coloured(self.on_terminal('list', '--json')[1]))
        self.assertFalse(coloured(self.ctl().output))
        self.assertTrue(coloured(self.ctl('--color', 'always').output))
        self.assertFalse(coloured(self.ctl('list', '--json', '--color', 'always').output))

    def test_without_utf8(self):
        self.assertTrue(self.ctl(LC_ALL='C').output.isascii())


class Clear(CtlWireCase):
    def setUp(self):
        super().setUp()
        kernel.nft('table ip6 bystander { chain c { counter; } }')

    def others(self):
        return [kernel.foreign(*table) for table in kernel.all_tables() if table[1] != kernel.TABLE]

    def test_refuses_while_it_runs(self):
        with self.nothing_changes():
            self.refused_by_ctl(4, 'clear', text='systemctl stop vmac-mldfilter')

    def test_takes_our_tables_and_no_others(self):
        self.daemon.stop_cleanly()
        before, state = self.others(), self.daemon.state_file.read_bytes()
        self.assertEqual(kernel.own_families(), ['ip6', 'ip', 'netdev'])
        self.refused_by_ctl(5, 'clear', user=65534, text='root')
        self.assertEqual(len(kernel.own_families()), 3)
        self.assertEqual(self.ctl('clear', '--json').json, {'cleared': True})
        self.assertEqual(kernel.own_families(), [])
        self.assertEqual((self.others(), self.daemon.state_file.read_bytes()), (before, state))
        self.assertEqual(self.ctl('clear', '--json').json, {'cleared': False})
        self.assertEqual(self.ctl('clear').output, 'There were no rules.\n')
        self.daemon.start()
        self.assert_in_force('vrrp6')

    def test_without_a_bus(self):
        self.daemon.stop_cleanly()
        self.ctl('clear', bus=NO_BUS)
        self.assertEqual(kernel.own_families(), [])
