# SPDX-License-Identifier: GPL-2.0-or-later
"""Rows: what a change costs."""

import shutil

import rulesets
from context import MANY
from figures import Figure, Line, at_most

BATCH = 5  # calls of one turn
SERVICE, PROCESS, LIBRARY, NETLINK, DISK = 'service', '`nft` process', 'libnftables', 'netlink', 'disk'


def rivals_of_one_change(copy, template, removals=None):
    """{name: one turn} of those who do in a copy of the tables what the service does for one AddInterface. Each is
    followed by netlink transactions for one RemoveInterface; how long these took goes to `removals`, where
    somebody wants to know."""
    def turn(*request):
        def measure():
            latencies = copy.rival.ask(*request)
            removed = copy.rival.ask('delete', 'new', 0, BATCH)
            if removals is not None:
                removals.extend(removed)
            return latencies
        return measure
    return {PROCESS: turn('processes', 'new', 0, BATCH, template), LIBRARY: turn('runs', 'new', 0, BATCH, template),
            NETLINK: turn('add', 'new', 0, BATCH)}


def disk(context, place, stage, times=BATCH):
    """What it takes to replace a file as large as the service's state."""
    scratch = context.scratch()
    size = stage.service.state_file.stat().st_size
    return lambda: place.rival.ask('disk', scratch, size, times)


def add(context):
    """AddInterface, and RemoveInterface."""
    stage = context.stage()
    tables = rulesets.Tables(stage.place)
    copy = context.copy_of(tables)
    template, removals = context.file(tables.one()), []
    measured = context.interleave(80, 12, {
        SERVICE: lambda: stage.add_and_remove(BATCH),
        **rivals_of_one_change(copy, template, removals),
        DISK: disk(context, copy, stage),
    })
    own = measured[SERVICE]
    floor = Figure(tuple(map(sum, zip(measured[LIBRARY].values, measured[DISK].values))))
    what = 'AddInterface'
    return [
        Line('add', what, own, 'one `nft -j -f -` for each', measured[PROCESS], must=at_most(0.5)),
        Line('add', what, own, 'one call of libnftables', measured[LIBRARY], aim=at_most(2)),
        Line('add', what, own, 'one netlink transaction (the limit)', measured[NETLINK]),
        Line('add', what, own, 'the disk alone: write, fsync, rename, fsync', measured[DISK]),
        # A disk may be slower than all else together, so in CI it is part of the rival.
        Line('add', what, own, 'libnftables, then the disk', floor, wide=at_most(6)),
        Line('add', 'RemoveInterface', Figure(tuple(stage.removals)), 'one netlink transaction (the limit)',
             Figure(tuple(removals))),
    ]


def add_beside(context):
    """The same beside a huge ruleset of somebody else's."""
    stage = context.stage()
    foreign = rulesets.foreign()
    beside = context.stage(text=foreign)
    tables = rulesets.Tables(beside.place)
    copy = context.copy_of(tables, foreign)
    template = context.file(tables.one())
    alone = 'without it'
    measured = context.interleave(40, 8, {
        SERVICE: lambda: beside.add_and_remove(BATCH),
        alone: lambda: stage.add_and_remove(BATCH),
        **rivals_of_one_change(copy, template),
    })
    own = measured[SERVICE]
    what = (f'AddInterface beside {rulesets.FOREIGN_ELEMENTS:,} elements and {rulesets.FOREIGN_RULES:,} rules of '
            'others')
    return [
        Line('beside', what, own, 'without these', measured[alone], must=at_most(1.3), aim=at_most(1.05),
             wide=at_most(3)),
        Line('beside', what, own, 'one `nft -j -f -` for each', measured[PROCESS], must=at_most(0.5)),
        Line('beside', what, own, 'one call of libnftables', measured[LIBRARY], aim=at_most(2)),
        Line('beside', what, own, 'one netlink transaction (the limit)', measured[NETLINK]),
    ]


def firewalld(context):
    """A change that firewalld makes for its own client."""
    if not shutil.which('firewalld'):
        context.told('firewalld is not installed')
        return []
    stage, other = context.stage(), context.firewalld()
    measured = context.interleave(40, 6, {
        SERVICE: lambda: stage.add_and_remove(BATCH),
        'firewalld': lambda: other.add_and_remove(BATCH),
    })
    return [Line('firewalld', 'AddInterface', measured[SERVICE], "firewalld's zone.addInterface", measured['firewalld'],
                 must=at_most(1 / 20))]


def set_many(context):
    """SetInterfaces with thousands of new names."""
    stage = context.stage()
    tables = rulesets.Tables(stage.place)
    copy = context.copy_of(tables)
    commands = context.file(tables.many('vrrp', MANY))
    stage.fill(MANY)
    size = disk(context, copy, stage, 1)  # of the file that it has written then
    stage.fill(0)

    def own():
        latencies = stage.fill(MANY)
        stage.fill(0)
        return latencies

    def rival(*request):
        def measure():
            latencies = copy.rival.ask(*request)
            copy.rival.ask('drain', 'vrrp', 0, MANY)
            return latencies
        return measure

    measured = context.interleave(9, 2, {
        SERVICE: own, LIBRARY: rival('run', commands), NETLINK: rival('fill', 'vrrp', 0, MANY), DISK: size,
    })
    what = f'SetInterfaces with {MANY:,} new names'
    return [
        Line('set', what, measured[SERVICE], 'one call of libnftables', measured[LIBRARY], must=at_most(1.2),
             aim=at_most(0.2), wide=at_most(2.5)),
        Line('set', what, measured[SERVICE], 'one netlink transaction (the limit)', measured[NETLINK]),
        Line('set', what, measured[SERVICE], 'the disk alone: write, fsync, rename, fsync', measured[DISK]),
    ]
