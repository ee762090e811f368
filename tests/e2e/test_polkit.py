# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may change something: real users, the real polkit, the rules that an administrator writes, and a password."""

import os
import pty
import re
import select
import termios
import time

from e2e.rig.case import Case
from e2e.rig.container import OBJECT
from e2e.rig.waiting import PATIENCE, until

RULE = '''polkit.addRule(function(action, subject) {
    if (action.id == "org.vmac.mldfilter.manage-interfaces" && subject.user == "alice") {
        return polkit.Result.YES;
    }
    if (subject.user == "bob") {
        return polkit.Result.NO;
    }
});
'''
PASSWORD = 'correct horse'
# Prints the name of the error that a call gets, or what it returned; 'interactive' lets polkit ask.
CALL = '''
import sys
from gi.repository import Gio, GLib
how, method, signature = sys.argv[1:]
flags = Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION if how == 'interactive' else Gio.DBusCallFlags.NONE
values = {'(sa{sv})': ('x0', {}), '(s)': ('x0',), '(a(sa{sv}))': ([],), '(as)': ([],), '()': ()}[signature]
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
try:
    print(bus.call_sync('org.vmac.MldFilter', '/org/vmac/MldFilter', 'org.vmac.MldFilter', method,
                        GLib.Variant(signature, values), None, flags, 60000, None).unpack())
except GLib.Error as error:
    print(Gio.DBusError.get_remote_error(error) or error)
'''
# busctl starts no agent of its own. This one speaks for the process that becomes busctl, and says when it is ready by
# closing its descriptor 3.
WITH_AGENT = '''
exec 4< <(exec pkttyagent --process $$ --notify-fd 3 3>&1 >/dev/tty 2>&1 </dev/tty)
cat <&4
exec busctl --timeout=60 call "$@"
'''
CHANGES = (('AddInterface', '(sa{sv})'), ('RemoveInterface', '(s)'), ('SetInterfaces', '(a(sa{sv}))'),
           ('ResetCounters', '(as)'), ('Reload', '()'))
DENIED = 'org.freedesktop.DBus.Error.AccessDenied'
HAS_TO_BE_ASKED = 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'


class Users(Case):
    def setUp(self):
        super().setUp()
        self.vm = self.machine()
        for user in ('alice', 'bob', 'carol'):
            self.vm.run('useradd', '--create-home', '--shell=/bin/bash', user)
        self.vm.run('useradd', '--create-home', '--groups=sudo', 'admin')
        self.vm.run('chpasswd', text=f'admin:{PASSWORD}\n')
        self.vm.write('/etc/polkit-1/rules.d/10-case.rules', RULE)

    def test_allowed_denied(self):
        """alice is allowed by a rule, bob is denied, and so is everything that no rule names."""
        vm = self.vm
        self.check('everybody reads', [vm.call('ListInterfaces', user=user) for user in ('alice', 'bob', 'carol')],
                   [[], [], []])
        for method, signature in CHANGES:
            rule_names_it = method.endswith(('Interface', 'Interfaces'))
            found = self.answer('alice', method, signature)
            if rule_names_it:
                self.check(f'alice may {method}', found.startswith('('))
            else:
                self.check(f'alice may not {method}, which her rule does not name', found, HAS_TO_BE_ASKED)
            for how in ('silent', 'interactive'):
                self.check(f'bob may not {method} ({how})', self.answer('bob', method, signature, how), DENIED)
            self.check(f'carol has to be asked for {method}', self.answer('carol', method, signature), HAS_TO_BE_ASKED)
            self.check(f'root may {method}', self.answer('root', method, signature).startswith('('))

    def test_no_polkit(self):
        """Without polkit only root may change something."""
        vm = self.vm
        vm.mask('polkit')
        vm.systemctl('stop', 'polkit')
        self.check('alice may not', self.answer('alice', 'AddInterface', '(sa{sv})'), DENIED)
        self.check('root may', self.answer('root', 'AddInterface', '(sa{sv})'), '(True,)')
        self.check('alice still reads', [name for name, _ in vm.call('ListInterfaces', user='alice')], ['x0'])

    def test_asked(self):
        """carol is asked for the password of an administrator, by an agent on her terminal."""
        vm = self.vm
        words = ('AddInterface', 'sa{sv}', 'c0', '0')
        self.check('who may be asked, but has no agent who could, is denied',
                   self.answer('carol', 'AddInterface', '(sa{sv})', 'interactive'), DENIED)
        status, said = self.ask('carol', 'wrong', words)
        self.check('a wrong password is refused', (status != 0, vm.interfaces()), (True, {}))
        status, said = self.ask('carol', PASSWORD, words)
        self.check('she was told what for', 'change which interfaces are kept from speaking' in said)
        self.check('and whose password it takes', 'admin' in said)
        self.check('the right password allows it', (status, list(vm.interfaces())), (0, ['c0']))
        self.check('once, not for ever', self.answer('carol', 'RemoveInterface', '(s)'), HAS_TO_BE_ASKED)

    def answer(self, user, method, signature, how='silent'):
        return self.vm.run('python3', '-c', CALL, how, method, signature, user=user).strip()

    def ask(self, user, password, words):
        """Call with busctl on a terminal of its own, and type this password where somebody asks for one."""
        vm = self.vm
        child, terminal = pty.fork()
        if not child:
            os.execvp('nsenter', ['nsenter', f'--target={vm.leader}', '--all', f'--wd=/proc/{vm.leader}/root', '--',
                                  'env', '-i', 'PATH=/usr/bin:/bin:/usr/sbin:/sbin', 'LC_ALL=C.UTF-8', 'TERM=dumb',
                                  'setpriv', f'--reuid={user}', f'--regid={user}', '--init-groups',
                                  'bash', '-c', WITH_AGENT, 'bash', *OBJECT, *words])
        said = ''
        typed = 0
        deadline = time.monotonic() + PATIENCE
        while True:
            ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
            assert ready, f'the agent never ended; it said:\n{said}'
            try:
                data = os.read(terminal, 4096)
            except OSError:  # EIO: the last one has closed it
                data = b''
            if not data:
                break
            said += data.decode(errors='replace')
            if len(re.findall('assword: ', said)) > typed:
                typed += 1
                # What comes before is thrown away: the agent first prompts and then turns the echo off.
                until(lambda: not termios.tcgetattr(terminal)[3] & termios.ECHO, 'the terminal hides what is typed')
                os.write(terminal, f'{password}\n'.encode())
        _, status = os.waitpid(child, 0)
        os.close(terminal)
        print(f'--- on the terminal of {user}:\n{said}', flush=True)
        assert typed, f'{user} was never asked:\n{said}'
        return os.waitstatus_to_exitcode(status), said
