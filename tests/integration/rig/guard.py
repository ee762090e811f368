# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cases of the guard have in common."""

from . import kernel
from .case import OPEN, WireCase
from .wire import MESSAGES

_ETHERNET_HEADER = 14


def nothing():
    return {message: (0, 0) for message in MESSAGES}


class GuardCase(WireCase):
    """The guard of eth0."""

    configuration = OPEN

    def hush(self):
        """The guard is below the VMAC: what is on its way when that goes down never gets to it. So first nothing is
        tried any more."""
        self.vmac.mute()
        self.vmac.down()

    def settle(self, hush=None):
        return super().settle(hush or self.hush)

    def assert_counted(self, balance):
        """The kernel itself also counts what was kept from being tried."""
        self.assert_service_counted(balance)

    def speak(self):
        """Say everything once more, and wait until it has been tried."""
        self.hush()
        self.vmac.unmute()
        self.vmac.all_messages()
        self.hush()
        self.attempts.fence()

    def tried(self):
        """What the VMAC tried so far, as the guard should count it when nothing stops it before."""
        counted = nothing()
        for frame in self.attempts.arrived(*MESSAGES):
            packets, size = counted[frame.kind]
            counted[frame.kind] = (packets + 1, size + frame.size + _ETHERNET_HEADER)
        return counted

    def assert_rewritten(self, mark=0):
        """Everything came, from the parent; router solicitations not at all; and all of it the guard has counted."""
        balance = self.settle()
        self.assertTrue(balance.attempts)
        self.assertEqual(self.wire.from_virtual_macs(after=mark), [])
        self.assertEqual(balance.relocated, [frame for frame in balance.attempts if frame.kind != 'nd-router-solicit'])
        self.assertEqual(self.root.guard_counters(), {'eth0': self.tried()})

    def wait_for_guard(self, **devices):
        kernel.until(lambda: kernel.guarded() == devices, f'for the guard of {devices}')

    def without_first_line(self):
        """The guard alone. The service would put it right, so it must not run."""
        kernel.nft('delete table ip6 vmac_mldfilter\ndelete table ip vmac_mldfilter')
