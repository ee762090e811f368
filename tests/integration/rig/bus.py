# SPDX-License-Identifier: GPL-2.0-or-later
"""A private system bus with the shipped bus policy, and callers of any user on it."""

import os
import socket
import subprocess
import threading

from gi.repository import Gio, GLib

from .isolation import CASE
from .record import DEADLINE, Record

NAME = 'org.vmac.MldFilter'
PATH = '/org/vmac/MldFilter'
NOBODY = 65534
BUS = ('org.freedesktop.DBus', '/org/freedesktop/DBus', 'org.freedesktop.DBus')
POLKIT = ('org.freedesktop.PolicyKit1', '/org/freedesktop/PolicyKit1/Authority', 'org.freedesktop.PolicyKit1.Authority')
_PATIENCE = int(DEADLINE * 1000)  # milliseconds

# The default policy of any system bus: who wants to be called, or to own a name, must bring a policy that allows it.
_CONFIGURATION = '''<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>system</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <deny own="*"/>
    <deny send_type="method_call"/>
    <allow send_type="signal"/>
    <allow send_requested_reply="true" send_type="method_return"/>
    <allow send_requested_reply="true" send_type="error"/>
    <allow receive_type="method_call"/>
    <allow receive_type="method_return"/>
    <allow receive_type="error"/>
    <allow receive_type="signal"/>
    <allow send_destination="org.freedesktop.DBus"/>
    <allow send_destination="org.freedesktop.PolicyKit1"/>
  </policy>
  <policy user="root">
    <allow own="org.freedesktop.PolicyKit1"/>
    <allow send_interface="org.freedesktop.PolicyKit1.AuthenticationAgent"/>
  </policy>
  <include>{policy}</include>
  <include ignore_missing="yes">/usr/share/dbus-1/system.d/org.freedesktop.PolicyKit1.conf</include>
</busconfig>
'''


class BusError(Exception):
    """An error reply. Its name comes without the usual prefixes: InvalidName, AccessDenied."""

    def __init__(self, error):
        self.full_name = Gio.DBusError.get_remote_error(error) or str(error)
        self.name = self.full_name.removeprefix(f'{NAME}.Error.').removeprefix('org.freedesktop.DBus.Error.')
        self.text = error.message.removeprefix(f'GDBus.Error:{self.full_name}: ')
        super().__init__(f'{self.name}: {self.text}')


