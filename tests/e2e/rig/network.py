# SPDX-License-Identifier: GPL-2.0-or-later
"""Wires from machines to namespaces of the test's own, and a switch to plug them into.

As in the integration tests, what is judged is what arrives at the far end of a wire, and a fence says when everything
that was sent has arrived.
"""

import re
import socket
import subprocess

from integration.rig.isolation import Namespace, run
from integration.rig.kernel import ip
from integration.rig.record import Record
from integration.rig.wire import MESSAGES, Wire as _Wire, quiet

from .waiting import until

_ETH_P_ALL, _SO_RCVBUFFORCE = 3, 33


class Wire(_Wire):
    """A veth pair between a machine (`near`, down as a real network card is before anybody sets it up) and another
    namespace (`far`, watched).

    Made anew at each boot of the machine, with the same MAC. `frames` records all that arrived over all boots;
    `arrived()`, `from_virtual_macs()` and `fence()` as in the integration tests.
    """

    _numbers = iter(range(1, 250))

    def __init__(self, near='eth0', far=None, namespace=None, mac=None):  # pylint: disable=super-init-not-called
        number = next(Wire._numbers)
        self.near, self.far = near, far or f'far{number}'
        self.namespace = namespace or Namespace(f'wire{number}')
        self.mac = mac or f'02:00:00:00:01:{number:02x}'
        self.machine = None
        self.frames = Record(f'frame at {self.far}')

    def plug(self, machine):
        """Only Container.start() does this."""
        self.machine = machine
        with machine.network.inside():
            ip('link', 'add', self.near, 'address', self.mac, 'type', 'veth',
               'peer', 'name', self.far, 'netns', self.namespace.name)
        with self.namespace.inside():
            quiet(self.far)
            self.far_end()
            ip('link', 'set', self.far, 'up')
            self._capture = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
            self._capture.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
            self._capture.bind((self.far, _ETH_P_ALL))
        self.frames.follow(self._received())

    def far_end(self):
        """What else there is to be done with the far end, before it is up."""

    def unplug(self):
        """Only a Container that is gone does this. The kernel deletes the pair some time after the namespace."""
        with self.namespace.inside():
            subprocess.run(['ip', 'link', 'del', self.far], capture_output=True, check=False)
        self.machine = None

    def fence(self):
        """Return when all that was sent before has arrived. The near end must be up."""
        with self.machine.network.inside():
            super().fence()

    def wait_for_relocated(self, number, after=0):
        """Until so many of the messages came from the parent, after this mark of `frames`."""
        until(lambda: len(self.arrived(*MESSAGES, source=self.mac, after=after)) >= number,
              f'{number} messages came from the parent')

    def leaks(self, after=0):
        """What came from VRRP MACs and never should, after this mark of `frames`."""
        self.fence()
        return self.from_virtual_macs(*MESSAGES, after=after)


class Port(Wire):
    """A wire into a switch."""

    def __init__(self, switch, name, near='eth0'):
        super().__init__(near, name, switch.namespace)

    def far_end(self):
        ip('link', 'set', self.far, 'master', 'br0')


class Switch:
    """A bridge that snoops, and asks with MLD of this version every three seconds, as tests/lab has it."""

    def __init__(self, mld=1, name='sw'):
        self.namespace = Namespace(name)
        ip('-n', name, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '1', 'mcast_querier', '1',
           'mcast_mld_version', str(mld), 'mcast_query_interval', '300', 'mcast_query_response_interval', '100',
           'mcast_startup_query_interval', '200', 'mcast_membership_interval', '800')
        ip('-n', name, 'link', 'set', 'br0', 'up')
        self.news = Record('change of the table of the switch')
        self._watch()

    def port(self, name, near='eth0'):
        """A wire for a machine."""
        return Port(self, name, near)

    def host(self, name='h', address='2001:db8::99/64'):
        """A namespace at a port of its own, with an address; its interface is eth0."""
        host = Namespace(name)
        ip('link', 'add', 'eth0', 'netns', name, 'type', 'veth', 'peer', 'name', f'p{name}', 'netns',
           self.namespace.name)
        ip('-n', self.namespace.name, 'link', 'set', f'p{name}', 'master', 'br0', 'up')
        ip('-n', name, 'link', 'set', 'lo', 'up')
        ip('-n', name, '-6', 'addr', 'add', address, 'dev', 'eth0', 'nodad')
        ip('-n', name, 'link', 'set', 'eth0', 'up')
        return host

    def moves(self, mac, after=0):
        """How often this MAC moved from one port to another, after this mark of `news`."""
        ports = [found.group(1) for line in self.news.all(after) if (found := re.match(rf'{mac} dev (\S+)', line))]
        return sum(1 for before, now in zip(ports, ports[1:]) if before != now)

    def _watch(self):
        monitor = subprocess.Popen(['ip', 'netns', 'exec', self.namespace.name, 'bridge', 'monitor', 'fdb'],
                                   stdout=subprocess.PIPE, text=True)
        self.news.follow(line.strip() for line in monitor.stdout)
        # It does not say when it listens, so make entries in the table until it reports one.
        probe, name = '02:00:00:00:00:01', self.namespace.name
        ip('-n', name, 'link', 'add', 'probe0', 'type', 'veth', 'peer', 'name', 'probe1')
        ip('-n', name, 'link', 'set', 'probe0', 'master', 'br0')

        def reported():
            run('bridge', '-n', name, 'fdb', 'replace', probe, 'dev', 'probe0', 'master', 'static')
            run('bridge', '-n', name, 'fdb', 'del', probe, 'dev', 'probe0', 'master')
            return any(probe in line for line in self.news.all())
        until(reported, 'bridge monitor reports changes')
        ip('-n', name, 'link', 'del', 'probe0')
