"""One WebRTC connection to the caller's browser, with aiortc's faults answered."""

import asyncio
import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Protocol

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from aiortc.sdp import candidate_from_sdp

from runtime.errors import InvocationError
from runtime.transports.media_figures import MediaFigures, measure
from runtime.transports.messages import Messages
from runtime.transports.microphone import Microphone
from runtime.transports.relays import Way
from runtime.transports.sdp import CANDIDATE, ask_for_speech, fingerprints, is_usable, spread_candidates
from runtime.transports.speech import Speech, SpeechTrack
from runtime.transports.triggered_checks import answer_at_once

CLOSE_SECONDS = 5.0
"""Longest wait for aiortc to end its tasks; what is left then ends with the microVM."""

# What aiortc 1.16 raises at a description or candidate that it cannot read: there is no class of its own.
_UNREADABLE = (
    AssertionError,
    AttributeError,
    IndexError,
    InternalError,
    InvalidAccessError,
    InvalidStateError,
    KeyError,
    OperationError,
    TypeError,
    ValueError,
)

_log = logging.getLogger(__name__)


class PeerListener(Protocol):
    """What a connection tells about itself."""

    def heard(self, audio: bytes) -> None:
        """The caller said something."""

    def told(self, message: str) -> None:
        """The caller's page sent a message."""

    def connected(self, peer: "Peer") -> None:
        """Media flows."""

    def lost(self, peer: "Peer", *, on_purpose: bool) -> None:
        """It does not flow any more, perhaps because the caller closed the connection."""


class Peer:
    """The agent's end; made and gathered before there is an offer, so that the answer need not wait."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._pc = RTCPeerConnection(
            RTCConfiguration(iceServers=_servers(way), bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self._audio = self._pc.addTransceiver("audio", direction="sendrecv")
        codecs = RTCRtpSender.getCapabilities("audio").codecs
        self._audio.setCodecPreferences([one for one in codecs if one.mimeType == "audio/opus"])
        self._microphone = Microphone()
        # Each receiver has its own and no way to say which; the class's own name for it is the only handle.
        vars(self._audio.receiver)["_RTCRtpReceiver__jitter_buffer"] = self._microphone
        self._ice = self._audio.receiver.transport.transport
        answer_at_once(self._ice._connection)  # noqa: SLF001  # aiortc does not hand it out
        self._gathering: asyncio.Task[None] | None = None
        self._listener: PeerListener | None = None
        self._messages = Messages(self._told)
        self._caller: frozenset[str] = frozenset()
        self._is_closing = self._is_lost = False
        self._pc.on("connectionstatechange", self._look)
        self._pc.on("datachannel", self._messages.open)

    async def gather(self) -> None:
        """Find the addresses under which the agent can be reached, and take a relay's.

        Raises:
            InvocationError: The relay that answered just now gave no allocation.
        """
        self._gathering = asyncio.create_task(self._ice.iceGatherer.gather())
        await asyncio.shield(self._gathering)  # half gathered, aioice would leave its sockets open
        kinds = {one.type for one in self._ice.iceGatherer.getLocalCandidates()}
        if self._way.relay and "relay" not in kinds:
            raise InvocationError(
                "no_relay",
                "The relay that answered gave no second allocation; its quota may be used up.",
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            )

    def attach(self, listener: PeerListener, speech: Speech) -> None:
        """Tell *listener* what arrives, and send *speech*."""
        self._listener = listener
        self._microphone.hear = listener.heard
        self._audio.sender.replaceTrack(SpeechTrack(speech))

    async def answer(self, offer: str) -> str:
        """Take the browser's offer and return the answer, with every address of the agent's in it.

        Raises:
            InvocationError: It cannot be used.
        """
        try:
            await self._pc.setRemoteDescription(RTCSessionDescription(spread_candidates(offer), "offer"))
            for other in self._pc.getTransceivers():
                if other is not self._audio:
                    other.direction = "inactive"  # Pipecat's client always offers a camera and a screen
            await self._pc.setLocalDescription(await self._pc.createAnswer())
        except _UNREADABLE as fault:
            raise InvocationError(
                "invalid_offer", f"The offer cannot be used: {type(fault).__name__}."
            ) from fault
        if self._audio.mid is None:
            raise InvocationError("invalid_offer", "The offer has no audio section.")
        self._caller = fingerprints(offer)
        return ask_for_speech(self._pc.localDescription.sdp)

    def belongs_to(self, offer: str) -> bool:
        """Say whether *offer* is from the browser's connection that this one is to already."""
        return bool(self._caller) and self._caller == fingerprints(offer)

    async def add(self, candidates: Iterable[str]) -> None:
        """Take addresses that the browser found later; an empty one says that there are no more.

        Raises:
            InvocationError: One is no candidate.
        """
        for candidate in candidates:
            if not candidate:
                await self._ice.addRemoteCandidate(None)
            elif is_usable(candidate):
                try:
                    parsed = candidate_from_sdp(candidate.removeprefix(CANDIDATE))
                    await self._ice.addRemoteCandidate(parsed)
                except _UNREADABLE as fault:
                    raise InvocationError("invalid_candidate", "A candidate cannot be read.") from fault

    def send(self, message: str) -> None:
        """Send *message* to the caller's page, as soon as it listens."""
        self._messages.send(message)

    async def measured(self) -> MediaFigures:
        """Return how the caller's audio has travelled so far."""
        return await measure(self._audio)

    @property
    def path(self) -> str:
        """The kinds of address at both ends of the path that carries the call, such as `relay to srflx`."""
        pair = self._ice._connection._nominated.get(1)  # noqa: SLF001  # aiortc's statistics leave it out
        return f"{pair.local_candidate.type} to {pair.remote_candidate.type}" if pair else ""

    async def close(self) -> None:
        """End the connection and give its relay back."""
        self._is_closing = True
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                if self._gathering:
                    await asyncio.wait([self._gathering])
                await self._pc.close()
        except TimeoutError:
            _log.warning("A WebRTC connection does not end.")

    def _look(self) -> None:
        state = self._pc.connectionState
        if self._listener is None or self._is_closing:
            return
        if state == "connected":
            self._listener.connected(self)
        elif state in {"failed", "closed"} and not self._is_lost:
            self._is_lost = True
            # aiortc closes in the end whatever happened; a path that did not fail was closed by the caller.
            on_purpose = state == "closed" and self._ice.state != "failed"
            self._listener.lost(self, on_purpose=on_purpose)

    def _told(self, message: str) -> None:
        if self._listener:
            self._listener.told(message)


def _servers(way: Way) -> list[RTCIceServer]:
    stun = [RTCIceServer(urls=way.stun_url)] if way.stun_url else []
    if way.relay is None:
        return stun
    url, relay = way.relay.urls[0], way.relay
    return [*stun, RTCIceServer(urls=url, username=relay.username, credential=relay.credential)]
