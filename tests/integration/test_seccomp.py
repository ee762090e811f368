# SPDX-License-Identifier: GPL-2.0-or-later
"""The system calls that the units allow: all that daemon, keeper and worker make, and little else."""

import contextlib
import os
import re
import signal
import subprocess
import unittest
from pathlib import Path

from rig import isolation, kernel, processes
from rig.bus import BusError
from rig.case import OPEN, Case, tool
from rig.isolation import CASE
from rig.record import DEADLINE, Record
from rig.vmac import Vmac
from rig.wire import Wire

UNITS = [Path(os.environ['BUILD_ROOT']) / 'systemd' / name
         for name in ('vmac-mldfilter.service', 'vmac-mldfilter-restore.service')]

# What is allowed although the run below does not make it.
RARE = {
    'clone3': 'how another libc starts a process',
    'madvise': 'how libc gives large blocks of memory back',
    'memfd_create': 'how a line too long for a datagram gets into the journal',
    'mremap': 'how libc lets large blocks of memory grow',
    'tgkill': 'abort()',
}

# With one of these, who has taken over a process gets at others, at the kernel, or out of what the unit forbids.
NEVER = {'accept4', 'add_key', 'bpf', 'chroot', 'delete_module', 'finit_module', 'init_module', 'io_uring_setup',
         'kexec_load', 'keyctl', 'listen', 'mknodat', 'mount', 'open_by_handle_at', 'perf_event_open', 'pidfd_getfd',
         'pivot_root', 'process_vm_readv', 'process_vm_writev', 'ptrace', 'quotactl', 'reboot', 'setns', 'setuid',
         'swapon', 'unshare', 'userfaultfd'}


def members(word):
    """The calls that a word of SystemCallFilter= stands for, as systemd knows them."""
    if not word.startswith('@'):
        return {word}
    said = subprocess.run([tool('systemd-analyze'), 'syscall-filter', '--no-pager', word], capture_output=True,
                          text=True, check=True).stdout
    inside = [line.strip() for line in said.splitlines()[1:]]
    return set().union(*(members(name) for name in inside if name and not name.startswith('#')))


class Filter:
    """What a unit allows: the words of its list, and the calls that are left when those after ~ are taken away."""

    def __init__(self, path):
        lines = re.findall(r'^SystemCallFilter=(.*)$', path.read_text(encoding='utf-8'), re.M)
        self.words = {word for line in lines if not line.startswith('~') for word in line.split()}
        self.denied = {word for line in lines if line.startswith('~') for word in line[1:].split()}
        self.calls = set().union(*map(members, self.words)) - set().union(*map(members, self.denied))


class Recorder:
    """A command for `through`, under which each system call is recorded by its name."""

    def __init__(self, name):
        self._path = CASE / name
        os.mkfifo(self._path)
        self._calls = Record('system call')
        self._reader = self._calls.follow(self._names())
        # -D: the daemon is our own child, and strace is its.
        self.command = f'{tool("strace")} -D -f -qq -s 0 -o {self._path}'

    def _names(self):
        with self._path.open(encoding='ascii', errors='replace') as lines:
            for line in lines:
                if found := re.match(r'\d+ +(\w+)\(', line):
                    yield found[1]

    def calls(self):
        """All of them, when the last process has ended."""
        self._reader.join(DEADLINE)
        return set(self._calls.all())


class Calls(Case):
    """Two lives of the service and a start of the machine, with all that it does every now and then."""

    starts = False
    configuration = OPEN

    def prepare(self):
        self.wire = Wire()

    def live(self):
        """The first life: all that can be asked for, and what happens by itself."""
        vmac = Vmac('v6')
        self.wait_for_interface('v6')
        self.root.add('vrrp6', parent='eth0')
        self.root.set({'vrrp6': {'messages': ['igmp']}, 'vrrp7': {}})
        self.root.remove('vrrp7')
        with self.assertRaises(BusError):
            self.nobody.add('vrrp8')
        vmac.up()
        vmac.down()
        self.root.all_counters()
        self.root.guard_counters()
        self.root.reset('vrrp6')
        self.root.ruleset()
        self.root.audit()
        restored = self.root.properties()['Restorations']
        kernel.nft('flush ruleset')
        self.wait_for_restorations(restored + 1)
        self.daemon.configure('[interface.configured]\n')
        self.daemon.hang_up()
        self.daemon.configure('not = [toml\n')
        self.daemon.hang_up()

    def lose_the_worker(self):
        """One that hangs is killed, another one takes its place."""
        worker = processes.only(processes.WORKER)
        end = os.pidfd_open(worker)
        os.kill(worker, signal.SIGSTOP)
        with contextlib.suppress(BusError):  # what it says then is the matter of other tests
            self.root.add('vrrp9')
        processes.wait_for_end(end)

    def record(self):
        """The names of all the calls."""
        found = set()
        for name, life in (('first', self.live), ('second', self.lose_the_worker)):
            recorder = Recorder(name)
            self.daemon.start(recorder.command)
            life()
            self.daemon.stop_cleanly()
            found |= recorder.calls()
        kernel.nft('flush ruleset')
        isolation.new_boot()
        recorder = Recorder('boot')
        self.daemon.restore(recorder.command)
        return found | recorder.calls()

    def test_what_is_called_is_what_is_allowed(self):
        called = self.record()
        self.assertIn('sendto', called, 'strace has recorded something')
        for path in UNITS:
            allowed = Filter(path)
            with self.subTest(path.name):
                self.assertEqual(called - allowed.calls, set(), 'called, and not allowed')
                idle = {word for word in allowed.words if not members(word) & called}
                self.assertEqual(idle - RARE.keys(), set(), 'allowed, and not called')


class Never(unittest.TestCase):
    def test_what_would_be_a_way_out(self):
        for path in UNITS:
            with self.subTest(path.name):
                self.assertEqual(Filter(path).calls & NEVER, set())
                self.assertLess(len(Filter(path).calls), len(members('@system-service')) * 2 // 3)
