# SPDX-License-Identifier: GPL-2.0-or-later
"""Options: what each means, and that a wrong one changes nothing."""

from gi.repository import GLib

from rig import bus, kernel
from rig.case import Case
from rig.wire import MESSAGES


class BadOption(Case):
    def setUp(self):
        super().setUp()
        self.root.add('known', action='drop', messages=['igmp'])

    def refuse(self, *texts, **options):
        for method, call in {
                'AddInterface, new': lambda: self.root.add('new', **options),
                'AddInterface, known': lambda: self.root.add('known', **options),
                'SetInterfaces': lambda: self.root.set([('first', {}), ('new', options)])}.items():
            with self.subTest(method), self.refused('InvalidOption', *texts):
                call()

    def test_unknown_option(self):
        self.refuse('colour', colour='red')

    def test_unknown_option_beside_good_ones(self):
        self.refuse('colour', action='drop', colour='red')

    def test_unknown_action(self):
        self.refuse('reject', action='reject')

    def test_empty_action(self):
        self.refuse(action='')

    def test_action_in_capitals(self):
        self.refuse('Drop', action='Drop')

    def test_action_of_wrong_type(self):
        self.refuse('action', action=GLib.Variant('u', 1))

    def test_action_in_a_variant_too_many(self):
        self.refuse('action', action=GLib.Variant('v', GLib.Variant('s', 'drop')))

    def test_no_messages(self):
        self.refuse('messages', messages=[])

    def test_unknown_message(self):
        self.refuse('mld-report', messages=['igmp', 'mld-report'])

    def test_empty_message(self):
        self.refuse(messages=[''])

    def test_messages_of_wrong_type(self):
        self.refuse('messages', messages='igmp')

    def test_messages_as_numbers(self):
        self.refuse('messages', messages=GLib.Variant('ai', [131]))

    def test_messages_as_variants(self):
        self.refuse('messages', messages=GLib.Variant('av', [GLib.Variant('s', 'igmp')]))

    def test_parent_that_does_not_exist(self):
        self.refuse('nowhere0', parent='nowhere0')

    def test_parent_with_impossible_name(self):
        self.refuse(parent='../../etc')

    def test_parent_of_wrong_type(self):
        self.refuse('parent', parent=GLib.Variant('u', 1))

    def test_runtime_of_wrong_type(self):
        self.refuse('runtime', runtime='yes')

    def test_itself_as_parent(self):
        for call in (lambda: self.root.add('lo', parent='lo'), lambda: self.root.set({'lo': {'parent': 'lo'}})):
            with self.refused('InvalidOption', 'lo'):
                call()

    def test_name_twice_in_one_call(self):
        with self.refused('InvalidName', 'twice'):
            self.root.set([('twice', {}), ('other', {}), ('twice', {'action': 'drop'})])

    def test_one_wrong_interface_among_many(self):
        many = {f'vrrp{number}': {} for number in range(100)}
        with self.refused('InvalidOption'):
            self.root.set(many | {'vrrp50': {'action': 'never'}})


class BadCall(Case):
    """What the library in the service answers, not the service; nothing may change here either."""

    def refuse(self, error, method, signature='()', *values):
        self.root.add('known')
        with self.refused(error):
            self.root.call(method, signature, *values)

    def test_unknown_method(self):
        self.refuse('UnknownMethod', 'Frobnicate')

    def test_arguments_missing(self):
        self.refuse('InvalidArgs', 'AddInterface', '(s)', 'vrrp6')

    def test_arguments_of_wrong_type(self):
        self.refuse('InvalidArgs', 'AddInterface', '(ss)', 'vrrp6', 'drop')

    def test_arguments_too_many(self):
        self.refuse('InvalidArgs', 'Reload', '(s)', 'now')

    def test_properties_cannot_be_written(self):
        for name, value in self.root.properties().items():
            typed = {bool: 'b', str: 's', int: 't', list: 'as'}[type(value)]
            with self.subTest(name), self.refused('PropertyReadOnly'):
                bus.call(self.root.connection, (bus.NAME, bus.PATH, 'org.freedesktop.DBus.Properties'), 'Set', '(ssv)',
                         bus.NAME, name, GLib.Variant(typed, value))


