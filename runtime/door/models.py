"""What all bodies and answers of the API are made of, and how a body that is wrong is put into words."""

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from runtime.door.errors import Fault, InvalidRequestError

MAX_BODY_BYTES: Final = 1_024
"""Forty times what a request for a session needs; anything longer is no such request."""

_MOST_FAULTS = 8
# Letters alone: the ids of access keys, and most other secrets, have digits.
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z_]{0,23}")
_UNNAMED = "?"


class Body(BaseModel):
    """What a caller sends.  Strict, and a field too many is refused.

    A field that is added later cannot have been sent by accident before.
    """

    # Built when the first request needs it: a process serves few of the routes, and starts faster so.
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
        defer_build=True,
    )

    most_bytes: ClassVar[int] = MAX_BODY_BYTES
    """Longest body, as JSON, that is read at all."""

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read the body of a request.

        Raises:
            InvalidRequestError: It is not what it should be; every fault is named, and no value repeated.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError as invalid:
            faults = _faults(invalid, ", ".join(cls.model_fields))
            raise InvalidRequestError(
                f"The body is not what this request takes: {'; '.join(map(str, faults))}.", faults=faults
            ) from None


class Answer(BaseModel):
    """What the door answers."""

    # An answer that is none would end in a log, and with it a way in.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True)


def read_nothing(body: bytes) -> None:
    """Make sure that a request which needs no body has none.

    Raises:
        InvalidRequestError: It has one.
    """
    if body not in {b"", b"{}"}:
        raise InvalidRequestError("This request takes no body.")


def _faults(invalid: ValidationError, fields: str) -> tuple[Fault, ...]:
    listed = invalid.errors(include_url=False, include_context=False, include_input=False)
    faults = tuple(_fault(one, fields) for one in listed[:_MOST_FAULTS])
    more = len(listed) - len(faults)
    return (*faults, Fault(where="", what=f"and {more} more")) if more else faults


def _fault(error: Mapping[str, Any], fields: str) -> Fault:
    where = ".".join(_shown(part) for part in error["loc"])
    what = {
        "missing": "is required",
        "extra_forbidden": "is no field of this request",
        "json_invalid": f"must be one JSON object, with {fields}",
        "model_type": "must be an object" if where else f"must be one JSON object, with {fields}",
    }.get(error["type"], error["msg"])
    return Fault(where=where, what=what)


def _shown(part: str | int) -> str:
    """Return the name of a field, unless its shape says that it is none: a secret may be sent as a key."""
    return str(part) if isinstance(part, int) or _PLAIN_NAME.fullmatch(part) else _UNNAMED
