"""The caller of a call over WebRTC: the same one, whichever connection carries them just now."""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from runtime.metrics import Metric
from runtime.transports.caller_socket import NORMAL_CLOSURE
from runtime.transports.line import CLIENT_READY
from runtime.transports.media_figures import MediaFigures, metrics_of
from runtime.transports.peer import Peer
from runtime.transports.speech import Speech

CONNECT_SECONDS = 20.0
"""Longest time for the media to connect: a browser gives up after 15 s."""

RETURN_SECONDS = 20.0
"""How long a caller whose path died may take to come back: their browser notices within 14 s.

The agent itself notices after 27 to 39 s (aioice 0.13: six checks without an answer, each 4 to 6.5 s after the
one before), so a call whose relay is gone for good has ended a minute later, and one whose page asked for fresh
relays meanwhile is not given up before the page gives up.
"""

FAREWELL_SECONDS = 3.0
"""How long one who closed the connection may take: it was the end of the call, or the page's re-join."""

WAITING_PIECES = 250
"""What may wait for the pipeline: 5 s of speech; then the oldest is forgotten."""

MESSAGE_CHARACTERS = 16 * 1024
"""Longest message of a caller's page; what a person types has a hundredth."""

_log = logging.getLogger(__name__)


class WebRtcLine:
    """Takes one connection after the other, and hands on what they bring as one stream."""

    reports_join = True

    def __init__(self, *, hold: bool, report: Callable[[Mapping[Metric, float]], None]) -> None:
        """Create the line, with nobody on it yet.

        Args:
            hold: The caller has not pressed Call yet: they listen only once their page says so.
            report: Told at the end how the caller's audio travelled.
        """
        self.joined = asyncio.Event()
        self.speech = Speech()
        self.gone = asyncio.Event()
        """Set when nobody is on the line and nobody will be."""
        self._hold = hold
        self._peer: Peer | None = None
        self._received: asyncio.Queue[bytes | dict[str, Any]] = asyncio.Queue(WAITING_PIECES)
        self._timer: asyncio.TimerHandle | None = None
        self._report = report
        self._figures: list[MediaFigures] = []
        self._retiring: set[asyncio.Task[None]] = set()
        self._hung_up = False

    @property
    def hung_up(self) -> bool:
        """Whether the caller closed on purpose, rather than going missing."""
        return self._hung_up

    @property
    def peer(self) -> Peer | None:
        """The connection that counts."""
        return self._peer

    def take(self, peer: Peer) -> None:
        """Put *peer* in the place of the connection before it, which ends."""
        old, self._peer = self._peer, peer
        self._hung_up = False
        peer.attach(self, self.speech)
        self._expect(within_seconds=CONNECT_SECONDS)
        if old:
            self._retire(old)

    def expect_return(self) -> None:
        """Wait for a caller who has just asked for fresh relays, though their path looks dead."""
        if self._timer:
            self._expect(within_seconds=RETURN_SECONDS)

    async def received(self) -> bytes | dict[str, Any]:
        """Wait for the next piece of speech, or message, of the caller's."""
        return await self._received.get()

    def send(self, message: Any) -> None:
        """Send *message* to the caller's page."""
        if self._peer and not self.gone.is_set():
            self._peer.send(json.dumps(message))

    async def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:  # noqa: ARG002  # as a socket does
        """End whatever connection there is."""
        self.gone.set()
        self._stop_waiting()
        if self._peer:
            self._retire(self._peer)
        await asyncio.gather(*self._retiring)
        figures, self._figures = self._figures, []
        if metrics := metrics_of(figures):
            self._report(metrics)

    # What a connection reports

    def heard(self, audio: bytes) -> None:
        """The caller said something."""
        self._keep(audio)

    def told(self, message: str) -> None:
        """The caller's page sent a message; those that are not JSON are its keep-alive."""
        if len(message) > MESSAGE_CHARACTERS:
            _log.warning("The caller's page sent a message that is too long.")
            return
        try:
            parsed = json.loads(message)
        except (RecursionError, ValueError):
            return
        if isinstance(parsed, dict):
            if parsed.get("type") == CLIENT_READY:
                self._hold = False
                self._join()
            self._keep(parsed)

    def connected(self, peer: Peer) -> None:
        """Media flows."""
        if peer is self._peer:
            self._stop_waiting()
            self._join()
            _log.info("A caller is connected.", extra={"path": peer.path})

    def lost(self, peer: Peer, *, on_purpose: bool) -> None:
        """Media does not flow any more: wait for the caller to come back on another connection."""
        if peer is self._peer:
            self._hung_up = on_purpose
            self._expect(within_seconds=FAREWELL_SECONDS if on_purpose else RETURN_SECONDS)

    def _join(self) -> None:
        # A connection that is up cannot be waited for, and one that is not up cannot be spoken on.
        if not self._hold and self._timer is None and self._peer:
            self.joined.set()

    def _keep(self, received: bytes | dict[str, Any]) -> None:
        if self._received.full():
            self._received.get_nowait()
        self._received.put_nowait(received)

    def _expect(self, *, within_seconds: float) -> None:
        self._stop_waiting()
        self._timer = asyncio.get_running_loop().call_later(within_seconds, self.gone.set)

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _retire(self, peer: Peer) -> None:
        task = asyncio.create_task(self._measure_and_close(peer))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def _measure_and_close(self, peer: Peer) -> None:
        try:
            self._figures.append(await peer.measured())
        finally:
            await peer.close()
