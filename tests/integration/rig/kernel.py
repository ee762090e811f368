# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's side: links, settings of the network stack, and what nft says of the tables."""

import json
import os
import re
import select
import socket
import struct
import time
from pathlib import Path

from .isolation import run
from .record import DEADLINE

TABLE = 'vmac_mldfilter'
FAMILIES = ('ip6', 'ip')  # of the first line of defence; the guard is in the third
ALL_FAMILIES = (*FAMILIES, 'netdev')
TYPES = {'mld-listener-report': 131, 'mld-listener-done': 132, 'nd-router-solicit': 133, 'mld2-listener-report': 143,
         'igmp': 'igmp'}

_NETLINK_NETFILTER, _NFNLGRP_NFTABLES, _NFNL_SUBSYS_NFTABLES, _NFT_MSG_GETGEN = 12, 7, 10, 16
_RTMGRP_LINK = 1
_SO_RCVBUFFORCE = 33

_members = []  # a membership lasts as long as its socket


def ip(*words):
    return run('ip', *words)


def sysctl(family, interface, **settings):
    for name, value in settings.items():
        Path(f'/proc/sys/net/{family}/conf/{interface}/{name}').write_text(f'{value}\n', encoding='ascii')


def nft(text):
    """Run a script in nft's own language, whose closing braces must begin a line; here they need not."""
    return run('nft', '-f', '-', input=text.replace(' }', '\n}'))


def all_tables():
    """(family, name) of each. Not as JSON, which nft 1.0.6 prints broken for a table that has an owner."""
    return [tuple(line.split()[1:]) for line in run('nft', 'list', 'tables').splitlines()]


def foreign(family, name):
    """A table to the letter, with its handles and counters."""
    return run('nft', '-a', '-n', 'list', 'table', family, name)


def own_tables():
    """All of the service's tables with their handles, so that two of these can be compared: without counters, and
    without flags and owner, which change when the service goes."""
    left_out = r'packets \d+ bytes \d+|\tflags .*\n| progname .*'
    return [re.sub(left_out, '', foreign(family, TABLE)) for family in own_families()]


def own_families():
    """Where there is a table of the service's. Without a device to guard there is none in netdev."""
    return [family for family, name in all_tables() if name == TABLE and family in ALL_FAMILIES]


def own_tables_as_json():
    """As a list of nft's objects, counters included."""
    dumps = [json.loads(run('nft', '-j', 'list', 'table', family, TABLE)) for family in own_families()]
    return [item for dump in dumps for item in dump['nftables']]


def handles(families=ALL_FAMILIES):
    """Of our tables, chains and maps: a table that was made again has others."""
    return [(kind, item[kind]['family'], item[kind]['name'], item[kind]['handle'])
            for item in own_tables_as_json() for kind in ('table', 'chain', 'map', 'set')
            if kind in item and item[kind]['family'] in families]


def content():
    """What the service's tables hold, whoever made it and whatever was counted: two of these can be compared."""
    return sorted(json.dumps(_content(item), sort_keys=True) for item in own_tables_as_json()
                  if 'metainfo' not in item)


def _content(item):
    match item:
        case dict():
            kept = {key: value for key, value in item.items() if key not in ('handle', 'packets', 'bytes')}
            return {key: sorted(map(_content, value), key=json.dumps) if key == 'elem' and isinstance(value, list)
                    else _content(value) for key, value in kept.items()}
        case list():
            return [_content(each) for each in item]
    return item


def _elements(family, name):
    if (family, TABLE) not in all_tables():
        return []
    kind = 'map' if family in FAMILIES else 'set'
    listed = json.loads(run('nft', '-j', '-n', 'list', kind, family, TABLE, name))['nftables']
    return next(item[kind] for item in listed if kind in item).get('elem', [])


def literal(name):
    """nft writes a star at the end as \\*, for without the backslash it would mean: all names that begin so."""
    return name.removesuffix('\\*') + '*' if name.endswith('\\*') else name


def verdicts(family='ip6'):
    """{(interface, type): verdict}; {interface: verdict} for IPv4. Verdicts are 'drop' and 'goto relocate'."""
    found = {}
    for element, verdict in _elements(family, 'verdicts'):
        value = element['elem']['val'] if 'elem' in element else element
        key = (literal(value['concat'][0]), int(value['concat'][1])) if family == 'ip6' else literal(value)
        found[key] = 'drop' if 'drop' in verdict else f'goto {verdict["goto"]["target"]}'
    return found


def parents(family='ip6'):
    """{interface: the device that its messages leave from}"""
    return {literal(name): parent for name, parent in _elements(family, 'parents')}


def guarded():
    """{device: the MAC that frames of virtual ones leave with}"""
    found, macs = [], {}
    for item in own_tables_as_json() if 'netdev' in own_families() else ():
        if item.get('chain', {}).get('name', '').startswith('egress_'):
            found.append(item['chain']['name'].removeprefix('egress_'))
        if item.get('rule', {}).get('chain', '').startswith('vmac_'):
            rewrites = [each['mangle']['value'] for each in item['rule']['expr'] if 'mangle' in each]
            macs.setdefault(item['rule']['chain'].removeprefix('vmac_'), set()).update(rewrites)
    assert found == list(dict.fromkeys(found)) and macs.keys() == set(found), (found, macs)
    assert all(len(each) == 1 for each in macs.values()), macs
    return {device: next(iter(macs[device])) for device in found}


