# SPDX-License-Identifier: GPL-2.0-or-later
"""The one way to wait in these tests: for something to be recorded.

Frames, signals, log lines and notify messages all arrive on a thread that puts them into a Record. A test waits until
the one it wants is there. The deadline is no part of any test's meaning: it is only there so that what never comes
fails loudly, with everything that did come.
"""

import threading

DEADLINE = 40.0  # seconds; far more than a loaded machine and a sanitizer build need


class Record:
    """Things that happened, in their order."""

    def __init__(self, what):
        self.what = what
        self._items = []
        self._grown = threading.Condition()

    def add(self, item):
        with self._grown:
            self._items.append(item)
            self._grown.notify_all()

    def mark(self):
        """A place in the record: what is asked for later with `after` must come after it."""
        with self._grown:
            return len(self._items)

    def all(self, after=0):
        with self._grown:
            return self._items[after:]

    def wait(self, wanted, after=0, deadline=DEADLINE):
        """The first item after the mark that `wanted` says yes to."""
        seen = after

        def found():
            nonlocal seen
            while seen < len(self._items):
                seen += 1
                if wanted(self._items[seen - 1]):
                    return True
            return False

        with self._grown:
            if not self._grown.wait_for(found, deadline):
                came = '\n  '.join(str(item) for item in self._items[after:]) or 'nothing'
                raise AssertionError(f'waited {deadline:g} s in vain for a {self.what}; came:\n  {came}')
            return self._items[seen - 1]

    def follow(self, source):
        """Fill the record from an iterator, on a thread, which ends when the iterator does."""
        def run():
            for item in source:
                self.add(item)
        thread = threading.Thread(target=run, daemon=True, name=self.what)
        thread.start()
        return thread
