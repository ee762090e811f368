# SPDX-License-Identifier: GPL-2.0-or-later
"""All of a machine that a package could leave something in, so that two of these can be compared."""

import hashlib
import os
import re
import stat

# What changes on any machine that runs, or whenever any package comes or goes. Each with the reason.
EXCEPTIONS = {
    '/var/log': 'logs',
    '/var/cache': 'caches',
    '/var/tmp': 'temporary files',
    '/tmp': 'temporary files',
    '/run': 'of this boot only',
    '/root': 'the package itself was copied there to be installed',
    '/etc/ld.so.cache': 'a cache that dpkg triggers',
    '/etc/passwd-': 'the backup of the file, from before the last user was removed',
    '/etc/group-': 'likewise',
    '/etc/shadow-': 'likewise',
    '/etc/gshadow-': 'likewise',
    '/etc/.pwd.lock': 'the lock of these files',
    '/etc/subuid-': 'likewise a backup',
    '/etc/subgid-': 'likewise a backup',
    '/etc/iproute2/rt_addrprotos.d': 'keepalived 2.3 writes it when it starts',
    '/etc/resolv.conf': 'nspawn and network managers write it',
    '/var/lib/apt': "apt's own book-keeping",
    '/var/lib/dpkg/status-old': 'the backup of the file',
    '/var/lib/dpkg/diversions-old': 'likewise',
    '/var/lib/dpkg/lock': 'a lock',
    '/var/lib/dpkg/lock-frontend': 'a lock',
    '/var/lib/dpkg/triggers': "dpkg's own book-keeping",
    '/var/lib/systemd/catalog/database': 'made anew from all catalogs; what is in it is compared below',
    '/var/lib/systemd/random-seed': 'of each boot',
    '/var/lib/systemd/timers': 'when timers ran last',
    '/var/lib/systemd/network': "networkd's own state",
    '/var/lib/systemd/rfkill': 'of each boot',
    '/var/lib/logrotate': 'when it ran last',
    '/var/lib/NetworkManager': "NetworkManager's own state",
    '/var/lib/private': 'of services that make their user at their start',
}


def take(machine):
    """{what: as it is}: files, units, users, groups, rules, catalog, packages."""
    return {
        'files': _files(machine),
        'enabled units': machine.run('systemctl', 'list-unit-files', '--state=enabled,masked', '--no-legend',
                                     '--no-pager').split('\n'),
        'users': machine.run('getent', 'passwd').split('\n'),
        'groups': machine.run('getent', 'group').split('\n'),
        'rules': machine.nft('list', 'ruleset'),
        'catalog': machine.run('journalctl', '--list-catalog', '--no-pager').split('\n'),
        'packages': machine.run('dpkg-query', '--show').split('\n'),
        'units that are loaded': [line for line in machine.run(
            'systemctl', 'list-units', '--all', '--plain', '--no-legend', '--no-pager').split('\n')
            if re.search('mldfilter', line)],
    }


def differences(before, after):
    """One line for each; none if all is as it was."""
    found = []
    for path in sorted(before['files'].keys() | after['files'].keys()):
        was, now = before['files'].get(path), after['files'].get(path)
        if was != now:
            found.append(f'{path}: {was or "was not there"} -> {now or "is gone"}')
    for what in before.keys() - {'files'}:
        was, now = before[what], after[what]
        if was != now:
            if isinstance(was, list):
                was, now = sorted(set(was) - set(now)), sorted(set(now) - set(was))
            found.append(f'{what}: {was} -> {now}')
    return found


def _files(machine):
    root = str(machine.root)
    found = {}
    for directory, directories, files in os.walk(root):
        place = directory.removeprefix(root)
        directories[:] = [name for name in directories if f'{place}/{name}' not in EXCEPTIONS]
        for name in (*directories, *files):
            path = f'{place}/{name}'
            if path not in EXCEPTIONS:
                found[path] = _describe(f'{root}{path}', path)
    return found


def _describe(file, path):
    about = os.lstat(file)
    words = [stat.filemode(about.st_mode), f'{about.st_uid}:{about.st_gid}']
    if stat.S_ISLNK(about.st_mode):
        words.append(os.readlink(file))
    elif stat.S_ISREG(about.st_mode):
        words.append(f'{about.st_size} bytes')
        if path.startswith(('/etc/', '/var/lib/')):
            with open(file, 'rb') as content:
                words.append(hashlib.sha256(content.read()).hexdigest()[:12])
    return ' '.join(words)
