# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab of tests/lab with machines for routers, whose programs are services of systemd.

             host h --- switch sw (bridge, MLD querier) --+-- r1 (priority 100, BACKUP)
                                                          +-- r2 (priority 200, MASTER)
"""

import dataclasses
import re
import subprocess
import time

from integration.rig.wire import MLD
from lab.programs import INTERFACE, VIRTUAL_ADDRESS, VMAC

from .network import Switch
from .waiting import until

PRIORITY = {'r1': 100, 'r2': 200}

_KEEPALIVED = '''global_defs {{
  vrrp_version 3
  nftables keepalived
}}
vrrp_instance v6 {{
  state BACKUP
  interface eth0
  use_vmac {interface}
  virtual_router_id 1
  priority {priority}
  virtual_ipaddress {{
    fe80::1:1/64
    {address}/64
  }}
}}
'''
# What most machines have: somebody who sets the network card up.
NETWORK = '''[Match]
Name=eth0

[Network]
LinkLocalAddressing=ipv6
IPv6AcceptRA=no
'''


@dataclasses.dataclass(frozen=True)
class Figures:
    """What the switch, the host and the routers saw."""
    moves: int
    loss_percent: float
    masters: int
    from_vmac: int    # MLD messages
    from_parents: int


class Routers:
    """Two machines, made but not started, with keepalived configured and enabled."""

    def __init__(self, case, mld=1):
        self.switch = Switch(mld)
        self.host = self.switch.host()
        self.backup, self.master = self.machines = [
            case.container(name, [self.switch.port(f'p{name}')]) for name in PRIORITY]
        for machine in self.machines:
            machine.write('/etc/systemd/network/eth0.network', NETWORK)
            machine.write('/etc/keepalived/keepalived.conf', _KEEPALIVED.format(
                interface=INTERFACE, priority=PRIORITY[machine.name], address=VIRTUAL_ADDRESS))
            machine.enable('systemd-networkd', 'keepalived')

    def boot(self):
        """Both, without keepalived this time."""
        for machine in self.machines:
            machine.mask('keepalived')
            machine.boot()
            machine.unmask('keepalived')

    def install(self):
        for machine in self.machines:
            machine.install_package()

    def start(self):
        """keepalived, in the BACKUP when the other is MASTER, so that nobody has to change his mind."""
        self.master.systemctl('start', 'keepalived')
        self.wait_for(self.master, 'MASTER')
        self.backup.systemctl('start', 'keepalived')

    def mark(self):
        """From where on measure() looks."""
        self._news = self.switch.news.mark()
        self._frames = {machine.name: machine.wires[0].frames.mark() for machine in self.machines}

    def wait_for(self, machine, state):
        """Until keepalived has entered the state BACKUP or MASTER in this boot."""
        until(lambda: self.entered(machine, state), f'keepalived in {machine.name} enters {state}')

    @staticmethod
    def entered(machine, state):
        log = machine.run('journalctl', '--boot', '--no-pager', '--output=cat', '--unit=keepalived')
        return f'Entering {state} STATE' in log

    def wait_for_master_to_speak(self):
        """Until the switch knows again where the virtual MAC is, after somebody else had spoken with it."""
        wire = self.master.wires[0]
        wire.frames.wait(lambda frame: frame.is_virtual and frame.kind == 'vrrp', wire.frames.mark())

    def measure(self, seconds):
        """Look on for so long, then tell what there was since mark()."""
        time.sleep(seconds)  # the time to measure is the one thing that is waited for by the clock
        loss = self.ping()
        frames = []
        for machine in self.machines:
            wire = machine.wires[0]
            wire.fence()
            frames += wire.arrived(*MLD, after=self._frames[machine.name])
        return Figures(self.switch.moves(VMAC, self._news), loss,
                       sum(self.entered(machine, 'MASTER') for machine in self.machines),
                       sum(frame.is_virtual for frame in frames), sum(not frame.is_virtual for frame in frames))

    def ping(self):
        """The per cent that were lost, of an address that the host must look up anew."""
        subprocess.run(['ip', '-n', self.host.name, 'neigh', 'flush', 'dev', 'eth0'], check=True)
        done = subprocess.run(['ip', 'netns', 'exec', self.host.name, 'ping', '-6', '-c', '5', '-i', '0.3', '-W', '1',
                               VIRTUAL_ADDRESS], capture_output=True, text=True, check=False)
        found = re.search(r'([0-9.]+)% packet loss', done.stdout)
        assert found, f'ping gave no result: {done.stdout}{done.stderr}'
        return float(found.group(1))
