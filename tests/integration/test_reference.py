# SPDX-License-Identifier: GPL-2.0-or-later
"""One source: what the running service says of itself is the XML, and the man page documents every member of it."""

import os
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from rig import bus
from rig.case import BUS_XML, Case
from rig.isolation import run

DEFAULTS = {'org.freedesktop.DBus.Property.EmitsChangedSignal': 'true'}
IMPLEMENTATION = {'org.freedesktop.DBus.Method.Async'}  # tells the generator how, tells no caller what


def members(text):
    """{(kind, name): (arguments, access, annotations)}"""
    interface = ElementTree.fromstring(text).find(f"interface[@name='{bus.NAME}']")
    found = {}
    for member in interface:
        direction = 'out' if member.tag == 'signal' else 'in'
        arguments = [(each.get('name'), each.get('type'), each.get('direction', direction))
                     for each in member.findall('arg')]
        annotations = {each.get('name'): each.get('value')
                       for each in member.findall('annotation') if each.get('name') not in IMPLEMENTATION}
        if member.tag == 'property':
            annotations = DEFAULTS | annotations
        found[member.tag, member.get('name')] = (arguments, member.get('type'), member.get('access'), annotations)
    return found


class Reference(Case):
    def test_introspection_is_the_xml(self):
        running, source = members(self.root.introspect()), members(BUS_XML.read_text(encoding='utf-8'))
        self.assertGreater(len(source), 10)
        self.assertEqual(running, source)

    def test_no_other_interface_of_ours(self):
        names = [each.get('name') for each in ElementTree.fromstring(self.root.introspect()).findall('interface')]
        self.assertEqual([name for name in names if not name.startswith('org.freedesktop.DBus.')], [bus.NAME])

    def test_every_error_is_in_the_man_page(self):
        page = self.page()
        for error in ('InvalidName', 'InvalidOption', 'NotFound', 'StillDetected', 'KernelRejected',
                      'EngineUnavailable', 'StoreFailed', 'LimitReached', 'AccessDenied',
                      'InteractiveAuthorizationRequired'):
            with self.subTest(error):
                self.assertIn(error, page)

    def test_every_member_is_in_the_man_page(self):
        page = self.page()
        for kind, name in members(BUS_XML.read_text(encoding='utf-8')):
            with self.subTest(f'{kind} {name}'):
                self.assertRegex(page, rf'\b{re.escape(name)}\b')

    def test_every_argument_is_in_the_man_page(self):
        page = self.page()
        for (_, name), (arguments, *_) in members(BUS_XML.read_text(encoding='utf-8')).items():
            for argument, *_ in arguments:
                with self.subTest(f'{name} {argument}'):
                    self.assertRegex(page, rf'\b{re.escape(argument)}\b')

    @staticmethod
    def page():
        """As a reader sees it, with the hyphenation and the line ends taken out."""
        source = Path(os.environ['BUS_REFERENCE']).read_text(encoding='utf-8')
        return re.sub(r'\\(?:f[A-Z]|&|)', '', source.replace('\\-', '-'))


class BusPolicy(Case):
    """The policy opens the interfaces one by one. All that there are must be open, and to nobody more than that."""

    def test_standard_interfaces_answer(self):
        for interface, method, signature, values in (
                ('Peer', 'Ping', '()', ()), ('Introspectable', 'Introspect', '()', ()),
                ('Properties', 'GetAll', '(s)', (bus.NAME,)), ('Properties', 'Get', '(ss)', (bus.NAME, 'Version'))):
            with self.subTest(interface=interface, method=method):
                target = (bus.NAME, bus.PATH, f'org.freedesktop.DBus.{interface}')
                bus.call(self.nobody.connection, target, method, signature, *values)

    def test_busctl_can_use_it(self):
        """What a person types: no library of ours in between."""
        printed = run('busctl', '--address', self.bus.address, '--json=short', 'call', bus.NAME, bus.PATH, bus.NAME,
                      'AddInterface', 'sa{sv}', 'vrrp6', '2', 'action', 's', 'drop', 'messages', 'as', '1', 'igmp')
        self.assertEqual(printed.strip(), '{"type":"b","data":[true]}')
        self.assert_in_force('vrrp6', 'drop', ['igmp'])
