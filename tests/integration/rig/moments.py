# SPDX-License-Identifier: GPL-2.0-or-later
"""Moments in the life of a change: when its state is written, when the kernel has its rules, when its state holds.

Both are heard of from the kernel as they happen, so a case can strike right then, without anything that would slow the
service down.
"""

import ctypes
import os
import select
import socket

_IN_CLOSE_WRITE, _IN_OPEN, _IN_MOVED_TO = 0x008, 0x020, 0x080
_NETLINK_NETFILTER, _NFNLGRP_NFTABLES = 12, 7
_libc = ctypes.CDLL(None, use_errno=True)

STAGED, WRITTEN, RULED, PUBLISHED = 'staged', 'written', 'ruled', 'published'


def _watch(directory, event):
    descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    if descriptor < 0 or _libc.inotify_add_watch(descriptor, os.fsencode(directory), event) < 0:
        raise OSError(ctypes.get_errno(), f'inotify of {directory}')
    return descriptor


def _listen():
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NETLINK_NETFILTER)
    netlink.bind((0, 1 << (_NFNLGRP_NFTABLES - 1)))
    return netlink.detach()


class Moments:
    """To be waited for one at a time."""

    def __init__(self, state):
        self._sources = {STAGED: _watch(state, _IN_OPEN), WRITTEN: _watch(state, _IN_CLOSE_WRITE), RULED: _listen(),
                         PUBLISHED: _watch(state, _IN_MOVED_TO)}
        self._finished = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def forget(self):
        """What has happened so far."""
        for descriptor in (*self._sources.values(), self._finished):
            self._drain(descriptor)

    def finish(self):
        """There is nothing more to come."""
        os.eventfd_write(self._finished, 1)

    def wait(self, moment, limit):
        """For one of the names above, or for so many seconds to pass; no longer than to the end, or the limit."""
        if isinstance(moment, float):
            select.select([], [], [], moment)
            return
        ready, _, _ = select.select([self._sources[moment], self._finished], [], [], limit)
        assert ready, f'neither {moment} nor an end within {limit:g} s'

    @staticmethod
    def _drain(descriptor):
        try:
            while os.read(descriptor, 1 << 16):
                pass
        except BlockingIOError:
            pass
        except OSError:  # ENOBUFS: more has happened than we were told
            Moments._drain(descriptor)
