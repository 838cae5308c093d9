"""One bidirectional stream to Bedrock that can neither block a call nor outlive it."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Self

from aws_sdk_bedrock_runtime.models import InvokeModelWithBidirectionalStreamOutputChunk
from awscrt.exceptions import AwsCrtError
from smithy_core.exceptions import SmithyError
from smithy_http.aio.crt import AWSCRTHTTPClient

from runtime.errors import StreamLostError

CONNECT_SECONDS = 4.0
"""Longest wait for Bedrock to accept a stream; one accepted answers in well under a second."""

WAITING_EVENTS = 200
"""Events that may wait for the wire: 4 s of audio.  A model that takes none for so long is gone."""

FAREWELL_SECONDS = 0.15
"""Longest time to tell Bedrock that a stream is over, and again to see it end."""

_FAULTS = (OSError, RuntimeError, SmithyError, AwsCrtError, ValueError)
"""What the SDK raises when a stream breaks: its native half raises RuntimeError, broken JSON ValueError."""


class ClosableTransport(AWSCRTHTTPClient):
    """The SDK's HTTP client, with a connection that can be closed.

    The SDK copies its configuration, client included, for each request, and the connection of the copy
    is out of everybody's reach: it stays open until a garbage collection finds it.
    """

    _abandoned = False

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Stay one."""
        return self

    async def _build_new_connection(self, url: Any) -> Any:
        """Dial to the end, whoever stops waiting: the native half reports to nobody else, with a traceback."""
        dialling = asyncio.create_task(super()._build_new_connection(url), name="dial_bedrock")
        dialling.add_done_callback(self._take_or_leave)
        return await asyncio.shield(dialling)

    def _take_or_leave(self, dialling: asyncio.Task[Any]) -> None:
        _retrieve(dialling)
        if self._abandoned and not dialling.cancelled() and not dialling.exception():
            self._late = dialling.get_loop().create_task(_briefly(dialling.result().close()))

    async def _await_response(self, stream: Any) -> Any:
        """Wait for the head of the response, or for the end of a connection that brings none.

        The SDK waits for the head alone, which after a connection that broke never comes.
        """
        stream._writer.add_done_callback(_retrieve)  # noqa: SLF001  # fails when Bedrock ends first
        ended = _looked_at(stream.wait_for_completion())
        answered = asyncio.ensure_future(super()._await_response(stream))
        await asyncio.wait({ended, answered}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            answered.cancel()
            ended.result()
            raise StreamLostError("The model ended the connection without an answer.")
        return answered.result()

    async def abandon(self) -> None:
        """Close the connection, whatever is under way on it."""
        self._abandoned = True
        for connection in self._connections.values():
            await _briefly(connection.close())


class GuardedStream:
    """What Pipecat takes for the SDK's stream.

    The SDK's writer holds 16 events, then `send` waits for the wire; Pipecat sends from its audio path,
    so a model that stops reading stops the whole call, its hang-up included.  Here `send` never waits.
    """

    def __init__(self, stream: Any, transport: ClosableTransport) -> None:
        self._stream = stream
        self._transport = transport
        self._outgoing: asyncio.Queue[Any] = asyncio.Queue(WAITING_EVENTS)
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._output: Any = None
        # Looked at from the start: a stream that is kept for later may be refused before anybody reads it.
        self._incoming = _looked_at(stream.await_output())
        self._writer = asyncio.create_task(self._write())
        self.input_stream = self

    async def send(self, event: Any) -> None:
        """Queue an event; one that finds no room is dropped, and the stream is given up."""
        if self._lost.done():
            return
        try:
            self._outgoing.put_nowait(event)
        except asyncio.QueueFull:
            self._give_up("The model has stopped reading.")

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what the model says, for as long as it says anything.

        Raises:
            StreamLostError: The stream was refused, broke, stalled or ended.
        """
        _, self._output = await self._received(CONNECT_SECONDS)
        while True:
            self._incoming = _looked_at(self._output.receive())
            result = await self._received()
            if result is None:
                raise StreamLostError("The model ended the stream.")
            if not isinstance(result, InvokeModelWithBidirectionalStreamOutputChunk):
                raise StreamLostError(f"The model answered with {type(result).__name__}.")
            if result.value and result.value.bytes_:
                yield json.loads(result.value.bytes_).get("event", {})

    async def close(self) -> None:
        """End the stream, politely if Bedrock listens, within about half a second if not."""
        self._give_up("Closed by the agent.")
        await _briefly(self._outgoing.join())
        self._writer.cancel()
        await _briefly(self._stream.input_stream.close())
        # Never cancelled before the connection is gone: the SDK's native half may still complete what it
        # waits for, and prints a traceback if that is cancelled.
        last_words = _looked_at(self._hear_out())
        await asyncio.wait({last_words}, timeout=FAREWELL_SECONDS)
        await self._transport.abandon()
        await asyncio.wait({last_words}, timeout=FAREWELL_SECONDS)
        last_words.cancel()

    async def _hear_out(self) -> None:
        """Wait for Bedrock to end its side, as it does on `sessionEnd`."""
        await asyncio.wait({self._incoming})
        while self._output and await self._output.receive() is not None:
            pass

    async def _received(self, seconds: float | None = None) -> Any:
        """Wait for what is expected of Bedrock next."""
        waiting: set[asyncio.Future[Any]] = {self._incoming, self._lost}
        done, _ = await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if self._lost in done:
            self._lost.result()
        if not done:
            raise StreamLostError(f"The model did not accept a stream within {seconds:g} s.")
        try:
            return self._incoming.result()
        except _FAULTS as fault:
            raise StreamLostError(f"The model broke off: {type(fault).__name__}.") from fault

    async def _write(self) -> None:
        while True:
            event = await self._outgoing.get()
            try:
                await self._stream.input_stream.send(event)
            except _FAULTS as fault:
                self._give_up(f"The stream does not take events: {type(fault).__name__}.")
            finally:
                self._outgoing.task_done()

    def _give_up(self, why: str) -> None:
        if not self._lost.done():
            self._lost.set_exception(StreamLostError(why))
            self._lost.add_done_callback(_retrieve)


async def _briefly(work: Coroutine[Any, Any, Any]) -> None:
    """Let something happen if it does so soon, and see that it is over in any case.

    It is cancelled twice: the SDK's own clean-up, which the first one sets off, waits for the wire too.
    """
    task = _looked_at(work)
    await asyncio.wait({task}, timeout=FAREWELL_SECONDS)
    for _ in range(2):
        if not task.done():
            task.cancel()
            await asyncio.sleep(0)


def _looked_at(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """Let something happen that nobody may come to ask about."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(_retrieve)
    return task


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Look at a failure, so that asyncio does not report one that nobody waits for any more."""
    if not future.cancelled():
        future.exception()
