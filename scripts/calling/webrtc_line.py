"""A line over WebRTC, through the relays that the door hands out."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiortc import RTCIceTransport, RTCPeerConnection, RTCSessionDescription

from runtime.transports.relays import Way
from scripts.calling.door import Door, Invitation
from scripts.calling.errors import NoPathError, RefusedError
from scripts.calling.frames import Interruption, Message
from scripts.calling.line import ABOUT_CLIENT, CLIENT_READY, CLOSE_SECONDS, HANG_UP, message
from scripts.calling.listener import Listener
from scripts.calling.microphone import Microphone
from scripts.calling.offered import taken_of
from scripts.calling.path import RELAY, Path
from scripts.calling.relays import configuration, find_callers_way, protocol
from scripts.calling.webrtc_audio import Earpiece, VoiceTrack

CONNECT_SECONDS = 20
"""Longest wait for media to flow once the agent has answered; a browser gives up after 15 s."""
END_SECONDS = 5
"""Longest wait for aiortc to give the relay's address back."""
INTERRUPTED = "bot-interrupted"
"""RTVI: the agent gave way.  What it had not said yet it never sent, so there is nothing to drop."""

_TICKS_PER_MILLISECOND = 48  # of Opus's clock (RFC 7587, section 4.1), in which aiortc counts jitter


@contextlib.asynccontextmanager
async def open_line(door: Door, invitation: Invitation) -> AsyncIterator["WebRtcLine"]:
    """Connect through the relay that answers best, and stream silence until told otherwise.

    Raises:
        NoPathError: No relay answers, or no media flows.
        RefusedError: The agent does not answer the offer.
    """
    policy = invitation.ice_transport_policy
    line = WebRtcLine(await find_callers_way(invitation), policy)
    try:
        offer = await line.offer()
        await line.connect(await asyncio.to_thread(door.offer, invitation.session_id, offer))
        yield line
    finally:
        await line.close()


class WebRtcLine:
    """A call in progress; use `open_line`."""

    def __init__(self, way: Way, policy: str) -> None:
        self.opened_at = time.monotonic()
        self.ear = Listener()
        self._voice = VoiceTrack()
        self.microphone = Microphone(self._voice.send)
        self._way = way
        self._policy = policy
        self._pc = RTCPeerConnection(configuration(way, policy))
        self._audio = self._pc.addTransceiver(self._voice, direction="sendrecv")
        # Each receiver has its own and no way to say which; the class's own name for it is the only handle.
        vars(self._audio.receiver)["_RTCRtpReceiver__jitter_buffer"] = Earpiece(self.ear.hear)
        self._channel = self._pc.createDataChannel("rtvi")
        self._channel.on("open", lambda: self._tell(CLIENT_READY, ABOUT_CLIENT))
        self._channel.on("message", self._read)
        self._pc.on("connectionstatechange", self._look)
        self._changed = asyncio.Event()
        self._gathering: asyncio.Task[None] | None = None
        self._speaking: asyncio.Task[None] | None = None

    async def offer(self) -> str:
        """Return the offer, with every address of the caller's in it that the door takes.

        Raises:
            NoPathError: The relay that answered just now gave no allocation.
        """
        offer = await self._pc.createOffer()
        self._gathering = asyncio.create_task(self._pc.setLocalDescription(offer))
        await asyncio.shield(self._gathering)  # half gathered, aioice would leave its sockets open
        sdp = str(self._pc.localDescription.sdp)
        if self._policy == RELAY and f" typ {RELAY}" not in sdp:
            raise NoPathError(
                f"{self._relay_url} answered, but gave no second allocation; its quota may be used up."
            )
        return taken_of(sdp)

    async def connect(self, answer: str) -> None:
        """Take the agent's answer, and wait until media flows.

        Raises:
            RefusedError: The answer cannot be read.
            NoPathError: It does not flow.
        """
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        except ValueError as fault:
            raise RefusedError(f"The agent's answer to the offer cannot be used: {fault}.") from fault
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS):
                while self._pc.connectionState in {"new", "connecting"}:
                    self._changed.clear()
                    await self._changed.wait()
        if self._pc.connectionState != "connected":
            raise NoPathError(
                f"The agent answered, but no audio flows (policy {self._policy}, by way of "
                f"{self._relay_url or 'no relay'}).  `scripts/turn-check` tries every relay from here; the "
                "agent's log says which one it has."
            )
        self._speaking = asyncio.create_task(self.microphone.run())

    async def hang_up(self) -> None:
        """Ask the agent to end the call, and wait until it has."""
        if self._channel.readyState == "open":
            self._tell(HANG_UP, {})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                while not self.ear.lost:
                    self._changed.clear()
                    await self._changed.wait()

    async def path(self) -> Path:
        """Return what carries the audio, and how well.

        Raises:
            NoPathError: Nothing does any more.
        """
        pair = self._ice._connection._nominated.get(1)  # noqa: SLF001  # aiortc's statistics leave it out
        if pair is None:
            raise NoPathError("The path of the call died before it was measured.")
        local = pair.local_candidate.type
        relay = self._relay_url if local == RELAY else None
        heard = await self._statistics("inbound-rtp")
        said = await self._statistics("remote-inbound-rtp")
        return Path(
            policy=self._policy,
            local_type=local,
            remote_type=pair.remote_candidate.type,
            relay_url=relay,
            relay_protocol=protocol(relay) if relay else None,
            packets_received=heard.get("packetsReceived"),
            packets_lost=heard.get("packetsLost"),
            jitter_milliseconds=_rounded(heard.get("jitter"), 1 / _TICKS_PER_MILLISECOND),
            round_trip_milliseconds=_rounded(said.get("roundTripTime"), 1000),
        )

    async def close(self) -> None:
        """Give everything back, whatever state it is in."""
        self._pc.remove_all_listeners()
        self._stop_speaking()
        tasks = [task for task in (self._gathering, self._speaking) if task]
        with contextlib.suppress(TimeoutError):  # a relay that is gone forgets the address by itself
            async with asyncio.timeout(END_SECONDS):
                await asyncio.gather(*tasks, return_exceptions=True)
                await self._pc.close()

    def _tell(self, kind: str, data: Mapping[str, object]) -> None:
        self._channel.send(json.dumps(message(kind, data)))

    def _read(self, text: str | bytes) -> None:
        try:
            body = json.loads(text)
        except ValueError as fault:
            self._lose(f"the agent does not speak RTVI ({fault})")
            return
        if isinstance(body, dict):
            self.ear.hear(Message(body))
            if body.get("type") == INTERRUPTED:
                self.ear.hear(Interruption())

    def _look(self) -> None:
        self._changed.set()
        if self._pc.connectionState in {"failed", "closed"}:
            # aiortc closes in the end whatever happened; a path that did not fail was closed by the agent.
            failed = self._ice.state == "failed"
            self._lose("the path to the agent died" if failed else "the agent closed it")

    def _lose(self, why: str) -> None:
        self.ear.end(why)
        self._stop_speaking()
        self._changed.set()

    def _stop_speaking(self) -> None:
        if self._speaking:
            self._speaking.cancel()

    async def _statistics(self, kind: str) -> dict[str, Any]:
        """Return the figures of this kind; none while there are none."""
        report = await self._pc.getStats()
        return next((vars(one) for one in report.values() if one.type == kind), {})

    @property
    def _ice(self) -> RTCIceTransport:
        return self._audio.receiver.transport.transport

    @property
    def _relay_url(self) -> str | None:
        return self._way.relay.urls[0] if self._way.relay else None


def _rounded(value: float | None, factor: float) -> float | None:
    return None if value is None else round(value * factor, 1)
