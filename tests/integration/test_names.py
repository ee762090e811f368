# SPDX-License-Identifier: GPL-2.0-or-later
"""Names: what the kernel refuses is refused, what it accepts means exactly that interface, however odd it looks."""

import fcntl
import socket
import struct

from gi.repository import Gio, GLib

from rig import bus, kernel
from rig.case import Case, WireCase
from rig.vmac import Vmac

_SIOCSIFNAME = 0x8923


class BadName(Case):
    def refuse(self, name):
        self.root.add('good')
        for method, call in {
                'AddInterface': lambda: self.root.add(name),
                'RemoveInterface': lambda: self.root.remove(name),
                'SetInterfaces': lambda: self.root.set([('first', {}), (name, {}), ('last', {})]),
                'GetCounters': lambda: self.root.counters(name),
                'ResetCounters': lambda: self.root.reset('good', name)}.items():
            with self.subTest(method), self.refused('InvalidName'):
                call()

    def test_empty(self):
        self.refuse('')

    def test_sixteen_bytes(self):
        self.refuse('vrrp567890123456')

    def test_sixteen_bytes_in_fewer_characters(self):
        self.refuse('网络接口网a')

    def test_very_long(self):
        self.refuse('v' * 1_000_000)

    def test_slash(self):
        self.refuse('vrrp/6')

    def test_colon(self):
        self.refuse('eth0:1')

    def test_blank(self):
        self.refuse('vrrp 6')

    def test_newline(self):
        self.refuse('vrrp6\n')

    def test_tabulator(self):
        self.refuse('vrrp\t6')

    def test_dot(self):
        self.refuse('.')

    def test_two_dots(self):
        self.refuse('..')

    def test_rules_of_nft(self):
        self.refuse('"; flush ruleset; "')

    def test_rules_of_nft_that_are_short_enough(self):
        self.refuse('"; reset;"')

    def test_byte_that_the_kernel_takes_for_white_space(self):
        self.refuse('vrrpà')  # its second byte is 0xA0

    def test_reference_to_a_set(self):
        self.refuse('@x')

    def test_escaped_star(self):
        self.refuse('vrrp\\*')

    def test_not_utf8_never_leaves_the_bus(self):
        """The bus hangs up on the caller; the service never sees it and lives on."""
        message = Gio.DBusMessage.new_method_call(bus.NAME, bus.PATH, bus.NAME, 'AddInterface')
        message.set_body(GLib.Variant('(sa{sv})', ('vrrpXX', {})))
        message.set_serial(2)
        blob = message.to_blob(Gio.DBusCapabilityFlags.NONE)
        with self.nothing_changes():
            self.assertTrue(bus.send_raw(self.bus.address, blob.replace(b'vrrpXX', b'vrrp\xff\xfe')))
        # The same bytes with a good name are taken: it is the name that was refused.
        self.assertFalse(bus.send_raw(self.bus.address, blob))
        self.assertEqual(self.root.list().keys(), {'vrrpXX'})


class Noncharacter(WireCase):
    """A name that the kernel takes and sd-bus does not send: the interface is left to the guard, and all others are
    under management and listed as ever."""

    def test_others_are_listed(self):
        Vmac('v\ufdd0', mac='00:00:5e:00:02:77', attempts=self.attempts)
        self.root.add('vrrp7')
        self.assertEqual(self.root.list().keys(), {'vrrp6', 'vrrp7'})
        self.assertEqual(self.root.properties()['Interfaces'], ['vrrp6', 'vrrp7'])
        self.assertTrue(self.root.audit())


