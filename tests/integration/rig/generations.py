# SPDX-License-Identifier: GPL-2.0-or-later
"""Print each transaction of nftables in this namespace when it is told of: TIME GENERATION PROCESS

TIME in nanoseconds, PROCESS as the kernel names it. Prints "listening" first. A process of its own, so that the times
are those of the kernel's messages and not of a test that is busy with other things.
"""

import socket
import struct
import time

_NETLINK_NETFILTER, _NFNLGRP_NFTABLES, _SO_RCVBUFFORCE = 12, 7, 33
_NFNL_SUBSYS_NFTABLES, _NFT_MSG_NEWGEN = 10, 15
_NFTA_GEN_ID, _NFTA_GEN_PROC_NAME = 1, 3
_NEWGEN = _NFNL_SUBSYS_NFTABLES << 8 | _NFT_MSG_NEWGEN


def attributes(data):
    """{type: value}"""
    found, at = {}, 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from('=HH', data, at)
        found[kind] = data[at + 4:at + length]
        at += length + 3 & ~3
    return found


def transactions(data):
    """(generation, process) of each in what was received."""
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from('=IH', data, at)
        if kind == _NEWGEN:
            found = attributes(data[at + 20:at + length])  # nlmsghdr 16, nfgenmsg 4
            name = found.get(_NFTA_GEN_PROC_NAME, b'').rstrip(b'\0').decode(errors='replace')
            yield int.from_bytes(found[_NFTA_GEN_ID], 'big'), name
        at += length + 3 & ~3


def main():
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER) as netlink:
        netlink.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 32 << 20)
        netlink.bind((0, 1 << (_NFNLGRP_NFTABLES - 1)))
        print('listening', flush=True)
        while True:
            data = netlink.recv(1 << 20)
            now = time.monotonic_ns()
            for generation, name in transactions(data):
                print(now, generation, name, flush=True)


if __name__ == '__main__':
    main()
