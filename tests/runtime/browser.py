"""A caller's browser: aiortc as it is, without any of the agent's answers to its faults."""

import asyncio
import fractions
import json
import time
from collections import deque
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcconfiguration import RTCIceTransportPolicy
from av import AudioFrame

from tests.runtime.conftest import World, until

RATE = 48_000
FRAME = RATE // 50
AUDIBLE = 1000
QUIET_SECONDS = 0.3


class Voice(MediaStreamTrack):
    """A microphone: silence, or what is to be said."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.says: deque[np.ndarray] = deque()
        self.ended_at = 0.0
        self._sent = 0
        self._began: float | None = None

    async def recv(self) -> AudioFrame:
        self._began = self._began or time.monotonic()
        await asyncio.sleep(self._began + self._sent / RATE - time.monotonic())
        samples = self.says.popleft() if self.says else np.zeros(FRAME, np.int16)
        if samples.any():
            self.ended_at = time.monotonic()
        frame = AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._sent, fractions.Fraction(1, RATE)
        self._sent += FRAME
        return frame

    async def say(self, seconds: float = 0.5) -> float:
        """Make a sound; return when it ended."""
        at = np.arange(round(seconds * RATE)) / RATE
        tone = (8000 * np.sin(2 * np.pi * 440 * at)).astype(np.int16)
        self.says.extend(tone[n : n + FRAME] for n in range(0, len(tone), FRAME))
        await until(lambda: not self.says)
        return self.ended_at


class Browser:
    """One caller; `connect` makes a connection, and another one in its place."""

    def __init__(
        self,
        world: World,
        session_id: str,
        *,
        ice_servers: Sequence[dict[str, Any]] = (),
        relay_only: bool = False,
        hold: bool = False,
    ) -> None:
        self.world = world
        self.session_id = session_id
        self.ice_servers = list(ice_servers)
        self.hold = hold
        self.voice = Voice()
        self.messages: list[dict[str, Any]] = []
        self.heard: list[tuple[float, bool]] = []
        self.answer = ""
        self._policy = RTCIceTransportPolicy.RELAY if relay_only else RTCIceTransportPolicy.ALL
        self._listening: list[asyncio.Task[None]] = []
        self.pc: RTCPeerConnection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def wake(self) -> None:
        status, answer = await self.world.invoke(self.session_id, action="wake", ice_servers=self.ice_servers)
        assert (status, answer) == (200, {"status": "awake"})

    async def call(self, seconds: float = 20.0) -> Self:
        """Wake the agent and connect."""
        await self.wake()
        return await self.connect(seconds)

    async def connect(self, seconds: float = 20.0) -> Self:
        await self.answered(await self.offer())
        await self.connected(seconds)
        return self

    async def offer(self) -> str:
        """Begin a new connection and return its offer, with all candidates."""
        self.pc = RTCPeerConnection(
            RTCConfiguration(
                iceServers=[RTCIceServer(**one) for one in self.ice_servers],
                bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
                iceTransportPolicy=self._policy,
            )
        )
        self.pc.addTrack(self.voice)
        self.channel = self.pc.createDataChannel("rtvi")
        self.channel.on("message", lambda message: self.messages.append(json.loads(message)))
        self.pc.on("track", lambda track: self._listening.append(asyncio.create_task(self._listen(track))))
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return str(self.pc.localDescription.sdp)

    async def answered(self, offer: str) -> None:
        """Bring *offer* to the agent and take its answer."""
        request = {"hold": True} if self.hold else {}
        status, answer = await self.world.invoke(self.session_id, action="offer", sdp=offer, **request)
        assert status == 200, answer
        self.answer = answer["sdp"]
        await self.take(self.answer)

    async def take(self, answer: str) -> None:
        """Connect to where *answer* says that the agent is."""
        await self.pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def connected(self, seconds: float = 20.0) -> None:
        await until(lambda: self.pc.connectionState == "connected", seconds)

    async def send(self, **message: Any) -> None:
        await until(lambda: self.channel.readyState == "open")
        self.channel.send(json.dumps({"label": "rtvi-ai", "id": "1", **message}))

    async def hear(self, *, after: float = 0.0, seconds: float = 20.0) -> float:
        """Hear the next utterance out; return when it began."""

        def began() -> float:
            return next((at for at, audible in self.heard if audible and at > after), 0.0)

        def ended() -> bool:
            return bool(began()) and time.monotonic() - self.loud_at > QUIET_SECONDS

        await until(ended, seconds)
        return began()

    @property
    def loud_at(self) -> float:
        return next((at for at, audible in reversed(self.heard) if audible), 0.0)

    async def ask(self) -> float:
        """Say something, hear the answer out, and return how long it took to begin."""
        ended = await self.voice.say()
        return await self.hear(after=ended) - ended

    @property
    def path(self) -> tuple[str, str]:
        """The kinds of candidate at both ends of the path in use."""
        ice = self.pc.getTransceivers()[0].receiver.transport.transport
        pair = ice._connection._nominated[1]
        return pair.local_candidate.type, pair.remote_candidate.type

    async def leave(self) -> None:
        if hasattr(self, "pc"):
            await self.pc.close()
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)

    def die(self) -> None:
        """Lose the path without a word: a network that is gone sends no farewell."""
        connection = self.pc.getTransceivers()[0].receiver.transport.transport._connection
        for protocol in connection._protocols:
            protocol.transport.close()

    async def _listen(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                self.heard.append((time.monotonic(), bool(np.abs(frame.to_ndarray()).max() > AUDIBLE)))
        except MediaStreamError:
            return
