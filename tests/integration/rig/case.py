# SPDX-License-Identifier: GPL-2.0-or-later
"""The base classes of all cases."""

import collections
import contextlib
import os
import shutil
import unittest
from pathlib import Path

from . import kernel
from .bus import NAME, NOBODY, PATH, Bus, BusError
from .service import Daemon
from .vmac import Vmac, watch_attempts
from .wire import MESSAGES, MLD, Wire

SOURCE = Path(os.environ['SOURCE_ROOT'])
BUS_POLICY = SOURCE / 'dbus' / 'org.vmac.MldFilter.conf'
BUS_XML = SOURCE / 'dbus' / 'org.vmac.MldFilter.xml'
POLKIT_POLICY = SOURCE / 'polkit' / 'org.vmac.mldfilter.policy'


OPEN = 'own_tables = false\n'  # for cases that change our tables as somebody else, which the kernel could forbid


class Case(unittest.TestCase):
    """A private bus and a daemon on it, which must end cleanly."""

    maxDiff = None
    starts = True  # False: the case prepares something and then starts the daemon itself
    configuration = ''  # what all of a class is about; as shipped, the service detects and guards by itself

    def setUp(self):
        self.bus = Bus(BUS_POLICY).start()
        self.daemon = Daemon(self.bus.address)
        if self.configuration:
            self.daemon.configure(self.configuration, '00-class.toml')
        self.prepare()
        self._root = self._nobody = None
        if self.starts:
            self.daemon.start()

    def prepare(self):
        """What there is before the daemon."""

    def tearDown(self):
        if self.daemon.running:
            self.assertEqual(self.daemon.stop(), 0, 'exit status on SIGTERM')
        elif self.daemon.process is not None:
            self.fail(f'the daemon ended by itself, with {self.daemon.process.poll()}')

    @property
    def root(self):
        if self._root is None:
            self._root = self.bus.caller()
        return self._root

    @property
    def nobody(self):
        if self._nobody is None:
            self._nobody = self.bus.caller(NOBODY)
        return self._nobody

    # --- that nothing changes

    def everything(self):
        """All that a refused call must leave alone: entries, kernel, disk."""
        state = sorted((path.name, path.is_file() and path.read_bytes()) for path in self.daemon.state.iterdir())
        return {'entries': self.root.list(), 'tables': kernel.own_tables(), 'state': state}

    @contextlib.contextmanager
    def nothing_changes(self):
        before = self.everything()
        yield
        self.assertEqual(self.everything(), before)

    @contextlib.contextmanager
    def refused(self, error, *texts):
        """The call inside fails with this error, whose text contains these, and nothing changes."""
        with self.nothing_changes():
            with self.assertRaises(BusError) as raised:
                yield
            self.assertEqual(raised.exception.name, error, raised.exception)
            self.assertTrue(raised.exception.text, 'an error without a text')
            for text in texts:
                self.assertIn(text, raised.exception.text)

    @contextlib.contextmanager
    def transactions(self, number):
        before = kernel.generation()
        yield
        self.assertEqual(kernel.generation() - before, number, 'transactions in the kernel')

    # --- signals and properties

    @contextlib.contextmanager
    def signals(self):
        """What the service signals while this runs, as (member, values); all of it is there afterwards."""
        self._fence_signals()
        mark = self.bus.signals.mark()
        caught = []
        yield caught
        self._fence_signals()
        caught.extend((signal.member, signal.values) for signal in self.bus.signals.all(mark) if signal.path == PATH)

    def _fence_signals(self):
        self.root.list()  # what the service signalled before this answer is on the bus by now
        self.bus.signals.fence(self.root.connection)

    @staticmethod
    def properties_changed(*caught):
        """The PropertiesChanged among these signals, as dictionaries."""
        return [values[1] for member, values in caught if member == 'PropertiesChanged' and values[0] == NAME]

    def wait_for_property(self, name, value):
        """Until PropertiesChanged says so, unless it is so already."""
        def said(signal):
            return signal.member == 'PropertiesChanged' and signal.values[1].get(name) == value
        mark = self.bus.signals.mark()
        if self.root.properties()[name] != value:
            self.bus.signals.wait(said, mark)

    def wait_for_interface(self, name):
        """Until it is under management, as the service tells without being asked for; what is listed of it then."""
        mark = self.bus.signals.mark()
        if name not in self.root.list():
            self.bus.signals.wait(lambda signal: signal.member == 'InterfaceAdded' and signal.values[0] == name, mark)
        return self.root.list()[name]

    def wait_for_no_interface(self, name):
        mark = self.bus.signals.mark()
        if name in self.root.list():
            self.bus.signals.wait(lambda signal: signal.member == 'InterfaceRemoved' and signal.values[0] == name, mark)
        self.assertNotIn(name, self.root.list())

    def wait_for_restorations(self, number):
        """Until the tables were put right so often, without asking for anything that would make the service look."""
        def said(signal):
            return signal.member == 'PropertiesChanged' and signal.values[1].get('Restorations', 0) >= number
        self.bus.signals.wait(said)
        self.assertEqual(self.root.properties()['Restorations'], number)

    def assert_listed(self, name, **values):
        """What is listed of an interface after a change of links that the service may not have looked at yet.

        The change waits on its netlink socket since before this call, so after few turns of its loop it has.
        """
        for _ in range(10):
            found = {key: self.root.list()[name][key.replace('_', '-')] for key in values}
            if found == values:
                return
        self.assertEqual(found, values)

    def assert_in_force(self, name, action='relocate', messages=MESSAGES, parent=None):
        """The kernel holds exactly this for the interface."""
        expected = {kernel.TYPES[message]: 'goto relocate' if action == 'relocate' else 'drop'
                    for message in messages if action != 'allow'}
        if 133 in expected:
            expected[133] = 'drop'  # it carries the MAC in its payload too
        found = {kind: verdict for (interface, kind), verdict in kernel.verdicts('ip6').items() if interface == name}
        found |= {'igmp': verdict for interface, verdict in kernel.verdicts('ip').items() if interface == name}
        self.assertEqual(found, expected)
        if parent is not None:
            self.assertEqual([kernel.parents(family).get(name, '') for family in kernel.FAMILIES], [parent, parent])


