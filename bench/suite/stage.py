# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the service and its rivals are measured: network namespaces, a bus for each service, native programs. Made of
the rig of the integration tests, so the service is unmodified and the bus policy the one that is shipped."""

import contextlib
import itertools
import os
import shlex
import socket
import subprocess
import time
from pathlib import Path

from rig import bus as rig_bus
from rig import isolation
from rig.isolation import run
from rig.service import Daemon, program

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / 'bench'
BUS_POLICY = ROOT / 'dbus' / 'org.vmac.MldFilter.conf'
OPEN = 'own_tables = false\n'  # others are to flush our tables, which the kernel could forbid
GUARDED = OPEN + 'guard = ["eth0"]\n'

# {program: (its sources, the libraries that it needs)}
_PROGRAMS = {
    'client': (['programs/client.cpp', 'programs/serve.hpp'], ['libsystemd']),
    'rival': (['programs/rival.cpp', 'programs/netlink.cpp', 'programs/netlink.hpp', 'programs/serve.hpp'],
              ['libnftables', 'libmnl']),
    'watchdog': (['programs/watchdog.cpp'], ['libsystemd']),
    'sender': (['sender.cpp'], []),
}


def compile_programs(directory):
    """Native programs, so that no interpreter is part of a figure: those that have changed. Returns {name: path}."""
    directory.mkdir(parents=True, exist_ok=True)
    compiler = shlex.split(os.environ.get('CXX', 'c++'))
    for name, (sources, libraries) in _PROGRAMS.items():
        paths = [BENCH / source for source in sources]
        built = directory / name
        if not built.exists() or built.stat().st_mtime < max(path.stat().st_mtime for path in paths):
            flags = run('pkg-config', '--cflags', '--libs', *libraries).split() if libraries else []
            run(*compiler, '-std=c++20', '-O2', '-o', built, *(path for path in paths if path.suffix == '.cpp'), *flags)
    return {name: directory / name for name in _PROGRAMS}


class Native:
    """One of our programs. It answers a line with a line, the seconds that each repetition took."""

    def __init__(self, command, **environment):
        self._process = subprocess.Popen(command, env=os.environ | environment, stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)

    def ask(self, *words):
        self._process.stdin.write(' '.join(map(str, words)) + '\n')
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer or answer.startswith('error'):
            raise AssertionError(f'{" ".join(map(str, words))}: {answer.strip() or "the program has ended"}')
        return [int(word) / 1e9 for word in answer.split()]

    def close(self):
        self._process.stdin.close()
        self._process.wait()


class Namespace:
    """One that is there, and our programs in it."""

    def __init__(self, name, programs):
        self.name = name
        self._programs = programs
        self._natives = contextlib.ExitStack()

    def inside(self, *command):
        """The command that runs this one here."""
        return ['nsenter', f'--net=/run/netns/{self.name}', '--', *map(str, command)]

    def native(self, program_name, **environment):
        started = Native(self.inside(self._programs[program_name]), **environment)
        self._natives.callback(started.close)
        return started

    def close(self):
        self._natives.close()


class Place(Namespace):
    """A network namespace with a device eth0, which has a wire to nobody."""

    def __init__(self, name, programs):
        super().__init__(name, programs)
        run('ip', 'netns', 'add', name)
        run('ip', '-n', name, 'link', 'set', 'lo', 'up')
        run('ip', '-n', name, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'far0')
        for device in ('eth0', 'far0'):
            run('ip', '-n', name, 'link', 'set', device, 'up')
        self.rival = self.native('rival')

    def as_soon_as_told(self, file):
        """Start the rival that runs this file whenever somebody has flushed."""
        process = subprocess.Popen(self.inside(self._programs['rival'], 'as-soon-as-told', file),
                                   stdout=subprocess.PIPE, text=True)
        assert process.stdout.readline() == 'listening\n', 'the rival does not listen'
        self._natives.callback(process.wait)
        self._natives.callback(process.kill)

    def nft(self, *words, text=None):
        return run(*self.inside('nft', *words), input=text)

    def close(self):
        super().close()
        run('ip', 'netns', 'del', self.name)


class Bus(rig_bus.Bus):
    """A bus of its own for each service, in its directory, and nobody on it who listens to every signal."""

    def __init__(self, directory):
        shared, rig_bus.CASE = rig_bus.CASE, directory
        try:
            super().__init__(BUS_POLICY)
        finally:
            rig_bus.CASE = shared

    def start(self):
        super().start()
        self.signals.connection.close_sync(None)
        return self


class Service(Daemon):
    """The daemon, with its state on a disk, and what it says in a file: who reads a pipe takes the processor away."""

    _numbers = itertools.count()

    def __init__(self, place, directory, address, configuration):
        self.number = next(self._numbers)
        super().__init__(address, f'bench-{self.number}')
        self.place = place
        self.state, self.config = directory / 'state', directory / 'config'
        self.state.mkdir(mode=0o700)
        self.config.mkdir()
        self.configure(configuration)
        self.output = directory / 'log'

    def launch(self, through=''):
        mark = self.notified.mark()
        command = [*shlex.split(through), *self.place.inside(*program())]
        with self.output.open('ab') as output:
            self.process = subprocess.Popen(command, env=self._environment(), stdin=subprocess.DEVNULL, stderr=output)
        self._reader = self.log.follow(self._until_its_end(self.process))
        return mark

    def _until_its_end(self, process):
        """Whoever waits for READY=1 must learn that it will not come."""
        descriptor = os.pidfd_open(process.pid)
        os.waitid(os.P_PIDFD, descriptor, os.WEXITED | os.WNOWAIT)
        os.close(descriptor)
        self.notified.add(f'EXIT; its log ends:\n{self.output.read_text(encoding="utf-8", errors="replace")[-2000:]}')
        yield from ()

    def timed_start(self):
        """Seconds until READY=1."""
        begin = time.monotonic()
        self.start()
        return time.monotonic() - begin


class Watched:
    """An event loop that feeds a watchdog of so many seconds, and nothing else."""

    def __init__(self, program, seconds):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        path = isolation.CASE / 'watched'
        self._socket.bind(str(path))
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True,
                                        env={'NOTIFY_SOCKET': str(path), 'WATCHDOG_USEC': f'{seconds}000000'})
        assert self.process.stdout.readline() == 'watched\n', 'the loop does not run'

    def fed(self):
        """How often since this was asked last."""
        times = 0
        with contextlib.suppress(BlockingIOError):
            while self._socket.recv(4096):
                times += 1
        return times

    def close(self):
        self.process.kill()
        self.process.wait()
        self._socket.close()


class Stage:
    """A service in a place, and a native client of it. Unless `bare`, "anchor" is an entry from the start, so the guard
    stands on eth0 and the first interface that is measured is like all others."""

    def __init__(self, place, disk, configuration=OPEN, bare=False, watchdog=0):
        self.place = place
        self.removals = []
        self.directory = disk / place.name
        self.directory.mkdir()
        sockets = isolation.CASE / place.name  # the path of a socket is short
        sockets.mkdir()
        self.bus = Bus(sockets).start()
        self.service = Service(place, self.directory, self.bus.address, configuration)
        if watchdog:
            self.service.environment = {'WATCHDOG_USEC': f'{watchdog}000000'}
        self.service.start()
        self.client = place.native('client', DBUS_SYSTEM_BUS_ADDRESS=self.bus.address)
        if not bare:
            self.fill(0)

    def fill(self, number):
        """Let it have so many interfaces besides "anchor"."""
        return self.client.ask('set', 'vrrp', number)

    def add_and_remove(self, number):
        """So many AddInterface calls, after which all is as before. What that took is kept in `removals`."""
        latencies = self.client.ask('add', 'new', 0, number)
        self.removals += self.client.ask('remove', 'new', 0, number)
        return latencies

    def close(self):
        if self.service.running:
            self.service.stop_cleanly()
        self.bus.stop()
        self.place.close()


class Firewalld:
    """firewalld as Debian has it, in a place, with an empty configuration and a bus of its own."""

    def __init__(self, place):
        self.place = place
        directory = isolation.CASE / place.name
        directory.mkdir()
        configuration = directory / 'configuration'
        configuration.mkdir()
        (configuration / 'firewalld.conf').write_text('FirewallBackend=nftables\nDefaultZone=public\n',
                                                      encoding='ascii')
        address = f'unix:path={directory}/bus'
        self._bus = subprocess.Popen(['dbus-daemon', '--session', '--nofork', '--nopidfile', '--print-address',
                                      f'--address={address}'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._bus.stdout.readline(), 'no bus for firewalld'
        signals = rig_bus.Signals(address)
        mark = signals.mark()
        command = ['firewalld', '--nofork', '--nopid', '--system-config', configuration,
                   '--log-file', directory / 'log']
        self.process = subprocess.Popen(place.inside(*command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env=os.environ | {'DBUS_SYSTEM_BUS_ADDRESS': address})
        signals.wait(lambda signal: signal.member == 'NameOwnerChanged' and signal.values[2]
                     and signal.values[0] == 'org.fedoraproject.FirewallD1', mark)
        signals.connection.close_sync(None)
        self.client = place.native('client', DBUS_SYSTEM_BUS_ADDRESS=address)
        self.add_and_remove(1)  # answers when all of its rules are there

    def add_and_remove(self, number):
        latencies = self.client.ask('zone', 'add', 'new', 0, number)
        self.client.ask('zone', 'remove', 'new', 0, number)
        return latencies

    def close(self):
        self.process.terminate()
        self.process.wait()
        self._bus.kill()
        self._bus.wait()
        self.place.close()
