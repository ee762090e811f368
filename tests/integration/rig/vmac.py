# SPDX-License-Identifier: GPL-2.0-or-later
"""An interface with a virtual MAC, and what makes the kernel speak on it: joining and leaving groups, coming up."""

import contextlib
import itertools
import socket
import struct
import threading

from .kernel import bring_up, ip, nft, sysctl
from .wire import MESSAGES, Wire, quiet

_IPV6_JOIN_GROUP, _IPV6_LEAVE_GROUP = 20, 21
_IP_ADD_MEMBERSHIP, _IP_DROP_MEMBERSHIP = 35, 36
IGMP_V2_REPORT, IGMP_V2_LEAVE, IGMP_V3_REPORT = 0x16, 0x17, 0x22


class Vmac:
    """A macvlan with a VRRP MAC, as keepalived and FRR make it.

    Everything it tries to send of the messages in question is copied by a table of the test, before the service's
    chain, to a second wire: `attempts`. So a case knows what would have come, and waits for it to be tried.
    """

    _numbers = itertools.count(0x1000)  # groups that nobody else is in

    def __init__(self, name='vrrp6', parent='eth0', mac='00:00:5e:00:02:05', attempts=None):
        self.name, self.parent, self.mac = name, parent, mac
        self._attempts = attempts
        self._socket4 = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket6 = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self.make()

    def make(self):
        """Make it, once more if it went with its parent."""
        ip('link', 'add', self.name, 'link', self.parent, 'type', 'macvlan', 'mode', 'private')
        ip('link', 'set', self.name, 'address', self.mac)
        quiet(self.name)
        # The kernel repeats unasked reports after a random time up to this; no case wants to wait for seconds.
        sysctl('ipv6', self.name, mldv1_unsolicited_report_interval=20, mldv2_unsolicited_report_interval=20)
        sysctl('ipv4', self.name, igmpv2_unsolicited_report_interval=20, igmpv3_unsolicited_report_interval=20)
        self.up()

    def up(self):
        bring_up(self.name)

    def down(self):
        """No timer of the kernel's sends anything more. What is on its way may be lost."""
        ip('link', 'set', self.name, 'down')

    @staticmethod
    def mute():
        """Nothing more is tried, and what was tried before is not lost: what `down` cannot do."""
        for family in ('ip6', 'ip'):
            nft(f'''
table {family} attempts {{
  chain mute {{
    type filter hook output priority filter - 10; policy accept;
    meta oifkind "macvlan" drop
  }}
}}
''')

    @staticmethod
    def unmute():
        for family in ('ip6', 'ip'):
            nft(f'flush chain {family} attempts mute')

    # --- what makes the kernel speak; each returns when it has been tried

    def mld1_report(self):
        self._speak_mld(1)
        return self.join6()

    def mld1_done(self):
        self._speak_mld(1)
        group = self.join6()
        return self._tried('mld-listener-done', group, self._membership6, _IPV6_LEAVE_GROUP, group)

    def mld2_report(self):
        self._speak_mld(2)
        return self.join6()

    def router_solicit(self):
        self.down()
        sysctl('ipv6', self.name, router_solicitations=1, router_solicitation_delay=0, accept_ra=2)
        return self._tried('nd-router-solicit', None, self._come_up_with_address)

    def igmp2_report(self):
        sysctl('ipv4', self.name, force_igmp_version=2)
        return self.join4()

    def igmp2_leave(self):
        sysctl('ipv4', self.name, force_igmp_version=2)
        group = self.join4()
        return self._tried('igmp', group, self._membership4, _IP_DROP_MEMBERSHIP, group, detail=IGMP_V2_LEAVE)

    def igmp3_report(self):
        sysctl('ipv4', self.name, force_igmp_version=3)
        return self.join4()

    def all_messages(self):
        """One at least of every message that the service knows."""
        for speak in (self.router_solicit, self.mld1_done, self.mld2_report, self.igmp2_leave, self.igmp3_report):
            speak()

    @contextlib.contextmanager
    def chatter(self, at_least=500):
        """Reports and Dones, one after the other without a pause, while this is open and so often at least."""
        self._speak_mld(1)
        stop = threading.Event()
        failed = []

        def run():
            try:
                for number in itertools.count(1):
                    self.leave6(self.join6())
                    if stop.is_set() and number >= at_least:
                        break
            except BaseException as error:  # pylint: disable=broad-exception-caught
                failed.append(error)
        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()
        if failed:
            raise failed[0]

    # --- parts

    def join6(self, group=None):
        group = group or f'ff05::{next(self._numbers):x}'
        return self._tried(None, group, self._membership6, _IPV6_JOIN_GROUP, group)

    def leave6(self, group):
        return self._tried(None, group, self._membership6, _IPV6_LEAVE_GROUP, group)

    def join4(self):
        number = next(self._numbers)
        group = f'239.1.{number >> 8}.{number & 255}'
        return self._tried('igmp', group, self._membership4, _IP_ADD_MEMBERSHIP, group)

    def _speak_mld(self, version):
        sysctl('ipv6', self.name, force_mld_version=version)

    def _come_up_with_address(self):
        self.up()
        ip('address', 'add', 'fe80::5/64', 'dev', self.name, 'nodad')

    def _membership6(self, option, group):
        value = socket.inet_pton(socket.AF_INET6, group) + struct.pack('=I', socket.if_nametoindex(self.name))
        self._socket6.setsockopt(socket.IPPROTO_IPV6, option, value)

    def _membership4(self, option, group):
        value = socket.inet_aton(group) + struct.pack('=4xI', socket.if_nametoindex(self.name))
        self._socket4.setsockopt(socket.IPPROTO_IP, option, value)

    def _tried(self, kind, group, action, *arguments, detail=None):
        if self._attempts is None:  # then who watches the far end waits there
            action(*arguments)
            return group
        mark = self._attempts.frames.mark()
        action(*arguments)
        self._attempts.frames.wait(lambda frame: frame.kind in ((kind,) if kind else MESSAGES)
                                   and (group is None or group in frame.groups)
                                   and detail in (None, frame.detail), mark)
        return group


def watch_attempts(namespace):
    """A second wire, to which all that a macvlan tries to send of the messages in question is copied."""
    wire = Wire('tap0', 'tap1', namespace)
    copy_attempts()
    return wire


def copy_attempts():
    """Once more after somebody flushed all tables, these among them."""
    nft('''
table ip6 attempts {
  chain output {
    type filter hook output priority filter + 5; policy accept;
    meta oifkind "macvlan" icmpv6 type { 131, 132, 133, 143 } dup to ip6 daddr device "tap0"
  }
}
table ip attempts {
  chain output {
    type filter hook output priority filter + 5; policy accept;
    meta oifkind "macvlan" ip protocol igmp dup to ip daddr device "tap0"
  }
}
''')
