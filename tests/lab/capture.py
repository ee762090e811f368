# SPDX-License-Identifier: GPL-2.0-or-later
"""MLD at a port of the switch: tcpdump writes it down, and afterwards this reads what it wrote."""

import collections
import struct

# IPv6 whose first header is hop-by-hop options and then ICMPv6: MLD in all its versions, as the kernel sends it.
FILTER = "ether[6:4] = 0x00005e00 or (ip6 and ip6[6] = 0 and ip6[40] = 58)"
KINDS = (131, 132, 143)

_MAGIC = 0xA1B2C3D4  # times in microseconds, in the byte order of this machine
_FILE_HEADER, _RECORD_HEADER = 24, struct.Struct("=IIII")  # a record: seconds, microseconds, size, size on the wire
_VIRTUAL = bytes.fromhex("00005e00")


def read(path):
    """The frames, as bytes."""
    data = path.read_bytes()
    if len(data) < _FILE_HEADER or struct.unpack_from("=I", data)[0] != _MAGIC:
        raise ValueError(f"{path} is not a capture of tcpdump")
    frames, at = [], _FILE_HEADER
    while at + _RECORD_HEADER.size <= len(data):
        _, _, size, _ = _RECORD_HEADER.unpack_from(data, at)
        at += _RECORD_HEADER.size
        frames.append(data[at:at + size])
        at += size
    return frames


def _kind(frame):
    """The type of an MLD message; None for what else the filter lets through."""
    packet = frame[14:]
    is_mld = frame[12:14] == b"\x86\xdd" and len(packet) > 48 and packet[6] == 0 and packet[40] == 58
    return packet[48] if is_mld and packet[48] in KINDS else None


def is_virtual(frame):
    return frame[6:10] == _VIRTUAL


def count(frames):
    """{type: number}, as JSON wants it."""
    kinds = collections.Counter(map(_kind, frames))
    return {str(kind): kinds[kind] for kind in KINDS}
