# SPDX-License-Identifier: GPL-2.0-or-later
"""What the READMEs show in ```console blocks is typed here, in order, and must answer as printed there."""

import os
import re
import subprocess
from pathlib import Path

from rig.case import SOURCE, Case, tool
from rig.wire import Wire

END = 'end-of-answer'


def blocks(file):
    return re.findall(r'^```console\n(.*?)^```', (SOURCE / file).read_text(encoding='utf-8'), re.DOTALL | re.MULTILINE)


def commands(file):
    """The commands with their answers: a line that begins with "# " is typed, what follows is answered."""
    for part in re.split(r'^# ', ''.join(blocks(file)), flags=re.MULTILINE)[1:]:
        command, _, answer = part.partition('\n')
        yield command, answer


def normal(command, answer):
    """Long answers are wrapped in the READMEs. How much the kernel has said by then, and which index it gave, is its
    own business; that the counters are there, in this form, is ours."""
    answer = re.sub(r'"ifindex" u \d+', '"ifindex" u N', answer)
    answer = re.sub(r'\d+ (?=00:00:5e)', 'N ', answer)
    answer = answer.replace(', ownership', '')  # of Debian 13
    if 'Counters' in command:
        answer = re.sub(r'\b\d+\b', 'N', answer)
    return ''.join(answer.split())


class Readme(Case):
    def prepare(self):
        tool('jq')
        self.wire = Wire()

    def test_the_session_answers_as_printed(self):
        path = f'{Path(os.environ["MLDFILTERCTL"]).parent}:{os.environ["PATH"]}'
        environment = os.environ | {'DBUS_SYSTEM_BUS_ADDRESS': self.bus.address, 'LC_ALL': 'C.UTF-8', 'PATH': path}
        with subprocess.Popen(['bash'], env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as shell:
            for command, answer in commands('README.md'):
                with self.subTest(command):
                    print(command, f'echo {END}', sep='\n', file=shell.stdin, flush=True)
                    seen = ''.join(iter(shell.stdout.readline, END + '\n'))
                    self.assertEqual(normal(command, seen), normal(command, answer))
                if command.startswith('ip link set'):
                    self.assert_listed('vrrp1v6', parent='eth0')
            shell.stdin.close()

    def test_the_translation_shows_the_same(self):
        self.assertEqual(blocks('README.zh-CN.md'), blocks('README.md'))
