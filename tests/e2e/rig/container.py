# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine: a container of systemd-nspawn with a booted Debian, whose disk is an overlay above the cached tree.

It is a child of the case and lives in its namespaces, so it ends when the case does, however that ends. Other daemons
than those of a bare Debian (see OTHERS) are there but disabled: a case starts what it wants. So are Debian's own timers:
what happens in a case must not depend on whether midnight is in it.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid
from pathlib import Path

from integration.rig.isolation import CASE, Namespace, run
from integration.rig.kernel import bring_up, ip, sysctl
from integration.rig.traffic import talking

from .waiting import PATIENCE, until

OBJECT = ('org.vmac.MldFilter', '/org/vmac/MldFilter', 'org.vmac.MldFilter')
PACKAGE = 'vmac-mldfilter'
UNITS = ('vmac-mldfilter.service', 'vmac-mldfilter-restore.service')
OTHERS = ('cockpit.socket', 'dbus-broker', 'firewalld', 'frr', 'keepalived', 'NetworkManager',
          'NetworkManager-dispatcher', 'NetworkManager-wait-online', 'nftables', 'prometheus-node-exporter',
          'systemd-networkd')

_ENVIRONMENT = {'PATH': '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8',
                'HOME': '/root', 'TERM': 'dumb', 'DEBIAN_FRONTEND': 'noninteractive'}


@dataclasses.dataclass(frozen=True)
class Done:
    """A command that has ended."""
    command: str
    status: int
    output: str
    errors: str

    def __str__(self):
        return f'{self.command}: exit {self.status}\n{self.errors}{self.output}'


