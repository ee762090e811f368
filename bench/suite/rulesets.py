# SPDX-License-Identifier: GPL-2.0-or-later
"""What the service has put into the kernel, as the JSON that would do the same. It is read from the kernel, so the
rivals do what the service does, however it does that."""

import json

from rig.kernel import TABLE

FAMILIES = ('ip6', 'ip')
ANCHOR = 'anchor'
VERDICTS = 5  # elements with a counter that one interface has: four messages of MLD, and IGMP


class Tables:
    """The tables of the first line of defence in a place."""

    def __init__(self, place):
        self._objects, self._elements = [], []
        for family in FAMILIES:
            for item in json.loads(place.nft('-j', '-n', 'list', 'table', family, TABLE))['nftables']:
                self._take(item)

    def _take(self, item):
        for kind, body in item.items():
            if kind == 'metainfo':
                continue
            body = {key: value for key, value in body.items() if key != 'handle'}
            elements = [_element(each) for each in body.pop('elem', ())]
            if elements:
                self._elements.append((body['family'], body['name'], elements))
            if kind == 'map' and body['name'] == 'verdicts' and 'stmt' not in body:
                body['stmt'] = [{'counter': None}]  # nft 1.0.6 lists it with the elements only
            self._objects.append((kind, body))

    def rebuild(self):
        """Make all of it again, whether it is there or not."""
        order = ('table', 'chain', 'map', 'rule')
        commands = []
        for kind in order:
            for body in (body for each, body in self._objects if each == kind):
                if kind == 'table':
                    commands += [{'add': {kind: body}}, {'delete': {kind: body}}]
                commands.append({'add': {kind: body}})
        return _document(commands + self._added(self._elements))

    def one(self):
        """Add one interface like "anchor", whose name is @NAME@."""
        return _document(self._added(self._like_anchor(['@NAME@'])))

    def many(self, prefix, number):
        return _document(self._added(self._like_anchor([f'{prefix}{each}' for each in range(number)])))

    @property
    def number(self):
        """Of elements."""
        return sum(len(elements) for _, _, elements in self._elements)

    def _like_anchor(self, names):
        for family, name, elements in self._elements:
            own = [each for each in elements if json.dumps(ANCHOR) in json.dumps(each)]
            yield family, name, [json.loads(json.dumps(each).replace(ANCHOR, new)) for new in names for each in own]

    @staticmethod
    def _added(maps):
        return [{'add': {'element': {'family': family, 'table': TABLE, 'name': name, 'elem': elements}}}
                for family, name, elements in maps]


def _element(listed):
    """As it is written: nft lists a key that counts as {"elem": {"val": key, "counter": ...}}."""
    key, value = listed
    return [key['elem']['val'] if isinstance(key, dict) and 'elem' in key else key, value]


def _document(commands):
    return json.dumps({'nftables': commands}, separators=(',', ':'))


FOREIGN_ELEMENTS, FOREIGN_RULES = 60_000, 12_000


def foreign(elements=FOREIGN_ELEMENTS, rules=FOREIGN_RULES):
    """A large ruleset of somebody else's, in nft's own language."""
    addresses = ', '.join(f'10.{each >> 16}.{each >> 8 & 255}.{each & 255}' for each in range(elements))
    lines = '\n'.join(f'add rule inet bystander many ip saddr 192.0.2.{each % 256} tcp dport {each % 65535 + 1} '
                      f'counter drop' for each in range(rules))
    return f'''add table inet bystander
add set inet bystander addresses {{ type ipv4_addr; elements = {{ {addresses} }}; }}
add chain inet bystander many {{ type filter hook forward priority 0; }}
{lines}
'''