class Bus:
    """A dbus-daemon that can be stopped, and started again at the same address."""

    def __init__(self, policy):
        self.socket = CASE / 'bus'
        self.address = f'unix:path={self.socket}'
        self._file = CASE / 'bus.conf'
        self._file.write_text(_CONFIGURATION.format(address=self.address, policy=policy), encoding='utf-8')
        self._process = None
        self.signals = None

    def start(self):
        read, write = os.pipe()
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen(
            ['dbus-daemon', f'--config-file={self._file}', '--nofork', '--nopidfile', '--nosyslog',
             f'--print-address={write}'], pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        assert os.read(read, 4096), 'dbus-daemon did not start'
        os.close(read)
        self.signals = Signals(self.address)
        return self

    def stop(self):
        self._process.kill()
        self._process.wait()

    def caller(self, uid=0):
        return Caller(connect(self.address, uid))

    def wait_for_owner(self, name):
        """Return when somebody has the name: now, or when the bus says so."""
        def owned(signal):
            return signal.member == 'NameOwnerChanged' and signal.values[0] == name and signal.values[2]
        mark = self.signals.mark()
        if not call(self.signals.connection, BUS, 'NameHasOwner', '(s)', name)[0]:
            self.signals.wait(owned, mark)


def connect(address, uid=0):
    """A connection of this user: the bus goes by who we are while we connect."""
    flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
    os.setegid(uid)
    os.seteuid(uid)
    try:
        return Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
    finally:
        os.seteuid(0)
        os.setegid(0)


def call(connection, target, method, signature='()', *values, interactive=False):
    flags = Gio.DBusCallFlags.ALLOW_INTERACTIVE_AUTHORIZATION if interactive else Gio.DBusCallFlags.NONE
    try:
        reply = connection.call_sync(*target, method, GLib.Variant(signature, values), None, flags, _PATIENCE, None)
    except GLib.Error as error:
        raise BusError(error) from None
    return reply.unpack()


class Signal:
    def __init__(self, sender, path, interface, member, values):
        self.sender, self.path, self.interface, self.member, self.values = sender, path, interface, member, values

    def __repr__(self):
        return f'{self.interface}.{self.member}{self.values}'


class Signals(Record):
    """Every signal on the bus, in the order in which the bus sent it."""

    def __init__(self, address):
        super().__init__('signal')
        ready = threading.Event()
        threading.Thread(target=self._run, args=(address, ready), daemon=True).start()
        assert ready.wait(DEADLINE)

    def _run(self, address, ready):
        context = GLib.MainContext.new()
        context.push_thread_default()
        self.connection = connect(address)
        self.connection.signal_subscribe(None, None, None, None, None, Gio.DBusSignalFlags.NONE, self._received)
        call(self.connection, BUS, 'GetId')  # the answer comes after the match rule is in force
        ready.set()
        GLib.MainLoop.new(context, False).run()

    def fence(self, connection):
        """Return when every signal is here that the bus had before. `connection` must not be our own."""
        number = self.mark()
        connection.emit_signal(None, '/fence', 'org.vmac.Test', 'Fence', GLib.Variant('(u)', (number,)))
        self.wait(lambda signal: signal.member == 'Fence' and signal.values == (number,), number)

    def _received(self, _connection, sender, path, interface, member, values):
        self.add(Signal(sender, path, interface, member, values.unpack()))


def _variant(value):
    match value:
        case bool():
            return GLib.Variant('b', value)
        case str():
            return GLib.Variant('s', value)
        case list() | tuple():
            return GLib.Variant('as', value)
    return value  # something made by the test, of a type that does not fit


def _options(options):
    return {key: _variant(value) for key, value in options.items()}


class Caller:
    """The interface org.vmac.MldFilter as one user of the bus sees it."""

    def __init__(self, connection):
        self.connection = connection
        self.name = connection.get_unique_name()
        self.interactive = False

    def call(self, method, signature='()', *values):
        return call(self.connection, (NAME, PATH, NAME), method, signature, *values, interactive=self.interactive)

    def begin(self, method, signature='()', *values):
        """Call and do not wait. The bus has the call when this returns, so the service gets it before any later one."""
        answer = Answer()
        self.connection.call(NAME, PATH, NAME, method, GLib.Variant(signature, values), None, Gio.DBusCallFlags.NONE,
                             _PATIENCE, None, answer.take)
        call(self.connection, BUS, 'GetId')
        return answer

    def add(self, name, **options):
        return self.call('AddInterface', '(sa{sv})', name, _options(options))[0]

    def remove(self, name):
        return self.call('RemoveInterface', '(s)', name)[0]

    def set(self, interfaces):
        """A dictionary of names and options, or a list of pairs where a name is to come twice."""
        pairs = interfaces.items() if isinstance(interfaces, dict) else interfaces
        return self.call('SetInterfaces', '(a(sa{sv}))', [(name, _options(options)) for name, options in pairs])[0]

    def list(self):
        return dict(self.call('ListInterfaces')[0])

    def counters(self, name):
        return self.call('GetCounters', '(s)', name)[0]

    def all_counters(self):
        return self.call('GetAllCounters')[0]

    def guard_counters(self):
        return self.call('GetGuardCounters')[0]

    def reset(self, *names):
        self.call('ResetCounters', '(as)', names)

    def audit(self):
        return self.call('Audit')[0]

    def ruleset(self):
        return self.call('GetRuleset')[0]

    def reload(self):
        self.call('Reload')

    def properties(self):
        return call(self.connection, (NAME, PATH, 'org.freedesktop.DBus.Properties'), 'GetAll', '(s)', NAME)[0]

    def introspect(self):
        return call(self.connection, (NAME, PATH, 'org.freedesktop.DBus.Introspectable'), 'Introspect')[0]


class Answer:
    """The answer to a call that goes on in the background."""

    def __init__(self):
        self._reply = None

    def take(self, connection, result):
        try:
            self._reply = connection.call_finish(result).unpack()
        except GLib.Error as error:
            self._reply = BusError(error)

    @property
    def there(self):
        while GLib.MainContext.default().iteration(False):
            pass
        return self._reply is not None

    def get(self):
        while self._reply is None:  # the call itself has a deadline
            GLib.MainContext.default().iteration(True)
        if isinstance(self._reply, BusError):
            raise self._reply
        return self._reply


def send_raw(address, blob):
    """Hand the bus bytes that no library would send, and return when it has hung up: True, or answered: False."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(DEADLINE)
        connection.connect(address.removeprefix('unix:path='))
        connection.sendall(b'\0AUTH EXTERNAL ' + b'0'.hex().encode() + b'\r\n')
        assert connection.recv(4096).startswith(b'OK')
        hello = Gio.DBusMessage.new_method_call(*BUS, 'Hello')
        hello.set_serial(1)
        connection.sendall(b'BEGIN\r\n' + hello.to_blob(Gio.DBusCapabilityFlags.NONE))
        assert connection.recv(65536)
        connection.sendall(blob)
        try:
            while data := connection.recv(65536):
                if Gio.DBusMessage.new_from_blob(data, Gio.DBusCapabilityFlags.NONE).get_reply_serial() == 2:
                    return False
        except ConnectionResetError:
            pass
        return True
