# SPDX-License-Identifier: GPL-2.0-or-later
"""A veth pair whose far end is watched.

What is judged is what arrives, nothing else. A fence says when everything has arrived: a marker frame sent from each
processor, for a veth pair keeps the order of what one processor sends. So 'nothing more came' is a matter of order,
not of time. That the capture itself lost nothing is asked of the kernel.
"""

import dataclasses
import ipaddress
import json
import os
import socket
import struct

from .isolation import Namespace, run
from .kernel import bring_up, ip, link, sysctl
from .record import Record

_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 3, 0x0800, 0x86DD
_ETH_P_MARKER = 0x88B5  # IEEE 802.1: for local experiments
_SOL_PACKET, _PACKET_STATISTICS, _SO_RCVBUFFORCE = 263, 6, 33
_HOP_BY_HOP, _ICMPV6, _IGMP, _ICMP, _VRRP = 0, 58, 2, 1, 112

ICMPV6_TYPES = {
    128: 'echo-request', 129: 'echo-reply', 131: 'mld-listener-report', 132: 'mld-listener-done',
    133: 'nd-router-solicit', 135: 'nd-neighbor-solicit', 136: 'nd-neighbor-advert', 143: 'mld2-listener-report',
}
VIRTUAL = ('00:00:5e:00:01:', '00:00:5e:00:02:')
MLD = ('mld-listener-report', 'mld-listener-done', 'mld2-listener-report')
MESSAGES = (*MLD, 'nd-router-solicit', 'igmp')


@dataclasses.dataclass(frozen=True, order=True)
class Frame:
    """`size` is that of the IP packet, `kind` the message in nftables' words, `detail` the type within IGMP."""
    source: str
    destination: str
    kind: str
    groups: tuple = ()
    detail: int = 0
    size: int = 0

    @property
    def is_virtual(self):
        """Whether it came from a VRRP MAC."""
        return self.source.startswith(VIRTUAL)

    @property
    def content(self):
        """What stays the same when a frame is sent from elsewhere: all but the source."""
        return dataclasses.replace(self, source='')


def _address(data, start, length):
    return str(ipaddress.ip_address(data[start:start + length]))


def parse(data):
    """A Frame from the bytes of an Ethernet frame."""
    destination, source = (':'.join(f'{byte:02x}' for byte in data[start:start + 6]) for start in (0, 6))
    protocol = struct.unpack_from('>H', data, 12)[0]
    if protocol == _ETH_P_MARKER:
        return Frame(source, destination, f'marker {struct.unpack_from(">Q", data, 14)[0]}')
    if protocol == _ETH_P_IPV6:
        kind, groups, detail = _parse_ipv6(data[14:])
    elif protocol == _ETH_P_IP:
        kind, groups, detail = _parse_ipv4(data[14:])
    else:
        kind, groups, detail = f'protocol {protocol:#x}', (), 0
    return Frame(source, destination, kind, groups, detail, len(data) - 14)


def _parse_ipv6(packet):
    following, payload = packet[6], packet[40:]
    if following == _HOP_BY_HOP:
        following, payload = payload[0], payload[8 * (payload[1] + 1):]
    if following == _VRRP:
        return 'vrrp', (_address(packet, 24, 16),), 0
    if following != _ICMPV6:
        return f'ipv6 protocol {following}', (), 0
    kind = ICMPV6_TYPES.get(payload[0], f'icmpv6 type {payload[0]}')
    groups = ()
    if kind in ('mld-listener-report', 'mld-listener-done', 'nd-neighbor-solicit', 'nd-neighbor-advert'):
        groups = (_address(payload, 8, 16),)
    elif kind == 'mld2-listener-report':
        groups = _records(payload, 20, lambda at: _address(payload, at + 4, 16))
    return kind, groups, 0


def _parse_ipv4(packet):
    protocol, payload = packet[9], packet[4 * (packet[0] & 15):]
    if protocol == _VRRP:
        return 'vrrp', (_address(packet, 16, 4),), 0
    if protocol == _ICMP:
        return {0: 'echo-reply', 8: 'echo-request'}.get(payload[0], f'icmp type {payload[0]}'), (), 0
    if protocol != _IGMP:
        return f'ipv4 protocol {protocol}', (), 0
    if payload[0] == 0x22:  # version 3
        return 'igmp', _records(payload, 8, lambda at: _address(payload, at + 4, 4)), payload[0]
    return 'igmp', (_address(payload, 4, 4),), payload[0]


def _records(payload, bare, group):
    """The groups of an MLDv2 or IGMPv3 report. A record is `bare` bytes, and then come its sources."""
    size = bare - 4  # of an address
    groups, at = [], 8
    for _ in range(struct.unpack_from('>H', payload, 6)[0]):
        groups.append(group(at))
        at += bare + size * struct.unpack_from('>H', payload, at + 2)[0] + 4 * payload[at + 1]
    return tuple(groups)


