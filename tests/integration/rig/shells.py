# SPDX-License-Identifier: GPL-2.0-or-later
"""The real shells, and what they offer when somebody presses Tab, with the completions of the source tree.

bash and zsh run on a terminal. A key of theirs puts all that can be completed into the command line; that line is then
run with another command in front, which prints its words. So what is seen is what the shell would have run, quoted
as it quotes. fish tells by itself.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path

from .case import SOURCE, tool
from .isolation import CASE
from .record import DEADLINE
from .terminal import Terminal

COMPLETIONS = SOURCE / 'completions'
_PROGRAM = 'mldfilterctl'


def environment(bus_address):
    """With the built program in PATH under its own name, and nothing of the person who runs the tests."""
    home, programs = CASE / 'home', CASE / 'bin'
    for directory in (home, programs):
        directory.mkdir(exist_ok=True)
    if not (programs / _PROGRAM).exists():
        (programs / _PROGRAM).symlink_to(os.environ['MLDFILTERCTL'])
    return {'PATH': f'{programs}:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME': str(home), 'LC_ALL': 'C.UTF-8',
            'DBUS_SYSTEM_BUS_ADDRESS': bus_address}


class _OnTerminal:
    """A shell on a terminal. `_ALL` are the keys that put all matches into the line, `_PRINT` what prints words."""

    def __init__(self, bus_address):
        self._environment = environment(bus_address)
        self._number = 0
        self.directory = CASE / 'home'
        self._terminal = Terminal(*self._command(), rows=50, columns=4000, **self._environment)
        self._terminal.type(f'cd; {self._SETUP}; echo read"y"\n')
        self._terminal.wait_for_raw(r'[\r\n]ready\r')

    def close(self):
        self._terminal.close()

    def words(self, line):
        """What can stand where the line ends, as words after the shell has read them."""
        mark = len(self._terminal.raw)
        self._number += 1
        # The first word after the command is printed last: it was there before, or it is the first that was completed.
        self._terminal.type(line + self._ALL + f'\x05 end{self._number}\x01{self._PRINT} \n')
        came = self._terminal.wait_for_raw(rf'\n<end{self._number}>\r', after=mark)
        printed = self._terminal.raw[mark:mark + came.end()]
        printed = printed[printed.rindex(f'<{_PROGRAM}>\r'):]
        found = re.findall(r'<(.*)>\r', printed)[1:-1]
        before = shlex.split(line)[1:]
        kept = before if line.endswith(' ') else before[:-1]
        assert found[:len(kept)] == kept, (line, found)
        left = found[len(kept):]
        # Where nothing fits, what was typed stays as it was.
        return [] if left == before[len(kept):] else self._whole(left, line)

    @staticmethod
    def _whole(words, _line):
        return words


class Bash(_OnTerminal):
    _ALL = '\x1b*'
    _PRINT = "printf '<%s>\\n'"
    _SETUP = (f'. /usr/share/bash-completion/bash_completion; . {shlex.quote(str(COMPLETIONS / "mldfilterctl.bash"))}; '
              "bind 'set enable-bracketed-paste off' 'set bell-style none'")

    @staticmethod
    def _command():
        return tool('bash'), '--noprofile', '--norc', '-i'

    @staticmethod
    def _whole(words, line):
        """Its key puts what is before the last colon or equals sign in only once."""
        before = re.search(r'(?:[^ ]*[:=])?', line[line.rindex(' ') + 1:]).group()
        return words[:1] + [before + word for word in words[1:]]


class Zsh(_OnTerminal):
    _ALL = '\x18a'
    _PRINT = "printf '<%s>\\n'"
    _SETUP = (f'fpath=({shlex.quote(str(COMPLETIONS))} $fpath); autoload -U compinit; compinit -D -u; bindkey -e; '
              'unset zle_bracketed_paste; setopt nobeep nohistverify; '
              'zle -C all-matches complete-word _generic; bindkey "^Xa" all-matches; '
              'zstyle ":completion:all-matches::::" completer _all_matches _complete; '
              'zstyle ":completion:all-matches:*" insert yes')

    @staticmethod
    def _command():
        return tool('zsh'), '-f', '-i'


class Fish:
    def __init__(self, bus_address):
        self._environment = environment(bus_address)
        self.directory = Path(self._environment['HOME'])

    def close(self):
        pass

    def descriptions(self, line):
        """{word: what is said of it}"""
        script = f'source {shlex.quote(str(COMPLETIONS / "mldfilterctl.fish"))}; complete -C "$argv[1]"'
        done = subprocess.run([tool('fish'), '--no-config', '-c', script, line], env=self._environment,
                              cwd=self.directory, capture_output=True, text=True, timeout=DEADLINE, check=True)
        assert not done.stderr, done.stderr
        return dict((each.split('\t') + [''])[:2] for each in done.stdout.splitlines())

    def words(self, line):
        return list(self.descriptions(line))
