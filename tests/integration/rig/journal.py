# SPDX-License-Identifier: GPL-2.0-or-later
"""A journal that only listens: what a service sends to it, as dictionaries of fields."""

import re
import socket
import struct
from pathlib import Path

from .record import Record

_SOCKET = Path('/run/systemd/journal/socket')


class Journal(Record):
    def __init__(self):
        super().__init__('journal entry')
        _SOCKET.parent.mkdir(parents=True)
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        receiver.bind(str(_SOCKET))
        self.follow(iter(lambda: parse(receiver.recv(1 << 16)), None))


def parse(data):
    """An entry in the journal's native protocol: a line NAME=value, or NAME, a length, and a value of any bytes."""
    fields = {}
    while data:
        line, _, rest = data.partition(b'\n')
        name, is_text, value = line.partition(b'=')
        if not is_text:
            size = struct.unpack_from('<Q', rest)[0]
            value, rest = rest[8:8 + size], rest[8 + size + 1:]
        fields[name.decode()] = value.decode()
        data = rest
    return fields


def catalog(file):
    """{id: the fields that its text uses}"""
    entries = re.split(r'^-- ([0-9a-f]{32})$', Path(file).read_text(encoding='utf-8'), flags=re.MULTILINE)[1:]
    return {identity: set(re.findall(r'@([A-Z_]+)@', text)) for identity, text in zip(entries[::2], entries[1::2])}
