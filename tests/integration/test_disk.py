# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that does not take it: the kernel stays as it was, and all goes on when the disk does."""

from rig import isolation
from rig.case import Case, WireCase


class _Fault(Case):
    def assert_nothing_works_but_reading(self):
        for call in (lambda: self.root.add('vrrp7'),
                     lambda: self.root.add('vrrp6', action='drop'),
                     lambda: self.root.remove('vrrp6'),
                     lambda: self.root.set({f'vrrp{number}': {} for number in range(200)})):
            with self.refused('StoreFailed'):
                call()
        self.assert_in_force('vrrp6')
        self.assertTrue(self.root.properties()['Protected'])

    def assert_works_again(self):
        self.assertTrue(self.root.add('vrrp7'))
        self.assert_in_force('vrrp7')
        self.assertEqual(self.daemon.saved()['interfaces'].keys(), {'vrrp6', 'vrrp7'})
        self.daemon.restart()
        self.assertEqual(self.root.list().keys(), {'vrrp6', 'vrrp7'})


class Full(_Fault):
    def prepare(self):
        isolation.small_disk(self.daemon.state)

    def test_full(self):
        self.root.add('vrrp6')
        filler = isolation.fill_disk(self.daemon.state)
        self.assert_nothing_works_but_reading()
        filler.unlink()
        self.assert_works_again()

    def test_full_at_start(self):
        self.root.add('vrrp6')
        self.daemon.stop_cleanly()
        filler = isolation.fill_disk(self.daemon.state)
        self.daemon.start()
        self.assert_nothing_works_but_reading()
        filler.unlink()
        self.assert_works_again()

    def test_large_call_does_not_fit_and_a_small_one_does(self):
        self.root.add('vrrp6')
        with self.refused('StoreFailed'):
            self.root.set({f'vrrp{number}': {'messages': ['igmp', 'mld-listener-done']} for number in range(8000)})
        self.assert_works_again()


class ReadOnly(_Fault):
    def test_read_only(self):
        self.root.add('vrrp6')
        isolation.write_protect(self.daemon.state)
        self.assert_nothing_works_but_reading()
        isolation.unmount(self.daemon.state)
        self.assert_works_again()

    def test_directory_is_gone(self):
        self.root.add('vrrp6')
        gone = self.daemon.state.rename(self.daemon.state.with_name('moved'))
        self.daemon.state.touch()
        with self.assertRaisesRegex(Exception, 'StoreFailed'):
            self.root.add('vrrp7')
        self.assert_in_force('vrrp6')
        self.daemon.state.unlink()
        gone.rename(self.daemon.state)
        self.assert_works_again()

    def test_reload(self):
        """The last good configuration is part of the state."""
        self.root.add('vrrp6')
        self.daemon.configure('[interface.configured]\n')
        isolation.write_protect(self.daemon.state)
        with self.refused('StoreFailed'):
            self.root.reload()
        isolation.unmount(self.daemon.state)
        self.root.reload()
        self.assert_in_force('configured')


class PlaceTaken(_Fault):
    """The new state can be written and not be put in its place. The kernel has the change by then and gives it back."""

    def test_by_a_directory(self):
        self.root.add('vrrp6')
        self.daemon.state_file.unlink()
        self.daemon.state_file.mkdir()
        self.assert_nothing_works_but_reading()
        self.daemon.state_file.rmdir()
        self.assert_works_again()


class Reset(WireCase):
    def test_reset_counters(self):
        self.root.add('vrrp6')
        self.vmac.mld1_report()
        self.settle()
        before = self.root.counters('vrrp6')
        isolation.write_protect(self.daemon.state)
        with self.refused('StoreFailed'):
            self.root.reset()
        self.assertEqual(self.root.counters('vrrp6'), before)
        isolation.unmount(self.daemon.state)
        self.root.reset()
        self.assertEqual(self.root.counters('vrrp6')['mld-listener-report'], (0, 0))


class Wire(WireCase):
    """What is on its way while the disk refuses is not let through, and is counted."""

    configuration = 'auto_detect = false\n'  # what was detected cannot be removed, whatever the disk says

    def test_read_only_while_the_vmac_speaks(self):
        self.root.add('vrrp6')
        isolation.write_protect(self.daemon.state)
        with self.vmac.chatter():
            for _ in range(5):
                for call in (lambda: self.root.remove('vrrp6'), lambda: self.root.add('vrrp6', action='drop')):
                    with self.assertRaisesRegex(Exception, 'StoreFailed'):
                        call()
        balance = self.settle()
        self.assertEqual((balance.through, balance.relocated), ([], balance.attempts))
        self.assert_counted(balance)

    def test_given_back_to_the_kernel(self):
        """Taken out and put in again with its counters; nothing is sent meanwhile."""
        self.root.add('vrrp6')
        self.vmac.all_messages()
        balance = self.settle()
        self.daemon.state_file.unlink()
        self.daemon.state_file.mkdir()
        for call in (lambda: self.root.remove('vrrp6'), lambda: self.root.add('vrrp6', action='drop')):
            with self.refused('StoreFailed'):
                call()
            self.assert_counted(balance)
