# SPDX-License-Identifier: GPL-2.0-or-later
"""A Cockpit session without a login: cockpit-ws that starts the bridge by itself, here or in the tree of a release."""

import os
import shlex
import socket
import subprocess
import sys
from pathlib import Path

from rig.isolation import CASE, run
from rig.record import DEADLINE

_PORT = 9090
_NAME = 'vmac-mldfilter'
_ACTIVATION = '/usr/share/dbus-1/system-services'
_PROGRAM = '/usr/lib/cockpit/cockpit-ws'


class Cockpit:
    """At most one session at a time. The page is the only package of this session that Cockpit does not bring."""

    def __init__(self, bus):
        self._environment = {
            'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8',
            'DBUS_SYSTEM_BUS_ADDRESS': bus, 'XDG_DATA_HOME': str(CASE / 'data'),
            'SYSTEMD_IGNORE_CHROOT': '1'}  # in a tree, systemctl is to fail as it does here, and not to do nothing
        self._process = None
        package = CASE / 'data' / 'cockpit' / _NAME
        package.mkdir(parents=True)
        run('mount', '--bind', os.environ['VMAC_PAGE'], package)
        tree = os.environ.get('VMAC_COCKPIT_TREE')
        self._root = self._enter(tree) if tree else Path('/')
        # Cockpit shows the page where the service is installed, and goes by this file.
        over = CASE / 'system-services'
        over.mkdir()
        (over / 'org.vmac.MldFilter.service').write_text('[D-BUS Service]\nName=org.vmac.MldFilter\n', encoding='ascii')
        where = self._root / _ACTIVATION.lstrip('/')
        run('mount', '-t', 'overlay', '-o', f'lowerdir={over}:{where}', 'overlay', where)

    @staticmethod
    def _enter(tree):
        """A view of a tree in which our /run, /proc, /sys, /dev and users are; nothing is written to it."""
        root, layers = CASE / 'tree', CASE / 'layers'
        for directory in (root, layers):
            directory.mkdir()
        run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', layers)
        for layer in ('upper', 'work'):
            (layers / layer).mkdir()
        run('mount', '-t', 'overlay', '-o', f'lowerdir={tree},upperdir={layers}/upper,workdir={layers}/work',
            'overlay', root)
        for directory in ('/run', '/proc', '/sys', '/dev', '/etc/passwd', '/etc/group'):
            run('mount', '--rbind', directory, f'{root}{directory}')
        return root

    def version(self):
        """Of the bridge."""
        said = run(*self._through(), 'cockpit-bridge', '--version', env=self._environment)
        return said.splitlines()[0].split()[-1].strip("'\"")

    def open(self, user):
        self.close()
        home = CASE / f'home-{user}'
        home.mkdir(mode=0o700, exist_ok=True)
        run('chown', user, home)
        session = CASE / 'session'
        words = ['env', '-i', *(f'{name}={value}' for name, value in self._environment.items()), f'HOME={home}',
                 f'XDG_RUNTIME_DIR={home}', f'USER={user}', 'cockpit-bridge']
        through = ['setpriv', f'--reuid={user}', f'--regid={user}', '--clear-groups'] if user != 'root' else []
        session.write_text(f'#!/bin/sh\nexec {shlex.join([*through, *words])}\n', encoding='ascii')
        session.chmod(0o755)
        with socket.socket() as listener:  # so that nobody has to wait until the program listens
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(('127.0.0.1', _PORT))
            listener.listen()
            command = shlex.join([*self._through(), _PROGRAM, '--no-tls', f'--local-session={session}'])
            self._process = subprocess.Popen(
                ['sh', '-c', f'exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec {command}'], stdin=listener,
                stdout=sys.stderr, env={**self._environment, 'HOME': str(home), 'XDG_RUNTIME_DIR': str(home)})
        return f'http://127.0.0.1:{_PORT}/cockpit/@localhost/{_NAME}/index.html'

    def close(self):
        if self._process:
            self._process.terminate()
            self._process.wait(DEADLINE)
            self._process = None

    def _through(self):
        return ['chroot', str(self._root)] if self._root != Path('/') else []
