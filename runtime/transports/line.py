"""What a call knows of the way to its caller, whatever carries it."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from pipecat.transports.base_transport import BaseTransport

INPUT_SAMPLE_RATE = 16_000
"""Hz; what Nova Sonic hears and what Pipecat's client SDKs record."""
OUTPUT_SAMPLE_RATE = 24_000
"""Hz; what Nova Sonic speaks."""

# A caller may announce themselves, type, and hang up.  Pipecat also takes tool results, files by URL and
# transcripts from a client; none of these is the caller's to say.
CLIENT_READY = "client-ready"
CALLERS_MESSAGES = frozenset({CLIENT_READY, "send-text"})
HANG_UP = "disconnect-bot"


class Ear(Protocol):
    """What a transport tells the call about."""

    def heard(self, audio: bytes) -> None:
        """Audio arrived from the caller."""

    def spoke(self) -> None:
        """A piece of the agent's speech left for the caller."""

    def caller_hung_up(self) -> None:
        """The caller asked for the end of the call."""

    def caller_left(self) -> None:
        """The connection is gone, and not by our doing."""


class Line(Protocol):
    """The caller, as the call reaches them."""

    joined: asyncio.Event
    """Set when the caller listens: no audio leaves before it is."""

    reports_join: bool
    """Whether the caller's own page tells how long it waited for the first audio."""

    @property
    def hung_up(self) -> bool:
        """Whether the caller ended the connection on purpose, rather than going missing."""

    async def close(self, code: int = ..., reason: str = "") -> None:
        """Say goodbye with a WebSocket's close code, unless either side has."""


class MakeTransport(Protocol):
    """Makes Pipecat's two ends of a line."""

    def __call__(self, ear: Ear, *, admitted: asyncio.Event) -> BaseTransport:
        """Return a transport that reports to *ear* and sends no audio before *admitted*."""


type Hear = Callable[[bytes], None]
"""Takes a piece of the caller's speech: 16 kHz, mono, 16 bits."""
