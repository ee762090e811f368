# SPDX-License-Identifier: GPL-2.0-or-later
"""Clients that do what no library would: thousands of calls without waiting, and replies that are never read.

They speak D-Bus over a socket of their own, with messages that were made once. Every message has a serial that its
sender counts up, and the bus leaves it alone; so the serials of the service's replies tell in which order it gave them,
whoever they were for and whenever he read them.
"""

import dataclasses
import os
import socket
import struct
import threading
import time
from pathlib import Path

from gi.repository import Gio, GLib

from . import bus as bus_module
from .record import DEADLINE

_PATIENCE = 10 * DEADLINE
_METHOD_RETURN, _ERROR, _SIGNAL = 2, 3, 4
_MEMBER, _ERROR_NAME, _REPLY_SERIAL, _DESTINATION = 3, 4, 5, 6  # header fields


@dataclasses.dataclass(frozen=True)
class Reply:
    """`order` is the serial that the service gave it, `error` without the usual prefixes, empty for a result."""
    call: int
    order: int
    error: str
    receiver: str


@dataclasses.dataclass(frozen=True)
class Signal:
    """`order` is the serial that the service gave it, as to its replies."""
    member: str
    order: int


class Call:
    """A message that can be sent as often as one likes."""

    def __init__(self, method, signature='()', *values):
        message = Gio.DBusMessage.new_method_call(bus_module.NAME, bus_module.PATH, bus_module.NAME, method)
        message.set_body(GLib.Variant(signature, values))
        message.set_serial(1)
        blob = message.to_blob(Gio.DBusCapabilityFlags.NONE)
        self._before, self._after = blob[:8], blob[12:]  # between them is the serial

    def blob(self, serial):
        return self._before + struct.pack('=I', serial) + self._after


def add(name, **options):
    return Call('AddInterface', '(sa{sv})', name, {key: GLib.Variant('s', value) for key, value in options.items()})


def limit(bus, **limits):
    """Give the bus other limits than the usual ones: for connections that are made from now on, and for new calls."""
    text = ''.join(f'<limit name="{name}">{value}</limit>' for name, value in limits.items())
    bus._file.write_text(bus._file.read_text(encoding='utf-8').replace('</busconfig>', f'{text}</busconfig>'),
                        encoding='utf-8')
    bus_module.call(bus.signals.connection, bus_module.BUS, 'ReloadConfig')


