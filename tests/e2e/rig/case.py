# SPDX-License-Identifier: GPL-2.0-or-later
"""The base class of all cases."""

import json
import os
import sys
import time
import unittest

from .container import Container

RELEASE = os.environ.get('VMAC_E2E_RELEASE', '')
IS_DEBIAN_12 = RELEASE == 'bookworm'


class Case(unittest.TestCase):
    """A test_* method is a case: it runs in namespaces of its own, beside others. Its docstring says what it is about.

    check() tells one thing that was looked at; a case goes on after one that is not so, and fails at its end. The
    assert… methods are for what the rest of the case is pointless without.
    """

    maxDiff = None

    def setUp(self):
        self._start = time.monotonic()
        self._machines = []

    def tearDown(self):
        if self._result.failures or self._result.errors:
            for machine in self._machines:
                print(f'--- the end of the journal of {machine.name}\n{machine.last_words()}', flush=True)
        for machine in self._machines:
            machine.kill()

    def run(self, result=None):
        self._result = result
        return super().run(result)

    def container(self, name='vm', wires=()):
        """A Container that does not run yet and ends with the case."""
        machine = Container(name, wires)
        self._machines.append(machine)
        return machine

    def machine(self, name='vm', wires=(), package=True):
        """A Container, booted, with the package installed as an administrator does; it ends with the case."""
        machine = self.container(name, wires).boot()
        if package:
            machine.install_package()
        return machine

    def check(self, what, found, expected=True):
        """One line of what this run prints: that `what` is so, which it is if `found` equals what is expected."""
        good = found == expected if expected is not True else bool(found)
        self._tell(what, good)
        if not good:
            self.fail_later(f'{what}:\n  found    {_short(found)}\n  expected {_short(expected)}')
        return good

    def note(self, text):
        """One line for a reader that judges nothing: a number that was measured."""
        self._say({'note': text})

    def fail_later(self, text):
        """The case goes on and fails at its end."""
        with self.subTest():
            self.fail(text)

    def _tell(self, what, good):
        self._say({'check': what, 'good': good})

    def _say(self, what):
        line = json.dumps({**what, 'seconds': round(time.monotonic() - self._start, 1)})
        print(f'\n{line}' if sys.stdout.isatty() else line, flush=True)


def _short(value, limit=2000):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else f'{text[:limit]}… ({len(text)} characters)'
