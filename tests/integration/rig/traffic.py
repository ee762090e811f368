# SPDX-License-Identifier: GPL-2.0-or-later
"""Helpers that run beside a case as processes of their own: somebody who speaks, somebody who watches the tables,
somebody who takes one, and somebody who destroys them."""

import contextlib
import subprocess
import sys
from pathlib import Path

from . import kernel
from .isolation import run
from .record import Record

_HERE = Path(__file__).parent


class Talker:
    """MLDv1 Reports and Dones from an interface, without any table of the test's own. Which arrive, the wire tells."""

    def __init__(self, interface, namespace=None, pause=0.001):
        through = ('ip', 'netns', 'exec', namespace.name) if namespace else ()
        self._process = subprocess.Popen([*through, sys.executable, _HERE / 'talker.py', interface, str(pause)],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout.readline() == 'speaking\n', f'nobody speaks on {interface}'

    def stop(self):
        """How often it joined a group and left it."""
        self._process.stdin.close()
        rounds = int(self._process.stdout.read())
        assert self._process.wait() == 0
        return rounds


@contextlib.contextmanager
def talking(*arguments, **options):
    talker = Talker(*arguments, **options)
    try:
        yield talker
    finally:
        talker.rounds = talker.stop()


class Transactions(Record):
    """(time in nanoseconds, generation, process) of each transaction of nftables here."""

    def __init__(self):
        super().__init__('transaction')
        watcher = subprocess.Popen([sys.executable, _HERE / 'generations.py'], stdout=subprocess.PIPE, text=True)
        assert watcher.stdout.readline() == 'listening\n'
        self.follow(self._parse(line) for line in watcher.stdout)

    @staticmethod
    def _parse(line):
        time, generation, process = line.rstrip('\n').split(' ', 2)
        return int(time), int(generation), process

    def times_to_repair(self, breaker='nft'):
        """For each transaction of the breaker's, how long until the next one of anybody else, in seconds."""
        found, broken = [], None
        for time, _, process in self.all():
            if process == breaker:
                broken = time if broken is None else broken
            elif broken is not None:
                found.append((time - broken) / 1e9)
                broken = None
        return found


class Owner:
    """Somebody who makes a table of our name his own: the kernel lets nobody else change it while he lives."""

    def __init__(self, family='ip6'):
        self._family = family
        self._nft = subprocess.Popen(['nft', '-i'], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)

    def take(self):
        self._nft.stdin.write(f'add table {self._family} {kernel.TABLE} {{ flags owner; }}\n')
        self._nft.stdin.flush()
        kernel.until(lambda: 'flags owner' in run('nft', 'list', 'ruleset'), 'for a table with an owner')
        return self

    def go(self):
        self._nft.stdin.close()
        self._nft.wait()


@contextlib.contextmanager
def vandal(command='nft flush ruleset'):
    """Somebody who runs a command in a loop, as fast as he can, while this is open."""
    with subprocess.Popen(['bash', '-c', f'trap exit TERM; while :; do {command}; done'],
                          stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.terminate()
