"""How the providers of phone lines speak on a media stream, where Pipecat's serializers leave off.

Those translate audio, keys and interruptions.  What begins and ends a stream, and what tells that speech
has been heard out, is here.

Sources: "Media Streams - WebSocket Messages" (Twilio), "WebSockets in the Vonage Voice API", "Stream call
media over WebSocket" (Telnyx), "Audio Streaming: stream events" (Plivo).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipecat.serializers.base_serializer import FrameSerializer

from runtime.transports.line import INPUT_SAMPLE_RATE
from runtime.transports.short_filter import ShortFilter

type Event = Mapping[str, Any]

PHONE_RATE = 8000
"""Hz; of G.711, which is what the telephone network carries."""

VONAGE_RATES = frozenset({8000, 16_000, 24_000})
"""Hz; what Vonage can be asked for."""

G711 = frozenset({"PCMU", "PCMA"})

MARK = "heard-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One provider's words."""

    begins: str
    """The event that opens a stream."""
    ends: str
    """The event that says that the caller hung up."""
    played: str
    """The event that answers a mark, once everything sent before it has been heard."""
    mark: Callable[[Event], Event]
    """Makes a mark, from the event that opened the stream."""
    serializer: Callable[[Event], FrameSerializer]
    """Makes Pipecat's serializer, from the same.

    Raises:
        KeyError: Something is missing in the event.
        TypeError: Something in it has another type.
        ValueError: The stream is in a format that nobody asked for.
    """


def quick(serializer: FrameSerializer) -> FrameSerializer:
    """Put filters into *serializer* that do not hold speech back; it has no parameter for them."""
    vars(serializer).update(_input_resampler=ShortFilter(), _output_resampler=ShortFilter())
    return serializer


def _twilio(begun: Event) -> FrameSerializer:
    from pipecat.serializers.twilio import TwilioFrameSerializer  # noqa: PLC0415  # only for its callers

    params = TwilioFrameSerializer.InputParams(sample_rate=INPUT_SAMPLE_RATE, auto_hang_up=False)
    return TwilioFrameSerializer(_text(begun["start"]["streamSid"]), params=params)


def _telnyx(begun: Event) -> FrameSerializer:
    from pipecat.serializers.telnyx import TelnyxFrameSerializer  # noqa: PLC0415

    spoken = begun["start"]["media_format"]
    encoding = _text(spoken["encoding"])
    if encoding not in G711 or int(spoken["sample_rate"]) != PHONE_RATE:
        raise ValueError("the stream must be G.711")
    params = TelnyxFrameSerializer.InputParams(sample_rate=INPUT_SAMPLE_RATE, auto_hang_up=False)
    return TelnyxFrameSerializer(_text(begun["stream_id"]), encoding, encoding, params=params)


def _plivo(begun: Event) -> FrameSerializer:
    from pipecat.serializers.plivo import PlivoFrameSerializer  # noqa: PLC0415

    params = PlivoFrameSerializer.InputParams(sample_rate=INPUT_SAMPLE_RATE, auto_hang_up=False)
    return PlivoFrameSerializer(_text(begun["start"]["streamId"]), params=params)


def _vonage(begun: Event) -> FrameSerializer:
    from pipecat.serializers.vonage import VonageFrameSerializer  # noqa: PLC0415

    kind, _, rate = _text(begun["content-type"]).partition(";rate=")
    if kind != "audio/l16" or int(rate) not in VONAGE_RATES:
        raise ValueError("the stream must be linear PCM")
    return VonageFrameSerializer(
        VonageFrameSerializer.InputParams(sample_rate=INPUT_SAMPLE_RATE, vonage_sample_rate=int(rate))
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("text is expected")
    return value


DIALECTS: Mapping[str, Dialect] = {
    "twilio": Dialect(
        begins="start",
        ends="stop",
        played="mark",
        mark=lambda begun: {
            "event": "mark",
            "streamSid": begun["start"]["streamSid"],
            "mark": {"name": MARK},
        },
        serializer=_twilio,
    ),
    "vonage": Dialect(
        begins="websocket:connected",
        ends="websocket:disconnected",
        played="websocket:notify",
        mark=lambda _: {"action": "notify", "payload": {"name": MARK}},
        serializer=_vonage,
    ),
    "telnyx": Dialect(
        begins="start",
        ends="stop",
        played="mark",
        mark=lambda _: {"event": "mark", "mark": {"name": MARK}},
        serializer=_telnyx,
    ),
    "plivo": Dialect(
        begins="start",
        ends="stop",
        played="playedStream",
        mark=lambda begun: {"event": "checkpoint", "streamId": begun["start"]["streamId"], "name": MARK},
        serializer=_plivo,
    ),
}
