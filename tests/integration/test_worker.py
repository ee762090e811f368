# SPDX-License-Identifier: GPL-2.0-or-later
"""What each of the three processes has, and what one of them that was taken over could do with it."""

import contextlib
import os
import re
import select
import signal
import subprocess
from pathlib import Path

from rig.case import Case, tool
from rig.isolation import run
from rig.record import DEADLINE
from rig.vmac import Vmac
from rig.wire import Wire

NET_ADMIN = 1 << 12


def status(process):
    text = Path(f'/proc/{process}/status').read_text(encoding='ascii')
    return dict(re.findall(r'^(\w+):\s*(.*)$', text, re.M))


def listed(process):
    return Path(f'/proc/{process}/task/{process}/children').read_text(encoding='ascii').split()


def children(process):
    """Those that have not ended, by the name that each has given itself."""
    found = {}
    for child in listed(process):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if not status(child)['State'].startswith('Z'):
                found[status(child)['Name']] = int(child)
    return found


def ended(handle):
    """Whether the process ends that this pidfd is of."""
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(DEADLINE * 1000))


class Processes(Case):
    def prepare(self):
        self.wire = Wire()
        self.vmac = Vmac()

    def setUp(self):
        super().setUp()
        self.main = self.daemon.process.pid
        self.keeper = children(self.main)['mldfilter-keep']
        self.worker = children(self.keeper)['mldfilter-nft']

    def sets(self, process):
        found = status(process)
        return {name: int(found[name], 16) for name in ('CapEff', 'CapPrm', 'CapInh', 'CapAmb')}

    def test_family(self):
        """One of each, and no other."""
        self.assertEqual(children(self.main).keys(), {'mldfilter-keep'})
        self.assertEqual(children(self.keeper).keys(), {'mldfilter-nft'})
        self.assertEqual(children(self.worker), {})

    def test_capabilities(self):
        self.assertEqual(set(self.sets(self.main).values()), {0}, 'the daemon has none')
        for process in (self.keeper, self.worker):
            found = self.sets(process)
            self.assertEqual((found['CapEff'], found['CapPrm']), (NET_ADMIN, NET_ADMIN))
            self.assertEqual(found['CapInh'] & ~NET_ADMIN, 0)

    def test_nothing_more_ever(self):
        for process in (self.main, self.keeper, self.worker):
            self.assertEqual(status(process)['NoNewPrivs'], '1')

    def test_worker_has_nothing_open(self):
        """But its socket, where it may complain, and what libnftables asks the kernel with."""
        def opened(process):
            return {link.name: os.readlink(link).partition(':')[0] for link in Path(f'/proc/{process}/fd').iterdir()}
        found = opened(self.worker)
        self.assertEqual(found.pop('0'), 'socket')
        found.pop('1')
        found.pop('2')
        self.assertEqual(set(found.values()) - {'socket'}, set(), found)
        self.assertLessEqual(len(found), 1)
        self.assertLessEqual(len(opened(self.keeper)), 5, 'standard ones, the daemon, its signals')

    def test_no_looking_in(self):
        """For the daemon into the others, which have what it has given away."""
        for process in (self.keeper, self.worker):
            traced = subprocess.run(['setpriv', '--bounding-set=-all', '--inh-caps=-all', tool('strace'), '-p', str(process)],
                                    capture_output=True, text=True, timeout=DEADLINE, check=False)
            self.assertNotEqual(traced.returncode, 0)
            self.assertIn('Operation not permitted', traced.stderr)

    def test_ends_with_the_daemon(self):
        """However that ends."""
        for end in (self.daemon.stop, self.daemon.kill):
            self.assertTrue(self.daemon.running)
            main = self.daemon.process.pid
            keeper = children(main)['mldfilter-keep']
            workers = list(children(keeper).values())
            handles = [os.pidfd_open(process) for process in (keeper, *workers)]
            end()
            for handle in handles:
                self.assertTrue(ended(handle), 'it goes on without the daemon')
                os.close(handle)
            self.daemon.start()

    def test_ignores_what_systemd_sends_to_all(self):
        """Until the daemon has ended, which still needs them."""
        for process in (self.keeper, self.worker):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                os.kill(process, number)
        self.root.add('other6')
        self.assertEqual(children(self.keeper), {'mldfilter-nft': self.worker})

    def test_audit_has_one_for_itself(self):
        """For each table of others, and none is left."""
        run('nft', 'add table ip6 filter')
        self.root.audit()
        for process in set(map(int, listed(self.keeper))) - {self.worker}:
            with contextlib.suppress(ProcessLookupError):  # it has ended already
                self.assertTrue(ended(os.pidfd_open(process)), 'it outlives the audit')
        self.assertEqual(children(self.keeper), {'mldfilter-nft': self.worker})
