"""The sessions in which somebody calls from a phone: which provider's stream each of them expects."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from runtime.errors import InvocationError, NotAPhoneError

LINES = ("twilio", "vonage", "telnyx", "plivo")
"""What the door may wake a session for."""

# ITU-T E.164.
_NUMBER = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phoned:
    """A call that has begun."""

    line: Any
    make_transport: Callable[..., Any]
    number: str = field(repr=False)
    """What they call from; empty if nobody knows."""


class Phones:
    """Remembers between the wake and the call; what a phone needs is imported at the first wake for one."""

    def __init__(self) -> None:
        self._expected: dict[str, tuple[Any, str]] = {}

    def expect(self, session_id: str, request: Mapping[str, Any]) -> None:
        """Take the next caller of *session_id* for the provider `line`, calling from `number` if it is known.

        Raises:
            InvocationError: There is no such line, no session, or the number is none.
        """
        line, number = request["line"], request.get("number") or ""
        if line not in LINES:
            raise InvocationError("unknown_line", f"The line must be {', '.join(LINES)}.")
        if not session_id:
            raise InvocationError("no_session", "A phone call belongs to a session: send its id.")
        if number and not (isinstance(number, str) and _NUMBER.fullmatch(number)):
            raise InvocationError("no_number", "The number must be a telephone number as E.164 writes it.")
        from runtime.transports.telephony import DIALECTS  # noqa: PLC0415

        self._expected[session_id] = DIALECTS[line], number

    async def answer(self, session_id: str, socket: Any) -> Phoned | None:
        """Return the call; nothing if a page calls, not a phone.

        Raises:
            NotAPhoneError: Something else than the provider's stream came; it is closed.
        """
        dialect, number = self._expected.pop(session_id, (None, ""))
        if dialect is None:
            return None
        from runtime.transports.caller_socket import POLICY_VIOLATION  # noqa: PLC0415
        from runtime.transports.telephony import PhoneLine, TelephonyTransport  # noqa: PLC0415

        try:
            line = await PhoneLine.begin(socket, dialect)
        except NotAPhoneError as fault:
            _log.warning("A phone call did not begin.", extra={"session_id": session_id, "why": str(fault)})
            await socket.close(POLICY_VIOLATION, "not the stream of a phone call")
            raise
        return Phoned(line=line, make_transport=partial(TelephonyTransport, line), number=number)
