"""The protocol that browsers are driven with (CDP): a WebSocket, which is here already, and no driver to install.

Source: https://chromedevtools.github.io/devtools-protocol/
"""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any, Self

from websockets.asyncio.client import connect

from scripts.browsing.errors import BrowserError

ANSWER_SECONDS = 30
LARGEST_MESSAGE_BYTES = 64 * 1024 * 1024


class DevTools:
    """One end of the protocol: a browser's, or that of a page in it."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(cls, address: str) -> AsyncIterator[Self]:
        """Speak to what listens at *address*, for the block."""
        async with connect(address, max_size=LARGEST_MESSAGE_BYTES) as socket:
            self = cls(socket)
            listening = asyncio.create_task(self._listen())
            try:
                yield self
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def _listen(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if waiting := self._waiting.pop(message.get("id"), None):
                waiting.set_result(message)
            else:
                self.note(message.get("method", ""), message.get("params", {}))

    def note(self, method: str, params: dict[str, Any]) -> None:
        """Take what the other end says unasked."""

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its answer.

        Raises:
            BrowserError: The browser refuses.
        """
        number = next(self._ids)
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        answer = await asyncio.wait_for(waiting, ANSWER_SECONDS)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer}")
        result: dict[str, Any] = answer["result"]
        return result
