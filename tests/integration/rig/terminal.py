# SPDX-License-Identifier: GPL-2.0-or-later
"""A terminal: a pty with a program on it, what the program has written, and what a person would see of that.

The screen knows what such programs use: cursor, erasing, the alternate screen, no scrolling regions. What it does not
know fails, so that nothing is passed over.
"""

import codecs
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import termios
import threading
import time
import unicodedata

from .record import DEADLINE

_SEQUENCE = re.compile(r'\x1b(?:\[([?>]?)([0-9;]*)([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()].|[=>78cM])')
_UNFINISHED = re.compile(r'\x1b(?:\[[?>]?[0-9;]*|\][^\x07\x1b]*|[()])?\Z')


class Screen:
    """What is to be seen, as lines without the blanks at their ends."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.alternate = False
        self.cursor_shown = True
        self.styled = False  # whether what is written next would be
        self._hidden = None
        self._rest = ''
        self._clear()

    @property
    def lines(self):
        return [''.join(cells).rstrip() for cells in self._cells]

    @property
    def text(self):
        return '\n'.join(self.lines).rstrip('\n')

    def resize(self, rows, columns):
        fitted = [(cells + [' '] * columns)[:columns] for cells in self._cells]
        self._cells = (fitted + [[' '] * columns for _ in range(rows)])[:rows]
        self.rows, self.columns = rows, columns
        self._row, self._column = min(self._row, rows - 1), min(self._column, columns - 1)

    def write(self, text):
        text = self._rest + text
        unfinished = _UNFINISHED.search(text)
        self._rest = unfinished.group() if unfinished else ''
        at, end = 0, len(text) - len(self._rest)
        while at < end:
            if text[at] == '\x1b':
                sequence = _SEQUENCE.match(text, at)
                assert sequence, f'an escape sequence that the screen does not know: {text[at:at + 20]!r}'
                self._control(*sequence.groups(), sequence.group())
                at = sequence.end()
            else:
                self._put(text[at])
                at += 1

    def _clear(self):
        self._cells = [[' '] * self.columns for _ in range(self.rows)]
        self._row = self._column = 0

    def _put(self, character):
        match character:
            case '\r':
                self._column = 0
            case '\n':
                self._down()
            case '\b':
                self._column = max(0, self._column - 1)
            case '\t':
                self._column = min(self.columns - 1, (self._column // 8 + 1) * 8)
            case '\a':
                pass
            case _:
                assert character.isprintable(), f'{character!r} on a terminal'
                self._print(character, 2 if unicodedata.east_asian_width(character) in 'WF' else 1)

    def _print(self, character, width):
        if unicodedata.combining(character):
            return
        if self._column + width > self.columns:
            self._column = 0
            self._down()
        self._cells[self._row][self._column:self._column + width] = [character, *[''] * (width - 1)]
        self._column += width

    def _down(self):
        if self._row + 1 == self.rows:
            self._cells = [*self._cells[1:], [' '] * self.columns]
        else:
            self._row += 1

    def _control(self, private, arguments, final, sequence):
        numbers = [int(each or 0) for each in (arguments or '').split(';')]
        first = numbers[0]
        match private, final:
            case '', 'm':
                self.styled = first != 0
            case '', 'H' | 'f':
                self._row = min(max(first, 1), self.rows) - 1
                self._column = min(max((numbers + [1])[1], 1), self.columns) - 1
            case '', 'A' | 'B':
                step = max(first, 1) * (1 if final == 'B' else -1)
                self._row = min(max(self._row + step, 0), self.rows - 1)
            case '', 'C' | 'D':
                step = max(first, 1) * (1 if final == 'C' else -1)
                self._column = min(max(self._column + step, 0), self.columns - 1)
            case '', 'G':
                self._column = min(max(first, 1), self.columns) - 1
            case '', 'd':
                self._row = min(max(first, 1), self.rows) - 1
            case '', 'J':
                self._erase(first, (self._row, self._column), whole=True)
            case '', 'K':
                self._erase(first, (self._row, self._column), whole=False)
            case '', '@' | 'P':
                cells, count = self._cells[self._row], max(first, 1)
                at = self._column
                moved = [' '] * count + cells[at:] if final == '@' else cells[at + count:] + [' '] * count
                cells[at:] = moved[:self.columns - at]
            case '?', 'h' | 'l':
                for number in numbers:
                    self._mode(number, final == 'h')
            case None, None | '':
                assert sequence[1] in ']()=>78M', f'the screen does not know {sequence!r}'
            case _:
                raise AssertionError(f'the screen does not know {sequence!r}')

    def _erase(self, how, cursor, whole):
        for row, cells in enumerate(self._cells):
            for column in range(self.columns):
                here = (row, column)
                if ((whole or row == cursor[0])
                        and (how in (2, 3) or (how == 0 and here >= cursor) or (how == 1 and here <= cursor))):
                    cells[column] = ' '

    def _mode(self, number, on):
        if number == 25:
            self.cursor_shown = on
        elif number in (47, 1047, 1049) and on != self.alternate:
            self.alternate = on
            if on:
                self._hidden = self._cells, self._row, self._column
                self._clear()
            else:
                self._cells, self._row, self._column = self._hidden
                self.resize(self.rows, self.columns)
        else:
            assert number in (1, 7, 12, 47, 1047, 1049, 2004, 2026), f'the screen does not know mode {number}'


class Terminal:
    """A program on a pty of its own, as the first process of a session, so that ^C reaches it."""

    def __init__(self, *command, rows=24, columns=80, user=None, **environment):
        environment = {'PATH': os.environ['PATH'], 'TERM': 'xterm-256color', 'LC_ALL': 'C.UTF-8', **environment}
        environment = {name: value for name, value in environment.items() if value is not None}
        self.screen = Screen(rows, columns)
        self._changed = threading.Condition()
        self._raw = ''
        self._ended = False
        self._unknown = ''
        self._reaped = threading.Lock()
        self._status = None
        self.pid, self.terminal = pty.fork()
        if not self.pid:
            self._become(command, environment, user, rows, columns)
        self._set_size(rows, columns)
        threading.Thread(target=self._read, daemon=True).start()

    def _become(self, command, environment, user, rows, columns):
        with contextlib.suppress(BaseException):
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            os.execvpe(str(command[0]), [str(word) for word in command], environment)
        os._exit(127)

    # --- what came

    @property
    def raw(self):
        """All that was written, to the letter."""
        with self._changed:
            return self._raw

    def wait(self, condition, what='', deadline=DEADLINE):
        """Until the condition holds of the screen, which is looked at whenever something came."""
        end = time.monotonic() + deadline
        with self._changed:
            while not (met := condition(self.screen)):
                left = end - time.monotonic()
                if left <= 0 or self._ended or self._unknown:
                    raise AssertionError(f'waited in vain {what}; {self._unknown}; the screen:\n{self.screen.text}\n'
                                         f'all that was written: {self._raw!r}')
                self._changed.wait(left)
            return met

    def wait_for(self, pattern, **options):
        """Until this can be read on the screen."""
        return self.wait(lambda screen: re.search(pattern, screen.text), f'for {pattern!r}', **options)

    def wait_for_raw(self, pattern, after=0, **options):
        """Until this was written, wherever it went."""
        return self.wait(lambda _: re.search(pattern, self._raw[after:]), f'for {pattern!r}', **options)

    def wait_for_end(self, deadline=DEADLINE):
        """Its exit status, negative for a signal, when all that it wrote is here."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._ended, deadline), \
                f'it does not end; the screen:\n{self.screen.text}'
        assert not self._unknown, self._unknown
        return self._reap()

    # --- what a person does

    def type(self, text):
        os.write(self.terminal, text.encode())

    def type_hidden(self, text):
        """A password, once the terminal does not show what is typed: what was typed before would be thrown away."""
        end = time.monotonic() + DEADLINE
        while termios.tcgetattr(self.terminal)[3] & termios.ECHO:  # no event tells of this
            assert time.monotonic() < end, 'the terminal shows what is typed'
            time.sleep(0.01)
        self.type(f'{text}\n')

    def resize(self, rows, columns):
        with self._changed:
            self.screen.resize(rows, columns)
        self._set_size(rows, columns)

    def signal(self, number):
        os.kill(self.pid, number)

    @property
    def settings(self):
        """Of the line: whether it echoes, waits for whole lines, makes signals of keys."""
        flags = termios.tcgetattr(self.terminal)[3]
        return {name: bool(flags & getattr(termios, name)) for name in ('ECHO', 'ICANON', 'ISIG')}

    def close(self):
        """End what runs there still."""
        if self._status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self._reap()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # --- parts

    def _set_size(self, rows, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack('HHHH', rows, columns, 0, 0))

    def _reap(self):
        with self._reaped:
            if self._status is None:
                self._status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self._status

    def _read(self):
        decoder = codecs.getincrementaldecoder('utf-8')('replace')
        while not self._ended:
            try:
                data = os.read(self.terminal, 65536)
            except OSError:  # EIO: the last one has closed it
                data = b''
            text = decoder.decode(data, final=not data)
            with self._changed:
                self._raw += text
                try:
                    self.screen.write(text)
                except AssertionError as error:
                    self._unknown = str(error)
                self._ended = not data
                self._changed.notify_all()
