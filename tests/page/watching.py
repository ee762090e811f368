# SPDX-License-Identifier: GPL-2.0-or-later
"""`mldfilterctl watch` on a terminal of its own, and what it draws there."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

from rig.record import DEADLINE, Record

_INTERVAL = 0.5  # seconds between two looks
_HOME, _BELOW, _END_OF_LINE = '\x1b[H', '\x1b[J', '\x1b[K'


class Watching:
    """Each item of `frames` is one picture: its lines, with nothing but colours in them."""

    def __init__(self, program, bus, looks, columns, rows):
        terminal, its_end = pty.openpty()
        fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack('=4H', rows, columns, 0, 0))
        self.frames = Record('picture')
        self._process = subprocess.Popen(
            [program, 'watch', f'--interval={_INTERVAL}', f'--count={looks}'], stdin=its_end, stdout=its_end,
            env={'TERM': 'xterm-256color', 'LC_ALL': 'C.UTF-8', 'DBUS_SYSTEM_BUS_ADDRESS': bus})
        os.close(its_end)
        self.frames.follow(self._pictures(terminal))

    def wait_for(self, number):
        """Until so many pictures were drawn. Returns the last one."""
        self.frames.wait(lambda _: len(self.frames.all()) >= number)
        return self.frames.all()[number - 1]

    def end(self):
        """The last picture, when it has ended by itself."""
        status = self._process.wait(DEADLINE)
        assert status == 0, f'watch ended with {status}'
        return self.frames.all()[-1]

    @staticmethod
    def _pictures(terminal):
        text = b''
        while True:
            try:
                text += os.read(terminal, 65536)
            except OSError:  # EIO: its end is closed
                return
            while (end := text.find(_BELOW.encode())) >= 0:
                picture = text[:end].decode().rpartition(_HOME)[2]
                text = text[end + len(_BELOW):]
                yield re.split('\r*\n', picture.replace(_END_OF_LINE, ''))  # the terminal adds one to each end of line
