# SPDX-License-Identifier: GPL-2.0-or-later
"""The worker and somebody who has taken over the daemon: commands by chance, straight to its socket. Whatever it takes,
tables of others stay as they are.

What the case does comes from a seed, which it prints; VMAC_SEED and VMAC_ROUNDS as in test_fuzz_bus.
"""

import collections
import json
import os
import random
import socket
import subprocess

from rig import bystanders, kernel
from rig.case import WireCase
from rig.record import DEADLINE

REQUESTS = 400  # a round
ROUNDS = int(os.environ.get('VMAC_ROUNDS', '1'))
SEED = os.environ.get('VMAC_SEED')
PROBE = 'vmac_mldfilter_probe'


class Worker:
    """One that is started again when it has died: what is asked of libnftables here may well end it."""

    def __init__(self):
        self.deaths = 0
        self._start()

    def _start(self):
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(DEADLINE)
        self._process = subprocess.Popen([os.environ['VMAC_MLDFILTERD'], '--worker'], stdin=theirs)
        theirs.close()

    def ask(self, text):
        """The kind of the answer, or nothing where there was none."""
        request = text.encode('utf-8', errors='surrogatepass')
        try:
            self._socket.sendall(len(request).to_bytes(4, 'little') + request)
            answer = self._take(int.from_bytes(self._take(4), 'little'))
            return chr(answer[0])
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._process.wait(DEADLINE)
            self._socket.close()
            self.deaths += 1
            self._start()
            return None

    def _take(self, size):
        taken = b''
        while len(taken) < size:
            if not (more := self._socket.recv(size - len(taken))):
                raise EOFError
            taken += more
        return taken

    def end(self):
        """Its exit status when nobody asks any more."""
        self._socket.close()
        return self._process.wait(DEADLINE)