class Options(Case):
    """What is asked for is in the kernel, in the list, on disk."""

    def test_defaults(self):
        self.assertTrue(self.root.add('vrrp6'))
        entry = self.root.list()['vrrp6']
        self.assertEqual(entry['action'], 'relocate')
        self.assertEqual(sorted(entry['messages']), sorted(MESSAGES))
        self.assertEqual(entry['origins'], ['api'])
        self.assertFalse(entry['runtime'])
        self.assert_in_force('vrrp6')

    def test_drop(self):
        self.root.add('vrrp6', action='drop')
        self.assert_in_force('vrrp6', 'drop', parent='')

    def test_allow_leaves_nothing_in_the_kernel(self):
        self.root.add('vrrp6')
        self.root.add('vrrp6', action='allow')
        self.assert_in_force('vrrp6', 'allow', parent='')
        self.assertEqual(self.root.list()['vrrp6']['effective-action'], 'allow')

    def test_each_message_alone(self):
        for message in MESSAGES:
            with self.subTest(message):
                self.root.add('vrrp6', messages=[message])
                self.assert_in_force('vrrp6', messages=[message])
                self.assertEqual(self.root.list()['vrrp6']['messages'], [message])

    def test_add_keeps_what_is_not_named(self):
        self.root.add('vrrp6', action='drop', messages=['igmp'], runtime=True)
        self.assertTrue(self.root.add('vrrp6', messages=['mld-listener-done']))
        self.assert_in_force('vrrp6', 'drop', ['mld-listener-done'])
        self.assertTrue(self.root.list()['vrrp6']['runtime'])

    def test_set_returns_to_the_default_what_is_not_named(self):
        self.root.add('vrrp6', action='drop', messages=['igmp'], runtime=True)
        self.assertTrue(self.root.set({'vrrp6': {'messages': ['igmp']}}))
        self.assert_in_force('vrrp6', 'relocate', ['igmp'])
        self.assertFalse(self.root.list()['vrrp6']['runtime'])

    def test_empty_parent_returns_to_the_default(self):
        kernel.ip('link', 'add', 'up0', 'type', 'veth', 'peer', 'name', 'up1')
        self.root.add('vrrp6', parent='up0')
        self.assert_in_force('vrrp6', parent='up0')
        self.assertEqual(self.root.list()['vrrp6']['parent'], 'up0')
        self.assertTrue(self.root.add('vrrp6', parent=''))
        self.assert_in_force('vrrp6', parent='')
        self.assertEqual(self.root.list()['vrrp6']['parent'], '')


class Idempotence(Case):
    """A call that asks for what is so already changes nothing, not even the file's date."""

    def again(self, call):
        with self.nothing_changes(), self.transactions(0), self.signals() as caught:
            saved = self.daemon.state_file.stat() if self.daemon.state_file.exists() else None
            self.assertFalse(call())
            if saved:
                self.assertEqual(self.daemon.state_file.stat(), saved)
        self.assertEqual(caught, [])

    def test_add(self):
        for options in ({}, {'action': 'drop'}, {'messages': ['igmp'], 'runtime': True}, {'action': 'allow'}):
            with self.subTest(options):
                self.root.add('vrrp6', **options)
                self.again(lambda options=options: self.root.add('vrrp6', **options))

    def test_remove(self):
        self.root.add('vrrp6')
        self.assertTrue(self.root.remove('vrrp6'))
        self.again(lambda: self.root.remove('vrrp6'))
        self.again(lambda: self.root.remove('never-there'))

    def test_set(self):
        interfaces = {'vrrp6': {}, 'vrrp7': {'action': 'drop', 'messages': ['igmp', 'mld-listener-done']}}
        self.assertTrue(self.root.set(interfaces))
        self.again(lambda: self.root.set(dict(reversed(interfaces.items()))))

    def test_set_nothing(self):
        self.again(lambda: self.root.set({}))

    def test_order_of_messages_does_not_matter(self):
        self.root.add('vrrp6', messages=['igmp', 'mld-listener-done'])
        self.again(lambda: self.root.add('vrrp6', messages=['mld-listener-done', 'igmp', 'igmp']))
