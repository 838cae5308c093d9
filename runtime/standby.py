"""The connection that stands by: made, with an address on a relay, before its caller presses Call."""

import asyncio
import importlib
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING

from runtime.errors import InvocationError
from turn.errors import NoWayError
from turn.ice_server import IceServer

if TYPE_CHECKING:  # aiortc is not imported before there is a call over WebRTC
    from runtime.transports.peer import Peer

READY_SECONDS = 300.0
"""How long an address on a relay is held for a caller who has not pressed Call; then it is given back."""

_log = logging.getLogger(__name__)


class Standby:
    """One connection at a time, to the relays that were given last."""

    def __init__(self) -> None:
        self._servers: tuple[IceServer, ...] = ()
        self._ready: asyncio.Task[Peer] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    def prepare(self, servers: tuple[IceServer, ...]) -> None:
        """Make a connection by way of *servers*, unless one stands by already."""
        if self._ready is None or servers != self._servers:
            self._servers = servers
            self._prepare()

    async def take(self) -> "Peer":
        """Hand over the connection; another one is made for whoever asks again.

        Raises:
            InvocationError: No relay can be reached.
        """
        ready = self._ready or self._prepare()
        self._stop_timer()
        try:
            return await asyncio.shield(ready)
        except NoWayError as fault:
            raise InvocationError("no_relay", str(fault), status=HTTPStatus.SERVICE_UNAVAILABLE) from fault
        finally:
            if self._ready is ready:
                self._ready = None

    async def close(self) -> None:
        """Give back what nobody took."""
        self._drop_ready()
        await asyncio.gather(*self._leaving)

    def _prepare(self) -> "asyncio.Task[Peer]":
        self._drop_ready()
        self._ready = asyncio.create_task(_make_peer(self._servers))
        self._ready.add_done_callback(_tell)
        self._timer = asyncio.get_running_loop().call_later(READY_SECONDS, self._drop_ready)
        return self._ready

    def _drop_ready(self) -> None:
        self._stop_timer()
        ready, self._ready = self._ready, None
        if ready:
            leaving = asyncio.create_task(_give_back(ready))
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)

    def _stop_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None


async def _make_peer(servers: Sequence[IceServer]) -> "Peer":
    """Import aiortc while the relays are asked; neither waits for the other."""
    from runtime.transports.relays import find_way  # noqa: PLC0415  # with the call's other parts

    importing = asyncio.to_thread(importlib.import_module, "runtime.transports.webrtc")
    way, _ = await asyncio.gather(find_way(servers), importing)
    from runtime.transports.peer import Peer  # noqa: PLC0415  # 0.3 s and 36 MB, for calls over WebRTC only

    peer = Peer(way)
    try:
        await peer.gather()
    except BaseException:
        await peer.close()
        raise
    return peer


async def _give_back(ready: "asyncio.Task[Peer]") -> None:
    ready.cancel()
    done = (await asyncio.gather(ready, return_exceptions=True))[0]
    if not isinstance(done, BaseException):
        await done.close()


def _tell(ready: "asyncio.Task[Peer]") -> None:
    if not ready.cancelled() and (fault := ready.exception()):
        _log.error("The agent has no way to a relay.", extra={"fault": str(fault)})
