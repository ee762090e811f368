# SPDX-License-Identifier: GPL-2.0-or-later
"""Speak MLDv1 on an interface at a steady rate: talker.py INTERFACE PAUSE

Joins a group and leaves it, which is one Report and one Done, then pauses so many seconds, until standard input ends.
Prints "speaking" when it begins and, at the end, how many times it did that. A process of its own, so that neither its
pace nor what is measured meanwhile depends on how busy the test is.
"""

import select
import socket
import sys

_IPV6_JOIN_GROUP, _IPV6_LEAVE_GROUP = 20, 21


def main(interface, pause):
    index = socket.if_nametoindex(interface).to_bytes(4, 'little')
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as member:
        print('speaking', flush=True)
        rounds = 0
        while not select.select([sys.stdin], [], [], pause)[0]:
            rounds += 1
            group = socket.inet_pton(socket.AF_INET6, f'ff05::{rounds >> 16:x}:{rounds & 0xffff:x}') + index
            member.setsockopt(socket.IPPROTO_IPV6, _IPV6_JOIN_GROUP, group)
            member.setsockopt(socket.IPPROTO_IPV6, _IPV6_LEAVE_GROUP, group)
    print(rounds, flush=True)


if __name__ == '__main__':
    main(sys.argv[1], float(sys.argv[2]))
