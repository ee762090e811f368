# SPDX-License-Identifier: GPL-2.0-or-later
"""A service that has nothing to do does nothing."""

import re
import subprocess
from pathlib import Path

from rig.case import Case, tool
from rig.isolation import CASE
from rig.vmac import Vmac
from rig.wire import Wire

QUIET = 30  # seconds. Here it is time itself that is tested.


class Idle(Case):
    """With three VMACs, and nobody who asks."""

    def prepare(self):
        self.wire = Wire()
        self.vmacs = [Vmac(f'v{number}', mac=f'00:00:5e:00:02:0{number}') for number in range(3)]

    def setUp(self):
        super().setUp()
        self.assertEqual(self.root.list().keys(), {'v0', 'v1', 'v2'})
        self.bus.signals.fence(self.root.connection)  # the bus has nothing more to say

    def runs(self):
        """How often it has given up the processor or lost it, thread by thread: it cannot run without."""
        found = {}
        for task in Path(f'/proc/{self.daemon.process.pid}/task').iterdir():
            status = (task / 'status').read_text(encoding='ascii')
            found[task.name] = sum(map(int, re.findall(r'ctxt_switches:\s+(\d+)', status)))
        return found

    def nothing_is_said(self):
        """Of all that the service may say to anybody, for that long. Returns early when there is something."""
        mark = self.daemon.notified.mark()
        with self.assertRaises(AssertionError):
            self.daemon.notified.wait(lambda message: True, mark, deadline=QUIET)

    def test_does_not_run(self):
        self.settle()
        before = self.runs()
        self.nothing_is_said()
        self.assertEqual(self.runs(), before)

    def settle(self):
        """Until nothing is left of the start: what the service put off for a moment is done."""
        for _ in range(10):
            before = self.runs()
            with self.assertRaises(AssertionError):
                self.daemon.notified.wait(lambda message: True, self.daemon.notified.mark(), deadline=1)
            if self.runs() == before:
                return
        self.fail('it never comes to rest')


class Watchdog(Idle):
    """What systemd asks for, and nothing else."""

    INTERVAL = 10  # the service may feed it twice in this time, as sd_event does

    starts = False

    def setUp(self):
        Case.setUp(self)
        self.daemon.environment = {'WATCHDOG_USEC': f'{self.INTERVAL}000000'}
        self.daemon.start()
        self.bus.signals.fence(self.root.connection)
        for _ in range(2):  # once at the start, and when nothing is left of it
            self.feed()

    def feed(self):
        """Return when it is fed the next time."""
        self.daemon.notified.wait(lambda message: 'WATCHDOG=1' in message, self.daemon.notified.mark())

    def test_does_not_run(self):
        trace = CASE / 'trace'
        process = subprocess.Popen([tool('strace'), '-f', '-qq', '-o', trace, '-p', str(self.daemon.process.pid)])
        fed = QUIET * 2 // self.INTERVAL
        for _ in range(fed):
            self.feed()
        process.terminate()
        process.wait()
        calls = [match[1] for match in re.finditer(r'^\d+ +(?:<\.\.\. )?(\w+)', trace.read_text(errors='replace'),
                                                   re.MULTILINE)]
        print(f'{fed} times fed the watchdog with {len(calls)} system calls: {sorted(set(calls))}')
        self.assertGreater(fed, 0)
        # To send a datagram to systemd, to set the timer for the next, to wait. What it takes to look at the kernel or
        # at a file is not among them.
        self.assertLessEqual(set(calls), {
            'close', 'connect', 'epoll_pwait', 'epoll_pwait2', 'epoll_wait', 'getegid', 'geteuid', 'getgid', 'getpid',
            'getsockopt', 'gettid', 'getuid', 'ioctl', 'read', 'restart_syscall', 'sendmsg', 'setsockopt', 'socket',
            'timerfd_settime'})
        self.assertLessEqual(calls.count('sendmsg'), fed + 1)
        self.assertLessEqual(len([call for call in calls if call.startswith('epoll')]), 2 * fed + 2)
