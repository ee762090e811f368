# SPDX-License-Identifier: GPL-2.0-or-later
"""What bash, zsh and fish offer, each as itself, with the service and interfaces of the system behind it."""

import os
import re
from pathlib import Path

from rig import kernel, shells
from rig.case import WireCase
from rig.isolation import CASE, bind, run
from rig.wire import MESSAGES

COMMANDS = ('status', 'list', 'add', 'remove', 'set', 'counters', 'watch', 'audit', 'monitor', 'reset', 'reload',
            'clear', 'ruleset', 'metrics')
ACTIONS = ['allow', 'drop', 'relocate']
EVIL = '$(>pwned)'  # the kernel accepts it as a name
MANAGED = sorted(['vrrp6', 'waits', EVIL, '-dash'])
LINKS = sorted(['lo', 'eth0', 'tap0', 'vrrp6', EVIL])


class _Shell(WireCase):
    """`make` makes it."""

    options_where_nothing_else = ()

    def setUp(self):
        super().setUp()
        run('mount', '-t', 'sysfs', 'sysfs', '/sys')  # that of this network namespace
        kernel.ip('link', 'add', EVIL, 'link', 'eth0', 'type', 'macvlan')
        for name in ('waits', EVIL, '-dash'):
            self.root.add(name, parent='eth0')
        self.shell = self.make(self.bus.address)

    def tearDown(self):
        self.shell.close()
        self.assertEqual([path.name for path in self.shell.directory.glob('pwned*')], [], 'a name was executed')
        super().tearDown()

    def assert_offered(self, line, *words):
        offered = self.shell.words(f'mldfilterctl {line}')
        if self.options_where_nothing_else and not words:
            offered = [word for word in offered if word not in self.options_where_nothing_else]
        self.assertEqual(sorted(offered), sorted(words), line)

    def test_commands(self):
        self.assert_offered('', *COMMANDS)
        self.assert_offered('re', 'remove', 'reset', 'reload')
        self.assert_offered('--json -H host re', 'remove', 'reset', 'reload')
        self.assert_offered('reload ')
        self.assert_offered('reload r')

    def test_options_are_those_of_the_program(self):
        general = set()
        for command in ('', *COMMANDS):
            with self.subTest(command):
                help_text = run(os.environ['MLDFILTERCTL'], *command.split(), '--help')
                own = set(re.findall(r'^  (?:-\w, )?(--[a-z-]+)', help_text, re.MULTILINE))
                general = general or own
                self.assertIn('--help', own)
                self.assert_offered(f'{command} --'.lstrip(), *(own | general))

    def test_managed_interfaces(self):
        for command in ('list', 'remove', 'counters', 'watch', 'audit', 'reset'):
            with self.subTest(command):
                self.assert_offered(f'{command} ', *MANAGED)
        self.assert_offered('--no-legend list v', 'vrrp6')
        self.assert_offered('list --timeout 3 w', 'waits')

    def test_interfaces_of_the_system(self):
        self.assert_offered('add ', *LINKS)
        self.assert_offered('add --runtime e', 'eth0')
        self.assert_offered('add waits --parent ', *LINKS)
        self.assert_offered('add waits --parent=e', '--parent=eth0')

    def test_each_interface_once(self):
        self.assert_offered('list vrrp6 v')
        self.assert_offered('list waits v', 'vrrp6')
        self.assert_offered('remove waits ')
        self.assert_offered('add waits ')

    def test_values(self):
        self.assert_offered('add vrrp6 --action ', *ACTIONS)
        self.assert_offered('add vrrp6 --action=', *(f'--action={each}' for each in ACTIONS))
        self.assert_offered('list --color ', 'always', 'auto', 'never')
        self.assert_offered('--color=a', '--color=always', '--color=auto')
        self.assert_offered('add vrrp6 --messages ', *MESSAGES)
        self.assert_offered('add vrrp6 --messages igmp,mld', *(f'igmp,{each}' for each in MESSAGES
                                                              if each.startswith('mld')))
        self.assert_offered('add vrrp6 --messages=i', '--messages=igmp')
        self.assert_offered('watch --interval ')

    def test_set(self):
        self.assert_offered('set ', *LINKS)
        self.assert_offered('set v', 'vrrp6')
        self.assert_offered('set vrrp6:', *(f'vrrp6:{each}=' for each in ('action', 'messages', 'parent', 'runtime')))
        self.assert_offered('set vrrp6:action=', *(f'vrrp6:action={each}' for each in ACTIONS))
        self.assert_offered('set vrrp6:action=drop:r', 'vrrp6:action=drop:runtime=')
        self.assert_offered('set vrrp6:runtime=', 'vrrp6:runtime=no', 'vrrp6:runtime=yes')
        self.assert_offered('set vrrp6 lo:parent=e', 'lo:parent=eth0')
        self.assert_offered('set vrrp6:messages=igmp,nd', 'vrrp6:messages=igmp,nd-router-solicit')

    def test_files(self):
        (self.shell.directory / 'out.prom').touch()
        self.assert_offered('metrics --output o', 'out.prom')

    def test_hosts(self):
        """Those that ssh knows."""
        known = CASE / 'known_hosts'
        known.write_text('router1.example,router2.example ssh-ed25519 AAAA\n', encoding='ascii')
        known.chmod(0o644)
        Path('/etc/ssh/ssh_known_hosts').touch()
        bind(known, '/etc/ssh/ssh_known_hosts')
        self.assertLessEqual({'router1.example', 'router2.example'}, set(self.shell.words('mldfilterctl -H router')))

    def test_nothing_of_another_host(self):
        for line in ('-H root@router list ', '-Hrouter list ', 'list --host=router ', '--host router remove ',
                     '-H router add '):
            with self.subTest(line):
                self.assert_offered(line)

    def test_service_away(self):
        """It is not started, and nobody hears of it."""
        self.daemon.stop_cleanly()
        self.assert_offered('list ')
        self.assert_offered('add v', 'vrrp6')
        self.daemon.start()


class Bash(_Shell):
    make = shells.Bash


class Zsh(_Shell):
    """It offers options, too, where nothing else can stand."""

    make = shells.Zsh
    options_where_nothing_else = ('-h', '--help', '--version', '-H', '--host', '--json', '--no-legend', '--color',
                                  '--no-ask-password', '--timeout', '-q', '--quiet', '--action', '--messages',
                                  '--parent', '--permanent', '--runtime')


class Fish(_Shell):
    make = shells.Fish
