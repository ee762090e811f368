# SPDX-License-Identifier: GPL-2.0-or-later
"""Row: how add, list and heal grow with what there is."""

import math

import rulesets
from changing import BATCH, DISK, LIBRARY, NETLINK, SERVICE, rivals_of_one_change
from context import MANY
from figures import COUNT, Figure, Line, at_most

SIZES = (1, 16, 256, MANY)
LIST, HEAL, REBUILD, TOLD, REMOVE = 'list', 'heal', 'rebuild', 'told', 'remove'
LINEAR = 1.1  # the power of a line, and what noise adds
SMALL_FILE = 2000  # bytes, as the state of one interface is
SIZE_OF_FEW = 1000  # below it, a turn takes milliseconds


def at_size(context, number):
    """{what: Figure} with so many interfaces, measured once in a run."""
    if number not in context.kept:
        context.kept[number] = _measure(context, number)
    return context.kept[number]


def _measure(context, number):
    stage = context.stage(number - 1)  # and "anchor"
    tables = rulesets.Tables(stage.place)
    copy, told = context.copy_of(tables), context.copy_of(tables)
    rebuild = context.file(tables.rebuild())
    changes = rivals_of_one_change(copy, context.file(tables.one()))

    def heal():
        latencies = stage.place.rival.ask('heal', tables.number)
        stage.client.ask('one', rulesets.ANCHOR)  # it has come to rest
        return latencies

    def make_again():
        copy.rival.ask('flush')
        return copy.rival.ask('run', rebuild)

    what = f'{number:,} interfaces: '
    scratch = context.scratch()
    measured = context.interleave(20, 3, {
        SERVICE: lambda: stage.add_and_remove(BATCH), LIBRARY: changes[LIBRARY], NETLINK: changes[NETLINK],
        LIST: lambda: stage.client.ask('list'), DISK: lambda: copy.rival.ask('disk', scratch, SMALL_FILE, BATCH),
    }, what)
    measured[REMOVE] = Figure(tuple(stage.removals))
    told.as_soon_as_told(rebuild)
    return measured | context.interleave(30 if number < SIZE_OF_FEW else 7, 6 if number < SIZE_OF_FEW else 2, {
        HEAL: heal, REBUILD: make_again, TOLD: lambda: told.rival.ask('heal', tables.number),
    }, what)


def more(found, what):
    """Seconds that it takes more among many."""
    return found[MANY][what].p50 - found[1][what].p50


def growth(context):
    """One change is to grow as the kernel's own work for it does; list and heal not more than what they are about."""
    found = {}
    for size in SIZES:
        with context:
            found[size] = at_size(context, size)
    context.kept['growth'] = found
    lines = []
    for what, text in ((SERVICE, 'AddInterface'), (REMOVE, 'RemoveInterface')):
        # The sizes are minutes apart, and a disk can be ten times as slow by then. So it is left out, but for what a
        # larger file makes of it.
        own = more(found, what) - more(found, DISK)
        lines.append(Line('growth', f'what {text} takes more at {MANY:,} than at 1', Figure((own,)),
                          'a netlink transaction that adds one, likewise', Figure((more(found, NETLINK),)),
                          must=at_most(2), aim=at_most(1.2), wide=at_most(10)))
    for what, text in ((LIST, 'ListInterfaces'), (HEAL, 'flush to restored')):
        power = math.log(found[MANY][what].p50 / found[256][what].p50) / math.log(MANY / 256)
        lines.append(Line('growth', f'{text} from 256 to {MANY:,}: power of the number that it grows with',
                          Figure((power,), COUNT), must=at_most(LINEAR), aim=at_most(1), wide=at_most(1.5)))
    return lines
