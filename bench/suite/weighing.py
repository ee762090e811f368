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
from stage import ROOT

# What sd_event makes of feeding the watchdog: to wake, to open a socket, send and close it, to set the timer, to wait
# again.
CALLS_OF_A_FEED = 16


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


def memory(context):
    """RSS of daemon, keeper and worker together."""
    stage = context.stage(bare=True)
    stage.client.ask('list')
    pid = stage.service.process.pid
    context.told('idle')
    idle, share = weigh(pid), weigh_share(pid)
    context.told(f'{MANY:,}')
    stage.fill(MANY)
    for question in ('list', 'all'):
        stage.client.ask(question)
    full, full_share = weigh(pid), weigh_share(pid)
    text = 'RSS of all its processes'
    lines = [
        Line('memory', f'{text}, idle', idle, must=at_most(12), wide=at_most(24)),
        Line('memory', f'{text}, at {MANY:,} after each list was asked for', full, must=at_most(32), wide=at_most(64)),
        Line('memory', 'PSS of all its processes, idle', share),
        Line('memory', f'PSS of all its processes, at {MANY:,}', full_share),
    ]
    if shutil.which('firewalld'):
        other = weigh(context.firewalld().process.pid)
        lines += [Line('memory', f'{text}, {which}', own, 'firewalld, idle', other)
                  for which, own in (('idle', idle), (f'at {MANY:,}', full))]
    return lines


def watchdog_seconds():
    unit = (ROOT / 'systemd' / 'vmac-mldfilter.service.in').read_text(encoding='utf-8')
    number, unit_of_time = re.search(r'^WatchdogSec=(\d+)(s|min)?$', unit, re.MULTILINE).groups()
    return int(number) * (60 if unit_of_time == 'min' else 1)


def runs(pid):
    """How often all threads of all processes have given up the processor to wait."""
    return sum(int(re.search(r'^voluntary_ctxt_switches:\s+(\d+)', (task / 'status').read_text(encoding='ascii'),
                             re.MULTILINE)[1])
               for each in processes(pid) for task in Path(f'/proc/{each}/task').iterdir())


def come_to_rest(pid):
    for _ in range(10):
        before = runs(pid)
        time.sleep(1)
        if runs(pid) == before:
            return
    raise AssertionError('the service never comes to rest')


def system_calls(context, pid, seconds):
    """Of all its processes in so many seconds."""
    trace = context.scratch() / 'trace'
    tracer = subprocess.Popen(['strace', '-f', '-qq', '-o', trace, *(word for each in processes(pid)
                                                                    for word in ('-p', str(each)))],
                              stderr=subprocess.DEVNULL)
    time.sleep(1)  # what it does to attach is over
    before = calls_in(trace)
    time.sleep(seconds)
    called = calls_in(trace) - before
    tracer.terminate()
    tracer.wait()
    return called


def calls_in(trace):
    """One that was interrupted by what another process did has two lines."""
    lines = trace.read_text(encoding='utf-8', errors='replace').splitlines()
    return sum('(' in line and ' resumed>' not in line for line in lines)


def idle(context):
    """The watchdog is fed, and nothing else happens. Here it is time itself that is measured."""
    seconds = context.times(60, 4)
    interval = watchdog_seconds() if not context.quick else 4
    stage = context.stage(configuration='', bare=True, watchdog=interval)
    stage.fill(16)
    pid = stage.service.process.pid
    come_to_rest(pid)
    context.told(f'{seconds} s')
    mark, before = stage.service.notified.mark(), runs(pid)
    time.sleep(seconds)
    woke = runs(pid) - before
    fed = sum('WATCHDOG=1' in message for message in stage.service.notified.all(mark))
    context.told(f'{seconds} s with strace')
    mark = stage.service.notified.mark()
    called = system_calls(context, pid, seconds)
    fed_traced = sum('WATCHDOG=1' in message for message in stage.service.notified.all(mark))
    expected = -(-2 * seconds // interval)  # sd_event feeds it after a half to three quarters of the interval
    return [
        Line('idle', f'wake-ups in {seconds} s, the watchdog fed {fed} times', Figure((woke,), COUNT),
             must=at_most(max(fed, expected)), wide=at_most(2 * expected + 10)),
        Line('idle', f'system calls in {seconds} s, the watchdog fed {fed_traced} times', Figure((called,), COUNT),
             must=at_most(CALLS_OF_A_FEED * max(fed_traced, expected)),
             wide=at_most(CALLS_OF_A_FEED * 2 * expected + 50)),
    ]
