# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows: what the service costs while nobody asks it for anything: memory, wake-ups."""

import re
import shutil
import subprocess
import time
from pathlib import Path

from context import MANY
from figures import COUNT, SIZE, Figure, Line, at_most
from rig.endurance import descendants

def processes(pid):
    """The service's own and those below it."""
    return [pid, *(process.pid for process in descendants(pid))]


def resident(pid, what='VmRSS', file='status'):
    """In MiB."""
    text = Path(f'/proc/{pid}/{file}').read_text(encoding='ascii', errors='replace')
    return int(re.search(rf'^{what}:\s+(\d+)', text, re.MULTILINE)[1]) / 1024


def weigh(pid):
    return Figure((sum(resident(each) for each in processes(pid)),), SIZE)


def weigh_share(pid):
    """Memory that several of them map counts once."""
    return Figure((sum(resident(each, 'Pss', 'smaps_rollup') for each in processes(pid)),), SIZE)


OF_ALL, OF_DAEMON, ADDED_UP = 'PSS of daemon, keeper and worker', 'RSS of the daemon', 'RSS of all three, added up'


def weigh_all(pid):
    """{what: Figure}. All three are the same program with the same libraries, which the sum of RSS counts three times."""
    return {OF_ALL: weigh_share(pid), OF_DAEMON: Figure((resident(pid),), SIZE), ADDED_UP: weigh(pid)}


def memory(context):
    """What daemon, keeper and worker take of it, when nothing is asked and after each list was."""
    stage = context.stage(bare=True)
    stage.client.ask('list')
    pid = stage.service.process.pid
    context.told('idle')
    idle = weigh_all(pid)
    context.told(f'{MANY:,}')
    stage.fill(MANY)
    for question in ('list', 'all'):
        stage.client.ask(question)
    full = weigh_all(pid)
    lines = [Line('memory', f'{what}, {when}', figures[what], must=most and at_most(most), wide=most and at_most(2 * most))
             for when, figures, limit in (('idle', idle, 12), (f'at {MANY:,}', full, 32))
             for what, most in ((OF_ALL, limit), (OF_DAEMON, limit), (ADDED_UP, None))]
    if shutil.which('firewalld'):
        other = weigh(context.firewalld().process.pid)
        lines += [Line('memory', f'{OF_ALL}, {which}', own[OF_ALL], 'RSS of firewalld, idle', other)
                  for which, own in (('idle', idle), (f'at {MANY:,}', full))]
    return lines


def runs(pid):
    """How often all threads of all processes have given up the processor to wait."""
    return sum(int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', (task / 'status').read_text(encoding='ascii'),
                             re.MULTILINE)[1])
               for each in processes(pid) for task in Path(f'/proc/{each}/task').iterdir())


def come_to_rest(pid, interval):
    """Until there is a third of the interval of its watchdog in which it does not run."""
    for _ in range(30):
        before = runs(pid)
        time.sleep(interval / 3)
        if runs(pid) == before:
            return
    raise AssertionError('the service never comes to rest')


class Tracer:
    """strace at all processes of somebody."""

    def __init__(self, context, pid):
        self._file = context.scratch() / 'trace'
        pids = [word for each in processes(pid) for word in ('-p', str(each))]
        self._process = subprocess.Popen(['strace', '-f', '-qq', '-o', self._file, *pids], stderr=subprocess.DEVNULL)

    def calls(self):
        """System calls so far."""
        return calls_in(self._file)

    def close(self):
        self._process.terminate()
        self._process.wait()


def calls_in(trace):
    """One that was interrupted by what another process did has two lines."""
    lines = trace.read_text(encoding='utf-8', errors='replace').splitlines()
    return sum('(' in line and ' resumed>' not in line for line in lines)


def idle(context):
    """The watchdog is fed, and nothing else happens. Here it is time itself that is measured."""
    seconds = context.times(60, 4)
    interval = context.times(10, 2)  # of the watchdog; sd_event feeds it after a half to three quarters of that
    stage = context.stage(configuration='', bare=True, watchdog=interval)
    stage.fill(16)
    watched = context.watched(interval)
    pids = (stage.service.process.pid, watched.process.pid)
    come_to_rest(pids[0], interval)

    def let_pass():
        """Let the time pass, and tell how often each of them has fed its watchdog."""
        mark = stage.service.notified.mark()
        watched.fed()
        time.sleep(seconds)
        return (sum('WATCHDOG=1' in message for message in stage.service.notified.all(mark)), watched.fed())

    context.told(f'{seconds} s')
    before = [runs(pid) for pid in pids]
    fed = let_pass()
    woke = [runs(pid) - earlier for pid, earlier in zip(pids, before)]

    context.told(f'{seconds} s with strace')
    tracers = [Tracer(context, pid) for pid in pids]
    time.sleep(1)  # what it does to attach is over
    before = [tracer.calls() for tracer in tracers]
    fed_traced = let_pass()
    called = [tracer.calls() - earlier for tracer, earlier in zip(tracers, before)]
    for tracer in tracers:
        tracer.close()

    def line(what, counted, times):
        assert all(times), f'a watchdog of {interval} s was not fed in {seconds} s'
        own, other = (Figure((each / fed_then,), COUNT) for each, fed_then in zip(counted, times))
        return Line('idle', f'{what} in {seconds} s, for each of {times[0]} times that the watchdog was fed', own,
                    'an event loop that does nothing else', other, must=at_most(1.2), aim=at_most(1), wide=at_most(4))
    return [line('wake-ups', woke, fed), line('system calls', called, fed_traced)]
