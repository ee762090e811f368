# SPDX-License-Identifier: GPL-2.0-or-later
"""What is asked of the service, by anybody: every method call to its object, as the bus sees it."""

import json
import subprocess

from rig.bus import BUS, PATH, call
from rig.record import Record


class Calls(Record):
    def __init__(self, bus):
        super().__init__('method call')
        monitor = subprocess.Popen(['busctl', f'--address={bus.address}', '--json=short', 'monitor',
                                    f"--match=type='method_call',path='{PATH}'",
                                    "--match=type='method_call',member='GetId'"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert 'Monitoring' in monitor.stderr.readline(), 'busctl does not monitor'
        self.follow(json.loads(line) for line in monitor.stdout)
        self._bus = bus
        self._told = 0

    def new(self, but):
        """The members of those since the last time, in their order, without those of the caller `but`."""
        fence = self._bus.caller()
        call(fence.connection, BUS, 'GetId')
        mine = self.wait(lambda seen: seen['sender'] == fence.name and seen['member'] == 'GetId', self._told)
        until = self.all().index(mine)
        seen = self.all()[self._told:until]
        self._told = until + 1
        return [each['member'] for each in seen if each['path'] == PATH and each['sender'] != but]
