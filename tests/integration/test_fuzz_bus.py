# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that nobody would make: every method of the interface, with values and types by chance.

Whatever is called, the service lives on, every refusal has a name and a text, what it does to the kernel stays in its
own tables, and what it has on disk is what the kernel holds. What the case does comes from a seed, which it prints:

    VMAC_SEED=…    the same calls again, of one round
    VMAC_ROUNDS=…  more rounds, each with a seed of its own (1)
"""

import collections
import os
import random
import xml.etree.ElementTree as ElementTree

from gi.repository import Gio, GLib

from rig import bus, bystanders, kernel
from rig.case import BUS_XML, WireCase
from rig.wire import MESSAGES

CALLS = 350  # a round
ROUNDS = int(os.environ.get('VMAC_ROUNDS', '1'))
SEED = os.environ.get('VMAC_SEED')

PROPERTIES = 'org.freedesktop.DBus.Properties'
STANDARD = 'org.freedesktop.DBus.Error.'
OUR_ERRORS = {f'{bus.NAME}.Error.{name}' for name in (
    'InvalidName', 'InvalidOption', 'NotFound', 'StillDetected', 'KernelRejected', 'EngineUnavailable', 'StoreFailed',
    'LimitReached')}
# What bus and library say of calls that do not reach a method, and polkit's answers. Not Failed: that would be an
# exception that nobody had thought of. A string with U+FDD0 in it is inconsistent for sd-bus, not for the bus.
STANDARD_ERRORS = {STANDARD + name for name in (
    'AccessDenied', 'InconsistentMessage', 'InteractiveAuthorizationRequired', 'InvalidArgs', 'PropertyReadOnly',
    'UnknownInterface', 'UnknownMethod', 'UnknownObject', 'UnknownProperty')}

Call = collections.namedtuple('Call', 'path interface method values interactive')


def methods():
    """{name: the types of its arguments}, of all that the interface has."""
    found = {}
    for method in ElementTree.parse(BUS_XML).iter('method'):
        found[method.get('name')] = [arg.get('type') for arg in method.iter('arg') if arg.get('direction') == 'in']
    return found


def complete_types(signature):
    """The types that are in it, one after the other."""
    while signature:
        end = len(signature) - len(signature.lstrip('a'))
        depth = 0
        while True:
            depth += (signature[end] in '({') - (signature[end] in ')}')
            end += 1
            if depth == 0:
                break
        yield signature[:end]
        signature = signature[end:]


class Chance(random.Random):
    """Values of any type. Those that mean something come often, for others are refused at the door."""

    NAMES = ('vrrp6', 'vrrp7', 'eth0', 'lo', 'nowhere', 'vrrp*', 'a"b', '虚拟口')
    STRINGS = ('', '.', '..', '/', '@x', '\\*', 'tcp', 'relocate', 'drop', 'allow', 'igmp', 'org.vmac.MldFilter',
               '"; flush ruleset; "', '\u0001\n\t\u007f', '\u200b\u202e', '𝕧', '\ufeffv', '%s%n', 'vrrp6\n')
    KEYS = ('action', 'parent', 'messages', 'runtime')

    def __init__(self, seed):
        super().__init__(seed)
        self.room = 0  # for how many values there is room in this call, or arrays of arrays would have no end

    def often(self, share=0.7):
        return self.random() < share

    def string(self):
        kind = self.random()
        if kind < 0.5:
            return self.choice(self.NAMES)
        if kind < 0.75:
            return self.choice(self.STRINGS)
        if kind < 0.95:
            return ''.join(self.character() for _ in range(self.randrange(20)))
        self.room -= 100
        return self.character() * self.randrange(1, 65536 if self.room > 0 else 20)

    def character(self):
        """Any but NUL and surrogates, which the bus does not carry."""
        code = self.choice((self.randrange(1, 128), self.randrange(1, 0xd800), self.randrange(0xe000, 0x110000)))
        return chr(code)

    def length(self):
        wanted = self.choice((0, 1, 1, 2, 3, 5)) if self.often(0.97) else self.randrange(300)
        return max(0, min(wanted, self.room))

    def signature(self, depth=0):
        """One complete type."""
        kind = self.random()
        if kind < 0.6 or depth == 3:
            return self.choice('sssybnqiuxtdogv')
        if kind < 0.8:
            return 'a' + self.signature(depth + 1)
        if kind < 0.9:
            return f'a{{{self.choice("sut")}{self.signature(depth + 1)}}}'
        return f'({"".join(self.signature(depth + 1) for _ in range(self.randrange(1, 4)))})'

    def variant(self, signature, depth=0):
        self.room -= 1
        if signature == 'a{sv}' and self.often():
            return self.options()
        if signature == 'v':
            return GLib.Variant('v', self.variant(self.signature(depth + 1), depth + 1))
        if signature[0] == 'a':
            items = [self.variant(signature[1:], depth) for _ in range(self.length())]
            return GLib.Variant.new_array(GLib.VariantType.new(signature[1:]), items)
        if signature[0] in '({':
            values = [self.variant(part, depth) for part in complete_types(signature[1:-1])]
            return GLib.Variant.new_tuple(*values) if signature[0] == '(' else GLib.Variant.new_dict_entry(*values)
        return GLib.Variant(signature, self.basic(signature))

    def basic(self, signature):
        bits = {'y': 8, 'q': 16, 'u': 32, 't': 64}
        signed = {'n': 16, 'i': 32, 'x': 64}
        match signature:
            case 's':
                return self.string()
            case 'b':
                return self.often(0.5)
            case 'd':
                return self.choice((0.0, -1.5, 1e300, float('inf'), float('nan')))
            case 'o':
                return self.choice(('/', bus.PATH, '/org/freedesktop/DBus'))
            case 'g':
                return self.choice(('', 's', 'a{sv}', '(ii)'))
        if signature in bits:
            return self.choice((0, 1, self.getrandbits(bits[signature])))
        return self.choice((0, -1, -self.getrandbits(signed[signature] - 1)))

    def options(self):
        """A dictionary that is nearly right."""
        entries = {}
        for _ in range(self.choice((0, 1, 1, 2, 4))):
            key = self.choice(self.KEYS)
            entries[key] = self.option(key) if self.often(0.9) else self.variant(self.signature())
        if self.often(0.1):
            entries[self.string()] = self.variant(self.signature())
        pairs = [GLib.Variant.new_dict_entry(GLib.Variant('s', key), GLib.Variant('v', value))
                 for key, value in entries.items()]
        return GLib.Variant.new_array(GLib.VariantType.new('{sv}'), pairs)

    def option(self, key):
        match key:
            case 'action':
                return GLib.Variant('s', self.choice(('relocate', 'drop', 'allow')))
            case 'parent':
                return GLib.Variant('s', self.choice(('', 'eth0', 'lo', 'nowhere')))
            case 'messages':
                return GLib.Variant('as', [self.choice(MESSAGES) for _ in range(self.randrange(4))])
        return GLib.Variant('b', self.often(0.5))

    def call(self, interface):
        """`interface` has what methods() returns."""
        self.room = 1000
        if self.often(0.9):
            method, signature = self.choice(sorted(interface.items()))
            if self.often(0.1):
                signature = [self.signature() for _ in range(self.randrange(4))]
            target = (bus.PATH, bus.NAME)
        else:
            target, method, signature = self.choice((
                ((bus.PATH, PROPERTIES), 'Get', ['s', 's']),
                ((bus.PATH, PROPERTIES), 'Set', ['s', 's', 'v']),
                ((bus.PATH, PROPERTIES), 'GetAll', ['s']),
                ((bus.PATH, 'org.freedesktop.DBus.Introspectable'), 'Introspect', []),
                ((bus.PATH, 'org.freedesktop.DBus.Peer'), 'Ping', []),
                ((bus.PATH, bus.NAME), 'NoSuchMethod', ['s']),
                (('/org/vmac', bus.NAME), 'AddInterface', ['s', 'a{sv}']),
                ((bus.PATH, 'org.vmac.Other'), 'AddInterface', ['s', 'a{sv}']),
            ))
        values = [self.variant(each) for each in signature]
        return Call(*target, method, GLib.Variant.new_tuple(*values), self.often(0.3))


class _Fuzz(WireCase):
    def prepare(self):
        super().prepare()
        bystanders.add()
        self.before = bystanders.listed()

    def rounds(self, caller):
        """Makes the calls. Tells how many were answered and how many refused, by the name of the error."""
        process = self.daemon.process.pid
        interface = methods()
        outcomes = collections.Counter()
        for number in range(ROUNDS):
            seed = int(SEED) + number if SEED else random.SystemRandom().randrange(1 << 32)
            print(f'VMAC_SEED={seed}', flush=True)
            chance = Chance(seed)
            for _ in range(CALLS):
                call = chance.call(interface)
                with self.subTest(seed=seed, call=f'{call.interface}.{call.method}{call.values.print_(True)[:500]}'):
                    outcomes[self.make(caller, call)] += 1
                    self.assertTrue(self.daemon.running, 'the service has ended')
        self.assertEqual(self.daemon.process.pid, process)
        self.assertEqual(bystanders.listed(), self.before)
        print(dict(outcomes))
        return outcomes

    def make(self, caller, call):
        """One call. Returns the name of the error, or nothing."""
        flags = Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION if call.interactive else Gio.DBusCallFlags.NONE
        try:
            caller.connection.call_sync(bus.NAME, call.path, call.interface, call.method, call.values, None, flags,
                                        10_000, None)
        except GLib.Error as error:
            refusal = bus.BusError(error)
            self.assertIn(refusal.full_name, OUR_ERRORS | STANDARD_ERRORS)
            self.assertTrue(refusal.text, 'an error without a text')
            if refusal.full_name in OUR_ERRORS:
                self.assertNotRegex(refusal.text, '[\r\n]', 'an error of more than one line')
                self.assertLess(len(refusal.text), 1000, 'an error that nobody can read')
            return refusal.name
        return None


class AsRoot(_Fuzz):
    def test_every_method(self):
        outcomes = self.rounds(self.root)
        self.assertGreater(outcomes[None], CALLS // 10, 'calls that had an effect')
        self.assertTrue({'InvalidName', 'InvalidOption', 'InvalidArgs'} <= outcomes.keys(), outcomes)
        self.assertTrue(self.root.properties()['Protected'])
        self.assert_kernel_holds(self.root.list())

    def test_what_is_on_disk_is_what_was_done(self):
        self.rounds(self.root)
        entries, tables = self.root.list(), kernel.content()
        self.assertTrue(entries)
        self.assertEqual([path.name for path in self.daemon.state.iterdir()], ['state.json'])
        self.daemon.restart()
        self.assertEqual(self.root.list(), entries)
        self.assertEqual(kernel.content(), tables)
        self.assertEqual([path.name for path in self.daemon.state.iterdir()], ['state.json'])
        self.assertEqual(bystanders.listed(), self.before)

    def assert_kernel_holds(self, entries):
        """Exactly what is listed, of all entries at once."""
        expected = {}
        for name, entry in entries.items():
            for message in entry['messages'] if entry['action'] != 'allow' else ():
                dropped = entry['action'] == 'drop' or message == 'nd-router-solicit'
                expected[name, kernel.TYPES[message]] = 'drop' if dropped else 'goto relocate'
        found = kernel.verdicts('ip6') | {(name, 'igmp'): verdict for name, verdict in kernel.verdicts('ip').items()}
        self.assertEqual(found, expected)


class AsNobody(_Fuzz):
    def test_every_method(self):
        self.root.add('vrrp7', action='drop')
        with self.nothing_changes():
            outcomes = self.rounds(self.nobody)
        self.assertGreater(outcomes['AccessDenied'], CALLS // 20, 'changes that were refused')
        self.assertGreater(outcomes[None], CALLS // 20, 'questions that were answered')
