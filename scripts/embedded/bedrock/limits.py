"""What Nova Sonic allows, as AWS documents it: the numbers that a client of ours must survive."""

from dataclasses import dataclass

# Source: Nova user guide, speech-to-speech: "8 minutes connection timeout, with max 20 concurrent
# connections per customer".
STREAM_SECONDS = 480.0
CONCURRENT_STREAMS = 20

# Source: the service's own words when it ends a silent stream: "Timed out waiting for audio bytes or
# interactive content"; AWS documents 55 s without audio.
AUDIO_WAIT_SECONDS = 55.0

# Source: Nova 2 user guide, sonic-input-events: 50 KB for one message of the history, 200 KB in all.
MESSAGE_BYTES = 50 * 1024
HISTORY_BYTES = 200 * 1024

# Source: Nova 2 user guide, sonic-input-events and sonic-output-events.
SAMPLE_RATES_HERTZ = (8_000, 16_000, 24_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one server; tests shorten them, nothing else does."""

    stream_seconds: float = STREAM_SECONDS
    audio_wait_seconds: float = AUDIO_WAIT_SECONDS
    concurrent_streams: int = CONCURRENT_STREAMS
    message_bytes: int = MESSAGE_BYTES
    history_bytes: int = HISTORY_BYTES
