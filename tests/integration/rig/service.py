# SPDX-License-Identifier: GPL-2.0-or-later
"""The unmodified daemon, with every directory and the bus redirected by its environment."""

import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from .isolation import CASE
from .record import DEADLINE, Record

# What a run of the test needs of our own environment: where libraries are, and what a sanitizer or a coverage run says.
_INHERITED = ('PATH', 'LD_LIBRARY_PATH', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS', 'TSAN_OPTIONS', 'GCOV_PREFIX')


def program():
    """The command that is the daemon. VMAC_WRAPPER is what it runs under: a checker of memory, a recorder of calls."""
    return [*shlex.split(os.environ.get('VMAC_WRAPPER', '')), os.environ['VMAC_MLDFILTERD']]


class Daemon:
    """One instance. It counts as started when it says READY=1, not when some time has passed."""

    def __init__(self, address, name='daemon'):
        self.state = CASE / 'state'
        self.config = CASE / 'config'
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.config.mkdir(exist_ok=True)
        self.log = Record('log line')
        self.notified = Record('notify message')
        self.process = None
        self.environment = {}  # for what a case wants besides
        self.to_journal = False
        self._reader = None
        self._name = name
        self._address = address
        self._notify = CASE / f'notify-{name}'
        self._listen()

    @property
    def state_file(self):
        return self.state / 'state.json'

    def saved(self):
        """The state file, parsed."""
        return json.loads(self.state_file.read_bytes())

    def write_state(self, state):
        """Another state file, while it does not run."""
        self.state_file.write_text(json.dumps(state), encoding='ascii')

    def cpu_seconds(self):
        """What it has cost so far."""
        fields = Path(f'/proc/{self.process.pid}/stat').read_text(encoding='ascii').rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def configure(self, text, file='00-case.toml'):
        path = self.config / file
        path.write_text(text, encoding='utf-8')
        return path

    # --- life

    def start(self, through=''):
        """Start and wait for READY=1. `through` is a command that starts the daemon: setpriv with its options."""
        mark = self.launch(through)
        came = self.notified.wait(lambda message: 'READY=1' in message or 'EXIT' in message, mark)
        assert 'READY=1' in came, f'the daemon ended before it was ready: {came}'
        return self

    def launch(self, through=''):
        """Start and do not wait. Returns the place in the notify messages where this run begins."""
        environment = self._environment()
        read, write = os.pipe()
        if self.to_journal:  # as systemd tells a service that its standard error is the journal
            environment['JOURNAL_STREAM'] = f'{os.fstat(write).st_dev}:{os.fstat(write).st_ino}'
        mark = self.notified.mark()
        self.process = subprocess.Popen([*shlex.split(through), *program()], env=environment,
                                        stdin=subprocess.DEVNULL, stderr=write)
        os.close(write)
        self._reader = self.log.follow(self._lines(self.process, read))
        return mark

    def restore(self, through='', *, status=0):
        """What vmac-mldfilter-restore.service runs, without any bus. Returns what it said."""
        environment = self._environment() | {'DBUS_SYSTEM_BUS_ADDRESS': 'unix:path=/nonexistent'}
        done = subprocess.run([*shlex.split(through), *program(), '--restore'], env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=DEADLINE, check=False)
        print(done.stderr, file=sys.stderr)
        assert (done.returncode, done.stdout) == (status, ''), (done.returncode, done.stdout)
        return done.stderr

    def wait_for_exit(self):
        """Its exit status, when all that it said is in the records too: the next one must not be taken for ready
        because this one was."""
        status = self.process.wait(DEADLINE)
        self._reader.join(DEADLINE)
        self.process = None
        fence, mark = f'FENCE {time.monotonic_ns()}', self.notified.mark()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(fence.encode(), str(self._notify))
        self.notified.wait(lambda message: message == fence, mark)
        return status

    def stop(self):
        """SIGTERM. The exit status says whether it ended cleanly, under a sanitizer also whether it leaked."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_for_exit()

    def kill(self):
        self.process.kill()
        self.wait_for_exit()

    def restart(self, through=''):
        self.stop_cleanly()
        self.start(through)

    def stop_cleanly(self):
        status = self.stop()
        assert status == 0, f'the daemon ended with {status} on SIGTERM'

    @contextlib.contextmanager
    def halted(self):
        """It does not run while this is open."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def hang_up(self):
        """SIGHUP, and wait until it has read its configuration again, whatever came of it."""
        mark = self.notified.mark()
        self.process.send_signal(signal.SIGHUP)
        self.notified.wait(lambda message: 'RELOADING=1' in message, mark)
        self.notified.wait(lambda message: 'READY=1' in message, mark)

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def status(self):
        """The line that `systemctl status` would show."""
        lines = [line for message in self.notified.all() for line in message.splitlines() if line.startswith('STATUS=')]
        return lines[-1].removeprefix('STATUS=') if lines else ''

    def _environment(self):
        environment = {'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1'}
        environment |= {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return environment | {
            'LC_ALL': 'C.UTF-8',
            'DBUS_SYSTEM_BUS_ADDRESS': self._address,
            'STATE_DIRECTORY': str(self.state),
            'CONFIGURATION_DIRECTORY': str(self.config),
            'NOTIFY_SOCKET': str(self._notify),
            **self.environment,
        }

    # --- what it says

    def _lines(self, process, descriptor):
        with open(descriptor, encoding='utf-8', errors='replace') as stream:
            for line in stream:
                print(f'{self._name}: {line}', end='', file=sys.stderr, flush=True)
                yield line.rstrip('\n')
        # Whoever waits for READY=1 must learn that it will not come.
        self.notified.add(f'EXIT {process.wait()}')

    def _listen(self):
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        receiver.bind(str(self._notify))
        self._notify.chmod(0o666)  # the daemon may be another user
        self.notified.follow(iter(lambda: receiver.recv(4096).decode(), None))