Balance = collections.namedtuple('Balance', 'attempts through relocated')


class WireCase(Case):
    """Besides: a wire eth0, a VMAC on it, and a second wire that shows what the VMAC tries to send."""

    def prepare(self):
        self.wire = Wire()
        self.attempts = watch_attempts(self.wire.namespace)
        self.vmac = Vmac(attempts=self.attempts)

    def settle(self, hush=None):
        """Silence the VMAC, let everything arrive, and tell what it tried, what came from it, what from the parent."""
        (hush or self.vmac.down)()
        self.attempts.fence()
        self.wire.fence()
        return Balance([frame.content for frame in self.attempts.arrived(*MESSAGES)],
                       self.wire.arrived(*MESSAGES, source=self.vmac.mac),
                       [frame.content for frame in self.wire.arrived(*MESSAGES, source=self.wire.mac)])

    def missing(self, balance):
        """What the far end did not get from the VMAC, as the service should have counted it."""
        through = [frame.content for frame in balance.through]
        rest = collections.Counter(balance.attempts) - collections.Counter(through)
        counted = collections.defaultdict(lambda: (0, 0))
        for frame, times in rest.items():
            packets, size = counted[frame.kind]
            counted[frame.kind] = (packets + times, size + times * frame.size)
        return dict(counted)

    def assert_counted(self, balance):
        """The service counted what the far end missed, by message, and so did the kernel."""
        self.assert_service_counted(balance)
        missing = self.missing(balance)
        self.assertEqual(kernel.out_discards('vrrp6'), sum(missing.get(kind, (0, 0))[0] for kind in MLD))

    def assert_service_counted(self, balance):
        counted = {kind: value for kind, value in self.root.counters('vrrp6').items() if value != (0, 0)}
        self.assertEqual(counted, self.missing(balance))

    def assert_relocated(self):
        """Everything came from the parent, nothing from the VMAC."""
        balance = self.settle()
        self.assertTrue(balance.attempts)
        self.assertEqual(balance.through, [])
        self.assertEqual(balance.relocated, [frame for frame in balance.attempts if frame.kind != 'nd-router-solicit'])
        self.assert_counted(balance)

    def assert_dropped(self):
        """Nothing came, from neither."""
        balance = self.settle()
        self.assertTrue(balance.attempts)
        self.assertEqual((balance.through, balance.relocated), ([], []))
        self.assert_counted(balance)

    def assert_let_through(self):
        """Everything came from the VMAC, as if there were no service."""
        balance = self.settle(self.vmac.mute)
        self.assertTrue(balance.attempts)
        self.assertEqual([frame.content for frame in balance.through], balance.attempts)
        self.assertEqual((balance.relocated, self.missing(balance)), ([], {}))


def tool(name):
    """The path of a program that a case needs; the case fails where it is missing."""
    path = shutil.which(name)
    assert path, f'{name} is not installed'
    return path
