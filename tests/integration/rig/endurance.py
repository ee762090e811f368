# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cases have in common that go on for long: a seed, somebody who speaks all the time, a look at processes."""

import json
import os
import random
import select
import subprocess
import sys
from pathlib import Path

from .isolation import CASE
from .record import DEADLINE

_HERE = Path(__file__).parent


def dice():
    """All that is drawn comes from these. VMAC_SEED gives the seed, which is printed."""
    seed = int(os.environ.get('VMAC_SEED') or random.SystemRandom().randrange(1 << 32))
    print(f'VMAC_SEED={seed}', flush=True)
    return random.Random(seed)


class Speaker:
    """MLD and IGMP on these interfaces, whenever they are there; see speaker.py."""

    def __init__(self, *interfaces, pause=0.004):
        self._interfaces = interfaces
        self._process = subprocess.Popen([sys.executable, _HERE / 'speaker.py', str(pause), *interfaces],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._turns = None
        assert self._process.stdout.readline() == 'speaking\n', 'nobody speaks'

    def stop(self):
        """{interface: how many turns it had}, a turn being a Report and a Done of MLD and the same of IGMP."""
        if self._turns is None:
            self._process.stdin.close()
            self._turns = json.loads(self._process.stdout.read())
            assert self._process.wait() == 0
        return self._turns

    def is_of(self, frame, interface):
        """Whether this frame speaks of one of the groups of this interface."""
        number = self._interfaces.index(interface) + 1
        return any(group.startswith((f'ff05::{number:x}:', f'239.{number}.')) for group in frame.groups)


class Process:
    """One process, as /proc shows it. To ask one that is gone is an error, FileNotFoundError or ProcessLookupError."""

    def __init__(self, pid):
        self.pid = int(pid)
        self._path = Path(f'/proc/{pid}')

    @property
    def name(self):
        return self._stat()[0]

    @property
    def state(self):
        """One letter: Z is a zombie."""
        return self._stat()[1]

    @property
    def parent(self):
        return int(self._stat()[2])

    @property
    def memory(self):
        """What it has for itself, in KiB; pages of files, which others share, are left out."""
        for line in (self._path / 'status').read_text(encoding='ascii', errors='replace').splitlines():
            if line.startswith('RssAnon:'):
                return int(line.split()[1])
        return 0  # a zombie

    @property
    def descriptors(self):
        return len(os.listdir(self._path / 'fd'))

    def _stat(self):
        name, _, rest = (self._path / 'stat').read_text(encoding='utf-8', errors='replace').rpartition(')')
        return name.partition('(')[2], *rest.split()


def descendants(pid):
    """The processes below this one, zombies among them."""
    below = {}
    for path in Path('/proc').iterdir():
        if path.name.isdigit():
            try:
                below.setdefault(Process(path.name).parent, []).append(Process(path.name))
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended since
    found, to_visit = [], [pid]
    while to_visit:
        children = below.get(to_visit.pop(), [])
        found += children
        to_visit += [child.pid for child in children]
    return found


KEEPER, WORKER = 'mldfilter-keep', 'mldfilter-nft'


def helpers(pid, name):
    """Those of this name below a daemon. What has ended and was not yet reaped is none."""
    return [process for process in descendants(pid) if process.name == name and process.state != 'Z']


def reap_orphans():
    """Wait for the helpers of a daemon that is gone, which are our children now: the first process of a namespace
    inherits whoever loses his parent."""
    orphans = [process for process in descendants(os.getpid())
               if process.parent == os.getpid() and process.name in (KEEPER, WORKER)]
    for orphan in orphans:
        descriptor = os.pidfd_open(orphan.pid)
        ended, _, _ = select.select([descriptor], [], [], DEADLINE)
        os.close(descriptor)
        assert ended, f'{orphan.name} lives on without its daemon'
        os.waitpid(orphan.pid, 0)


def configure_atomically(directory, file, text):
    """Whoever reads it meanwhile sees the old one or the new one."""
    new = CASE / f'new-{file}'
    new.write_text(text, encoding='utf-8')
    new.rename(directory / file)
