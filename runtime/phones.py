"""The sessions in which somebody calls from a phone: which provider's stream each of them expects."""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from runtime.errors import InvocationError, NotAPhoneError

LINES = ("twilio", "vonage", "telnyx", "plivo")
"""What the door may wake a session for."""

_log = logging.getLogger(__name__)


class Phones:
    """Remembers between the wake and the call; what a phone needs is imported at the first wake for one."""

    def __init__(self) -> None:
        self._expected: dict[str, Any] = {}

    def expect(self, session_id: str, line: object) -> None:
        """Take the next caller of *session_id* for the provider *line*.

        Raises:
            InvocationError: There is no such line, or no session.
        """
        if line not in LINES:
            raise InvocationError("unknown_line", f"The line must be {', '.join(LINES)}.")
        if not session_id:
            raise InvocationError("no_session", "A phone call belongs to a session: send its id.")
        from runtime.transports.telephony import DIALECTS  # noqa: PLC0415

        self._expected[session_id] = DIALECTS[str(line)]

    async def answer(self, session_id: str, socket: Any) -> tuple[Any, Callable[..., Any]] | None:
        """Return the line, and what makes its transport; nothing if a page calls, not a phone.

        Raises:
            NotAPhoneError: Something else than the provider's stream came; it is closed.
        """
        dialect = self._expected.pop(session_id, None)
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
        return line, partial(TelephonyTransport, line)
