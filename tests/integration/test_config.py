# SPDX-License-Identifier: GPL-2.0-or-later
"""The configuration: what it does, how it is read again, and that a wrong one leaves the last good one in force."""

from rig import kernel
from rig.case import OPEN, Case

GOOD = '''
action = "drop"

[interface.vrrp6]
[interface.vrrp7]
action = "relocate"
messages = ["igmp", "mld2-listener-report"]
'''


class Good(Case):
    starts = False

    def test_read_at_start(self):
        self.daemon.configure(GOOD)
        self.daemon.start()
        self.assert_in_force('vrrp6', 'drop')
        self.assert_in_force('vrrp7', 'relocate', ['igmp', 'mld2-listener-report'])
        self.assertEqual({name: entry['origins'] for name, entry in self.root.list().items()},
                         {'vrrp6': ['config'], 'vrrp7': ['config']})

    def test_no_directory_at_all(self):
        self.daemon.config.rmdir()
        self.daemon.start()
        self.assertEqual(self.root.list(), {})

    def test_later_files_win(self):
        self.daemon.configure('action = "drop"\n[interface.vrrp6]\naction = "allow"\n[interface.vrrp7]\n', '10-a.toml')
        self.daemon.configure('[interface.vrrp6]\naction = "relocate"\n', '20-b.toml')
        self.daemon.configure('[interface.vrrp6]\naction = "drop"\n', '30-c.toml.bak')
        self.daemon.configure('nonsense', '40-readme')
        self.daemon.start()
        self.assert_in_force('vrrp6', 'relocate')
        self.assert_in_force('vrrp7', 'drop')

    def test_defaults_apply_to_the_bus_too(self):
        self.daemon.configure('action = "drop"\nmessages = ["igmp"]\n')
        self.daemon.start()
        self.root.add('vrrp6')
        self.assert_in_force('vrrp6', 'drop', ['igmp'])
        self.root.add('vrrp6', action='relocate')
        self.assert_in_force('vrrp6', 'relocate', ['igmp'])

    def test_odd_names(self):
        self.daemon.configure('[interface."eth0.5"]\n[interface."{}"]\n[interface.123]\n[interface."网口"]\n')
        self.daemon.start()
        self.assertEqual({interface for interface, _ in kernel.verdicts()}, {'eth0.5', '{}', '123', '网口'})

    def test_parent_may_come_later(self):
        """On the bus a parent must exist. A configuration is read before most interfaces are there."""
        self.daemon.configure('[interface.lo]\nparent = "later0"\n')
        self.daemon.start()
        self.assertEqual(self.root.list()['lo']['effective-action'], 'drop')
        kernel.ip('link', 'add', 'later0', 'type', 'veth', 'peer', 'name', 'later1')
        kernel.until(lambda: kernel.parents() == {'lo': 'later0'}, 'for the parent')


class Reload(Case):
    def setUp(self):
        super().setUp()
        self.daemon.configure(GOOD)

    def assert_read(self):
        self.assert_in_force('vrrp6', 'drop')
        self.assert_in_force('vrrp7', 'relocate', ['igmp', 'mld2-listener-report'])

    def test_over_the_bus(self):
        with self.signals() as caught, self.transactions(1):
            self.root.reload()
        self.assert_read()
        self.assertEqual([values[0] for member, values in caught if member == 'InterfaceAdded'], ['vrrp6', 'vrrp7'])

    def test_by_sighup(self):
        self.daemon.hang_up()
        self.assert_read()

    def test_says_so_to_the_manager(self):
        mark = self.daemon.notified.mark()
        self.daemon.hang_up()
        told = '\n'.join(self.daemon.notified.all(mark))
        self.assertLess(told.index('RELOADING=1'), told.index('READY=1'))
        self.assertRegex(told, r'MONOTONIC_USEC=\d+')

    def test_taken_out(self):
        self.root.reload()
        self.root.add('vrrp7')
        self.daemon.configure('')
        with self.signals() as caught:
            self.root.reload()
        self.assertIn(('InterfaceRemoved', ('vrrp6',)), caught)
        self.assertEqual(self.root.list().keys(), {'vrrp7'})  # was also added over the bus
        self.assert_in_force('vrrp6', messages=[])

    def test_nothing_new(self):
        self.root.reload()
        with self.nothing_changes(), self.transactions(0), self.signals() as caught:
            self.root.reload()
        self.assertEqual([member for member, _ in caught if member != 'PropertiesChanged'], [])

    def test_entries_of_the_bus_stay(self):
        self.root.add('vrrp9', action='allow')
        self.root.reload()
        self.assert_in_force('vrrp9', 'allow')

    def test_one_file_gone(self):
        extra = self.daemon.configure('[interface.extra]\n', '90-extra.toml')
        self.root.reload()
        self.assert_in_force('extra', 'drop')
        extra.unlink()
        self.root.reload()
        self.assertNotIn('extra', self.root.list())


