# SPDX-License-Identifier: GPL-2.0-or-later
"""Ways of packets between network namespaces, and how many take them in a second:

    out:        host eth0 ----------------------------- a device here, the sink
    forwarded:  source eth0 --- in0 router eth0 ------- a device here, the sink

What stands on eth0 of the host, and of the router, is what is measured.
"""

import os
import shlex
import subprocess
from pathlib import Path

_HERE = Path(__file__).resolve().parent
_SINK_OF_NOTHING = '02:00:00:00:00:01'
_ADDRESS = '198.18.0.1'  # beyond all of the networks here
WARM_UP = 0.01  # seconds that are sent and not counted after each change
_LEAST_RATE, _TRIES = 1000, 10  # below it, in packets/s, there is no way, or nobody who sends


class BenchError(Exception):
    """Nothing was measured."""


def run(*command, text=None):
    done = subprocess.run([str(word) for word in command], input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def on(namespace, *command, text=None):
    return run('ip', 'netns', 'exec', namespace, *command, text=text)


def compile_sender(directory):
    """The program that sends, in this directory."""
    program = f'{directory}/sender'
    run(*shlex.split(os.environ.get('CXX', 'c++')), '-std=c++20', '-O2', '-o', program, _HERE.parent / 'sender.cpp')
    return program


def make_quiet_sink():
    """No IPv6 here: nothing but our packets is to be on the wires."""
    Path('/proc/sys/net/ipv6/conf/default/disable_ipv6').write_text('1\n', encoding='ascii')


def make_host(name, far):
    """A namespace whose eth0 ends in the device `far` here."""
    _make_namespace(name)
    _connect(name, 'eth0', '', far)
    run('ip', '-n', name, 'addr', 'add', '198.51.100.1/24', 'dev', 'eth0')
    _lead_nowhere(name, '198.51.100.2', 'dev', 'eth0')


def make_router(source, router, far):
    """Two namespaces: what leaves `source` goes through `router`, whose eth0 ends in the device `far` here."""
    _make_namespace(source)
    _make_namespace(router)
    _connect(source, 'eth0', router, 'in0')
    _connect(router, 'eth0', '', far)
    run('ip', '-n', source, 'addr', 'add', '192.0.2.1/24', 'dev', 'eth0')
    run('ip', '-n', source, 'route', 'add', 'default', 'via', '192.0.2.2')
    run('ip', '-n', router, 'addr', 'add', '192.0.2.2/24', 'dev', 'in0')
    run('ip', '-n', router, 'addr', 'add', '198.51.100.1/24', 'dev', 'eth0')
    on(router, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward')
    _lead_nowhere(router, '198.51.100.2', 'dev', 'eth0')


def _make_namespace(name):
    run('ip', 'netns', 'add', name)
    on(name, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6')


def _connect(near, device, far, far_device):
    """A veth pair between two namespaces. The process 1, we, is in the one that is the sink."""
    run('ip', 'link', 'add', device, 'netns', near, 'type', 'veth', 'peer', 'name', far_device, 'netns', far or '1')
    run('ip', '-n', near, 'link', 'set', device, 'up')
    run('ip', *(('-n', far) if far else ()), 'link', 'set', far_device, 'up')


def _lead_nowhere(namespace, *words):
    """To a neighbour that is not there, so that the sink counts the packets and throws them away at once."""
    run('ip', '-n', namespace, 'route', 'add', 'default', 'via', *words)
    run('ip', '-n', namespace, 'neigh', 'add', words[0], 'lladdr', _SINK_OF_NOTHING, *words[1:])


class Way:
    """One way of packets to the sink: who sends, whose eth0 is looked at, and which device of the sink counts."""

    def __init__(self, program, sender, guarded, counter):
        self.guarded, self.counter = guarded, counter
        # Not the first processor, which often has the interrupts.
        command = ['ip', 'netns', 'exec', sender, program, _ADDRESS, str(max(os.sched_getaffinity(0)))]
        self._sender = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def arrived(self):
        for line in Path('/proc/self/net/dev').read_text(encoding='ascii').splitlines():
            name, _, numbers = line.partition(':')
            if name.strip() == self.counter:
                return int(numbers.split()[1])
        raise BenchError(f'{self.counter} is gone')

    def send(self, seconds):
        """Packets per second that arrived."""
        before = self.arrived()
        self._sender.stdin.write(f'{seconds * 1e6:.0f}\n')
        self._sender.stdin.flush()
        took = self._sender.stdout.readline()
        if not took:
            raise BenchError(f'the sender ended with {self._sender.wait()}')
        return (self.arrived() - before) / (int(took) / 1e9)

    def measure(self, seconds):
        """The same, when it has warmed up. On a busy machine the sender may not run at all meanwhile: then again."""
        for _ in range(_TRIES):
            self.send(WARM_UP)
            rate = self.send(seconds)
            if rate >= _LEAST_RATE:
                return rate
        raise BenchError(f'no more than {rate:.0f} packets/s arrived at {self.counter}')

    def close(self):
        self._sender.stdin.close()
        self._sender.wait()
