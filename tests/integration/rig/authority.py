# SPDX-License-Identifier: GPL-2.0-or-later
"""An authority in polkit's place that says whatever a case wants, whenever it wants. What only says yes or no is in
polkit.py."""

import threading

from gi.repository import Gio, GLib

from . import bus as bus_module
from .record import DEADLINE, Record

_NAME, _OBJECT, _INTERFACE = bus_module.POLKIT

# What the questions are is declared; what the answers are is not, for they are made by hand.
_DECLARATION = f'''<node><interface name="{_INTERFACE}"><method name="CheckAuthorization">
  <arg type="(sa{{sv}})" direction="in"/><arg type="s" direction="in"/><arg type="a{{ss}}" direction="in"/>
  <arg type="u" direction="in"/><arg type="s" direction="in"/>
</method></interface></node>'''

YES, NO = ('((bba{ss}))', ((True, False, {}),)), ('((bba{ss}))', ((False, False, {}),))


class Question:
    """One call of CheckAuthorization, not answered yet."""

    def __init__(self, connection, action, message):
        self.action = action
        self._connection = connection
        self._message = message

    @property
    def serial(self):
        """What an answer must name to be the answer to this."""
        return self._message.get_serial()

    @property
    def asker(self):
        return self._message.get_sender()

    def answer(self, signature, values):
        """With values of any types, right or wrong."""
        reply = Gio.DBusMessage.new_method_reply(self._message)
        reply.set_body(GLib.Variant(signature, values))
        self._send(reply)

    def fail(self, name, text):
        self._send(Gio.DBusMessage.new_method_error_literal(self._message, name, text))

    def _send(self, reply):
        send(self._connection, reply)


def send(connection, message):
    """And return when the bus has it."""
    connection.send_message(message, Gio.DBusSendMessageFlags.NONE)
    bus_module.call(connection, bus_module.BUS, 'GetId')


class Authority(Record):
    """The questions, in the order in which they came."""

    def __init__(self, bus):
        super().__init__('question to polkit')
        ready = threading.Event()
        threading.Thread(target=self._run, args=(bus.address, ready), daemon=True).start()
        assert ready.wait(DEADLINE)
        # From a thread that does not take the questions, so that whoever answers may wait for the bus.
        self._asked = 0

    def next(self):
        """The next question that somebody has asked."""
        question = self.wait(lambda _: True, self._asked)
        self._asked += 1
        return question

    def _run(self, address, ready):
        context = GLib.MainContext.new()
        context.push_thread_default()
        self.connection = bus_module.connect(address)
        declared = Gio.DBusNodeInfo.new_for_xml(_DECLARATION).interfaces[0]
        self.connection.register_object(_OBJECT, declared, self._take, None, None)
        bus_module.call(self.connection, bus_module.BUS, 'RequestName', '(su)', _NAME, 0)
        ready.set()
        GLib.MainLoop.new(context, False).run()

    def _take(self, connection, _sender, _path, _interface, _method, values, invocation):
        self.add(Question(connection, values.unpack()[1], invocation.get_message()))