class Client:
    """A connection of this user, with a thread that reads replies as they come, unless nobody reads them."""

    def __init__(self, address, uid=0, reads=True):
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(DEADLINE)
        os.setegid(uid)
        os.seteuid(uid)
        try:
            self._socket.connect(address.removeprefix('unix:path='))
            self._socket.sendall(b'\0AUTH EXTERNAL ' + str(uid).encode().hex().encode() + b'\r\n')
            assert self._socket.recv(4096).startswith(b'OK')
        finally:
            os.seteuid(0)
            os.setegid(0)
        hello = Gio.DBusMessage.new_method_call(*bus_module.BUS, 'Hello')
        hello.set_serial(1)
        self._socket.sendall(b'BEGIN\r\n' + hello.to_blob(Gio.DBusCapabilityFlags.NONE))
        self._socket.settimeout(None)
        self._serial = 1
        self._replies = {}
        self._signals = []
        self._come = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True)
        if reads:
            self._thread.start()
            self.wait([1])

    @property
    def name(self):
        """Its unique name on the bus."""
        return self._replies[1].receiver

    def send(self, *calls):
        """Send all of them at once, and do not wait. Returns their numbers."""
        first = self._serial + 1
        self._serial += len(calls)
        numbers = range(first, self._serial + 1)
        self._socket.sendall(b''.join(call.blob(number) for call, number in zip(calls, numbers, strict=True)))
        return numbers

    def wait(self, numbers):
        """The replies to these calls, when all of them are there."""
        return self.wait_for_all_but(0, numbers)

    def wait_for_all_but(self, missing, numbers):
        """The same, when so many are still missing. More than the usual patience, for thousands take their time."""
        with self._come:
            assert self._come.wait_for(lambda: len(numbers) - len(self._replies.keys() & numbers) <= missing,
                                       _PATIENCE), \
                f'{len(numbers) - len(self._replies.keys() & numbers)} of {len(numbers)} calls were never answered'
            return [self._replies[number] for number in numbers if number in self._replies]

    def ask(self, call):
        return self.wait(self.send(call))[0]

    def timed(self, call):
        """What came, and how many seconds it took."""
        begin = time.monotonic()
        return self.ask(call), time.monotonic() - begin

    def listen(self):
        """From now on, to the signals of the service."""
        self._serial += 1
        rule = Gio.DBusMessage.new_method_call(*bus_module.BUS, 'AddMatch')
        rule.set_body(GLib.Variant('(s)', (f"type='signal',sender='{bus_module.NAME}'",)))
        rule.set_serial(self._serial)
        self._socket.sendall(rule.to_blob(Gio.DBusCapabilityFlags.NONE))
        self.wait([self._serial])

    def hear(self, member, times=1):
        """The last of so many such signals, as soon as it is there."""
        def heard():
            return [signal for signal in self._signals if signal.member == member][times - 1:times]
        with self._come:
            assert self._come.wait_for(heard, _PATIENCE), f'{member} was not heard {times} times'
            return heard()[0]

    def leave(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _read(self):
        data = b''
        while True:
            try:
                more = self._socket.recv(1 << 20)
            except OSError:
                more = b''
            if not more:
                return
            found, data = _parse(data + more)
            if found:
                with self._come:
                    self._replies.update((each.call, each) for each in found if isinstance(each, Reply))
                    self._signals += (each for each in found if isinstance(each, Signal))
                    self._come.notify_all()


def _parse(data):
    """Replies and signals at the beginning of these bytes, and what is left over."""
    found, at = [], 0
    while len(data) - at >= 16:
        _, kind, _, _, body, serial, fields = struct.unpack_from('=BBBBIII', data, at)
        start = at + 16
        size = 16 + (fields + 7 & ~7) + body
        if len(data) - at < size:
            break
        header = _fields(data[start:start + fields])
        if kind == _SIGNAL:
            found.append(Signal(header[_MEMBER], serial))
        if kind in (_METHOD_RETURN, _ERROR):
            error = header.get(_ERROR_NAME, '')
            error = error.removeprefix(f'{bus_module.NAME}.Error.').removeprefix('org.freedesktop.DBus.Error.')
            found.append(Reply(header[_REPLY_SERIAL], serial, error, header.get(_DESTINATION, '')))
        at += size
    return found, data[at:]


def _fields(data):
    """The header fields, which begin at a multiple of 8."""
    found, at = {}, 0
    while at < len(data):
        code, signature = data[at], chr(data[at + 2])
        at += 4
        if signature == 'g':
            length = data[at]
            at += length + 2
        else:
            value = struct.unpack_from('=I', data, at)[0]
            at += 4
            if signature != 'u':
                value, at = data[at:at + value].decode(), at + value + 1
            found[code] = value
        at = at + 7 & ~7
    return found


def memory(process):
    """What it holds, in MiB."""
    return _mebibytes(process, 'VmRSS')


def _mebibytes(process, what):
    status = Path(f'/proc/{process.pid}/status').read_text(encoding='ascii')
    return int(status.split(f'{what}:')[1].split()[0]) / 1024


def is_watched(process):
    """Whether a tool watches what it does with memory, which makes it large and slow. ASan sets terabytes apart."""
    maps = Path(f'/proc/{process.pid}/maps').read_text(encoding='utf-8')
    return _mebibytes(process, 'VmSize') > 1 << 20 or 'valgrind' in maps


def room(process):
    """How much more than before a flood it may hold, in MiB."""
    return 512 if is_watched(process) else 48
