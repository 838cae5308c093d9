"""How the speech process is spoken to: a line of JSON, then as many bytes of audio as it says."""

import json
from typing import Any, BinaryIO

AUDIO_BYTES = "audio_bytes"


def pack(head: dict[str, Any], audio: bytes = b"") -> bytes:
    """Return one message."""
    return json.dumps({**head, AUDIO_BYTES: len(audio)}).encode() + b"\n" + audio


def read(source: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read one message; None once the other side is gone."""
    line = source.readline()
    if not line.endswith(b"\n"):
        return None
    head: dict[str, Any] = json.loads(line)
    return head, source.read(head[AUDIO_BYTES])
