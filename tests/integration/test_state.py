# SPDX-License-Identifier: GPL-2.0-or-later
"""The state file: what is found in its place at start is read, set aside or left alone, but never lost."""

import json

from rig import isolation, kernel
from rig.case import Case


class Saved(Case):
    def test_what_is_in_it(self):
        self.root.add('vrrp6', action='drop', messages=['igmp'], runtime=True)
        self.root.add('vrrp7')
        state = self.daemon.saved()
        self.assertEqual(state['version'], 1)
        self.assertEqual(state['boot_id'], isolation.boot())
        self.assertEqual(state['interfaces'], {
            'vrrp6': {'action': 'drop', 'messages': ['igmp'], 'runtime': True}, 'vrrp7': {}})

    def test_replaced_as_a_whole(self):
        """Another file under the same name: who reads it never sees half of one."""
        self.root.add('vrrp6')
        before = self.daemon.state_file.stat().st_ino
        with self.daemon.state_file.open(encoding='utf-8') as reader:
            self.root.add('vrrp7')
            self.assertEqual(json.load(reader)['interfaces'].keys(), {'vrrp6'})
        self.assertNotEqual(self.daemon.state_file.stat().st_ino, before)

    def test_nothing_else_is_left_in_the_directory(self):
        for number in range(10):
            self.root.add(f'vrrp{number}')
        self.assertEqual([path.name for path in self.daemon.state.iterdir()], ['state.json'])

    def test_left_over_of_a_crash_is_no_obstacle(self):
        self.root.add('vrrp6')
        self.daemon.stop_cleanly()
        for name in ('state.json.new', 'state.json.tmp', '.state.json.tmp'):
            (self.daemon.state / name).write_text('half', encoding='ascii')
        self.daemon.start()
        self.assertTrue(self.root.add('vrrp7'))
        self.assertEqual(self.daemon.saved()['interfaces'].keys(), {'vrrp6', 'vrrp7'})


