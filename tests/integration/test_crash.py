# SPDX-License-Identifier: GPL-2.0-or-later
"""Killed at any moment: what was answered holds, what was not is there as a whole or not at all, and nothing leaks.

Three callers change things at the same time while two VMACs speak MLD and IGMP without a pause. In each round the calls
and the moment are drawn: some microseconds or milliseconds, or when the kernel tells that the new state is being
written, is written, that it has the rules, that the state holds. Then the daemon is killed, or the worker. VMAC_ROUNDS
says how many rounds, VMAC_SEED which.
"""

import collections
import os
import signal
import time

from rig import contents, kernel
from rig.books import CONFIGURED, DONE, OPEN, REFUSED, UNHEARD, add, ask, explains, frozen, reload, remove, replace
from rig.case import Case
from rig.endurance import KEEPER, WORKER, Speaker, configure_atomically, dice, helpers, reap_orphans
from rig.moments import PUBLISHED, RULED, STAGED, WRITTEN, Moments
from rig.record import DEADLINE
from rig.vmac import Vmac
from rig.wire import MESSAGES, Wire

ROUNDS = int(os.environ.get('VMAC_ROUNDS') or 40)
LARGE = 600  # interfaces in one call, some tenths of a second
NOW = 'now'  # before anybody calls
LONG = 500  # from so many rounds on, each kind of moment must have come

MACVLANS = {'vrrp6': '00:00:5e:00:02:05', 'quiet6': '00:00:5e:00:02:07', 'steady6': '02:00:00:00:00:66'}
NAMES = ('vrrp6', 'quiet6', *(f'v{number}' for number in range(8)))
CONFIGURATIONS = 4