class Wire:
    """A veth pair from here to another namespace, with nothing configured, so that the kernel is silent by itself."""

    _markers = 0

    def __init__(self, near='eth0', far='far0', namespace=None, index=None):
        self.near, self.far = near, far
        self.namespace = namespace or Namespace('far')
        ip('link', 'add', near, *(('index', index) if index else ()), 'type', 'veth',
           'peer', 'name', far, 'netns', self.namespace.name)
        quiet(near)
        with self.namespace.inside():
            quiet(far)
            ip('link', 'set', far, 'up')
            self._capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
            self._capture.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
            self._capture.bind((far, _ETH_P_ALL))
        bring_up(near)
        self.mac = link(near)['address']
        self.frames = Record(f'frame at {far}')
        self.frames.follow(self._received())

    def _received(self):
        while True:
            try:
                data, address = self._capture.recvfrom(65536)
            except OSError:  # ENETDOWN: the wire was deleted; what comes next, if anything, is news
                continue
            if address[2] != socket.PACKET_OUTGOING:  # what the far end itself sends does not count as arrived
                yield parse(data)

    def rename(self, name, up=True):
        """Of the near end, which must be down for that."""
        ip('link', 'set', self.near, 'down')
        ip('link', 'set', self.near, 'name', name)
        self.near = name
        if up:
            bring_up(name)

    def on_far_side(self, *words):
        """An ip command at the far end."""
        return ip('-n', self.namespace.name, *words)

    def from_virtual_macs(self, *kinds, after=0):
        """What came from VRRP MACs, of the messages that never should."""
        return [frame for frame in self.arrived(*(kinds or MESSAGES), after=after) if frame.is_virtual]

    def fence(self):
        """Return when all that was sent before has arrived."""
        wanted = []
        cpus = os.sched_getaffinity(0)
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
            sender.bind((self.near, 0))
            for cpu in cpus:
                Wire._markers += 1
                wanted.append(f'marker {Wire._markers}')
                os.sched_setaffinity(0, {cpu})
                sender.send(b'\xff' * 6 + bytes(6) + struct.pack('>HQ', _ETH_P_MARKER, Wire._markers) + bytes(36))
        os.sched_setaffinity(0, cpus)
        for marker in wanted:
            self.frames.wait(lambda frame, marker=marker: frame.kind == marker)
        _, lost = struct.unpack('=II', self._capture.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        assert not lost, f'the capture at {self.far} lost {lost} frames'

    def arrived(self, *kinds, source=None, after=0):
        """What came, of these kinds and from this MAC, sorted: frames of two processors have no order."""
        return sorted(frame for frame in self.frames.all(after) if 'marker' not in frame.kind
                      and (not kinds or frame.kind in kinds) and source in (None, frame.source))


class Switch(Wire):
    """A wire whose far end is a port of a bridge that snoops and asks, with another port beside it."""

    def __init__(self, version, **options):
        super().__init__(**options)
        self.on_far_side('link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '1', 'mcast_querier', '1',
                         'mcast_mld_version', str(version), 'mcast_query_response_interval', '10')
        self.on_far_side('link', 'add', 'other0', 'type', 'veth', 'peer', 'name', 'other1')
        with self.namespace.inside():
            sysctl('ipv6', 'br0', accept_dad=0, router_solicitations=0)
            quiet('other0')
            quiet('other1')
        for port in (self.far, 'other0'):
            self.on_far_side('link', 'set', port, 'master', 'br0')
        for device in ('other1', 'other0', 'br0'):
            self.on_far_side('link', 'set', device, 'up')

    def learned(self):
        """{port: the groups that the bridge knows to be wanted there}"""
        found = {}
        for part in json.loads(run('bridge', '-n', self.namespace.name, '-j', 'mdb', 'show', 'dev', 'br0')):
            for entry in part.get('mdb', ()):
                found.setdefault(entry['port'], set()).add(entry['grp'])
        return found

    def ports_of(self, prefix):
        """Where the bridge believes the MACs that begin so to be: {MAC: port}"""
        entries = json.loads(run('bridge', '-n', self.namespace.name, '-j', 'fdb', 'show', 'br', 'br0'))
        return {entry['mac']: entry['ifname'] for entry in entries if entry['mac'].startswith(prefix)}


def quiet(interface):
    """No address by itself, no duplicate address detection, no router solicitation; what a case wants it turns on."""
    sysctl('ipv6', interface, addr_gen_mode=1, accept_dad=0, dad_transmits=0, router_solicitations=0)