def registered():
    """The (device, MAC) that the guard handles although they are none of VRRP's."""
    return {tuple(element['concat']) for element in _elements('netdev', 'registered')}


def exempt():
    """The (device, MAC, type) that the guard lets pass; the type is 'igmp' or a number."""
    mld = {(*element['concat'][:2], int(element['concat'][2])) for element in _elements('netdev', 'exempt')}
    return mld | {(*element['concat'], 'igmp') for element in _elements('netdev', 'exempt_igmp')}


def protected(name):
    """The messages of this interface that do not get through, as in the verdict maps."""
    mld = {kind for interface, kind in verdicts('ip6') if interface == name}
    return mld | ({'igmp'} if name in verdicts('ip') else set())


def out_discards(interface):
    """What the kernel itself counted as not sent, MLD only: its own proof, independent of nftables' counters."""
    for line in Path(f'/proc/net/dev_snmp6/{interface}').read_text(encoding='ascii').splitlines():
        if line.startswith('Ip6OutDiscards'):
            return int(line.split()[1])
    raise AssertionError(f'no Ip6OutDiscards for {interface}')


def generation():
    """The number of transactions in this namespace so far."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as netlink:
        netlink.settimeout(DEADLINE)
        kind = _NFNL_SUBSYS_NFTABLES << 8 | _NFT_MSG_GETGEN
        netlink.send(struct.pack('=IHHIIBBH', 20, kind, 1, 1, 0, 0, 0, 0))
        answer = netlink.recv(4096)
    # nlmsghdr 16, nfgenmsg 4, then the attribute NFTA_GEN_ID: length, type, value in network order
    return struct.unpack_from('>I', answer, 24)[0]


class Changes:
    """Wakes up whenever links or nftables change, so that a condition is looked at when it can have become true."""

    def __init__(self):
        self._sockets = []
        for protocol, groups in ((socket.NETLINK_ROUTE, _RTMGRP_LINK),
                                 (_NETLINK_NETFILTER, 1 << (_NFNLGRP_NFTABLES - 1))):
            netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
            netlink.bind((0, groups))
            self._sockets.append(netlink)

    def close(self):
        for netlink in self._sockets:
            netlink.close()

    def drain(self):
        for netlink in self._sockets:
            try:
                while netlink.recv(65536):
                    pass
            except BlockingIOError:
                pass
            except OSError:  # ENOBUFS: more happened than we were told, which is as good a reason to look again
                pass


def until(condition, what=''):
    """Wait for a condition on the kernel's links and tables, and return what it returned."""
    changes = Changes()
    end = time.monotonic() + DEADLINE
    try:
        while not (met := condition()):
            ready, _, _ = select.select(changes._sockets, [], [], max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f'waited {DEADLINE:g} s in vain {what}; {own_tables()}; {ip("-br", "link")}')
            changes.drain()
        return met
    finally:
        changes.close()


def link(name):
    return json.loads(ip('-j', 'link', 'show', 'dev', name))[0]


def overflow_links(process, name):
    """Change a link until the process, which does not run, has missed some of what the kernel told it."""
    script = ''.join(f'link set dev {name} alias {each}\n' for each in range(3000))
    _overflow(process, socket.NETLINK_ROUTE, lambda: run('ip', '-batch', '-', input=script))


def overflow_rules(process):
    """The same with transactions of somebody who minds his own table."""
    elements = ', '.join(f'10.{each >> 16}.{each >> 8 & 255}.{each & 255}' for each in range(60_000))
    script = ('table ip bystander { set s { type ipv4_addr; } }\n'
              f'add element ip bystander s {{ {elements} }}\ndelete table ip bystander')
    _overflow(process, _NETLINK_NETFILTER, lambda: nft(script))


def _overflow(process, protocol, change):
    end = time.monotonic() + DEADLINE
    while not _messages_lost(process, protocol):
        assert time.monotonic() < end, 'its socket holds everything'
        change()


def _messages_lost(process, protocol):
    """The last column has the inode, which tells whose socket it is."""
    held = {os.readlink(each) for each in Path(f'/proc/{process.pid}/fd').iterdir()}
    lines = Path('/proc/net/netlink').read_text(encoding='ascii').splitlines()[1:]
    lost = [int(words[8]) for words in map(str.split, lines)
            if int(words[1]) == protocol and f'socket:[{words[9]}]' in held]
    assert lost, 'it has no such socket'
    return sum(lost)


def join6(interface, group):
    """Join a group for as long as the case runs."""
    member = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    member.setsockopt(socket.IPPROTO_IPV6, 20, socket.inet_pton(socket.AF_INET6, group)
                      + socket.if_nametoindex(interface).to_bytes(4, 'little'))
    _members.append(member)


def bring_up(name):
    """And wait until it is: the kernel gives an interface its multicast route some time after `ip` has returned."""
    ip('link', 'set', name, 'up')
    until(lambda: link(name)['operstate'] == 'UP', f'for {name} to come up')