class _Crash(Case):
    """vrrp6 speaks while its action changes, steady6 while nothing about it changes; quiet6 is there and silent, so
    that it may be anything. The other names are only names."""

    configuration = '[interface.steady6]\n'
    may_refuse = ('StillDetected',)  # which removing what is detected comes to

    def prepare(self):
        self.draw = dice()
        kernel.sysctl('ipv6', 'default', force_mld_version=1)
        kernel.sysctl('ipv4', 'default', force_igmp_version=2)
        self.wire = Wire()
        for name, mac in MACVLANS.items():
            Vmac(name, mac=mac)
        kernel.ip('link', 'set', 'quiet6', 'down')
        self.macvlans = {name: contents.Macvlan(mac, 'eth0') for name, mac in MACVLANS.items()}
        self.write_configuration(0)

    def setUp(self):
        super().setUp()
        self.callers = [self.bus.caller() for _ in range(3)]
        self.moments = Moments(self.daemon.state)
        self.root.add('vrrp6')
        self.model = self.on_disk()
        _, self.frame = contents.held()
        self.seen = collections.Counter()
        self.began, self.mark = time.monotonic(), self.wire.frames.mark()
        self.speaker = Speaker('vrrp6', 'steady6')
        self.addCleanup(self.speaker.stop)
        self.usual = max(self.undisturbed() for _ in range(5))

    def write_configuration(self, number):
        configure_atomically(self.daemon.config, '50-case.toml', f'[interface.conf{number}]\n')

    def configured(self):
        """The number of what is in the configuration directory."""
        return int((self.daemon.config / '50-case.toml').read_text(encoding='ascii')[len('[interface.conf'):-2])

    # --- what is drawn

    def options(self, name):
        """What speaks must not be let through; all else may be anything."""
        drawn = {}
        if self.draw.random() < 0.8:
            actions = ('relocate', 'drop') if name == 'vrrp6' else ('relocate', 'drop', 'allow')
            drawn['action'] = self.draw.choice(actions)
        if self.draw.random() < 0.3:
            drawn['parent'] = self.draw.choice(('eth0', ''))
        if self.draw.random() < 0.3:
            drawn['runtime'] = self.draw.random() < 0.5
        if name != 'vrrp6' and self.draw.random() < 0.3:
            drawn['messages'] = self.draw.sample(MESSAGES, self.draw.randint(1, len(MESSAGES)))
        return drawn

    def call(self, caller):
        kind = self.draw.random()
        if kind < 0.15 and caller == 0:
            return reload(self.draw.randrange(CONFIGURATIONS), self.write_configuration)
        if kind < 0.55:
            name = self.draw.choice(NAMES)
            return add(name, self.options(name))
        if kind < 0.75:
            return remove(self.draw.choice(NAMES))
        if kind < 0.97:
            chosen = self.draw.sample(NAMES, self.draw.randrange(len(NAMES)))
            return replace({name: self.options(name) for name in chosen})
        return replace({f'many{number}': {} for number in range(100)})

    def plans(self):
        return [[self.call(caller) for _ in range(self.draw.randint(1, 2))] for caller in range(len(self.callers))]

    def moment(self):
        """Half of the time it is time itself, from none to a bit more than all calls take, short ones more often."""
        kind = self.draw.random()
        if kind < 0.05:
            return NOW
        if kind < 0.5:
            return 1.3 * self.usual * self.draw.random() ** 2
        return self.draw.choice((STAGED, WRITTEN, RULED, PUBLISHED))

    # --- a round

    def on_disk(self):
        saved = self.daemon.saved()
        self.assertEqual(saved['version'], 1)
        configured = saved['configuration']['interfaces'].keys() - {'steady6'}
        number = int(configured.pop().removeprefix('conf'))
        self.assertEqual(configured, set())
        return {name: frozen(options) for name, options in saved['interfaces'].items()} | {CONFIGURED: number}

    def undisturbed(self):
        """A round in which nobody is killed. How long it takes."""
        begin = time.monotonic()
        self.ask_and_strike(self.plans(), 0.0, lambda: None)
        took = time.monotonic() - begin
        self.assert_in_order()
        return took

    def ask_and_strike(self, plans, moment, strike):
        self.moments.forget()
        if moment == NOW:
            strike()
        threads = ask(self.callers, plans, self.moments.finish)
        if moment != NOW:
            self.moments.wait(moment, DEADLINE)
            strike()
        for thread in threads:
            thread.join()
        self.assert_explained(plans)

    def assert_explained(self, plans):
        for call in sum(plans, []):
            if call.came_to is REFUSED:
                self.assertIn(call.error.name, self.may_refuse, call)
        after = self.on_disk()
        self.assertTrue(explains(plans, self.model, after), f'{self.model} does not become {after} by {plans}')
        self.model = after

    def assert_in_order(self):
        """It says Protected, and kernel, disk and answers all say the same."""
        self.wait_for_property('Protected', True)
        held, frame = contents.held()
        saved = self.daemon.saved()
        self.assertEqual(held, contents.wanted(saved, self.macvlans, {'eth0': self.wire.mac}))
        self.assertEqual(frame, self.frame)
        self.assertEqual(self.on_disk(), self.model)
        listed = self.root.list()
        named = {name for name in self.model if name != CONFIGURED}
        self.assertEqual(listed.keys(), named | MACVLANS.keys() | {f'conf{self.model[CONFIGURED]}'})
        self.assertEqual({name for name, entry in listed.items() if 'api' in entry['origins']}, named)

    def kill_in_large_changes(self, *moments):
        """Calls that take long, most of it in the worker."""
        interfaces = {f'many{number}': {} for number in range(LARGE)}
        begin = time.monotonic()
        self.root.set(interfaces)
        took = time.monotonic() - begin
        self.model = self.on_disk()
        for number in range(max(4, ROUNDS // 40)):
            change = replace({} if number % 2 == 0 else interfaces)
            self.kill_in([[change], [], []], self.draw.choice((*moments, self.draw.uniform(0, took))))

    def assert_tight(self, *kinds):
        """For the end: who spoke, what came of it, and which moments there were."""
        took, turns = time.monotonic() - self.began, self.speaker.stop()
        self.wire.fence()
        came = self.wire.frames.all(self.mark)
        leaked = [frame for frame in came if frame.kind in MESSAGES and frame.source in MACVLANS.values()]
        relocated = [frame for frame in came if frame.kind in MESSAGES and frame.source == self.wire.mac]
        print(f'{sum(turns.values())} turns of {", ".join(turns)} in {took:.1f} s: {len(relocated)} frames from the '
              f'parent, {len(leaked)} from the VMACs')
        for kind in kinds:
            print(f'{self.seen[kind]:6} {kind}')
        self.assertEqual(leaked, [])
        for kind in ('mld-listener-done', 'igmp'):
            steady = [frame for frame in relocated if frame.kind == kind and self.speaker.is_of(frame, 'steady6')]
            self.assertGreaterEqual(len(steady), turns['steady6'])  # nothing of it was lost either
        self.assertTrue(any(self.speaker.is_of(frame, 'vrrp6') for frame in relocated))
        if ROUNDS >= LONG:
            for kind in kinds:
                self.assertGreater(self.seen[kind], 0, kind)


class _Ended(_Crash):
    """All of it ends and is started again."""

    BEFORE, AFTER = 'before the first call came', 'after calls that were answered'
    NOTHING, BESIDE, AHEAD, WHOLE = ('within a call of which there was nothing yet',
                                     'within a call, its state beside the old one',
                                     'within a call, its rules in the kernel, its state not in place',
                                     'within a call that was on disk and not answered')
    STARTING = 'while it started'

    start_takes = 0.02  # seconds; as measured last

    def note(self, plans, before):
        """Which kind of moment this was, by what it has left."""
        calls = sum(plans, [])
        if (self.daemon.state / 'state.json.new').exists():
            held, _ = contents.held()
            is_old = held == contents.wanted(self.daemon.saved(), self.macvlans, {'eth0': self.wire.mac})
            kind = self.BESIDE if is_old else self.AHEAD
        elif any(call.came_to is OPEN for call in calls):
            answered = [[call for call in plan if call.came_to is not OPEN] for plan in plans]
            kind = self.NOTHING if explains(answered, before, self.model) else self.WHOLE
        else:
            kind = self.BEFORE if all(call.came_to is UNHEARD for call in calls) else self.AFTER
        self.seen[kind] += 1

    def bury(self):
        """Until all of it is gone: systemd, too, waits for what is in the control group before it starts a service."""
        status = self.daemon.wait_for_exit()
        reap_orphans()
        return status

    def start_again(self):
        """Sometimes it is killed once more before it is ready."""
        if self.draw.random() < 0.2:
            self.daemon.launch()
            self.moments.wait(self.draw.uniform(0, self.start_takes), DEADLINE)
            self.daemon.process.kill()
            self.bury()
            self.seen[self.STARTING] += 1
        begin = time.monotonic()
        self.daemon.start()
        self.start_takes = time.monotonic() - begin
        self.model |= {CONFIGURED: self.configured()}  # it reads the files again

    def kill_in(self, plans, moment):
        before = self.model
        self.ask_and_strike(plans, moment, self.strike)
        self.assertIn(self.bury(), self.ends_with)
        self.note(plans, before)
        self.start_again()
        self.assert_in_order()


class Daemon(_Ended):
    ends_with = (-signal.SIGKILL,)

    def strike(self):
        self.daemon.process.kill()
        self.daemon.process.wait(DEADLINE)

    def test_killed_at_random(self):
        for _ in range(ROUNDS):
            self.kill_in(self.plans(), self.moment())
        self.assert_tight(self.BEFORE, self.NOTHING, self.BESIDE, self.AHEAD, self.WHOLE, self.AFTER, self.STARTING)

    def test_killed_in_a_large_change(self):
        self.kill_in_large_changes(STAGED, RULED)
        self.assert_tight(self.BESIDE)


class Keeper(_Ended):
    """Without it there is nobody to start a worker: the daemon ends, and says by its status that this was no order."""

    ends_with = (1,)
    may_refuse = (*_Crash.may_refuse, 'EngineUnavailable')

    def strike(self):
        os.kill(self.keeper.pid, signal.SIGKILL)
        self.daemon.process.wait(DEADLINE)

    def test_killed_at_random(self):
        for _ in range(max(6, ROUNDS // 10)):
            self.keeper, = helpers(self.daemon.process.pid, KEEPER)
            self.kill_in(self.plans(), self.moment())
        self.assert_tight()


class Worker(_Crash):
    """Its death is nothing that a caller should notice, but for a change that it took along: that may be refused."""

    IDLE, DONE_ALL_THE_SAME, IN_VAIN = ('while no call was open', 'within calls that were all done nevertheless',
                                        'within a call that was refused then')
    may_refuse = (*_Crash.may_refuse, 'EngineUnavailable')

    def strike(self):
        os.kill(self.worker.pid, signal.SIGKILL)
        self.struck = time.monotonic()

    def note(self, plans):
        calls = [call for call in sum(plans, []) if call.begin < self.struck < call.end]
        kind = self.DONE_ALL_THE_SAME if calls else self.IDLE
        if any(call.came_to is REFUSED and call.error.name == 'EngineUnavailable' for call in sum(plans, [])):
            kind = self.IN_VAIN
        self.seen[kind] += 1

    def kill_in(self, plans, moment):
        self.root.all_counters()  # which starts one, if the last one was killed when there was nothing to do
        self.worker, = helpers(self.daemon.process.pid, WORKER)
        self.ask_and_strike(plans, moment, self.strike)
        self.assertEqual({call.came_to for call in sum(plans, [])} - {DONE, REFUSED}, set())
        self.note(plans)
        self.assert_in_order()

    def assert_never_restored(self):
        """What a worker has done before it died is nobody else's doing."""
        self.assertEqual(self.root.properties()['Restorations'], 0)

    def test_killed_at_random(self):
        pid = self.daemon.process.pid
        for _ in range(ROUNDS):
            self.kill_in(self.plans(), self.moment())
        self.assertEqual((self.daemon.running, self.daemon.process.pid), (True, pid))
        self.assert_never_restored()
        self.assert_tight(self.IDLE, self.DONE_ALL_THE_SAME)
        print(f'{self.seen[self.IN_VAIN]:6} {self.IN_VAIN}')

    def test_killed_in_a_large_change(self):
        self.kill_in_large_changes(STAGED, WRITTEN, RULED)
        self.assert_never_restored()
        self.assert_tight(self.DONE_ALL_THE_SAME)
