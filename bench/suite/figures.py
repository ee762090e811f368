# SPDX-License-Identifier: GPL-2.0-or-later
"""Figures and what is asked of them, without any idea of how they were measured."""

import dataclasses
import random
import statistics
import time

TIME, SIZE, RATE, COUNT = 's', 'MiB', 'packets/s', ''


def percentile(values, share):
    """The value that this share of them does not exceed: nearest rank, so always one that was measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * share // 100) - 1))]


@dataclasses.dataclass(frozen=True)
class Figure:
    """What was measured, all of it, and in which unit."""

    values: tuple
    unit: str = TIME

    @property
    def p50(self):
        return statistics.median(self.values)

    @property
    def p99(self):
        """None where there are so few that it would be the maximum."""
        return percentile(self.values, 99) if len(self.values) >= 100 else None

    @property
    def worst(self):
        return max(self.values)

    def __str__(self):
        text = formatted(self.p50, self.unit)
        if self.unit == TIME and len(self.values) > 1:
            # One unit for both: "1.20 (2.05) ms".
            tail = self.worst if self.p99 is None else self.p99
            number, unit = text.split()
            return f'{number} ({formatted(tail, self.unit, unit).split()[0]}) {unit}'
        return text


_SCALES = {'s': 1, 'ms': 1e-3, 'µs': 1e-6}


def formatted(value, unit, scale=None):
    """In at least two digits, three where they mean something."""
    if unit == TIME:
        scale = scale or next((name for name, size in _SCALES.items() if abs(value) >= size), 'µs')
        return f'{digits(value / _SCALES[scale])} {scale}'
    if unit == RATE:
        return f'{value / 1e6:.3f} M/s'
    return f'{digits(value)} {unit}'.rstrip()


def digits(value):
    if value == int(value) and abs(value) < 1000:
        return f'{value:.0f}'
    return f'{value:.{0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2 if abs(value) >= 0.1 else 4}f}'


@dataclasses.dataclass(frozen=True)
class Bound:
    """What a figure has to keep: at_most() or at_least()."""

    sign: str
    limit: float

    def holds(self, value):
        return value <= self.limit if self.sign == '≤' else value >= self.limit

    def __str__(self):
        return f'{self.sign} {self.limit:.3g}'


def at_most(limit):
    return Bound('≤', limit)


def at_least(limit):
    return Bound('≥', limit)


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the table: a figure of the service and the rival that it is compared with. Without a rival, the
    figure itself is what has to keep the bounds. `wide` is what CI insists on, with a margin for a busy machine."""

    row: str
    what: str
    own: Figure
    rival: str = ''
    other: Figure | None = None
    must: Bound | None = None
    aim: Bound | None = None
    wide: Bound | None = None
    paired: bool = False  # value by value, because each pair was measured side by side

    @property
    def value(self):
        """What is judged."""
        if self.other is None:
            return self.own.p50
        if self.paired:
            return statistics.median(own / other for own, other in zip(self.own.values, self.other.values, strict=True))
        return self.own.p50 / self.other.p50

    @property
    def verdict(self):
        if self.aim is not None and self.aim.holds(self.value):
            return 'aim'
        if self.must is not None:
            return 'must' if self.must.holds(self.value) else 'NO'
        return 'not the aim' if self.aim is not None else ''

    @property
    def is_far_off(self):
        return self.wide is not None and not self.wide.holds(self.value)


LEAST_ROUNDS = 2


def interleave(rounds, seconds, rivals, told=lambda number: None):
    """Let each of the rivals, {name: what measures and returns a list}, have one turn in each round, in another order
    each time: what else the machine does hits all of them. When so many seconds have passed there are no more rounds,
    for who is slow needs no many of them. Returns {name: Figure}."""
    values = {name: [] for name in rivals}
    end = time.monotonic() + seconds
    for number in range(rounds):
        if number >= LEAST_ROUNDS and time.monotonic() > end:
            break
        told(f'{number + 1}/{rounds}')
        for name in random.sample(list(rivals), len(rivals)):
            values[name] += rivals[name]()
    return {name: Figure(tuple(each)) for name, each in values.items()}
