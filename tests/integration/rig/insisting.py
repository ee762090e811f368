# SPDX-License-Identifier: GPL-2.0-or-later
"""A caller who does not give up."""

import threading
import time

from .bus import BusError
from .record import DEADLINE

_PAUSE = 0.1  # seconds; that libnftables may be asked again is nothing that anybody is told


def insist(change):
    """Call until it is not refused any more for the reason that libnftables has failed a moment ago, and rests."""
    end = time.monotonic() + DEADLINE
    while True:
        try:
            return change()
        except BusError as error:
            if error.name != 'EngineUnavailable' or time.monotonic() > end:
                raise
        threading.Event().wait(_PAUSE)
