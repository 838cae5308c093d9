"""A wire between two namespaces with delay, jitter and loss: one process that holds both of its ends.

    python -I -S wire.py SEED NAMESPACE:DEVICE NAMESPACE:DEVICE

Two tap devices and a queue.  Unlike the kernel's netem it is there on every kernel, and it is seeded: the
same packets are lost in every run.  Each line on standard input is a JSON object with new figures, and is
answered by a line with what happened so far; when standard input closes, the wire is cut.  All figures are
one way, each direction alike.  Only the standard library: it starts in milliseconds.
"""

import fcntl
import heapq
import json
import os
import random
import select
import signal
import struct
import sys
import time
from dataclasses import dataclass, field

_TUNSETIFF = 0x400454CA
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
_LARGEST_FRAME_BYTES = 65536
_BURST = 64
"""Frames that are read at once before others have their turn."""
_ARP = b"\x08\x06"


@dataclass
class Figures:
    """How bad the wire is."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0
    """Each packet takes between this much less and this much more, and none overtakes another."""
    loss_percent: float = 0.0


@dataclass
class _End:
    tap: int
    chance: random.Random
    last_due: float = 0.0
    carried: int = 0
    lost: int = 0


@dataclass
class Wire:
    """Carries frames from each end to the other, late or not at all."""

    ends: tuple[_End, _End]
    figures: Figures = field(default_factory=Figures)
    _queue: list[tuple[float, int, int, bytes]] = field(default_factory=list)
    _number: int = 0

    def run(self) -> None:
        """Carry until standard input closes."""
        while True:
            pause = max(0.0, self._queue[0][0] - time.monotonic()) if self._queue else None
            readable, _, _ = select.select([0, *(end.tap for end in self.ends)], [], [], pause)
            self._send()
            for place, end in enumerate(self.ends):
                if end.tap in readable:
                    self._read(place)
            self._send()
            if 0 in readable and not self._obey():
                return

    def _send(self) -> None:
        while self._queue and self._queue[0][0] <= time.monotonic():
            _, _, place, frame = heapq.heappop(self._queue)
            try:
                os.write(self.ends[place].tap, frame)
            except OSError:
                continue  # the device is down: a cable that is pulled at one end
            self.ends[1 - place].carried += 1

    def _read(self, place: int) -> None:
        end = self.ends[place]
        for _ in range(_BURST):
            try:
                frame = os.read(end.tap, _LARGEST_FRAME_BYTES)
            except OSError:  # nothing more now, or the device is down
                return
            # Neighbours are always found: without ARP loss would be silence for seconds.
            if frame[12:14] != _ARP and end.chance.random() * 100 < self.figures.loss_percent:
                end.lost += 1
                continue
            jitter = end.chance.uniform(-self.figures.jitter_ms, self.figures.jitter_ms)
            due = time.monotonic() + max(0.0, self.figures.delay_ms + jitter) / 1000
            end.last_due = max(end.last_due, due)
            self._number += 1
            heapq.heappush(self._queue, (end.last_due, self._number, 1 - place, frame))

    def _obey(self) -> bool:
        line = sys.stdin.readline()
        if not line:
            return False
        self.figures = Figures(**json.loads(line))
        answer = {
            "carried": [end.carried for end in self.ends],
            "lost": [end.lost for end in self.ends],
        }
        print(json.dumps(answer), flush=True)
        return True


def main() -> None:
    """Make both devices, say so, and carry."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the laboratory, which decides
    seed, *names = sys.argv[1:]
    ends = [
        _End(_tap(*name.split(":")), random.Random(f"{seed}{place}"))  # noqa: S311 - the same in every run
        for place, name in enumerate(names)
    ]
    print(json.dumps({"carried": [0, 0], "lost": [0, 0]}), flush=True)
    Wire((ends[0], ends[1])).run()


def _tap(namespace: str, device: str) -> int:
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    os.setns(there, os.CLONE_NEWNET)
    os.close(there)
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, _TUNSETIFF, struct.pack("16sH22x", device.encode(), _IFF_TAP | _IFF_NO_PI))
    return tap


if __name__ == "__main__":
    main()
