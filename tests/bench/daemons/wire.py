"""A slow cable: carries Ethernet frames between two interfaces, later, and not all of them.

Usage: wire.py NEAR FAR DELAY-IN-MILLISECONDS LOSS-IN-PERCENT
Makes both interfaces; the caller moves FAR into another network namespace, where it stays
connected. It does what `tc netem` does, which some kernels lack, test machines' among them.
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
import sys
import time
from collections import deque

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000


def interface(name: str) -> int:
    """Return an open file that is the other end of a new interface."""
    end = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(end, TUNSETIFF, struct.pack("16sH", name.encode(), IFF_TAP | IFF_NO_PI))
    return end


def carry(near: int, far: int, delay: float, loss: float) -> None:
    """Move frames for ever; each direction delays each frame by the same time."""
    waiting: deque[tuple[float, int, bytes]] = deque()
    other = {near: far, far: near}
    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        readable, _, _ = select.select([near, far], [], [], pause)
        now = time.monotonic()
        for end in readable:
            try:
                frame = os.read(end, 65536)
            except OSError:
                continue
            if random.random() >= loss:
                waiting.append((now + delay, other[end], frame))
        while waiting and waiting[0][0] <= time.monotonic():
            _, target, frame = waiting.popleft()
            try:
                os.write(target, frame)
            except OSError:
                continue  # as a cable does while the other side is not up


def main() -> None:
    """Make the interfaces and carry."""
    near, far = interface(sys.argv[1]), interface(sys.argv[2])
    carry(near, far, float(sys.argv[3]) / 1000, float(sys.argv[4]) / 100)


if __name__ == "__main__":
    main()
