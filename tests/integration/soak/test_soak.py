# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything at once for VMAC_MINUTES (30): nothing leaks, memory stays flat, nothing is left behind.

VMACs and a parent come, go, change their names and MACs; somebody destroys one of our tables after the other; callers
change, read, audit, reload; in the first half of the time the worker is killed now and then. Meanwhile every VMAC
speaks MLD and IGMP steadily.

What is promised is exact: there are two lines of defence, and a frame leaks only where both are away at once. So who
takes away one of them waits until the other is whole, and until his own damage is mended:
 - a VMAC that is new or has a new name is not in the first line for a moment: the guard must stand;
 - a parent that is new or has a new name is without guard for a moment: the first line must stand;
 - of our tables, those of one line only are destroyed at a time, each at any time that the above allows.
"""

import collections
import itertools
import os
import random
import signal
import socket
import statistics
import threading
import time

from rig import kernel
from rig.bus import PATH, BusError
from rig.case import OPEN, Case
from rig.endurance import KEEPER, WORKER, Process, Speaker, configure_atomically, descendants, dice, helpers
from rig.isolation import Namespace
from rig.vmac import Vmac
from rig.wire import MESSAGES, MLD, Wire

MINUTES = float(os.environ.get('VMAC_MINUTES') or 30)
STEADY = '02:00:00:00:00:66'  # a MAC that is none of VRRP's
PASSING = tuple(f'v{number}' for number in range(4))  # on eth0, or called w0 to w3
ON_OTHER = ('p0', 'p1')  # on the parent that passes, too
NAMES = tuple(f'n{number}' for number in range(8))  # of no interface
READINGS = ('list', 'counters', 'all_counters', 'guard_counters', 'properties', 'ruleset', 'introspect')
DAEMON = 'the daemon'
PROGRAMS = (DAEMON, KEEPER, WORKER)
# Growth between the last two quarters of the time that is taken for none: what malloc keeps for itself varies.
MARGIN, MARGIN_KIB = 0.05, 1024

MANY = {f'many{number}': {} for number in range(200)}

FIRST_LINE = ('delete table ip6 vmac_mldfilter', 'delete table ip vmac_mldfilter', 'flush table ip6 vmac_mldfilter',
              'flush chain ip vmac_mldfilter output', 'flush map ip6 vmac_mldfilter verdicts',
              'insert rule ip6 vmac_mldfilter output accept', 'table ip6 vmac_mldfilter { flags dormant; }',
              'delete element ip vmac_mldfilter verdicts { "still0" }')
GUARD = ('delete table netdev vmac_mldfilter', 'flush table netdev vmac_mldfilter',
         'insert rule netdev vmac_mldfilter egress_eth0 accept', 'flush chain netdev vmac_mldfilter vmac_eth0',
         'flush set netdev vmac_mldfilter registered', 'table netdev vmac_mldfilter { flags dormant; }')


class CountedWire(Wire):
    """Keeps of what came only what should not have; all else is counted, over all wires together."""

    came = collections.Counter()

    def _received(self):
        for frame in super()._received():
            leaked = frame.kind in MESSAGES and (frame.is_virtual or frame.source == STEADY)
            CountedWire.came[frame.kind, leaked] += 1
            if leaked or 'marker' in frame.kind:
                yield frame


class Everything(Case):
    configuration = OPEN + '[interface.steady6]\n'

    def prepare(self):
        self.dice = dice()
        for family, version in (('ipv6', {'force_mld_version': 1}), ('ipv4', {'force_igmp_version': 2})):
            kernel.sysctl(family, 'default', **version)
        far = Namespace('far')
        self.wires = [CountedWire('eth0', 'far0', far), CountedWire('eth1', 'other0', far)]
        Vmac('still0', mac='00:00:5e:00:02:50')
        Vmac('steady6', mac=STEADY)

    def setUp(self):
        super().setUp()
        self.stop = threading.Event()
        self.failures = []
        self.done, self.refused = collections.Counter(), collections.defaultdict(list)
        self.first_line, self.guard = threading.Lock(), threading.Lock()  # who takes one away; in this order
        self.samples = []
        self.root.set({'n0': {'action': 'drop'}})
        for ask in (self.root.list, self.root.audit, self.root.ruleset):  # what is made at the first use is there
            ask()
        self.whole(self.root)
        self.mark_of_leaks = [wire.frames.mark() for wire in self.wires]
        speaking = ('still0', 'steady6', *PASSING, *(name.replace('v', 'w') for name in PASSING), *ON_OTHER)
        self.speaker = Speaker(*speaking, pause=0.02)
        self.addCleanup(self.speaker.stop)

    def test_everything_at_once(self):
        before = self.at_rest()
        begin = time.monotonic()
        self.half_time, self.grown = begin + MINUTES * 30, False
        actors = [threading.Thread(target=self.act, args=(step, pause, random.Random(self.dice.random())))
                  for step, pause in (
                      (self.change_vmacs, 0.1), (self.change_parent, 2), (self.destroy, 1.5),
                      (self.change_entries, 0.03), (self.change_entries, 0.03), (self.read, 0.02), (self.audit, 1),
                      (self.reload, 0.5), (self.kill_worker, 5), (self.sample, 1))]
        for actor in actors:
            actor.start()
        self.stop.wait(MINUTES * 60)
        self.stop.set()
        for actor in actors:
            actor.join()
        if self.failures:
            raise self.failures[0]
        took = time.monotonic() - begin
        self.whole(self.root)
        self.assert_tight(took)
        self.assert_flat(before)

    # --- the actors

    def act(self, step, pause, draw):
        """Do this again and again, with pauses of this length in the mean: what is tested here is time that passes."""
        caller = self.bus.caller()
        try:
            while not self.stop.wait(draw.uniform(0, 2 * pause)):
                step(caller, draw)
        except BaseException as error:  # pylint: disable=broad-exception-caught
            self.failures.append(error)
            self.stop.set()

    def ask(self, caller, call, *may_refuse):
        """A call that may fail while there is no worker, or when somebody changes our tables right then; that is
        counted."""
        try:
            call(caller)
        except BusError as error:
            if error.name in ('EngineUnavailable', 'KernelRejected'):
                self.done[f'answered {error}'] += 1
                self.refused[error.name].append(time.monotonic())
            elif error.name not in may_refuse:
                raise

    def whole(self, caller, **parents):
        """Both lines are, and these VMACs, each with its parent, are known: a caller may be answered before the service
        has heard of what was done to links and rules."""
        self.wait_until(lambda: parents.items() <= {
            (name, entry['parent']) for name, entry in caller.list().items() if entry['present']})
        self.wait_until(lambda: all(caller.properties()[name] for name in ('Protected', 'GuardActive')))

    def restored(self, caller, before):
        """More often than before, and all is whole."""
        self.wait_until(lambda: caller.properties()['Restorations'] > before)
        self.whole(caller)

    def wait_until(self, condition):
        """Asked again with each signal of the service."""
        mark = self.bus.signals.mark()
        while not condition():
            mark, _ = self.bus.signals.mark(), self.bus.signals.wait(lambda signal: signal.path == PATH, mark)

    def change_vmacs(self, caller, draw):
        number = draw.randrange(len(PASSING))
        names = PASSING[number], PASSING[number].replace('v', 'w')
        with self.first_line:
            name = next((name for _, name in socket.if_nameindex() if name in names), None)
            if name is None:
                name = draw.choice(names)
                kernel.ip('link', 'add', name, 'link', 'eth0', 'address', f'00:00:5e:00:0{draw.choice("12")}:1{number}',
                          'type', 'macvlan', 'mode', 'private')
                kernel.sysctl('ipv6', name, force_mld_version=draw.choice((1, 2)))
                kernel.sysctl('ipv4', name, force_igmp_version=draw.choice((2, 3)))
                kernel.ip('link', 'set', name, 'up')
                kind, parents = 'VMACs made', {name: 'eth0'}
            else:
                kind = draw.choice(('VMACs deleted', 'VMACs renamed', 'VMACs with another MAC', 'VMACs down and up'))
                parents = self.change_vmac(kind, name, names, draw)
            self.whole(caller, **parents)
        self.done[kind] += 1

    @staticmethod
    def change_vmac(kind, name, names, draw):
        """What is there afterwards, {name: parent}."""
        match kind:
            case 'VMACs deleted':
                kernel.ip('link', 'del', name)
                return {}
            case 'VMACs renamed':
                new = names[1 - names.index(name)]
                kernel.ip('link', 'set', name, 'down')
                kernel.ip('link', 'set', name, 'name', new)
                kernel.ip('link', 'set', new, 'up')
                return {new: 'eth0'}
            case 'VMACs with another MAC':
                last = names[0].replace('v', '1')
                kernel.ip('link', 'set', name, 'address', f'00:00:5e:00:0{draw.choice("12")}:{last}')
            case _:
                kernel.ip('link', 'set', name, 'down')
                kernel.ip('link', 'set', name, 'up')
        return {name: 'eth0'}

    def change_parent(self, caller, draw):
        """A new one gets its VMACs before these come up: a guard from the first frame on is not promised on kernels
        before 6.16."""
        with self.first_line, self.guard:
            wire = self.wires[-1]
            kind = draw.choice(('parents made again', 'parents renamed', 'parents with another MAC'))
            match kind:
                case 'parents made again':
                    kernel.ip('link', 'del', wire.near)
                    self.wires.append(CountedWire('eth1', f'other{len(self.wires)}', wire.namespace))
                    self.mark_of_leaks.append(0)
                    for number, name in enumerate(ON_OTHER):
                        kernel.ip('link', 'add', name, 'link', 'eth1', 'address', f'00:00:5e:00:02:6{number}',
                                  'type', 'macvlan', 'mode', 'private')
                    self.whole(caller, **dict.fromkeys(ON_OTHER, 'eth1'))
                    for name in ON_OTHER:
                        kernel.ip('link', 'set', name, 'up')
                case 'parents renamed':
                    wire.rename('wan1' if wire.near == 'eth1' else 'eth1')
                case _:
                    kernel.ip('link', 'set', wire.near, 'address', f'02:00:00:00:01:{draw.randrange(256):02x}')
            there = [name for _, name in socket.if_nameindex() if name in ON_OTHER]
            self.whole(caller, **dict.fromkeys(there, self.wires[-1].near))
        self.done[kind] += 1

    def destroy(self, caller, draw):
        if draw.random() < 0.5:
            with self.guard:  # must stand while the other is away, and must not be the next to go
                before = caller.properties()['Restorations']
                kernel.nft(draw.choice(FIRST_LINE))
                self.restored(caller, before)
            self.done['first line destroyed'] += 1
        else:
            with self.first_line, self.guard:
                before = caller.properties()['Restorations']
                kernel.nft(draw.choice(GUARD))
                self.restored(caller, before)
            self.done['guard destroyed'] += 1

    def change_entries(self, caller, draw):
        """What speaks must not be let through; all else may be anything."""
        speaking = draw.random() < 0.3
        name = draw.choice(('still0', *PASSING, *ON_OTHER) if speaking else NAMES)
        options = {'action': draw.choice(('relocate', 'drop') if speaking else ('relocate', 'drop', 'allow'))}
        if not speaking and draw.random() < 0.5:
            options['messages'] = draw.sample(MESSAGES, 2)
        kind = draw.choice(('interfaces added', 'interfaces added', 'interfaces removed', 'interfaces set'))
        match kind:
            case 'interfaces added':
                self.ask(caller, lambda caller: caller.add(name, **options))
            case 'interfaces removed':
                self.ask(caller, lambda caller: caller.remove(name), 'StillDetected')
            case _:
                number = len(MANY) if draw.random() < 0.05 else draw.randrange(20)
                entries = dict(itertools.islice(MANY.items(), number)) | {name: options}
                self.ask(caller, lambda caller: caller.set(entries))
        self.done[kind] += 1

    def read(self, caller, draw):
        what = draw.choice(READINGS)
        if what == 'counters':
            self.ask(caller, lambda caller: caller.counters('still0'))
        else:
            self.ask(caller, lambda caller: getattr(caller, what)())
        self.done['readings'] += 1

    def audit(self, caller, _draw):
        self.ask(caller, lambda caller: caller.audit())
        self.done['audits'] += 1

    def reload(self, caller, draw):
        configure_atomically(self.daemon.config, '50-case.toml', f'[interface.conf{draw.randrange(4)}]\n')
        self.ask(caller, lambda caller: caller.reload())
        self.done['reloads'] += 1

    def kill_worker(self, caller, draw):
        """Only in the first half of the time. In the other it lives on: its memory, too, must have the time to grow. At
        once it gets the most that it is ever asked for, so that what it grows by then is not taken for a leak."""
        workers = helpers(self.daemon.process.pid, WORKER)
        if workers and time.monotonic() < self.half_time:
            os.kill(draw.choice(workers).pid, signal.SIGKILL)
            self.done['workers killed'] += 1
        elif not self.grown and time.monotonic() >= self.half_time:
            self.ask(caller, lambda caller: caller.set(MANY))
            self.ask(caller, lambda caller: caller.ruleset())
            self.grown = True

    # --- what is measured

    def processes(self):
        """(name, memory, descriptors) of the daemon and its helpers. One that has just ended is none."""
        daemon = Process(self.daemon.process.pid)
        yield DAEMON, daemon.memory, daemon.descriptors
        for process in descendants(daemon.pid):
            try:
                if process.name in PROGRAMS and process.state != 'Z':
                    yield process.name, process.memory, process.descriptors
            except (FileNotFoundError, ProcessLookupError):
                continue

    def sample(self, _caller, _draw):
        memory = collections.defaultdict(int)
        for name, resident, _ in self.processes():
            memory[name] = max(memory[name], resident)
        self.samples.append(dict(memory))

    def at_rest(self):
        """{name: descriptors} when nobody asks for anything, and there is a worker."""
        self.root.all_counters()
        return {name: descriptors for name, _, descriptors in self.processes()}

    def zombies(self):
        return {process.pid for process in descendants(self.daemon.process.pid) if process.state == 'Z'}

    def rests(self):
        """How often more than one call was refused for want of a worker. One that is killed takes one call along at
        most, and the next one is served by another; only a second failure in a row, or one that took a second on a busy
        machine, makes the service rest for a moment."""
        times = sorted(self.refused['EngineUnavailable'])
        close = [after - before < 1 for before, after in zip(times, times[1:])]
        return sum(now and not before for before, now in zip([False, *close], close))

    def assert_tight(self, took):
        turns = self.speaker.stop()
        for wire in (self.wires[0], self.wires[-1]):
            wire.fence()
        leaked = [frame for wire, mark in zip(self.wires, self.mark_of_leaks)
                  for frame in wire.frames.all(mark) if 'marker' not in frame.kind]
        print(f'\n{took / 60:.1f} minutes of everything at once')
        rows = {**self.done, 'Restorations': self.root.properties()['Restorations'],
                'turns of MLD and IGMP': sum(turns.values()),
                **{f'frames: {kind}': CountedWire.came[kind, False] for kind in (*MLD, 'igmp')},
                'frames leaked': len(leaked)}
        for what, number in sorted(rows.items()):
            print(f'{number:9} {what}')
        self.assertEqual(leaked, [])
        self.assertLessEqual(self.rests(), self.done['workers killed'] // 10 + 1)
        destroyed = self.done['first line destroyed'] + self.done['guard destroyed']
        self.assertLessEqual(len(self.refused['KernelRejected']), destroyed)
        self.assertEqual([name for name, number in turns.items() if number == 0], [])
        self.assertGreater(CountedWire.came['mld-listener-done', False], turns['steady6'])

    def assert_flat(self, before):
        quarter = len(self.samples) // 4
        self.assertGreaterEqual(quarter, 3, 'too short to say anything')
        for name in PROGRAMS:
            middle, last = (statistics.median([sample[name] for sample in samples if name in sample] or [0])
                            for samples in (self.samples[2 * quarter:3 * quarter], self.samples[-quarter:]))
            self.assertGreater(middle, 0, name)
            print(f'{name}: {middle:.0f} KiB in the third quarter of the time, {last:.0f} KiB in the last')
            self.assertLessEqual(last, middle * (1 + MARGIN) + MARGIN_KIB, name)
        zombies = self.zombies()
        self.root.audit()  # which starts a worker and ends it, and reaps who has ended before
        self.assertEqual(zombies & self.zombies(), set())
        self.assertEqual(self.at_rest(), before, 'descriptors')