class BothOrigins(Case):
    """In the configuration and on the bus."""

    starts = False

    def setUp(self):
        super().setUp()
        self.daemon.configure('[interface.vrrp6]\naction = "drop"\nmessages = ["igmp"]\n')
        self.daemon.start()

    def test_remove_is_refused_and_says_what_to_do(self):
        with self.refused('StillDetected', 'vrrp6', 'action=allow'):
            self.root.remove('vrrp6')

    def test_remove_is_refused_after_add_too(self):
        self.root.add('vrrp6', action='allow')
        with self.refused('StillDetected', 'vrrp6'):
            self.root.remove('vrrp6')

    def test_allow_exempts(self):
        self.assertTrue(self.root.add('vrrp6', action='allow'))
        self.assert_in_force('vrrp6', 'allow')
        self.assertEqual(sorted(self.root.list()['vrrp6']['origins']), ['api', 'config'])
        self.daemon.restart()
        self.assert_in_force('vrrp6', 'allow')

    def test_what_the_bus_does_not_say_the_configuration_does(self):
        self.root.add('vrrp6', action='relocate')
        self.assert_in_force('vrrp6', 'relocate', ['igmp'])

    def test_set_leaves_the_configuration(self):
        self.root.set({'vrrp6': {'action': 'allow'}, 'vrrp7': {}})
        self.root.set({})
        self.assert_in_force('vrrp6', 'drop', ['igmp'])
        self.assertEqual(self.root.list()['vrrp6']['origins'], ['config'])


