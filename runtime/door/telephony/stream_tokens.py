"""The ticket with which a bridged stream proves whose it is: good once, and for as long as a way in.

A provider that drops the query of a URL, and with it the signature of a pre-signed one, connects to our bridge
instead and repeats a parameter of the answer document.  An item of the ledger's table holds the ticket's hash, and the
bridge reaches such items alone: whoever takes a task over neither changes nor reads a session's row, not even by an
update that is made to fail (`ReturnValuesOnConditionCheckFailure`, which no condition of a policy keeps anybody from).
"""

import secrets
from hashlib import sha256
from typing import Any, Final

from runtime.clock import Clock
from runtime.door.table import Attributes, Table

PREFIX: Final = "ticket-of-"
"""Begins the key of a session's ticket; no session id looks like it."""

SESSION: Final = "session"
TOKEN: Final = "token"  # noqa: S105 - a parameter's name
"""What the parameters of a stream are called that bring a session's id and its ticket."""

_BYTES: Final = 32

# DynamoDB takes up to two days to forget an item; until then one that is too old opens nothing.
_FORGOTTEN_AFTER_SECONDS: Final = 3_600


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
        """Return a new ticket for a session that waits to be joined; an older one of the same session is void."""
        token = secrets.token_urlsafe(_BYTES)
        good_until = int(self._table.now()) + life_seconds
        values: Attributes = {
            "hash": {"S": _hash(token)},
            "good_until": {"N": str(good_until)},
            "expires_at": {"N": str(good_until + _FORGOTTEN_AFTER_SECONDS)},
        }
        setting = ", ".join(f"#{name} = :{name}" for name in values)
        self._table.apply(self._table.updating(PREFIX + session_id, f"SET {setting}", "", values))
        return token

    def redeem(self, session_id: str, token: str) -> bool:
        """Say whether *token* opens *session_id*; it does so once, and the agent lets nobody into a session twice."""
        values: Attributes = {"token": {"S": _hash(token)}, "now": {"N": str(int(self._table.now()))}}
        request = self._table.updating(
            PREFIX + session_id, "REMOVE #hash", "#hash = :token AND #good_until >= :now", values
        )
        return self._table.apply(request)


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