class Container:
    """One machine. `wires` (see network.Wire) are there before its first process is, at each boot anew."""

    def __init__(self, name='vm', wires=()):
        self.name = name
        self.wires = list(wires)
        self.root = CASE / name / 'root'  # its disk, also while it does not run
        self.network = None  # of the present boot: a Namespace, `with machine.network.inside(): …`
        self.leader = None   # the process id of its first process
        self._nspawn = None
        self._log = CASE / name / 'console'
        for directory in ('upper', 'work', 'root'):
            (CASE / name / directory).mkdir(parents=True)
        options = ','.join((f'lowerdir={os.environ["VMAC_E2E_TREE"]}', f'upperdir={CASE / name / "upper"}',
                            f'workdir={CASE / name / "work"}'))
        run('mount', '-t', 'overlay', '-o', options, 'overlay', self.root)
        (self.root / 'etc/machine-id').write_text(f'{uuid.uuid4().hex}\n', encoding='ascii')
        (self.root / 'etc/hostname').write_text(f'{name}\n', encoding='ascii')
        (self.root / 'etc/hosts').write_text(f'127.0.0.1 localhost {name}\n::1 localhost {name}\n', encoding='ascii')
        timers = [link.name for link in (self.root / 'etc/systemd/system/timers.target.wants').iterdir()]
        run('systemctl', '--quiet', f'--root={self.root}', 'disable', *OTHERS, *timers)

    # --- life

    @property
    def running(self):
        return self._nspawn is not None

    def start(self):
        """Let it start to boot and do not wait until it has. Processes can be started in it when this returns."""
        assert not self.running, f'{self.name} runs already'
        self.network = Namespace(self.name)
        for wire in self.wires:
            wire.plug(self)
        cgroup = Path(os.environ['VMAC_E2E_CGROUP']) / self.name
        cgroup.mkdir(exist_ok=True)
        address = CASE / self.name / 'notify'
        address.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, self._log.open('ab') as log:
            ready.bind(str(address))
            ready.settimeout(PATIENCE)
            # In a cgroup of its own, because nspawn calls that of the container always the same, below its own.
            self._nspawn = subprocess.Popen(
                ['sh', '-c', 'echo $$ >"$0/cgroup.procs"; exec "$@"', cgroup,
                 'systemd-nspawn', '--quiet', '--boot', f'--directory={self.root}', f'--machine={self.name}',
                 f'--network-namespace-path=/run/netns/{self.name}', '--capability=CAP_NET_ADMIN',
                 '--register=no', '--keep-unit', '--settings=no', '--link-journal=no', '--resolv-conf=off',
                 '--timezone=off', '--notify-ready=no'],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**_ENVIRONMENT, 'NOTIFY_SOCKET': str(address), 'SYSTEMD_NSPAWN_UNIFIED_HIERARCHY': '1',
                     'SYSTEMD_NSPAWN_API_VFS_WRITABLE': 'network'})
            self.leader = self._learn_leader(ready)
        return self

    def _learn_leader(self, ready):
        deadline = time.monotonic() + PATIENCE
        while self._nspawn.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                ready.settimeout(0.2)  # it may end without a word
                for line in ready.recv(4096).decode().splitlines():
                    if line.startswith('X_NSPAWN_LEADER_PID='):
                        return int(line.partition('=')[2])
        raise AssertionError(f'{self.name} did not start:\n{self.console()}')

    def boot(self):
        """Start it and return when all that starts at boot has started; fails if a unit did."""
        self.start()
        self.wait_until_booted()
        return self

    def wait_until_booted(self):
        """Fails if a unit failed, and says which."""
        until(lambda: self.attempt('test', '-S', '/run/dbus/system_bus_socket').status == 0,
              f'{self.name} has a bus; its console:\n{self.console()}')
        state = self.attempt('systemctl', 'is-system-running', '--wait').output.strip()
        failed = self.failed_units()
        assert state == 'running' and not failed, f'{self.name} is {state}, failed: {failed}\n{self.console()}'

    def failed_units(self):
        return [line.split()[0] for line in
                self.run('systemctl', '--failed', '--plain', '--no-legend', '--no-pager').splitlines()]

    def power_off(self):
        """In order, as somebody who types `poweroff`."""
        self.attempt('systemctl', 'poweroff')
        try:
            self._nspawn.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(f'{self.name} did not power off within {PATIENCE:g} s:\n{self.console()}') from None
        self._gone()

    def kill(self):
        """As if the power had failed. For one that does not run, nothing."""
        if self.running:
            self._nspawn.kill()
            self._nspawn.wait()
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGKILL)
            until(lambda: not Path(f'/proc/{self.leader}/ns').exists() or self._is_zombie(), f'{self.name} is gone')
            self._gone()

    def _is_zombie(self):
        with contextlib.suppress(OSError):
            return Path(f'/proc/{self.leader}/stat').read_text(encoding='ascii').rpartition(')')[2].split()[0] == 'Z'
        return True

    def _gone(self):
        self._nspawn = self.leader = None
        for wire in self.wires:
            wire.unplug()
        run('ip', 'netns', 'del', self.name)
        self.network = None

    def reboot(self):
        """Power off and boot again: same disk; network, rules and /run are new."""
        self.power_off()
        return self.boot()

    def console(self):
        return self._log.read_text(encoding='utf-8', errors='replace') if self._log.exists() else ''

    def last_words(self):
        """For whoever has to find out why a case failed."""
        if not self.running:
            return self.console()[-4000:]
        lines = self.attempt('journalctl', '--boot', '--no-pager').output.splitlines()
        return '\n'.join([line for line in lines if ' was skipped because ' not in line][-60:])

    # --- inside

    def attempt(self, *command, user=None, text=None, patience=PATIENCE):
        """Run a command in it and return a Done, whatever came of it."""
        words = [str(word) for word in command]
        done = subprocess.run([*self._enter(user), *words], input=text if text is not None else '', text=True,
                              errors='surrogateescape', capture_output=True, check=False, env=_ENVIRONMENT,
                              timeout=patience)
        return Done(f'{self.name}: {" ".join(words)}', done.returncode, done.stdout, done.stderr)

    def run(self, *command, **options):
        """The same for a command that must succeed; returns what it printed."""
        done = self.attempt(*command, **options)
        assert done.status == 0, str(done)
        return done.output

    def popen(self, *command, user=None, **options):
        """Start a command in it, as subprocess.Popen does. It ends by itself or with the container, not by a signal."""
        return subprocess.Popen([*self._enter(user), *map(str, command)], env=_ENVIRONMENT, **options)

    def _enter(self, user):
        assert self.running, f'{self.name} does not run'
        words = ['nsenter', f'--target={self.leader}', '--all', f'--wd=/proc/{self.leader}/root']
        # Not a mere setuid: what an ordinary user starts belongs to a unit of its own, and has his groups.
        return [*words, 'systemd-run', '--quiet', '--wait', '--pipe', '--collect', f'--property=User={user}',
                '--setenv=LC_ALL=C.UTF-8', '--'] if user else [*words, '--']

    def path(self, path):
        """Where a file of it is to be found from here."""
        root = Path(f'/proc/{self.leader}/root') if self.running else self.root
        return root / str(path).lstrip('/')

    def write(self, path, text, mode=0o644):
        """A file of root's, with its directory."""
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding='utf-8')
        file.chmod(mode)

    def read(self, path):
        return self.path(path).read_text(encoding='utf-8', errors='surrogateescape')

    # --- what cases do most

    def set_up(self, *interfaces):
        """Up, and as far as the kernel needs for multicast to leave."""
        with self.network.inside():
            for interface in interfaces:
                bring_up(interface)

    def add_vmac(self, name='vrrp6', parent='eth0', mac='00:00:5e:00:02:05', mld=1):
        """A macvlan as keepalived makes it, up, that speaks MLD of this version."""
        with self.network.inside():
            ip('link', 'add', name, 'link', parent, 'address', mac, 'type', 'macvlan', 'mode', 'private')
            sysctl('ipv6', name, force_mld_version=mld)
            bring_up(name)

    def talking(self, interface='vrrp6', pause=0.002):
        """While this is open, somebody joins a group on the interface and leaves it some hundred times a second. Gives
        a Talker, whose `rounds` tells afterwards how often."""
        return talking(interface, namespace=self.network, pause=pause)

    def remove_package(self, how='remove'):
        return self.run('apt-get', '-q', '-y', how, PACKAGE, patience=2 * PATIENCE)

    def install_package(self, deb=None):
        """As an administrator does: apt install ./FILE. Returns what apt said."""
        deb = Path(deb or os.environ['VMAC_E2E_PACKAGE'])
        shutil.copy(deb, self.path('/root') / deb.name)
        return self.run('apt-get', '-q', '-y', '--allow-downgrades', 'install', f'/root/{deb.name}',
                        patience=2 * PATIENCE)

    def busctl(self, *words, **options):
        return self.run('busctl', *words, **options)

    def call(self, method, signature='', *values, user=None):
        """A method of the service; its answer as Python has it: None, one value, or several."""
        output = self.busctl('--json=short', 'call', *OBJECT, method, *((signature, *values) if signature else ()),
                             user=user)
        data = json.loads(output)['data'] if output.strip() else []
        return data[0] if len(data) == 1 else data or None

    def refused(self, method, signature='', *values, user=None):
        """What busctl says of a call that must fail."""
        done = self.attempt('busctl', 'call', *OBJECT, method, *((signature, *values) if signature else ()), user=user)
        assert done.status != 0, f'was not refused: {done}'
        return done.errors.strip()

    def property(self, name, user=None):
        return json.loads(self.busctl('--json=short', 'get-property', *OBJECT, name, user=user))['data']

    def interfaces(self):
        """{name: what ListInterfaces says of it}, without D-Bus types."""
        return {name: {key: value['data'] for key, value in about.items()}
                for name, about in self.call('ListInterfaces')}

    def main_pid(self):
        """The process id that the daemon has in there; 0 if it does not run."""
        return int(self.unit('vmac-mldfilter.service', 'MainPID')['MainPID'])

    def wait_for_new_pid(self, before):
        """Until another daemon than this is there and ready."""
        def there():
            about = self.unit('vmac-mldfilter.service', 'MainPID', 'ActiveState')
            return about['ActiveState'] == 'active' and int(about['MainPID']) not in (0, before)
        until(there, f'{self.name} has another daemon than {before}')

    def wait_for_name(self):
        """Until the service is on the bus, without calling it."""
        until(lambda: self.attempt('busctl', '--timeout=5', 'status', '--no-pager', OBJECT[0]).status == 0,
              f'{self.name} has {OBJECT[0]} on its bus')

    def wait_until_protected(self):
        """Until the service has read back from the kernel that all its rules are there."""
        until(lambda: self.property('Protected') and self.property('GuardActive'), f'{self.name} is protected')

    def nft(self, *words, **options):
        return self.run('nft', *words, **options)

    def tables(self):
        """(family, name) of each."""
        return sorted(tuple(line.split()[1:]) for line in self.nft('list', 'tables').splitlines())

    def journal(self, *words):
        """Messages of this boot, with what the options of journalctl leave over; each a dictionary."""
        lines = self.run('journalctl', '--boot', '--no-pager', '--output=json', *words).splitlines()
        return [json.loads(line) for line in lines]

    def unit(self, name, *properties):
        """{property: value} as the manager has it."""
        text = self.run('systemctl', 'show', name, *(f'--property={each}' for each in properties))
        return dict(line.split('=', 1) for line in text.splitlines() if '=' in line)

    def is_active(self, unit):
        return self.attempt('systemctl', 'is-active', '--quiet', unit).status == 0

    def systemctl(self, *words):
        return self.run('systemctl', *words)

    def enable(self, *units):
        """At the next boot; works also while it does not run, for units that are in the image."""
        if self.running:
            self.systemctl('--quiet', 'enable', *units)
        else:
            run('systemctl', '--quiet', f'--root={self.root}', 'enable', *units)

    def mask(self, *units):
        """They do not start until unmask(); works also while it does not run."""
        for unit in units:
            (self.root / 'etc/systemd/system' / f'{unit}.service').symlink_to('/dev/null')
        if self.running:
            self.systemctl('daemon-reload')

    def unmask(self, *units):
        for unit in units:
            (self.root / 'etc/systemd/system' / f'{unit}.service').unlink()
        if self.running:
            self.systemctl('daemon-reload')
