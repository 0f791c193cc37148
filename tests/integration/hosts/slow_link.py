"""Holds packets: a TUN device into which the router sends one way's packets, and out of which they come later.

Run as ``python slow_link.py <device> <delay in ms> <jitter in ms>`` in the router's namespace; says ``ready`` when the
device is there. What netem does, without a kernel that has it. Each packet waits the delay and a random part of the
jitter; none overtakes another, as on a line. Imports the standard library only.
"""

from __future__ import annotations

import collections
import fcntl
import os
import random
import select
import struct
import sys
import time

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_PACKET_BYTES = 65_536
#: Packets held at once; more are lost, as by any router.
_MAX_HELD = 20_000


def run(device: str, delay_seconds: float, jitter_seconds: float) -> None:
    """Carry packets until killed."""
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TUN | _IFF_NO_PI))
    print("ready", flush=True)
    held: collections.deque[tuple[float, bytes]] = collections.deque()
    while True:
        pause = max(0.0, held[0][0] - time.monotonic()) if held else None
        readable, _, _ = select.select([tun], [], [], pause)
        if readable:
            packet = os.read(tun, _PACKET_BYTES)
            due = time.monotonic() + delay_seconds + random.uniform(0.0, jitter_seconds)
            if len(held) < _MAX_HELD:
                held.append((max(due, held[-1][0]) if held else due, packet))
        while held and held[0][0] <= time.monotonic():
            os.write(tun, held.popleft()[1])


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]) / 1000, int(sys.argv[3]) / 1000)
