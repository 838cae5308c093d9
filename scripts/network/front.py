"""The caller's way to the door: over their access link to a web server on the Internet, and from there to AWS.

Media cannot take it: it carries byte streams between loopback addresses, which no ICE candidate names.
"""

import asyncio
import socket
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from scripts.network import plan
from scripts.network.errors import LaboratoryError
from scripts.network.laboratory import Laboratory
from scripts.network.namespace import Namespace

WEB_PORT = 443
"""What every firewall of the laboratory lets out."""

_LOOPBACK = "127.0.0.1"
_PIECE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class _Place:
    machine: Namespace
    address: tuple[str, int]


class Front:
    """Shows a port of the agent's machine at the caller's, under the same number on loopback.

    A browser takes `http://localhost` for a secure origin, so the page may use the microphone there.

    Args:
        laboratory: Where both are.
        port: What the page is served on.
        web_port: Where the web server listens on the Internet.
    """

    def __init__(self, laboratory: Laboratory, port: int, *, web_port: int = WEB_PORT) -> None:
        caller = _Place(laboratory["caller"], (_LOOPBACK, port))
        public = _Place(laboratory["host"], (plan.HOST, web_port))
        agent = _Place(laboratory["agent"], (_LOOPBACK, port))
        # Each hop is connected from the machine that the one before it ends on.
        self._hops = (
            (caller, _Place(caller.machine, public.address)),
            (public, agent),
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="front")
        self._kept = ExitStack()
        self._open: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        with ExitStack() as kept:
            self._thread.start()
            kept.callback(self._stop)
            for entrance, way_on in self._hops:
                listener = kept.enter_context(_listen(entrance))
                serving = self._serve(listener, way_on)
                asyncio.run_coroutine_threadsafe(serving, self._loop).result()
            self._kept = kept.pop_all()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._kept.close()

    def _stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _serve(self, listener: socket.socket, way_on: _Place) -> None:
        accepting = asyncio.create_task(self._accept(listener, way_on))
        self._open.add(accepting)

    async def _accept(self, listener: socket.socket, way_on: _Place) -> None:
        while True:
            connection, _ = await self._loop.sock_accept(listener)
            passing = asyncio.create_task(_pass_on(connection, way_on))
            self._open.add(passing)
            passing.add_done_callback(self._open.discard)


def _listen(place: _Place) -> socket.socket:
    listener = place.machine.make_socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place.address)
        listener.listen()
    except OSError as fault:
        listener.close()
        host, port = place.address
        raise LaboratoryError(
            f"{host}:{port} in {place.machine.name} cannot be listened on: {fault}."
        ) from fault
    return listener


async def _pass_on(connection: socket.socket, way_on: _Place) -> None:
    """Carry one connection until either end closes it."""
    loop = asyncio.get_running_loop()
    with connection, way_on.machine.make_socket(socket.AF_INET, socket.SOCK_STREAM) as onward:
        onward.setblocking(False)
        with suppress(OSError):  # refused, or reset: the caller sees a connection that ends
            for one in (connection, onward):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.sock_connect(onward, way_on.address)
            await asyncio.gather(_copy(connection, onward), _copy(onward, connection))


async def _copy(source: socket.socket, target: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while piece := await loop.sock_recv(source, _PIECE_BYTES):
        await loop.sock_sendall(target, piece)
    target.shutdown(socket.SHUT_WR)
