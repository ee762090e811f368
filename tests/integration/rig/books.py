# SPDX-License-Identifier: GPL-2.0-or-later
"""Several who change things at the same time, and what can have come of it.

Each keeps a book of its calls: when it called, when the answer came, what it was. From the books follows what may be on
disk: there must be an order of the calls that leads there, in which none stands before one that had been answered when
it was made. What was answered is in it, what was refused is not, and what got no answer is in it as a whole or not at
all.
"""

import itertools
import math
import threading
import time

from .bus import BusError

# What a call came to.
DONE, REFUSED, OPEN, UNHEARD = 'done', 'refused', 'open', 'unheard'

CONFIGURED = ''  # where a model has the number of the configuration in force; no interface has this name


def frozen(options):
    """Options so that two of them can be compared and put into a set."""
    return tuple(sorted((key, tuple(sorted(value)) if isinstance(value, list) else value)
                        for key, value in options.items()))


class Call:
    """One call: how it is made, and what it makes of a model, which is {interface: its options, frozen}."""

    def __init__(self, text, make, effect):
        self.text, self.make, self.effect = text, make, effect
        self.begin, self.end = math.inf, math.inf
        self.came_to, self.reply, self.error = UNHEARD, None, None

    def __repr__(self):
        return f'{self.text}: {self.came_to} {self.error or self.reply} [{self.begin:.6f}, {self.end:.6f}]'

    def run(self, caller):
        """Make it, and note what it came to. False when there is nobody to ask any more."""
        self.begin = time.monotonic()
        try:
            self.reply = self.make(caller)
            self.came_to = DONE
        except BusError as error:
            self.error = error
            self.came_to = {'ServiceUnknown': UNHEARD, 'NoReply': OPEN}.get(error.name, REFUSED)
        if self.came_to is not OPEN:
            self.end = time.monotonic()
        return self.came_to in (DONE, REFUSED)

    def fits(self, before, after):
        """Whether its reply agrees with that: true where something has changed."""
        return self.reply is None or self.reply == (before != after)


def add(name, options):
    def effect(model):
        return model | {name: frozen(dict(model.get(name, ())) | dict(frozen(options)))}
    return Call(f'add {name} {options}', lambda caller: caller.add(name, **options), effect)


def remove(name):
    def effect(model):
        return {key: value for key, value in model.items() if key != name}
    return Call(f'remove {name}', lambda caller: caller.remove(name), effect)


def replace(interfaces):
    def effect(model):
        return {CONFIGURED: model[CONFIGURED]} | {name: frozen(options) for name, options in interfaces.items()}
    return Call(f'set {interfaces}', lambda caller: caller.set(interfaces), effect)


def reload(number, write):
    """`write` puts the configuration of this number in place. One caller only: what is read is what is there then."""
    def make(caller):
        write(number)
        caller.reload()
    return Call(f'reload {number}', make, lambda model: model | {CONFIGURED: number})


def ask(callers, plans, finished):
    """Each caller makes the calls of its plan, at the same time as the others. Returns the threads; the last one calls
    `finished` when there is no call left to make."""
    left = itertools.count(len(callers) - 1, -1)  # next() is atomic

    def run(caller, plan):
        for call in plan:
            if not call.run(caller):
                break
        if next(left) == 0:
            finished()
    threads = [threading.Thread(target=run, args=pair) for pair in zip(callers, plans)]
    for thread in threads:
        thread.start()
    return threads


def explains(books, before, after):
    """Whether some order of the calls in these books leads from the one model to the other."""
    books = [[call for call in book if call.came_to in (DONE, OPEN)] for book in books]
    seen = set()

    def search(places, model):
        known = (places, frozenset(model.items()))
        if known in seen:
            return False
        seen.add(known)
        rest = [book[place:] for book, place in zip(books, places)]
        if model == after and all(call.came_to is OPEN for calls in rest for call in calls):
            return True
        first_answer = min((call.end for calls in rest for call in calls), default=math.inf)
        for which, calls in enumerate(rest):
            if calls and calls[0].begin <= first_answer:
                following = calls[0].effect(model)
                if calls[0].fits(model, following):
                    further = (*places[:which], places[which] + 1, *places[which + 1:])
                    if search(further, following):
                        return True
        return False
    return search((0,) * len(books), before)
