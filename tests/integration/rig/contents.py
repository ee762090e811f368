# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel holds for the service, read at one go, and what it must hold, worked out from the state file."""

import dataclasses
import json

from . import kernel
from .isolation import run
from .wire import MESSAGES

VIRTUAL = ('00:00:5e:00:01:', '00:00:5e:00:02:')


@dataclasses.dataclass
class Contents:
    verdicts: dict  # {(interface, type or 'igmp'): 'drop' or 'goto relocate'}
    parents: dict  # {interface: device}, the same for IPv4 and IPv6
    registered: set  # of (device, MAC)
    exempt: set  # of (device, MAC, type or 'igmp')
    guarded: dict  # {device: MAC}


@dataclasses.dataclass
class Macvlan:
    """One that is there."""
    mac: str
    parent: str

    @property
    def is_virtual(self):
        return self.mac.startswith(VIRTUAL)


def held():
    """(Contents, the frame: tables, chains, rules and sets without what is in them). One run of nft."""
    contents = Contents({}, {'ip6': {}, 'ip': {}}, set(), set(), {})
    frame = []
    for item in json.loads(run('nft', '-j', '-n', 'list', 'ruleset'))['nftables']:
        kind, value = next(iter(item.items()))
        if kind != 'metainfo' and kernel.TABLE in (value.get('table'), value['name'] if kind == 'table' else None):
            _take(contents, value)
            frame.append((kind, _bare(value)))
    assert contents.parents['ip6'] == contents.parents['ip'], contents.parents
    contents.parents = contents.parents['ip6']
    return contents, sorted(frame, key=str)


def _take(contents, value):
    family, name = value['family'], value.get('name')
    for element in value.get('elem', ()):
        if name == 'verdicts':
            key, verdict = element
            key = key['elem']['val'] if 'elem' in key else key
            key = (key['concat'][0], int(key['concat'][1])) if family == 'ip6' else (key, 'igmp')
            contents.verdicts[key] = 'drop' if 'drop' in verdict else f'goto {verdict["goto"]["target"]}'
        elif name == 'parents':
            contents.parents[family][element[0]] = element[1]
        elif name == 'registered':
            contents.registered.add(tuple(element['concat']))
        elif name == 'exempt':
            contents.exempt.add((*element['concat'][:2], int(element['concat'][2])))
        elif name == 'exempt_igmp':
            contents.exempt.add((*element['concat'], 'igmp'))
    for statement in value.get('expr', ()):
        if 'mangle' in statement:
            contents.guarded[value['chain'].removeprefix('vmac_')] = statement['mangle']['value']


def _bare(value):
    """Without what comes and goes by itself: handles, counts, elements, and who owns it."""
    match value:
        case dict():
            return {key: _bare(each) for key, each in value.items()
                    if key not in ('handle', 'packets', 'bytes', 'elem', 'flags')}
        case list():
            return [_bare(each) for each in value]
    return value


def wanted(saved, macvlans, devices):
    """Contents by what the state file says. `macvlans` are {name: Macvlan}, `devices` the other links, {name: MAC}."""
    configuration = saved['configuration']
    detected = [name for name, macvlan in macvlans.items() if macvlan.is_virtual]
    contents = Contents({}, {}, set(), set(), {})
    contents.guarded = {name: devices.get(name, mac) for name, mac in saved['parents'].items()}
    for name in {*configuration['interfaces'], *saved['interfaces'], *detected}:
        options = (configuration['defaults'] | configuration['interfaces'].get(name, {})
                   | saved['interfaces'].get(name, {}))
        action = options.get('action', 'relocate')
        messages = options.get('messages', MESSAGES) if action != 'allow' else ()
        macvlan = macvlans.get(name)
        for message in messages:
            relocated = action == 'relocate' and message != 'nd-router-solicit'
            contents.verdicts[name, kernel.TYPES[message]] = 'goto relocate' if relocated else 'drop'
        parent = options.get('parent') or (macvlan and macvlan.parent)
        if parent in devices and action == 'relocate':
            contents.parents[name] = parent
        if macvlan:
            _want_of_the_guard(contents, macvlan, action, messages)
    return contents


def _want_of_the_guard(contents, macvlan, action, messages):
    if not macvlan.is_virtual:
        if action == 'allow':
            return
        contents.registered.add((macvlan.parent, macvlan.mac))
    contents.exempt |= {(macvlan.parent, macvlan.mac, kernel.TYPES[each]) for each in MESSAGES if each not in messages}
