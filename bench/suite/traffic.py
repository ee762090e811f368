# SPDX-License-Identifier: GPL-2.0-or-later
"""Row: what the service's rules cost packets that are none of their business. Each kind of rules has hosts and routers
of its own, so all of them are in place all the time, as whoever made them left them, and take turns in milliseconds."""

import random
import statistics

import network
import stage as stages
from context import MANY
from figures import RATE, Figure, Line, at_least

WINDOW = 0.02  # seconds
NOTHING, EMPTY, AGAIN, BY_HAND = 'no tables', 'empty chains', 'empty chains, again', 'rules by hand'
SIZES = (0, 1, 256, MANY)
RULES = 256

EMPTY_CHAINS = '''
table ip6 empty { chain output { type filter hook output priority 10; policy accept; }; }
table ip empty { chain output { type filter hook output priority 10; policy accept; }; }
table netdev empty { chain egress { type filter hook egress device "eth0" priority 0; policy accept; }; }
'''


def by_hand():
    """What is often written instead, in a hook that forwarded packets pass too."""
    rules = '\n'.join(f'oifname "vrrp{number}" meta l4proto {{ igmp, ipv6-icmp }} drop' for number in range(RULES))
    return (f'table inet by_hand {{\nchain out {{\ntype filter hook postrouting priority 0; policy accept;\n{rules}\n'
            '}\n}\n')


KINDS = {NOTHING: '', EMPTY: EMPTY_CHAINS, AGAIN: EMPTY_CHAINS, BY_HAND: by_hand()} | dict.fromkeys(SIZES)


def kinds(context):
    """In the quick form only those that can fail it."""
    return context.times(list(KINDS), [EMPTY, 1, MANY])


def make_rules(context, namespace, kind):
    """As an administrator, or the service, puts them there. The rules of the service stay when it stops."""
    if KINDS[kind] is not None:
        if KINDS[kind]:
            network.on(namespace, 'nft', '-f', '-', text=KINDS[kind].replace('; }', ';\n}'))
        return
    stage = context.stage_in(namespace, stages.GUARDED)
    if kind:
        stage.client.ask('set', 'vrrp', kind - 1)  # and "anchor"
    stage.close()
    guard = network.on(namespace, 'nft', 'list', 'table', 'netdev', 'vmac_mldfilter')
    if 'hook egress device "eth0"' not in guard:
        raise network.BenchError(f'nothing guards eth0 of {namespace}')


def make_ways(context, forwarded):
    """{kind: way}"""
    ways = {}
    for number, kind in enumerate(kinds(context)):
        name, far = f'{"router" if forwarded else "host"}{number}', f'far{"f" if forwarded else "o"}{number}'
        context.told(f'rules: {kind}')
        if forwarded:
            network.make_router(f'source{number}', name, far)
        else:
            network.make_host(name, far)
        make_rules(context, name, kind)
        ways[kind] = network.Way(context.sender(), f'source{number}' if forwarded else name, name, far)
    return ways


def measure(context, ways, rounds):
    """{kind: (its rates, the mean of those of empty chains right before and after each)}"""
    own, beside = {kind: [] for kind in ways}, {kind: [] for kind in ways}
    for number in range(rounds):
        context.told(f'{number + 1}/{rounds}')
        before = ways[EMPTY].measure(WINDOW)
        for kind in random.sample([kind for kind in ways if kind != EMPTY], len(ways) - 1):
            rate, after = ways[kind].measure(WINDOW), ways[EMPTY].measure(WINDOW)
            own[kind].append(rate)
            beside[kind].append(statistics.geometric_mean((before, after)))
            before = after
    return {kind: (Figure(tuple(own[kind]), RATE), Figure(tuple(beside[kind]), RATE)) for kind in ways if own[kind]}


def lines_of(way, measured):
    def line(kind, text, **bounds):
        own, beside = measured[kind]
        return Line('udp', f'UDP packets/s {way}, {text}', own, 'empty chains at the same hooks', beside, paired=True,
                    **bounds)
    lines = [line(size, f'{size:,} entr{"y" if size == 1 else "ies"}', must=at_least(0.93), aim=at_least(0.98),
                  wide=at_least(0.75)) for size in SIZES if size in measured]
    # What was measured beside the empty chains is compared by way of these.
    one, many = (Figure(tuple(own / beside for own, beside in zip(*(each.values for each in measured[size]))), RATE)
                 for size in (1, MANY))
    lines.append(Line('udp', f'the same {way}: {MANY:,} entries', measured[MANY][0], '1 entry', _scaled(
        measured[MANY][0], many.p50 / one.p50), must=at_least(0.97), aim=at_least(0.99), wide=at_least(0.75)))
    others = {NOTHING: 'no tables', BY_HAND: f'{RULES} rules `oifname X` by hand',
              AGAIN: 'empty chains again: what noise makes of 1'}
    return lines + [line(kind, text) for kind, text in others.items() if kind in measured]


def _scaled(figure, ratio):
    """The rate that this figure is `ratio` of."""
    return Figure((figure.p50 / ratio,), RATE)


def udp(context):
    """UDP, 1 byte of payload, out of a guarded device and forwarded through it."""
    network.make_quiet_sink()
    lines = []
    for forwarded, text in ((False, 'out of a guarded device'), (True, 'forwarded through it')):
        ways = make_ways(context, forwarded)
        lines += lines_of(text, measure(context, ways, context.times(80, 25)))
        for way in ways.values():
            way.close()
    return lines
