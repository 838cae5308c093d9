"""One request and its response, both under way at once for minutes.

A body is acknowledged when it is read, so a handler that stops reading lets the client's window fill, as a
stuck server does.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import h2.exceptions


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a request's body, and what to give back to the client's window for it."""

    data: bytes
    window_bytes: int


class Wire(Protocol):
    """The connection that an exchange is on."""

    def acknowledge(self, stream_id: int, window_bytes: int) -> None:
        """Give the client its window back for a piece that was read."""

    def send_head(self, stream_id: int, status: int, headers: Mapping[str, str]) -> None:
        """Send a response's status and headers."""

    def send_data(self, stream_id: int, data: bytearray, *, end: bool) -> int:
        """Send what fits of *data* and return how much that was; with all of it sent, *end*."""

    def abort(self) -> None:
        """Cut the connection."""


class Exchange:
    """What a handler is given: the request to read, the response to write."""

    def __init__(self, wire: Wire, stream_id: int, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self._wire = wire
        self._stream_id = stream_id
        self._pieces: asyncio.Queue[Piece | None] = asyncio.Queue()
        self._unsent = bytearray()
        self._ending = False
        self._closed = False
        self._sent = asyncio.Event()

    async def body(self) -> AsyncIterator[bytes]:
        """Yield the request's body as it arrives."""
        while piece := await self._pieces.get():
            self._wire.acknowledge(self._stream_id, piece.window_bytes)
            yield piece.data

    def respond(self, status: int, headers: Mapping[str, str], body: bytes | None = None) -> None:
        """Send the response's head, and with *body* all of it."""
        if self._closed:
            return
        with self._until_reset():
            self._wire.send_head(self._stream_id, status, headers)
        if body is not None:
            self.write(body)
            self.end()

    def write(self, data: bytes) -> None:
        """Send *data* as soon as the client's window allows."""
        if not self._closed and not self._ending:
            self._unsent += data
            self.pump()

    def end(self) -> None:
        """End the response once everything written is sent."""
        if not self._closed and not self._ending:
            self._ending = True
            self.pump()

    def drop(self) -> None:
        """Cut the whole connection without a word, as a crashed server or a lost network does."""
        self._wire.abort()

    # --- what the connection does

    def pump(self) -> None:
        """Send what the client's window has room for."""
        if self._closed:
            return
        with self._until_reset():
            sent = self._wire.send_data(self._stream_id, self._unsent, end=self._ending)
            del self._unsent[:sent]
        if self._ending and not self._unsent:
            self.lose()

    def receive(self, piece: Piece | None) -> None:
        """Take part of the request's body; None is its end."""
        self._pieces.put_nowait(piece)

    def lose(self) -> None:
        """Learn that nothing can be sent any more."""
        self._closed = True
        self._sent.set()

    async def sent(self) -> None:
        """Wait until the response has left, or cannot leave any more."""
        await self._sent.wait()

    @contextlib.contextmanager
    def _until_reset(self) -> Iterator[None]:
        try:
            yield
        except h2.exceptions.StreamClosedError:  # h2 knows of the client's reset before its event is handled
            self.lose()