class Bad(Case):
    """Each wrong file: at a reload, and at a start after which the last good one is in force."""

    starts = False
    configuration = OPEN  # tables that are owned are made again at a start

    def setUp(self):
        super().setUp()
        self.daemon.configure(GOOD, '10-good.toml')
        self.daemon.start()

    def refuse(self, text, line, *words):
        path = self.daemon.configure(text, '50-bad.toml')
        place = f'{path}:{line}: '
        with self.refused('InvalidOption', place, *words):
            self.root.reload()
        mark = self.daemon.log.mark()
        with self.nothing_changes():
            self.daemon.hang_up()
        self.daemon.log.wait(lambda said: place in said, mark)
        before = self.root.list(), kernel.own_tables()
        mark = self.daemon.log.mark()
        self.daemon.restart()
        self.daemon.log.wait(lambda said: place in said, mark)
        self.assertEqual((self.root.list(), kernel.own_tables()), before)
        self.assertTrue(self.root.add('vrrp9'))
        path.unlink()
        self.root.reload()
        self.assert_in_force('vrrp9', 'drop')

    def test_syntax_error(self):
        self.refuse('[interface.x]\n\naction = "drop\n', 3)

    def test_unclosed_table(self):
        self.refuse('[interface.x\n', 1)

    def test_key_twice(self):
        self.refuse('action = "drop"\naction = "allow"\n', 2)

    def test_table_twice(self):
        self.refuse('[interface.x]\n[interface.y]\n[interface.x]\n', 3)

    def test_not_utf8(self):
        path = self.daemon.config / '50-bad.toml'
        path.write_bytes(b'# \xff\xfe\n')
        with self.refused('InvalidOption', f'{path}:1: '):
            self.root.reload()

    def test_unknown_key(self):
        self.refuse('\ncolour = "red"\n', 2, 'colour')

    def test_auto_detect_of_a_wrong_type(self):
        self.refuse('auto_detect = "yes"\n', 1, 'auto_detect')

    def test_auto_detect_as_a_number(self):
        self.refuse('\nauto_detect = 1\n', 2, 'auto_detect')

    def test_auto_detect_of_an_interface(self):
        self.refuse('[interface.x]\nauto_detect = true\n', 2, 'auto_detect')

    def test_own_tables_of_a_wrong_type(self):
        self.refuse('own_tables = "no"\n', 1, 'own_tables')

    def test_unknown_word_for_the_guard(self):
        self.refuse('guard = "on"\n', 1, 'guard', 'on')

    def test_guard_of_a_wrong_type(self):
        self.refuse('guard = true\n', 1, 'guard')

    def test_impossible_device_to_guard(self):
        self.refuse('guard = [\n  "eth0",\n  "eth/0",\n]\n', 3, 'eth/0')

    def test_number_among_the_devices_to_guard(self):
        self.refuse('guard = ["eth0", 1]\n', 1, 'guard')

    def test_unknown_key_of_an_interface(self):
        self.refuse('[interface.x]\nruntime = true\n', 2, 'runtime')

    def test_unknown_table(self):
        self.refuse('[interfaces.x]\naction = "drop"\n', 1, 'interfaces')

    def test_unknown_action(self):
        self.refuse('[interface.x]\naction = "reject"\n', 2, 'reject')

    def test_action_of_a_wrong_type(self):
        self.refuse('action = 1\n', 1, 'action')

    def test_unknown_message(self):
        self.refuse('messages = [\n  "igmp",\n  "mld",\n]\n', 3, 'mld')

    def test_no_messages(self):
        self.refuse('messages = []\n', 1, 'messages')

    def test_messages_of_a_wrong_type(self):
        self.refuse('messages = "igmp"\n', 1, 'messages')

    def test_impossible_name(self):
        self.refuse('[interface."vrrp/6"]\n', 1, 'vrrp/6')

    def test_itself_as_parent(self):
        self.refuse('[interface.x]\nparent = "x"\n', 2, 'parent')

    def test_interface_that_is_no_table(self):
        self.refuse('interface = ["vrrp6"]\n', 1, 'interface')

    def test_limit_of_a_wrong_type(self):
        self.refuse('max_interfaces = "many"\n', 1, 'max_interfaces')

    def test_limit_of_nothing(self):
        self.refuse('max_interfaces = 0\n', 1, 'max_interfaces')

    def test_negative_limit(self):
        self.refuse('max_interfaces = -1\n', 1, 'max_interfaces')

    def test_directory_in_place_of_a_file(self):
        path = self.daemon.config / '50-bad.toml'
        path.mkdir()
        with self.refused('InvalidOption', str(path)):
            self.root.reload()

    def test_link_to_nowhere(self):
        path = self.daemon.config / '50-bad.toml'
        path.symlink_to('/nowhere')
        with self.refused('InvalidOption', str(path)):
            self.root.reload()

    def test_good_and_bad_together(self):
        """All files or none: the good one beside the bad one is not half read."""
        self.daemon.configure('[interface.first]\n', '20-good.toml')
        self.refuse('colour = 1\n', 1)


class BadAtFirstStart(Case):
    starts = False

    def test_starts_without(self):
        path = self.daemon.configure('oops\n')
        self.daemon.start()
        self.daemon.log.wait(lambda line: f'{path}:1: ' in line)
        self.assertEqual(self.root.list(), {})
        self.assertTrue(self.root.add('vrrp6'))
        self.assert_in_force('vrrp6')


class Limit(Case):
    starts = False

    def setUp(self):
        super().setUp()
        self.daemon.configure('max_interfaces = 3\n[interface.configured]\n')
        self.daemon.start()

    def test_one_too_many(self):
        self.root.add('a')
        self.root.add('b')
        with self.refused('LimitReached', '3'):
            self.root.add('c')
        self.assertTrue(self.root.add('a', action='drop'))
        self.root.remove('a')
        self.assertTrue(self.root.add('c'))

    def test_configuration_counts(self):
        with self.refused('LimitReached'):
            self.root.set({name: {} for name in 'abc'})
        self.assertTrue(self.root.set({name: {} for name in ('a', 'b', 'configured')}))

    def test_configuration_over_the_limit(self):
        self.daemon.configure('max_interfaces = 1\n[interface.configured]\n[interface.second]\n')
        with self.refused('LimitReached'):
            self.root.reload()
