# SPDX-License-Identifier: GPL-2.0-or-later
"""A namespace of its own for each case.

Network, mounts and processes are private, and /run is an empty tmpfs. So every case may call its interfaces, its bus
and its directories the same, cases run side by side, and whatever a case leaves behind goes when its first process
ends, even when that was killed.
"""

import contextlib
import ctypes
import os
import subprocess
import sys
from pathlib import Path

CASE = Path('/run/case')

_BOOT_ID = '/proc/sys/kernel/random/boot_id'
_CLONE_NEWNET = 0x40000000
_CAPABILITIES = {'CAP_NET_ADMIN': 12, 'CAP_NET_RAW': 13, 'CAP_SYS_ADMIN': 21}
_libc = ctypes.CDLL(None, use_errno=True)


def run(*command, **options):
    """Run a command that must succeed, and return what it printed."""
    done = subprocess.run([str(word) for word in command], text=True, errors='surrogateescape', capture_output=True,
                          check=False, **options)
    if done.returncode:
        raise AssertionError(f'{" ".join(map(str, command))}: exit {done.returncode}\n{done.stderr}{done.stdout}')
    return done.stdout


def missing_privileges():
    """What the tests need and this process has not. They fail without it: a skipped test proves nothing."""
    if os.geteuid() != 0:
        return ['root']
    status = Path('/proc/self/status').read_text(encoding='ascii')
    effective = int(status.split('CapEff:')[1].split()[0], 16)
    return [name for name, bit in _CAPABILITIES.items() if not effective >> bit & 1]


def reexecute(script, *arguments):
    """Go on as the first process of new namespaces. --kill-child: a timeout that hits us takes everything along."""
    os.execvp('unshare', ['unshare', '--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--',
                          sys.executable, script, *arguments])


def furnish():
    """An empty /run, and in it a directory for the case, and mldfilterctl where everybody may run it."""
    run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run')
    CASE.mkdir()
    Path('/run/netns').mkdir()
    run('ip', 'link', 'set', 'lo', 'up')
    if built := os.environ.get('MLDFILTERCTL'):
        program = Path('/run/bin/mldfilterctl')
        program.parent.mkdir()
        program.touch()
        bind(built, program)
        os.environ['MLDFILTERCTL'] = str(program)


def bind(source, target):
    """Let `source` stand where `target` is."""
    run('mount', '--bind', source, target)


def write_protect(directory):
    bind(directory, directory)
    run('mount', '-o', 'remount,bind,ro', directory)


def unmount(directory):
    run('umount', directory)


def small_disk(directory, size='256k'):
    """A file system of its own for `directory`, small enough to be filled up."""
    run('mount', '-t', 'tmpfs', '-o', f'size={size},mode=700', 'tmpfs', directory)


def fill_disk(directory):
    """Leave no free byte, and return the file whose removal makes room again."""
    filler = Path(directory) / 'filler'
    with filler.open('wb', buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def boot():
    """The id of this boot, or of the one that new_boot() has pretended."""
    return Path(_BOOT_ID).read_text(encoding='ascii').strip()


def new_boot():
    """Another boot id, as after a reboot."""
    identity = CASE / 'boot_id'
    identity.write_text('b0070000-0000-4000-8000-000000000002\n', encoding='ascii')
    bind(identity, _BOOT_ID)


def add_user(name, uid):
    """A user that exists for this case only."""
    for file, line in (('/etc/passwd', f'{name}:x:{uid}:{uid}::/:/usr/sbin/nologin\n'),
                       ('/etc/group', f'{name}:x:{uid}:\n')):
        copy = CASE / Path(file).name
        copy.write_text(Path(file).read_text(encoding='utf-8') + line, encoding='utf-8')
        copy.chmod(0o644)
        bind(copy, file)


class Namespace:
    """Another network namespace: the far end of a wire."""

    def __init__(self, name):
        self.name = name
        run('ip', 'netns', 'add', name)
        self._here = os.open('/proc/self/ns/net', os.O_RDONLY)
        self._there = os.open(f'/run/netns/{name}', os.O_RDONLY)

    @contextlib.contextmanager
    def inside(self):
        """What is opened in here belongs to the other namespace, sockets for example."""
        self._enter(self._there)
        try:
            yield
        finally:
            self._enter(self._here)

    @staticmethod
    def _enter(descriptor):
        if _libc.setns(descriptor, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), 'setns')
