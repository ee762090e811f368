# SPDX-License-Identifier: GPL-2.0-or-later
"""A set as nft 1.1.3 of Debian 13 makes it, which kills the libnftables 1.0.6 of Debian 12.

    table ip poison { set s { type mark; } }

is enough; so is any set or map whose key is declared by one `type`. nft keeps for itself, in NFTA_SET_USERDATA, how the
set was declared. Newer ones put there what `typeof` would say even where `type` was written: "a constant", which is
expression 4 and has no description. 1.0.6 takes the functions of that expression, among which there is none that reads
descriptions, and calls it: a jump to address 0, in each process that changes an element or a set, or lists all tables,
whoever's they are. To list another table than that of the set is still possible, and to add one.

Here the same transaction goes to the kernel by hand, so that every machine has it and not only those with two Debians
on them. With the real nft it is in tests/e2e.
"""

import signal
import socket
import struct
import subprocess

from .record import DEADLINE

TABLE = 'poison'
SET = 's'

NFPROTO_IPV6 = 10
_NETLINK_NETFILTER, _NFPROTO_IPV4 = 12, 2
_BATCH_BEGIN, _BATCH_END, _NFTABLES = 0x10, 0x11, 10
_NEWTABLE, _DELTABLE, _NEWSET, _DELSET = 0, 2, 9, 11
_REQUEST, _ACK, _CREATE, _ERROR = 1, 4, 0x400, 2
_TABLE_NAME = 1
_SET_TABLE, _SET_NAME, _SET_FLAGS, _SET_KEY_TYPE, _SET_KEY_LEN, _SET_ID, _SET_USERDATA = 1, 2, 3, 4, 5, 10, 13
_TYPE_MARK = 19

# Measured with nft 1.1.3. Each: type, length, value; these attributes are not padded.
USERDATA = bytes.fromhex(
    '00 04 01000000'     # byte order of the key: the host's. All that 1.0.6 itself writes for this set
    '03 08'              # what `typeof` would say of the key, 8 bytes:
    '   00 04 04000000'  #   expression 4, a constant
    '   01 00')          #   its description: nothing


def _attribute(kind, value):
    return struct.pack('=HH', 4 + len(value), kind) + value + bytes(-len(value) % 4)


def _name(kind, text):
    return _attribute(kind, text.encode() + b'\0')


def _number(kind, value):
    return _attribute(kind, struct.pack('>I', value))


def _message(kind, flags, sequence, family, attributes=b'', resource=0):
    return struct.pack('=IHHIIBBH', 20 + len(attributes), kind, _REQUEST | flags, sequence, 0, family, 0,
                       socket.htons(resource)) + attributes


def _of_nftables(kind, flags, sequence, *attributes, family=_NFPROTO_IPV4):
    return _message(_NFTABLES << 8 | kind, flags, sequence, family, b''.join(attributes))


def _commit(*changes):
    """One transaction. The kernel answers each change, and nothing but that."""
    batch = [_message(_BATCH_BEGIN, 0, 0, 0, resource=_NFTABLES), *changes,
             _message(_BATCH_END, 0, 0, 0, resource=_NFTABLES)]
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as netlink:
        netlink.settimeout(DEADLINE)
        netlink.send(b''.join(batch))
        for _ in changes:
            answer = netlink.recv(4096)
            kind, error = struct.unpack_from('=H', answer, 4)[0], struct.unpack_from('=i', answer, 16)[0]
            assert (kind, error) == (_ERROR, 0), f'the kernel refused it: {kind}, {error}'


def brew(family=_NFPROTO_IPV4, table=TABLE):
    """Make it, in a table that may be there already. Families are numbers here."""
    _commit(_of_nftables(_NEWTABLE, _CREATE | _ACK, 1, _name(_TABLE_NAME, table), family=family),
            _of_nftables(_NEWSET, _CREATE | _ACK, 2, _name(_SET_TABLE, table), _name(_SET_NAME, SET),
                         _number(_SET_FLAGS, 0), _number(_SET_KEY_TYPE, _TYPE_MARK), _number(_SET_KEY_LEN, 4),
                         _number(_SET_ID, 1), _attribute(_SET_USERDATA, USERDATA), family=family))


def pour_out(family=_NFPROTO_IPV4, table=TABLE):
    """Take it away, and leave the table. Not with nft, which dies of it."""
    _commit(_of_nftables(_DELSET, _ACK, 1, _name(_SET_TABLE, table), _name(_SET_NAME, SET), family=family))


def delete(family, table):
    """A table, whatever is in it."""
    _commit(_of_nftables(_DELTABLE, _ACK, 1, _name(_TABLE_NAME, table), family=family))


def kills():
    """Whether libnftables dies of it here, now that it is there."""
    return subprocess.run(['nft', 'list', 'tables'], capture_output=True, check=False).returncode == -signal.SIGSEGV
