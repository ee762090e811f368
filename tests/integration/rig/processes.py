# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes by their names. Each case sees only its own ones, so a name is enough."""

import contextlib
import os
import resource as resources
import select
import signal
import time
from pathlib import Path

from .record import DEADLINE

KEEPER, WORKER = 'mldfilter-keep', 'mldfilter-nft'


def named(name):
    """The pids of all that are called so, and live."""
    found = []
    for directory in Path('/proc').iterdir():
        with contextlib.suppress(OSError):  # one that has just ended
            if directory.name.isdigit() and (directory / 'comm').read_text(encoding='utf-8').rstrip('\n') == name:
                found.append(int(directory.name))
    return [pid for pid in found if _state(pid) not in 'ZX']


def only(name):
    found = named(name)
    assert len(found) == 1, f'{name}: {found}'
    return found[0]


def kill(pid, number=signal.SIGKILL):
    """And return when it is gone, whoever its parent is."""
    process = os.pidfd_open(pid)
    os.kill(pid, number)
    wait_for_end(process)
    os.close(process)


def wait_for_end(*processes):
    """Of all of these, each a descriptor of pidfd_open()."""
    for process in processes:
        assert select.select([process], [], [], DEADLINE)[0], 'it lives on'


@contextlib.contextmanager
def halted(pid):
    """It does not run while this is open. It may be gone afterwards: somebody else may kill what hangs."""
    os.kill(pid, signal.SIGSTOP)
    end = time.monotonic() + DEADLINE
    while _state(pid) != 'T':  # nobody is told but the parent
        assert time.monotonic() < end, f'{pid} does not stop'
        os.sched_yield()
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def _state(pid):
    try:
        return Path(f'/proc/{pid}/stat').read_text(encoding='utf-8').rpartition(')')[2].split()[0]
    except OSError:
        return 'X'


def wait_in_call(pid):
    """Return when it waits for somebody that it has asked, and not in its event loop."""
    _wait_for_sleep(pid, 'poll_schedule_timeout')


def wait_in_loop(pid):
    """Return when it has done all that it knows of, and waits in its event loop."""
    _wait_for_sleep(pid, 'ep_poll', 'do_epoll_wait')  # as kernels were built


def _wait_for_sleep(pid, *places):
    """Until it sleeps in one of these functions of the kernel, whatever the compiler has added to the name."""
    end = time.monotonic() + DEADLINE
    while _state(pid) != 'S' or Path(f'/proc/{pid}/wchan').read_text(encoding='ascii').split('.')[0] not in places:
        assert time.monotonic() < end, f'{pid} does not come to sleep in {" or ".join(places)}'
        os.sched_yield()


def limit(pid, resource, most):
    """Change a soft limit of a running process; returns what puts it back."""
    soft, hard = resources.prlimit(pid, resource)
    resources.prlimit(pid, resource, (most, hard))
    return lambda: resources.prlimit(pid, resource, (soft, hard))
