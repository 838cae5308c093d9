"""The ticket with which a bridged stream proves whose it is: good once, and for as long as a way in.

A provider that drops the query of a URL, and with it the signature of a pre-signed one, connects to our bridge
instead and repeats a parameter of the answer document.  The session's row holds only the ticket's hash.
"""

import secrets
from hashlib import sha256
from typing import Any, Final

from runtime.clock import Clock
from runtime.door.session import State
from runtime.door.table import Attributes, Table

SESSION: Final = "session"
TOKEN: Final = "token"  # noqa: S105 - a parameter's name
"""What the parameters of a stream are called that bring a session's id and its ticket."""

_BYTES: Final = 32


class StreamTokens:
    """Issues tickets, at the door, and redeems them, on the bridge.

    Every method raises `LedgerUnavailableError` when DynamoDB refuses or does not answer.

    Args:
        client: botocore's DynamoDB client.
        table: Name of the ledger table.
        clock: The ledger's time; by default as *client* is told it.
    """

    def __init__(self, client: Any, table: str, *, clock: Clock | None = None) -> None:
        self._table = Table(client, table, clock=clock)

    def issue(self, session_id: str, *, life_seconds: int) -> str:
        """Return a new ticket for an open session; an older one of the same session is void."""
        token = secrets.token_urlsafe(_BYTES)
        values: Attributes = {
            "stream_token": {"S": _hash(token)},
            "stream_token_until": {"N": str(int(self._table.now()) + life_seconds)},
            "open": {"S": State.OPEN},
        }
        self._table.apply(
            self._table.updating(
                session_id,
                "SET #stream_token = :stream_token, #stream_token_until = :stream_token_until",
                "#state = :open",
                values,
            )
        )
        return token

    def redeem(self, session_id: str, token: str) -> bool:
        """Say whether *token* opens *session_id*; it does so once, and tells nothing else of the session."""
        values: Attributes = {
            "token": {"S": _hash(token)},
            "now": {"N": str(int(self._table.now()))},
            "open": {"S": State.OPEN},
        }
        request = self._table.updating(
            session_id,
            "REMOVE #stream_token, #stream_token_until",
            "#state = :open AND #stream_token = :token AND #stream_token_until >= :now",
            values,
        )
        return self._table.apply(request)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
