"""A small agent on a real WebSocket, for tests of the caller: it greets, listens, answers.

It reads and writes frames with Pipecat's own serializer code, not with ours.
"""

import asyncio
import contextlib
import json
import math
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from pipecat.frames.protobufs import frames_pb2
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

RATE = 24_000
CHUNK_SECONDS = 0.04


def tone(seconds, rate=RATE):
    samples = (int(8000 * math.sin(2 * math.pi * 440 * n / rate)) for n in range(int(seconds * rate)))
    return array("h", samples).tobytes()


@dataclass
class Agent:
    """How it behaves, and what it has heard."""

    greeting: bytes = tone(0.2)
    answer: bytes = tone(0.3)
    thinks_seconds: float = 0.1
    leaves_on_speech: bool = False
    url: str = ""
    messages: list = field(default_factory=list)
    microphone: list = field(default_factory=list)
    """Loudest sample of each frame that the caller sent."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Agent"]:
        async with serve(self._serve, "127.0.0.1", 0) as server:
            self.url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
            yield self

    async def _serve(self, socket: ServerConnection) -> None:
        spoken = False
        with contextlib.suppress(ConnectionClosed):
            async for data in socket:
                frame = frames_pb2.Frame.FromString(data)
                if frame.WhichOneof("frame") == "message":
                    await self._on_message(socket, json.loads(frame.message.data))
                    continue
                loudest = max(array("h", frame.audio.audio), default=0)
                self.microphone.append(loudest)
                spoken = spoken or loudest > 1000
                if spoken and loudest == 0:
                    spoken = False
                    await self._reply(socket)

    async def _on_message(self, socket, message) -> None:
        self.messages.append(message["type"])
        if message["type"] == "client-ready":
            await self._say(socket, self.greeting)
        if message["type"] == "disconnect-bot":
            await socket.close(1000, "hang_up")

    async def _reply(self, socket) -> None:
        if self.leaves_on_speech:
            await socket.close(1011, "agent_error")
            return
        await asyncio.sleep(self.thinks_seconds)
        await self._say(socket, self.answer)

    async def _say(self, socket, pcm) -> None:
        size = int(RATE * CHUNK_SECONDS) * 2
        for at in range(0, len(pcm), size):
            frame = frames_pb2.Frame()
            frame.audio.audio, frame.audio.sample_rate, frame.audio.num_channels = (
                pcm[at : at + size],
                RATE,
                1,
            )
            await socket.send(frame.SerializeToString())
