# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows: how long the service takes to come, and to put back what somebody else has deleted."""

import rulesets
from context import MANY
from figures import Line, at_most
from growing import HEAL, REBUILD, TOLD, at_size

FEW = 16
CALL = 'one call of libnftables that makes all of it'


def start(context):
    """From exec to READY=1, with thousands in the state file."""
    stage = context.stage(MANY)
    tables = rulesets.Tables(stage.place)
    copy = context.copy_of(tables)
    commands = context.file(tables.rebuild())

    def started(flushes):
        def measure():
            stage.service.stop_cleanly()
            if flushes:
                stage.place.rival.ask('flush')
            return [stage.service.timed_start()]
        return measure

    def call():
        copy.rival.ask('flush')
        return copy.rival.ask('run', commands)

    there, not_there = 'tables in the kernel', 'no tables in the kernel'
    measured = context.interleave(9, 2, {there: started(False), not_there: started(True), 'call': call})
    return [Line('start', f'start to READY=1 with {MANY:,} in the state file, {which}', measured[which], CALL,
                 measured['call'], must=at_most(1.2), wide=at_most(3)) for which in (there, not_there)]


def heal(context):
    """From flushed to restored."""
    lines = []
    for number in (FEW, MANY):
        with context:
            measured = at_size(context, number)
        what = f'flush to restored at {number:,}'
        lines += [
            Line('heal', what, measured[HEAL], CALL, measured[REBUILD], must=at_most(1.3), wide=at_most(4)),
            Line('heal', what, measured[HEAL], 'the same call by who waits for the flush', measured[TOLD]),
        ]
    return lines
