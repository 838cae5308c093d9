"""Sends what many callers send, fifty packets of Opus a second each, and counts what comes back."""

import select
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import batched

PACKETS_PER_SECOND = 50
"""Of one direction of one call: 20 ms of speech each."""

PAYLOAD_BYTES = 122
"""100 bytes of Opus (40 kbit/s, what browsers send), 12 of RTP, 10 of SRTP's tag."""

_SLOTS = 20
"""Streams are spread over the 20 ms between their packets, as callers who do not know each other are."""
_SLOT_SECONDS = 1 / PACKETS_PER_SECOND / _SLOTS
_STRAGGLERS_SECONDS = 0.3
_ALL_EVENTS = -1
_STAMP = struct.Struct("!d")
_LARGEST_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Stream:
    """One caller's socket, connected, not blocking."""

    socket: socket.socket
    head: bytes = b""
    """What goes before each payload, such as the head of a TURN channel's data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was sent and what came back."""

    offered: int
    sent: int
    received: int
    seconds: float
    round_trips_ms: tuple[float, ...]
    """In order of size."""

    @property
    def lost_percent(self) -> float:
        """What did not come back of what was sent."""
        return 100 * (1 - self.received / self.sent) if self.sent else 100.0

    def round_trip_ms(self, percentile: int) -> float:
        """Return what *percentile* percent of the packets were faster than."""
        times = self.round_trips_ms
        return times[min(len(times) - 1, len(times) * percentile // 100)] if times else float("inf")


class Generator:
    """Speaks for every stream; sockets are read by nobody else meanwhile."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._streams = streams
        self._sockets = {one.socket.fileno(): one.socket for one in streams}
        self._times: list[float] = []
        self._head_bytes = len(streams[0].head)

    def run(self, seconds: float) -> Exchange:
        """Send and receive for *seconds*, on the wall clock: what cannot be sent in time is not sent."""
        with select.epoll() as arrivals:
            for number in self._sockets:
                arrivals.register(number, select.EPOLLIN)
            self._receive(arrivals, until=0.0)
            self._times.clear()
            began = time.monotonic()
            sent = self._send(arrivals, began, seconds)
            passed = time.monotonic() - began
            self._receive(arrivals, until=time.monotonic() + _STRAGGLERS_SECONDS)
        return Exchange(
            offered=round(len(self._streams) * PACKETS_PER_SECOND * seconds),
            sent=sent,
            received=len(self._times),
            seconds=passed,
            round_trips_ms=tuple(sorted(1000 * one for one in self._times)),
        )

    def _send(self, arrivals: select.epoll, began: float, seconds: float) -> int:
        padding = bytes(PAYLOAD_BYTES - _STAMP.size)
        sent = 0
        for due, slot in self._slots(began, seconds):
            if time.monotonic() > began + seconds:
                break
            for one in slot:
                try:
                    one.socket.send(one.head + _STAMP.pack(time.monotonic()) + padding)
                    sent += 1
                except BlockingIOError:
                    continue  # the machine cannot take more: offered, and not sent
            self._receive(arrivals, until=due + _SLOT_SECONDS)
        return sent

    def _slots(self, began: float, seconds: float) -> Iterator[tuple[float, Sequence[Stream]]]:
        size = -(-len(self._streams) // _SLOTS)
        slots = list(batched(self._streams, size))
        slots += [()] * (_SLOTS - len(slots))
        for number in range(round(seconds / _SLOT_SECONDS)):
            yield began + number * _SLOT_SECONDS, slots[number % _SLOTS]

    def _receive(self, arrivals: select.epoll, *, until: float) -> None:
        """Take what arrives, at least once and then until the time has come."""
        while True:
            pause = max(0.0, until - time.monotonic())
            ready = arrivals.poll(pause, _ALL_EVENTS)
            now = time.monotonic()
            for number, _ in ready:
                packet = self._sockets[number].recv(_LARGEST_BYTES)
                self._times.append(now - _STAMP.unpack_from(packet, self._head_bytes)[0])
            if (not ready and not pause) or (until and now >= until):
                return
