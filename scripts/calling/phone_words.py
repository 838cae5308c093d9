"""What each phone provider says on a media stream, and what it takes: 8 kHz u-law in JSON, or raw PCM.

Independent of Pipecat's serializers, as `frames` is: it is the second implementation that shows that the
agent speaks the protocol.

Sources: "Media Streams - WebSocket Messages" (Twilio), "WebSockets in the Vonage Voice API", "Stream call
media over WebSocket" (Telnyx), "Audio Streaming: stream events" (Plivo).
"""

import audioop
import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.calling.frames import Audio, Frame, Interruption

SAMPLE_BYTES = 2
PHONE_HZ = 8000
VONAGE_HZ = 16_000
"""What the door asks Vonage for."""

type Payload = str | bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the audio: the provider answers `echo` when everything before it was played."""

    echo: str


class Twilio:
    """Twilio Media Streams, bidirectional."""

    sample_rate = PHONE_HZ

    def __init__(self, parameters: Mapping[str, str] | None = None) -> None:
        self._stream = "MZ00000000000000000000000000000001"
        self._parameters = dict(parameters or {})
        self._number = 0

    def beginning(self) -> Iterator[str]:
        """Open the stream."""
        yield json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})
        spoken = {"encoding": "audio/x-mulaw", "sampleRate": PHONE_HZ, "channels": 1}
        start = {
            "accountSid": "AC00000000000000000000000000000001",
            "streamSid": self._stream,
            "callSid": "CA00000000000000000000000000000001",
            "tracks": ["inbound"],
            "mediaFormat": spoken,
            "customParameters": self._parameters,
        }
        yield self._event("start", start=start)

    def speech(self, pcm: bytes) -> Payload:
        """Carry 20 ms of the caller's voice."""
        payload = base64.b64encode(audioop.lin2ulaw(pcm, SAMPLE_BYTES)).decode()
        media = {"track": "inbound", "chunk": str(self._number), "timestamp": "0", "payload": payload}
        return self._event("media", media=media)

    def key(self, key: str) -> str:
        """Tell that a key was pressed."""
        return self._event("dtmf", dtmf={"track": "inbound_track", "digit": key})

    def ending(self) -> str:
        """Tell that the caller hung up; empty where the connection just ends."""
        return self._event("stop", stop={"accountSid": "AC00000000000000000000000000000001"})

    def read(self, data: Payload) -> Frame | Mark | None:
        """Read what the agent sent.

        Raises:
            ValueError: No provider would take it.
        """
        event = _object(data)
        if event.get("streamSid") != self._stream:
            raise ValueError("the agent names another stream than this one")
        return _media_clear_or_mark("Twilio", event, self._event)

    def _event(self, event: str, **content: Any) -> str:
        self._number += 1
        numbered = {"event": event, "sequenceNumber": str(self._number), "streamSid": self._stream}
        return json.dumps(numbered | content)


class Telnyx:
    """Telnyx media streaming, bidirectional in RTP mode."""

    sample_rate = PHONE_HZ

    def __init__(self) -> None:
        self._stream = "32de0dea-53cb-4b21-89a4-9e1819c043bc"
        self._number = 0

    def beginning(self) -> Iterator[str]:
        """Open the stream."""
        yield json.dumps({"event": "connected", "version": "1.0.0"})
        spoken = {"encoding": "PCMU", "sample_rate": PHONE_HZ, "channels": 1}
        yield self._event("start", start={"call_control_id": "v3:control", "media_format": spoken})

    def speech(self, pcm: bytes) -> Payload:
        """Carry 20 ms of the caller's voice."""
        payload = base64.b64encode(audioop.lin2ulaw(pcm, SAMPLE_BYTES)).decode()
        return self._event(
            "media", media={"track": "inbound", "chunk": str(self._number), "payload": payload}
        )

    def key(self, key: str) -> str:
        """Tell that a key was pressed."""
        return self._event("dtmf", dtmf={"digit": key})

    def ending(self) -> str:
        """Tell that the caller hung up."""
        return self._event("stop", stop={"call_control_id": "v3:control"})

    def read(self, data: Payload) -> Frame | Mark | None:
        """Read what the agent sent.

        Raises:
            ValueError: No provider would take it.
        """
        event = _object(data)
        return _media_clear_or_mark("Telnyx", event, self._event)

    def _event(self, event: str, **content: Any) -> str:
        self._number += 1
        numbered = {"event": event, "sequence_number": str(self._number), "stream_id": self._stream}
        return json.dumps(numbered | content)


