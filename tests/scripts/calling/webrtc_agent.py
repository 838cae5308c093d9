"""A small agent on a real WebRTC connection, with the door that leads to it: it greets, listens, answers.

It is aiortc with nothing of ours, on addresses of this machine instead of relays.
"""

import asyncio
import contextlib
import fractions
import json
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from tests.scripts.calling.agent import tone

RATE = 48_000
FRAME = RATE // 50


class Voice(MediaStreamTrack):
    """Says what it is given, and silence."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.says: deque[np.ndarray] = deque()
        self._sent = 0
        self._began = 0.0

    async def recv(self) -> AudioFrame:
        self._began = self._began or time.monotonic()
        await asyncio.sleep(self._began + self._sent / RATE - time.monotonic())
        samples = self.says.popleft() if self.says else np.zeros(FRAME, np.int16)
        frame = AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._sent, fractions.Fraction(1, RATE)
        self._sent += FRAME
        return frame

    def say(self, seconds: float) -> None:
        samples = np.frombuffer(tone(seconds, RATE), np.int16)
        self.says.extend(samples[at : at + FRAME] for at in range(0, len(samples), FRAME))


@dataclass
class WebRtcAgent:
    """How it behaves, and what it has heard; stands where the caller has the door."""

    connects: bool = True
    leaves_on_speech: bool = False
    messages: list = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["WebRtcAgent"]:
        self._loop = asyncio.get_running_loop()
        self._voice = Voice()
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._listening: list[asyncio.Task] = []
        self._pc.on("track", lambda track: self._listening.append(asyncio.create_task(self._listen(track))))
        self._pc.on("datachannel", self._open)
        try:
            yield self
        finally:
            await self._pc.close()
            for task in self._listening:
                task.cancel()
            await asyncio.gather(*self._listening, return_exceptions=True)

    def offer(self, _session_id: str, sdp: str) -> str:
        """Answer, as the door does: for a thread of the caller's."""
        return asyncio.run_coroutine_threadsafe(self._answer(sdp), self._loop).result()

    async def _answer(self, sdp: str) -> str:
        self._pc.addTrack(self._voice)
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        answer = self._pc.localDescription.sdp
        if not self.connects:
            await self._pc.close()
        return answer

    def _open(self, channel) -> None:
        self._channel = channel
        channel.on("message", self._on_message)

    def _on_message(self, text) -> None:
        self.messages.append(json.loads(text)["type"])
        if self.messages[-1] == "client-ready":
            self._voice.say(0.4)
        if self.messages[-1] == "disconnect-bot":
            self._listening.append(asyncio.create_task(self._pc.close()))

    async def _listen(self, track) -> None:
        spoken = False
        with contextlib.suppress(MediaStreamError):
            while True:
                loudest = np.abs((await track.recv()).to_ndarray()).max()
                spoken = spoken or loudest > 1000
                if spoken and loudest < 100:
                    spoken = False
                    await self._reply()

    async def _reply(self) -> None:
        if self.leaves_on_speech:
            self._listening.append(asyncio.create_task(self._pc.close()))
            return
        self._channel.send(json.dumps({"type": "bot-interrupted"}))
        self._voice.say(0.6)
