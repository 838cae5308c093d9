"""The fields of input events: what is missing or of the wrong kind is said in words.

Each function raises InvalidEventError.
"""

import json
from collections.abc import Mapping
from typing import Any

from scripts.embedded.bedrock.limits import SAMPLE_RATES_HERTZ

type Body = Mapping[str, Any]


class InvalidEventError(ValueError):
    """An input event breaks the protocol; the service ends the stream with a validationException."""


def named(event: object) -> tuple[str, Body]:
    """Take an event apart into its name and its body."""
    inner = event.get("event") if isinstance(event, dict) else None
    if not isinstance(inner, dict) or len(inner) != 1:
        raise InvalidEventError('An input event is {"event": {NAME: {...}}} with exactly one name.')
    ((name, body),) = inner.items()
    if not isinstance(body, dict):
        raise InvalidEventError(f"The body of {name} is no object.")
    return name, body


def need[T](body: Body, name: str, kind: type[T]) -> T:
    """Return the field *name*, which must be there and of that *kind*."""
    value = body.get(name) if isinstance(body, Mapping) else None
    if not isinstance(value, kind):
        raise InvalidEventError(f"{name} is missing or no {kind.__name__}.")
    return value


def sample_rate_of(form: Body) -> int:
    """Return the sample rate that an audio configuration asks for."""
    rate = need(form, "sampleRateHertz", int)
    if rate not in SAMPLE_RATES_HERTZ:
        raise InvalidEventError(f"sampleRateHertz is one of {SAMPLE_RATES_HERTZ}, not {rate}.")
    return rate


def parse_json(text: object, what: str) -> Any:
    """Return what a JSON *text* holds; *what* says where it stood."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError as fault:
        raise InvalidEventError(f"{what} is no JSON: {fault}.") from fault