class Plivo:
    """Plivo audio streaming, bidirectional."""

    sample_rate = PHONE_HZ

    def __init__(self) -> None:
        self._stream = "20170ada-f610-433b-8758-c02a2aab3662"
        self._number = 0

    def beginning(self) -> Iterator[str]:
        """Open the stream."""
        start = {
            "callId": "00000000-0000-0000-0000-000000000001",
            "streamId": self._stream,
            "accountId": "1",
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": PHONE_HZ},
        }
        yield self._event("start", start=start, extra_headers="{}")

    def speech(self, pcm: bytes) -> Payload:
        """Carry 20 ms of the caller's voice."""
        payload = base64.b64encode(audioop.lin2ulaw(pcm, SAMPLE_BYTES)).decode()
        media = {"track": "inbound", "timestamp": "0", "chunk": self._number, "payload": payload}
        return self._event("media", media=media, streamId=self._stream)

    def key(self, key: str) -> str:
        """Tell that a key was pressed."""
        return self._event("dtmf", dtmf={"track": "inbound", "digit": key}, streamId=self._stream)

    def ending(self) -> str:
        """Tell that the caller hung up."""
        return self._event("stop", streamId=self._stream)

    def read(self, data: Payload) -> Frame | Mark | None:
        """Read what the agent sent.

        Raises:
            ValueError: No provider would take it.
        """
        event = _object(data)
        if event.get("streamId") != self._stream:
            raise ValueError("the agent names another stream than this one")
        match event["event"]:
            case "playAudio":
                if event["media"]["contentType"] != "audio/x-mulaw":
                    raise ValueError("the agent sends another format than the stream's")
                return _ulaw(event["media"]["payload"])
            case "clearAudio":
                return Interruption()
            case "checkpoint":
                return Mark(self._event("playedStream", name=event["name"], streamId=self._stream))
        raise ValueError(f"Plivo knows no {event['event']!r}")

    def _event(self, event: str, **content: Any) -> str:
        self._number += 1
        return json.dumps({"event": event, "sequenceNumber": self._number} | content)


class Vonage:
    """Vonage's WebSocket endpoint: audio is raw, everything else JSON."""

    sample_rate = VONAGE_HZ

    def beginning(self) -> Iterator[str]:
        """Open the stream."""
        yield json.dumps({"event": "websocket:connected", "content-type": f"audio/l16;rate={VONAGE_HZ}"})

    def speech(self, pcm: bytes) -> Payload:
        """Carry 20 ms of the caller's voice."""
        return pcm

    def key(self, key: str) -> str:
        """Tell that a key was pressed."""
        return json.dumps({"event": "websocket:dtmf", "digit": key, "duration": 260})

    def ending(self) -> str:
        """Return nothing: the connection just ends."""
        return ""

    def read(self, data: Payload) -> Frame | Mark | None:
        """Read what the agent sent.

        Raises:
            ValueError: No provider would take it.
        """
        if isinstance(data, bytes):
            return Audio(data, VONAGE_HZ)
        event = _object(data)
        match event["action"]:
            case "clear":
                return Interruption()
            case "notify":
                return Mark(json.dumps({"event": "websocket:notify", "payload": event["payload"]}))
        raise ValueError(f"Vonage knows no {event['action']!r}")


type Words = Twilio | Telnyx | Plivo | Vonage


def words_of(provider: str, parameters: Mapping[str, str] | None = None) -> Words:
    """Return what *provider* says; only Twilio passes parameters on."""
    match provider:
        case "twilio":
            return Twilio(parameters)
        case "telnyx":
            return Telnyx()
        case "plivo":
            return Plivo()
        case _:
            return Vonage()


def _media_clear_or_mark(who: str, event: Mapping[str, Any], answer: Callable[..., str]) -> Frame | Mark:
    """Read what *who*, Twilio or Telnyx, takes from an agent; a mark is answered once all before it was played."""
    match event["event"]:
        case "media":
            return _ulaw(event["media"]["payload"])
        case "clear":
            return Interruption()
        case "mark":
            return Mark(answer("mark", mark=event["mark"]))
    raise ValueError(f"{who} knows no {event['event']!r}")


def _object(data: Payload) -> dict[str, Any]:
    event = json.loads(data) if isinstance(data, str) else None
    if not isinstance(event, dict):
        raise ValueError("the agent sent something that is no JSON object")  # noqa: TRY004
    return event


def _ulaw(payload: str) -> Audio:
    return Audio(audioop.ulaw2lin(base64.b64decode(payload, validate=True), SAMPLE_BYTES), PHONE_HZ)