class GoodName(WireCase):
    """A VMAC of that name is relocated; one whose name is near is not, and a table of somebody else is not touched.

    This is about names on the bus, so what would handle both without a name is off. See test_detection for the rest.
    """

    configuration = 'auto_detect = false\nguard = "off"\n'

    def prepare(self):
        super().prepare()
        kernel.nft('table ip6 others { set names { type ifname; elements = { "vrrp6" } ; } }')

    def accept(self, name):
        odd = Vmac(name, mac='00:00:5e:00:02:77', attempts=self.attempts)
        others = kernel.foreign('ip6', 'others')
        with self.transactions(1):
            self.assertTrue(self.root.add(name))
        self.assertEqual({interface for interface, _ in kernel.verdicts('ip6')}, {name})
        self.assertEqual(kernel.parents('ip6'), {name: 'eth0'})
        self.assert_in_force(name, parent='eth0')
        mine, near = odd.mld1_report(), self.vmac.mld1_report()
        self.assertEqual(self.sources(mine), {self.wire.mac})
        self.assertEqual(self.sources(near), {self.vmac.mac})
        self.assertGreater(self.root.counters(name)['mld-listener-report'][0], 0)
        self.daemon.restart()
        self.assert_in_force(name, parent='eth0')
        self.assertTrue(self.root.remove(name))
        self.assertEqual((kernel.verdicts('ip6'), kernel.verdicts('ip'), kernel.parents('ip6')), ({}, {}, {}))
        self.assertEqual(kernel.foreign('ip6', 'others'), others)

    def sources(self, group):
        """Whose MAC the reports for this group came from."""
        self.wire.fence()
        return {frame.source for frame in self.wire.arrived() if group in frame.groups}

    def test_one_byte(self):
        self.accept('v')

    def test_fifteen_bytes(self):
        self.accept('vrrp56789012345')

    def test_star_means_a_star(self):
        self.accept('vrrp*')

    def test_star_alone(self):
        self.accept('*')

    def test_quote(self):
        self.accept('a"b')

    def test_single_quote(self):
        self.accept("a'b")

    def test_backslash(self):
        self.accept('a\\b')

    def test_backslash_at_the_end(self):
        self.accept('vrrp6\\')

    def test_semicolon_and_quotes(self):
        self.accept('";reset;"')

    def test_braces(self):
        self.accept('{}')

    def test_dollar(self):
        self.accept('$vrrp6')

    def test_hash(self):
        self.accept('#vrrp6')

    def test_comma(self):
        self.accept('vrrp6,eth0')

    def test_range(self):
        self.accept('1-9')

    def test_address(self):
        self.accept('10.0.0.1')

    def test_number(self):
        self.accept('123')

    def test_index_of_another_interface(self):
        self.accept(str(socket.if_nametoindex('vrrp6')))

    def test_hexadecimal_number(self):
        self.accept('0x10')

    def test_keyword_policy(self):
        self.accept('policy')

    def test_keyword_counter(self):
        self.accept('counter')

    def test_keyword_drop(self):
        self.accept('drop')

    def test_keyword_null(self):
        self.accept('null')

    def test_name_of_a_message(self):
        self.accept('mld-listener-re')

    def test_minus_first(self):
        self.accept('-f')

    def test_chinese(self):
        self.accept('虚拟口')

    def test_accent(self):
        self.accept('vrrpé')


class Constant(Case):
    """libnftables takes these words for numbers when they come in JSON. To refuse is well, to mean another name not."""

    def test_refused_or_meant(self):
        for name in ('tcp', 'udp', 'udplite', 'esp', 'ah', 'icmp', 'icmpv6', 'comp', 'dccp', 'sctp', 'redirect'):
            with self.subTest(name):
                try:
                    self.root.add(name)
                    self.assertEqual({interface for interface, _ in kernel.verdicts('ip6')}, {name})
                    self.assertEqual(kernel.verdicts('ip').keys(), {name})
                    self.root.remove(name)
                except bus.BusError as error:
                    self.assertEqual(error.name, 'InvalidName')
                    self.assertEqual((self.root.list(), kernel.verdicts('ip6'), kernel.verdicts('ip')), ({}, {}, {}))


class Differential(Case):
    """The kernel's own opinion on names of two letters, the second of which is any ASCII character or some others."""

    # The kernel takes a % for a template when it renames. The first letter is one that makes no word of nft's with any.
    LETTERS = [chr(code) for code in range(1, 128) if chr(code) != '%'] + ['é', 'à', '网', '\u00a0', '\u0085', '😀']

    def kernel_accepts(self, index, old, new):
        with socket.socket() as any_socket:
            request = struct.pack('16s16s', old.encode(), new.encode())
            try:
                fcntl.ioctl(any_socket, _SIOCSIFNAME, request)
            except OSError:
                return False
        self.assertEqual(socket.if_nametoindex(new), index)
        return True

    def test_names_are_what_the_kernel_accepts(self):
        kernel.ip('link', 'add', 'probe', 'type', 'veth', 'peer', 'name', 'other')
        name, index = 'probe', socket.if_nametoindex('probe')
        accepted = {}
        for letter in self.LETTERS:
            accepted[f'q{letter}'] = self.kernel_accepts(index, name, f'q{letter}')
            name = f'q{letter}' if accepted[f'q{letter}'] else name
        answers = {}
        for candidate in accepted:
            try:
                answers[candidate] = self.root.add(candidate)
            except bus.BusError as error:
                self.assertEqual(error.name, 'InvalidName')
                answers[candidate] = False
        self.assertEqual(answers, accepted)
        good = {candidate for candidate, accepts in accepted.items() if accepts}
        self.assertGreater(len(good), 80)
        self.assertEqual({interface for interface, _ in kernel.verdicts('ip6')}, good)
