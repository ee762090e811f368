# SPDX-License-Identifier: GPL-2.0-or-later
"""mldfilterctl and passwords, and mldfilterctl -H: real polkitd and its agent on a terminal, real sshd."""

import os
import pwd
import subprocess
from pathlib import Path

from rig import polkit
from rig.case import POLKIT_POLICY, Case, tool
from rig.isolation import CASE, bind, run
from rig.record import DEADLINE
from rig.terminal import Terminal

CTL = os.environ['MLDFILTERCTL']
CAROL, ADMIN = 2001, 2002
PASSWORD = 'correct horse'
RULES = 'polkit.addAdminRule(function(action, subject) { return ["unix-user:admin"]; });\n'


def add_users():
    """carol, and admin, who has a password: for this case only."""
    hashed = run('openssl', 'passwd', '-6', PASSWORD).strip()
    for file, mode, lines in (
            ('/etc/passwd', 0o644, f'carol:x:{CAROL}:{CAROL}::/:/bin/sh\nadmin:x:{ADMIN}:{ADMIN}::/:/bin/sh\n'),
            ('/etc/group', 0o644, f'carol:x:{CAROL}:\nadmin:x:{ADMIN}:\n'),
            ('/etc/shadow', 0o600, f'carol:!:19000:0:99999:7:::\nadmin:{hashed}:19000:0:99999:7:::\n')):
        copy = CASE / Path(file).name
        copy.write_text(Path(file).read_text(encoding='utf-8') + lines, encoding='utf-8')
        copy.chmod(mode)
        bind(copy, file)


def let_it_be_the_system_bus(bus):
    """polkit's helper, which has root's privileges, and systemd-stdio-bridge go to the bus where it always is."""
    Path('/run/dbus').mkdir()
    Path('/run/dbus/system_bus_socket').symlink_to(bus.socket)


class Password(Case):
    def setUp(self):
        add_users()
        super().setUp()
        let_it_be_the_system_bus(self.bus)
        polkit.Real(self.bus, POLKIT_POLICY, RULES)

    def carol(self, *words):
        terminal = Terminal(CTL, *words, user=CAROL, DBUS_SYSTEM_BUS_ADDRESS=self.bus.address, columns=200)
        self.addCleanup(terminal.close)
        return terminal

    def test_right(self):
        terminal = self.carol('add', 'vrrp6')
        terminal.wait_for('change which interfaces are kept from speaking')
        terminal.wait_for('[Pp]assword: *$')
        terminal.type_hidden(PASSWORD)
        terminal.wait_for(r'(?m)^vrrp6 is under management\.$')
        self.assertEqual(terminal.wait_for_end(), 0)
        self.assertIn('vrrp6', self.root.list())
        self.assertNotIn(PASSWORD, terminal.raw)

    def test_wrong(self):
        with self.nothing_changes():
            terminal = self.carol('add', 'vrrp6')
            terminal.wait_for('[Pp]assword: *$')
            terminal.type_hidden('wrong')
            self.assertEqual(terminal.wait_for_end(), 5)
            self.assertIn('mldfilterctl: not authorised', terminal.screen.text)

    def test_each_change_asks(self):
        self.root.add('vrrp6')
        for words in (('remove', 'vrrp6'), ('set', '--none'), ('reset',), ('reload',)):
            with self.subTest(words):
                terminal = self.carol(*words)
                terminal.wait_for('[Pp]assword: *$')
                terminal.type_hidden(PASSWORD)
                self.assertEqual(terminal.wait_for_end(), 0)

    def test_may_not_ask(self):
        with self.nothing_changes():
            terminal = self.carol('add', 'vrrp6', '--no-ask-password')
            self.assertEqual(terminal.wait_for_end(), 5)
            self.assertNotIn('assword:', terminal.raw)
            self.assertRegex(terminal.screen.text, r'\Amldfilterctl: [^\n]+\Z')

    def test_reading_asks_nobody(self):
        terminal = self.carol('list')
        self.assertEqual(terminal.wait_for_end(), 0)
        self.assertNotIn('assword', terminal.raw)

    def test_nobody_to_ask(self):
        """On a pipe there is no terminal to ask on."""
        with self.nothing_changes():
            done = subprocess.run([CTL, 'add', 'vrrp6'], env={'DBUS_SYSTEM_BUS_ADDRESS': self.bus.address}, user=CAROL,
                                  group=CAROL, extra_groups=[], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=DEADLINE, check=False)
            self.assertEqual((done.returncode, done.stdout, done.stderr.count('\n')), (5, '', 1), done.stderr)


class Remote(Case):
    """-H, through a real sshd on this case's own loopback."""

    def setUp(self):
        super().setUp()
        let_it_be_the_system_bus(self.bus)
        directory = CASE / 'ssh'
        directory.mkdir(mode=0o700)
        for key in ('host', 'user'):
            run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', directory / key)
        keys = directory / 'authorized_keys'
        keys.write_text((directory / 'user.pub').read_text(encoding='ascii'), encoding='ascii')
        (directory / 'known').write_text('router ' + (directory / 'host.pub').read_text(encoding='ascii'),
                                         encoding='ascii')
        # One client only, and nothing of the machine's own configuration.
        configuration = directory / 'sshd_config'
        configuration.write_text(f'Port 22\nListenAddress 127.0.0.1\nHostKey {directory / "host"}\nStrictModes no\n'
                                 f'AuthorizedKeysFile {keys}\nPermitRootLogin yes\nUsePAM no\nPidFile none\n',
                                 encoding='ascii')
        client = directory / 'ssh_config'
        client.write_text('Host router\n HostName 127.0.0.1\n HostKeyAlias router\n'
                          f' IdentityFile {directory / "user"}\n'
                          f' UserKnownHostsFile {directory / "known"}\n BatchMode yes\n'
                          'Host nowhere\n HostName 127.0.0.1\n Port 2\n', encoding='ascii')
        client.chmod(0o644)
        bind(client, '/etc/ssh/ssh_config')
        if (own := Path(pwd.getpwuid(0).pw_dir) / '.ssh').is_dir():
            run('mount', '-t', 'tmpfs', 'tmpfs', own)
        Path('/run/sshd').mkdir()
        self._sshd = subprocess.Popen([tool('sshd'), '-D', '-e', '-f', configuration], stderr=subprocess.PIPE,
                                      text=True)
        for line in self._sshd.stderr:
            if 'Server listening' in line:
                break
        else:
            self.fail('sshd did not start')
        self.addCleanup(self._sshd.kill)

    def ctl(self, *words):
        """Without the bus of this case: what is answered came through ssh."""
        return subprocess.run([CTL, *words], env={'PATH': os.environ['PATH'], 'LC_ALL': 'C.UTF-8',
                                                  'DBUS_SYSTEM_BUS_ADDRESS': 'unix:path=/nonexistent'},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, check=False)

    def test_asks_and_tells(self):
        done = self.ctl('-H', 'root@router', 'add', 'vrrp6')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn('vrrp6', self.root.list())
        done = self.ctl('list', '--no-legend', '--host=router')
        self.assertEqual((done.returncode, done.stdout.split()[0]), (0, 'vrrp6'), done.stderr)

    def test_service_away(self):
        self.daemon.stop_cleanly()
        done = self.ctl('-H', 'router')
        self.assertEqual(done.returncode, 3)
        self.assertIn('does not run', done.stderr)

    def test_not_reached(self):
        done = self.ctl('-H', 'nowhere', 'list')
        self.assertEqual((done.returncode, done.stdout), (3, ''))
        self.assertRegex(done.stderr, r'(?m)^mldfilterctl: .*nowhere')
