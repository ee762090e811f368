# SPDX-License-Identifier: GPL-2.0-or-later
"""Speak MLD and IGMP on interfaces, steadily, whether they are there or not: speaker.py PAUSE INTERFACE...

In each turn it joins a group of IPv6 and leaves it, and joins one of IPv4, on each interface that is there; then it
pauses so many seconds, until standard input ends. Prints "speaking" when it begins and, at the end, as JSON, how many
turns each interface had. The groups are ff05::N:TURN and 239.N.TURN, N being the place of the interface in the list,
from 1: so they tell at the far end on whose behalf a frame was sent.
"""

import collections
import json
import select
import socket
import struct
import sys

_IPV6_JOIN_GROUP, _IPV6_LEAVE_GROUP = 20, 21
_IP_ADD_MEMBERSHIP, _IP_DROP_MEMBERSHIP = 35, 36
_HELD = 8  # turns that a group of IPv4 is kept: the kernel reports it some milliseconds after it was joined


class Voice:
    """One interface."""

    def __init__(self, name, number):
        self._name, self._number = name, number
        self._six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self._four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._held = collections.deque()
        self.turns = 0

    def speak(self):
        try:
            index = struct.pack('=I', socket.if_nametoindex(self._name))
            turn = self.turns + 1
            group = socket.inet_pton(socket.AF_INET6, f'ff05::{self._number:x}:{turn & 0xffff:x}') + index
            self._six.setsockopt(socket.IPPROTO_IPV6, _IPV6_JOIN_GROUP, group)
            self._six.setsockopt(socket.IPPROTO_IPV6, _IPV6_LEAVE_GROUP, group)
            self._held.append(bytes([239, self._number, turn >> 8 & 255, turn & 255]) + bytes(4) + index)
            self._four.setsockopt(socket.IPPROTO_IP, _IP_ADD_MEMBERSHIP, self._held[-1])
            if len(self._held) > _HELD:
                self._four.setsockopt(socket.IPPROTO_IP, _IP_DROP_MEMBERSHIP, self._held.popleft())
            self.turns = turn
        except OSError:  # it is not there; what it was a member of went with it
            self._four.close()
            self._four = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._held.clear()


def main(pause, *interfaces):
    voices = [Voice(name, number) for number, name in enumerate(interfaces, 1)]
    print('speaking', flush=True)
    while not select.select([sys.stdin], [], [], float(pause))[0]:
        for voice in voices:
            voice.speak()
    print(json.dumps({name: voice.turns for name, voice in zip(interfaces, voices)}), flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
