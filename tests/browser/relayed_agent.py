"""The other end of a call over WebRTC: aiortc, which the agent stands on, with a tone for a voice."""

import asyncio
import fractions
import json
import math
from array import array

from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import candidate_from_sdp
from av import AudioFrame

RATE = 48_000
FRAME_SAMPLES = 960


class Tone(MediaStreamTrack):
    """Silence until somebody lets it sound."""

    kind = "audio"

    def __init__(self):
        super().__init__()
        self.sounds = asyncio.Event()
        self._sent = 0
        self._began = None

    async def recv(self):
        loop = asyncio.get_running_loop()
        self._began = self._began or loop.time()
        await asyncio.sleep(max(0, self._began + self._sent / RATE - loop.time()))
        loud = 12_000 if self.sounds.is_set() else 0
        wave = (
            round(loud * math.sin(2 * math.pi * 440 * (self._sent + n) / RATE)) for n in range(FRAME_SAMPLES)
        )
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
        frame.planes[0].update(array("h", wave).tobytes())
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._sent, fractions.Fraction(1, RATE)
        self._sent += FRAME_SAMPLES
        return frame


class RelayedAgent:
    """Answers one offer after the other; the newest connection counts."""

    def __init__(self):
        self.tone = Tone()
        self.ready = asyncio.Event()
        self.heard = asyncio.Event()
        self.messages = []
        self.connections = []
        self._channel = None

    async def answer(self, sdp):
        connection = RTCPeerConnection()
        self.connections.append(connection)
        connection.on("datachannel", self._open)
        connection.on("track", self._listen)
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        connection.addTrack(self.tone)
        await connection.setLocalDescription(await connection.createAnswer())
        return connection.localDescription.sdp

    async def add(self, candidates):
        for one in candidates:
            parsed = candidate_from_sdp(one.candidate.removeprefix("candidate:"))
            parsed.sdpMid, parsed.sdpMLineIndex = one.sdpMid, one.sdpMLineIndex
            await self.connections[-1].addIceCandidate(parsed)

    async def cut(self):
        """Let the path die without a word, as a network does."""
        await self.connections[-1].sctp.transport.transport._connection.close()

    async def close(self):
        await asyncio.gather(*(connection.close() for connection in self.connections))

    def _open(self, channel):
        self._channel = channel
        self._tell("bot-output", {"text": "Said before the click.", "spoken": False})
        channel.on("message", self._take)

    def _take(self, text):
        if not text.startswith("{"):
            return
        message = json.loads(text)
        self.messages.append(message)
        if message["type"] == "client-ready":
            self._tell("bot-ready", {"version": "2.2.0"})
            self.tone.sounds.set()
            self.ready.set()

    def _tell(self, kind, data):
        self._channel.send(json.dumps({"label": "rtvi-ai", "type": kind, "id": "1", "data": data}))

    def _listen(self, track):
        async def listen():
            while True:
                frame = await track.recv()
                if max(array("h", bytes(frame.planes[0]))) > 2000:
                    self.heard.set()

        asyncio.ensure_future(listen()).add_done_callback(lambda done: done.cancelled() or done.exception())
