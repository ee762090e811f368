# SPDX-License-Identifier: GPL-2.0-or-later
"""A disk that fails in the middle of it, at each step of saving. That it is full or read-only is in test_disk."""

import errno
import os

from rig import isolation, kernel
from rig.case import Case
from rig.shim import Shim

AS_USER = ('setpriv --reuid=vmac-mldfilter --regid=vmac-mldfilter --clear-groups --no-new-privs '
           '--inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin')


class _Disk(Case):
    def prepare(self):
        self.shim = Shim(self.daemon)

    def setUp(self):
        super().setUp()
        self.root.add('vrrp6')

    def assert_refuses(self, reason):
        """Each call that would save, for this reason; and the journal tells it too."""
        self.daemon.configure('[interface.configured]\n')
        for call in (lambda: self.root.add('vrrp7'),
                     lambda: self.root.add('vrrp6', action='drop'),
                     lambda: self.root.remove('vrrp6'),
                     lambda: self.root.set({'vrrp8': {}, 'vrrp9': {}}),
                     self.root.reset,
                     self.root.reload):
            mark = self.daemon.log.mark()
            with self.refused('StoreFailed', os.strerror(reason)):
                call()
            self.daemon.log.wait(lambda line: os.strerror(reason) in line, mark)
        self.assert_in_force('vrrp6')
        self.assertTrue(self.root.properties()['Protected'])
        self.assertEqual([finding['id'] for finding in self.root.audit() if finding['severity'] == 'critical'], [])

    def assert_works_again(self):
        self.assertTrue(self.root.add('vrrp7'))
        self.assertEqual(self.daemon.saved()['interfaces'].keys(), {'vrrp6', 'vrrp7'})
        self.assertEqual([path.name for path in self.daemon.state.iterdir()], ['state.json'])
        self.daemon.restart()
        self.assertTrue({'vrrp6', 'vrrp7'} <= self.root.list().keys())
        self.assert_in_force('vrrp7')


class IoError(_Disk):
    def assert_fault(self, *words):
        with self.shim.fault(*words):
            self.assert_refuses(errno.EIO)
        self.assert_works_again()

    def test_opening(self):
        self.assert_fault('open', errno.EIO)

    def test_writing(self):
        self.assert_fault('write', errno.EIO)

    def test_syncing(self):
        self.assert_fault('fsync', errno.EIO)

    def test_putting_in_place(self):
        """The kernel has the change by then, and gives it back."""
        self.assert_fault('rename', errno.EIO)

    def test_syncing_the_directory(self):
        """The new state is in its place by then, and is replaced by the old one."""
        self.assert_fault('fsync', errno.EIO, 2)


class Full(_Disk):
    def test_while_syncing(self):
        """Where the file system finds room only when it must, as a network file system does."""
        for reason in (errno.ENOSPC, errno.EDQUOT):
            with self.shim.fault('fsync', reason):
                self.assert_refuses(reason)
        self.assert_works_again()


class Interrupted(_Disk):
    def test_a_call_that_is_interrupted_is_made_again(self):
        for call in ('write', 'fsync', 'open'):
            with self.shim.fault(call, errno.EINTR, 2):
                self.assertTrue(self.root.add(call))
                self.assertTrue(self.root.remove(call))
        with self.shim.fault('read', errno.EINTR, 2):
            self.daemon.restart()
            self.assertEqual(self.root.list().keys(), {'vrrp6'})
        self.assert_works_again()


class Nobody(_Disk):
    """Changes that nobody waits for: they are made, it is told that they were not saved, and they are saved later."""

    def test_parent_that_appears(self):
        kernel.ip('link', 'add', 'eth0', 'type', 'veth', 'peer', 'far0')
        mark = self.daemon.log.mark()
        with self.shim.fault('fsync', errno.EIO):
            kernel.ip('link', 'add', 'vrrp6', 'link', 'eth0', 'address', '00:00:5e:00:02:06', 'type', 'macvlan')
            kernel.until(lambda: kernel.parents().get('vrrp6') == 'eth0', 'for the parent')
            self.daemon.log.wait(lambda line: 'were not saved' in line and os.strerror(errno.EIO) in line, mark)
        self.assertTrue(self.root.properties()['Protected'])
        self.assertEqual(self.daemon.saved()['parents'], {})
        self.assert_works_again()
        self.assertEqual(self.daemon.saved()['parents'], {'eth0': kernel.link('eth0')['address']})


class Unreadable(_Disk):
    def test_at_start(self):
        """What cannot be read may be good: it is neither used nor replaced, and what can be known without is done."""
        self.daemon.configure('[interface.configured]\n')
        self.daemon.stop_cleanly()
        before = self.daemon.state_file.read_bytes()
        with self.shim.fault('read', errno.EIO):
            mark = self.daemon.log.mark()
            self.daemon.start()
            self.daemon.log.wait(lambda line: 'state.json' in line and os.strerror(errno.EIO) in line, mark)
        self.assert_in_force('configured')
        self.assertTrue(self.root.properties()['Protected'])
        with self.refused('StoreFailed', 'cannot be read', os.strerror(errno.EIO)):
            self.root.add('vrrp7')
        self.assertEqual(self.daemon.state_file.read_bytes(), before)
        self.daemon.restart()
        self.assertEqual(self.root.list().keys(), {'configured', 'vrrp6'})
        self.assert_works_again()


class NoPermission(_Disk):
    """As the unit runs it, for root may write everywhere."""

    starts = False

    def setUp(self):
        isolation.add_user('vmac-mldfilter', 990)
        Case.setUp(self)
        isolation.run('chown', 'vmac-mldfilter', self.daemon.state)
        self.daemon.start(AS_USER)
        self.root.add('vrrp6')

    def test_directory(self):
        self.daemon.state.chmod(0o500)
        self.assert_refuses(errno.EACCES)
        self.daemon.state.chmod(0o700)
        self.assertTrue(self.root.add('vrrp7'))
        self.daemon.restart(AS_USER)
        self.assertEqual(self.root.list().keys(), {'configured', 'vrrp6', 'vrrp7'})

    def test_state_that_belongs_to_another(self):
        """Somebody has edited it as root. It is not lost, and the journal says what to do."""
        self.daemon.stop_cleanly()
        self.daemon.state_file.chmod(0o600)
        os.chown(self.daemon.state_file, 0, 0)
        mark = self.daemon.log.mark()
        self.daemon.start(AS_USER)
        self.daemon.log.wait(lambda line: os.strerror(errno.EACCES) in line and 'restarted' in line, mark)
        with self.refused('StoreFailed', os.strerror(errno.EACCES)):
            self.root.add('vrrp7')
        os.chown(self.daemon.state_file, 990, 990)
        self.daemon.restart(AS_USER)
        self.assertEqual(self.root.list().keys(), {'vrrp6'})
        self.assertTrue(self.root.add('vrrp7'))
