# SPDX-License-Identifier: GPL-2.0-or-later
"""Row: what it costs to read counters."""

from context import MANY
from figures import Line, at_most
from rig.kernel import TABLE
from rulesets import FAMILIES, VERDICTS


def counters(context):
    """All counters, and those of one interface."""
    stage = context.stage(MANY)
    rival = stage.place.rival

    def nft():
        # One process for each: nft 1.0.6 does not find the first of two.
        return [sum(rival.ask('process', 'nft', '-j', 'list', 'map', family, TABLE, 'verdicts')[0]
                    for family in FAMILIES)]

    measured = context.interleave(15, 3, {
        'all': lambda: stage.client.ask('all'),
        'one': lambda: [each for number in range(3) for each in stage.client.ask('one', f'vrrp{number * 400}')],
        'nft': nft,
        'dump': lambda: rival.ask('dump', (MANY + 1) * VERDICTS),
    })
    of_all = f'GetAllCounters at {MANY:,}'
    return [
        Line('counters', of_all, measured['all'], '`nft -j list map`, for both maps', measured['nft'],
             must=at_most(0.2), wide=at_most(0.5)),
        Line('counters', of_all, measured['all'], 'netlink dump of both (the limit)', measured['dump'],
             aim=at_most(2)),
        Line('counters', f'GetCounters of one at {MANY:,}', measured['one'], 'GetAllCounters', measured['all'],
             must=at_most(1 / 50), wide=at_most(1 / 10)),
    ]
