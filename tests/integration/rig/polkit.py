# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody on the bus who decides: dbusmock's polkitd, one that wants a password, or the real polkitd."""

import os
import shutil
import subprocess
from pathlib import Path

from . import bus as bus_module
from .isolation import CASE, run

MANAGE = 'org.vmac.mldfilter.manage-interfaces'
RESET = 'org.vmac.mldfilter.reset-counters'
RELOAD = 'org.vmac.mldfilter.reload'
ACTIONS = (MANAGE, RESET, RELOAD)

_NAME, _OBJECT, _INTERFACE = bus_module.POLKIT
_MOCK = 'org.freedesktop.DBus.Mock'


class _Process:
    def __init__(self, bus, *command):
        self._bus = bus
        self._process = subprocess.Popen(command, env={**os.environ, 'DBUS_SYSTEM_BUS_ADDRESS': bus.address})
        bus.wait_for_owner(_NAME)
        self.connection = bus_module.connect(bus.address)

    def stop(self):
        self._process.kill()
        self._process.wait()

    def _mock(self, method, signature, *values):
        return bus_module.call(self.connection, (_NAME, _OBJECT, _MOCK), method, signature, *values)


class Mock(_Process):
    """dbusmock's own polkitd template: no to everything that was not allowed, never a question."""

    def __init__(self, bus):
        super().__init__(bus, '/usr/bin/python3', '-m', 'dbusmock', '--system', '--template', 'polkitd')

    def allow(self, *actions):
        self._mock('SetAllowed', '(as)', actions)

    def hang(self):
        self._mock('SimulateHang', '(b)', True)

    def release(self):
        self._mock('ReleaseHangingCalls', '()')


class WantsPassword(_Process):
    """Yes to a caller who may be asked, as if the right password had been typed; to others a challenge."""

    def __init__(self, bus):
        super().__init__(bus, '/usr/bin/python3', '-m', 'dbusmock', '--system', _NAME, _OBJECT, _INTERFACE)
        self._mock('AddMethod', '(sssss)', _INTERFACE, 'CheckAuthorization', '(sa{sv})sa{ss}us', '(bba{ss})',
                   'ret = (bool(args[3] & 1), not args[3] & 1, {})')

    def asked(self):
        """The questions so far, as (subject, action, whether interaction was allowed)."""
        calls = self._mock('GetMethodCalls', '(s)', 'CheckAuthorization')[0]
        return [(values[0], values[1], bool(values[3] & 1)) for _time, values in calls]


class Real(_Process):
    """The real polkitd, with the policy file that is shipped, and with rules in polkit's own language."""

    def __init__(self, bus, policy, rules=''):
        actions = Path('/usr/share/polkit-1/actions')
        upper, work = CASE / 'polkit-upper', CASE / 'polkit-work'
        for directory in (upper, work):
            directory.mkdir()
        upper.chmod(0o755)
        run('mount', '-t', 'overlay', '-o', f'lowerdir={actions},upperdir={upper},workdir={work}', 'overlay', actions)
        shutil.copy(policy, actions)
        run('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/etc/polkit-1/rules.d')
        Path('/etc/polkit-1/rules.d/00-case.rules').write_text(rules, encoding='utf-8')
        super().__init__(bus, '/usr/lib/polkit-1/polkitd', '--no-debug')