class Rejected(Case):
    """Set aside under another name and reported. The configuration holds, and the next change is saved again."""

    starts = False

    def setUp(self):
        super().setUp()
        self.daemon.configure('[interface.configured]\n')

    def reject(self, content):
        self.daemon.state_file.write_bytes(content)
        self.daemon.start()
        self.assertEqual((self.daemon.state / 'state.json.rejected').read_bytes(), content)
        self.daemon.log.wait(lambda line: 'state.json' in line and 'rejected' in line)
        self.assert_in_force('configured')
        self.assertEqual(self.root.list().keys(), {'configured'})
        self.assertTrue(self.root.add('vrrp6'))
        self.daemon.restart()
        self.assertEqual(self.root.list().keys(), {'configured', 'vrrp6'})
        self.assertEqual((self.daemon.state / 'state.json.rejected').read_bytes(), content)

    def state_with(self, **changes):
        """A good one but for the changes."""
        good = {'version': 1, 'boot_id': isolation.boot(), 'interfaces': {'vrrp9': {}}, 'configuration': {},
                'counters': {}}
        return json.dumps(good | changes).encode()

    def test_empty(self):
        self.reject(b'')

    def test_torn(self):
        self.daemon.start()
        self.root.add('vrrp9')
        self.daemon.stop_cleanly()
        whole = self.daemon.state_file.read_bytes()
        self.reject(whole[:len(whole) // 2])

    def test_zeros(self):
        self.reject(bytes(4096))

    def test_future_version(self):
        self.reject(self.state_with(version=2))

    def test_version_of_a_wrong_type(self):
        self.reject(self.state_with(version='1'))

    def test_foreign_json(self):
        self.reject(b'{"packages": ["left-pad"]}')

    def test_not_json(self):
        self.reject('vrrp6 = "drop"\n'.encode())

    def test_impossible_name(self):
        self.reject(self.state_with(interfaces={'vrrp/6': {}}))

    def test_unknown_action(self):
        self.reject(self.state_with(interfaces={'vrrp6': {'action': 'never'}}))

    def test_interfaces_of_a_wrong_type(self):
        self.reject(self.state_with(interfaces=['vrrp6']))

    def test_counters_of_a_wrong_type(self):
        self.reject(self.state_with(counters=[1, 2]))

    def test_deeply_nested(self):
        self.reject(b'[' * 100_000)

    def test_not_utf8(self):
        self.reject(b'{"version": 1, "boot_id": "\xff\xfe"}')

    def test_earlier_ones_are_kept(self):
        for number, content in enumerate((b'first', b'second', b'third'), 1):
            self.daemon.state_file.write_bytes(content)
            self.daemon.start()
            self.daemon.stop_cleanly()
            name = 'state.json.rejected' + (f'.{number}' if number > 1 else '')
            self.assertEqual((self.daemon.state / name).read_bytes(), content)
        self.assertEqual((self.daemon.state / 'state.json.rejected').read_bytes(), b'first')

    def test_tables_of_the_former_run_are_not_blindly_kept(self):
        """Nobody knows any more what they were for."""
        self.daemon.start()
        self.root.add('vrrp9')
        self.daemon.stop_cleanly()
        self.daemon.state_file.write_bytes(b'')
        self.daemon.start()
        self.assertEqual({interface for interface, _ in kernel.verdicts()}, {'configured'})


class Blocked(Case):
    """Something in its place that cannot be read, and must not be lost: no change is accepted until it is away."""

    starts = False

    def setUp(self):
        super().setUp()
        self.daemon.configure('[interface.configured]\n')

    def assert_blocked(self, through=''):
        self.daemon.start(through)
        self.daemon.log.wait(lambda line: 'state.json' in line)
        self.assert_in_force('configured')
        for call in (lambda: self.root.add('vrrp6'), lambda: self.root.set({'vrrp6': {}}), self.root.reset):
            with self.refused('StoreFailed', 'state.json'):
                call()

    def assert_works_again(self):
        self.daemon.restart()
        self.assertTrue(self.root.add('vrrp6'))
        self.assertEqual(self.daemon.saved()['interfaces'], {'vrrp6': {}})

    def test_directory(self):
        self.daemon.state_file.mkdir()
        precious = self.daemon.state_file / 'precious'
        precious.write_text('data', encoding='ascii')
        self.assert_blocked()
        self.assertEqual(precious.read_text(encoding='ascii'), 'data')
        precious.unlink()
        self.daemon.state_file.rmdir()
        self.assert_works_again()

    def test_unreadable(self):
        """root reads everything, so without the capability that makes it so."""
        self.daemon.state_file.write_text('{}', encoding='ascii')
        isolation.run('chown', 'nobody', self.daemon.state_file)
        self.daemon.state_file.chmod(0o600)
        capabilities = '-dac_override,-dac_read_search'
        self.assert_blocked(f'setpriv --inh-caps={capabilities} --bounding-set={capabilities}')
        self.assertEqual(self.daemon.state_file.read_text(encoding='ascii'), '{}')
        self.daemon.state_file.unlink()
        self.assert_works_again()

    def test_link_to_itself(self):
        self.daemon.state_file.symlink_to(self.daemon.state_file)
        self.assert_blocked()
        self.daemon.state_file.unlink()
        self.assert_works_again()

    def test_directory_that_cannot_be_written(self):
        """Torn, and cannot be set aside either."""
        self.daemon.state_file.write_bytes(b'torn')
        isolation.write_protect(self.daemon.state)
        self.assert_blocked()
        self.assertEqual(self.daemon.state_file.read_bytes(), b'torn')
        self.daemon.stop_cleanly()
        isolation.unmount(self.daemon.state)
        self.daemon.start()
        self.assertEqual((self.daemon.state / 'state.json.rejected').read_bytes(), b'torn')
        self.assertTrue(self.root.add('vrrp6'))


class InAContainer(Case):
    """Where the boot id of the kernel is that of the machine below. systemd empties /run at boot, and our part of it."""

    starts = False

    def setUp(self):
        super().setUp()
        self.runtime = isolation.CASE / 'runtime'
        self.runtime.mkdir()
        self.daemon.environment['RUNTIME_DIRECTORY'] = str(self.runtime)
        self.daemon.start()
        self.root.set({'kept': {}, 'gone': {'runtime': True}})

    def test_a_restart_is_no_boot(self):
        self.daemon.restart()
        self.assertEqual(self.root.list().keys(), {'kept', 'gone'})

    def test_a_boot(self):
        self.daemon.stop_cleanly()
        (self.runtime / 'boot-id').unlink()
        self.daemon.restore()
        self.assertEqual((kernel.protected('gone'), len(kernel.protected('kept'))), (set(), 5))
        self.daemon.start()
        self.assertEqual(self.root.list().keys(), {'kept'})
