"""How the body of a request is checked: key by key, and what is not exactly right is refused.

Hand-written, because pydantic would be the largest part of the function's cold start.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any

from runtime.door.errors import InvalidRequestError


def read_object(
    body: bytes, keys: Collection[str], *, optional: Collection[str] = (), example: str
) -> dict[str, Any]:
    """Return the JSON object that *body* is, if it has all of *keys*, perhaps *optional* ones, and no others.

    Raises:
        InvalidRequestError: It is none; the message shows *example*.
    """
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not has_keys(asked, keys, optional):
        raise InvalidRequestError(f"Send one JSON object with exactly these keys: {example}.")
    found: dict[str, Any] = asked
    return found


def has_keys(asked: Any, required: Collection[str], optional: Collection[str] = ()) -> bool:
    """Say whether *asked* is an object with these keys.

    One too many is refused as well: a key that is added later cannot have been sent by accident before.
    """
    return isinstance(asked, dict) and set(required) <= asked.keys() <= {*required, *optional}


def one_of(asked: Mapping[str, Any], name: str, allowed: Collection[str | None]) -> Any:
    """Return the value of *name*.

    Raises:
        InvalidRequestError: It is not among *allowed*.
    """
    value = asked[name]
    if not isinstance(value, str | None) or value not in allowed:
        words = ", ".join("null" if one is None else one for one in allowed)
        raise InvalidRequestError(f"{name} must be one of: {words}.")
    return value