class Chance(random.Random):
    """Command lists that are nearly permitted, as text: with keys that come twice, too."""

    VERBS = (*('add', 'delete', 'destroy', 'flush', 'list') * 6, 'create', 'insert', 'replace', 'reset', 'rename',
             'import', 'metainfo')
    KINDS = (*('table', 'chain', 'rule', 'set', 'map', 'element') * 6, 'ruleset', 'tables', 'flowtable', 'counter',
             'limit', 'ct helper', 'meter')
    FAMILIES = ('ip6', 'ip6', 'ip', 'netdev', 'inet', 'arp', 'bridge', 'IP6', '', None, 6)
    TABLES = (kernel.TABLE, kernel.TABLE, PROBE, 'filter', 'vmac_mldfilter2', 'nat', 'others', f'{kernel.TABLE}\0',
              f'{kernel.TABLE}\\u0000', None, [kernel.TABLE], '*', 'vmac_mldfilter; flush ruleset')
    NAMES = ('verdicts', 'parents', 'names', 'output', 'relocate', 'egress_eth0', 'postrouting', 'x')
    STATEMENTS = ({'drop': None}, {'accept': None}, {'jump': {'target': 'output'}}, {'counter': None},
                  {'match': {'op': '==', 'left': {'meta': {'key': 'oifname'}}, 'right': 'vrrp6'}},
                  {'vmap': {'key': {'meta': {'key': 'oifname'}}, 'data': '@verdicts'}}, {'nonsense': 1})

    def object_of(self, members):
        """An object as text, of pairs: a key may come twice."""
        return f'{{{", ".join(f"{json.dumps(key)}: {value}" for key, value in members)}}}'

    def request(self):
        return self.about_elements() if self.random() < 0.3 else self.command_list()

    def about_elements(self):
        """Lines that are nearly those of nft/element_lines.hpp."""
        name = self.choice(('vrrp6', 'vrrp7', 'a b', 'x' * 16, '', 'é', '@verdicts', '../x', 'filter'))
        message = self.choice(('igmp', 'mld-listener-report', '131', 'nd-router-solicit'))
        changes = [f'{self.choice(("add", "delete", "flush"))} verdict {name} {message} '
                   f'{self.choice(("drop", "relocate", "accept", "goto output"))}',
                   f'{self.choice(("add", "delete"))} parent {name} {self.choice((1, 7, -1, "07", 1 << 32))}']
        keys = ['all', 'structure', f'verdict {name} {message}', f'parent {name}', 'table filter']
        head, lines = self.choice((('change\n', changes), ('read\n', keys)))
        end = self.choice(('\n', '\n', '\n', '', '\0\n', ' \n'))
        return self.choice((head + end.join(self.choices(lines, k=self.randrange(4))) + end,
                            f'outline {self.choice(self.FAMILIES)}'))

    def command_list(self):
        commands = [self.command() for _ in range(self.choice((1, 1, 1, 2, 3)))]
        members = [('nftables', f'[{", ".join(commands)}]')]
        if self.random() < 0.05:
            members.append(self.choice((members[0], ('nftables', '[]'), ('metainfo', '{}'))))
        text = self.object_of(members)
        if self.random() < 0.05:
            place = self.randrange(len(text))
            text = text[:place] + self.choice('"{}[]\\,:\0\ud800x') + text[place + self.randrange(3):]
        return text

    def command(self):
        verbs = [(self.choice(self.VERBS), self.kinds())]
        if self.random() < 0.05:
            verbs.append((self.choice(self.VERBS), self.kinds()))
        return self.object_of(verbs)

    def kinds(self):
        if self.random() < 0.03:
            return self.choice(('null', '[]', '{}', '"table"'))
        kinds = [self.choice(self.KINDS)]
        if self.random() < 0.05:
            kinds.append(self.choice(self.KINDS))
        return self.object_of([(kind, self.body(kind)) for kind in kinds])

    def body(self, kind):
        """Mostly of a table of ours, with one thing that is wrong."""
        members = [('family', self.choice(self.FAMILIES[:4])), ('table', kernel.TABLE),
                   ('name', self.choice(self.NAMES))]
        if kind == 'table':
            members = [members[0], ('name', kernel.TABLE)]
        more = [('chain', self.choice(self.NAMES)), ('expr', [self.choice(self.STATEMENTS) for _ in range(2)]),
                ('elem', [self.choice(('vrrp6', ['vrrp6', {'drop': None}], ['vrrp6', 'eth0'], 7))]), ('type', 'ifname'),
                ('type', 'filter'), ('map', 'verdict'), ('hook', 'output'), ('hook', 'egress'), ('prio', 0),
                ('policy', 'drop'), ('dev', 'eth0'), ('newname', 'y'), ('flags', ['owner']), ('index', 0)]
        members += self.sample(more, self.randrange(5))
        if self.random() < 0.3:
            members.append(('handle', self.randrange(1, 12)))  # of anybody's
        if self.random() < 0.1:
            members.append(('table', self.choice(self.TABLES)))
        if self.random() < 0.1:
            members.append(('name', self.choice(self.TABLES)))
        if self.random() < 0.1:
            members.append(('family', self.choice(self.FAMILIES)))
        self.shuffle(members)
        return self.object_of([(key, json.dumps(value)) for key, value in members])


class TakenOver(WireCase):
    def prepare(self):
        super().prepare()
        bystanders.add()

    def test_tables_of_others_stay_as_they_are(self):
        self.daemon.stop_cleanly()  # or it would put right what is changed here
        before = bystanders.listed()
        worker = Worker()
        answers = collections.Counter()
        for number in range(ROUNDS):
            seed = int(SEED) + number if SEED else random.SystemRandom().randrange(1 << 32)
            print(f'VMAC_SEED={seed}', flush=True)
            chance = Chance(seed)
            for count in range(REQUESTS):
                request = chance.request()
                answers[worker.ask(request)] += 1
                if count % 40 == 0 or count == REQUESTS - 1:
                    self.assertEqual(bystanders.listed(PROBE), before, f'within 40 requests up to {request}')
        print(dict(answers), f'{worker.deaths} deaths')
        self.assertTrue({'o', 'r', 'n'} <= answers.keys(), answers)
        self.assertLess(worker.deaths, REQUESTS // 4 * ROUNDS, 'libnftables dies of nearly everything')
        self.assertEqual(worker.end(), 0)
