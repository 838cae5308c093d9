"""Every phone call has one session, however often its webhook arrives.

An item of the ledger's table remembers each call.  The same request again is a replay and refused; a new request
about the same call is the provider asking again because our answer was late, and gets the call's own session.
"""

from hashlib import sha256
from typing import Any, Final

from runtime.clock import Clock
from runtime.door.errors import WebhookReplayedError
from runtime.door.table import Table
from runtime.door.telephony.webhook import PhoneCall

PREFIX: Final = "phone-call-"
"""Begins the key of a call's item; no session id looks like it."""

MOST_REQUESTS: Final = 4
"""About one call: a first try, one more, and both again for the provider's fallback address."""

UNDATED_MEMORY_SECONDS: Final = 400 * 24 * 3600
"""How long a call is remembered whose provider signs no time (Twilio, Plivo).

Such a request is genuine until the provider's secret changes: that is to be done once a year, and
docs/telephony.md says so.
"""


class Calls:
    """The calls that have been asked for.

    Args:
        client: botocore's DynamoDB client.
        table: Name of the ledger table.
        dated_memory_seconds: How long a call is remembered whose provider signs the time.
        clock: The ledger's time; by default as *client* is told it.
    """

    def __init__(
        self, client: Any, table: str, *, dated_memory_seconds: int, clock: Clock | None = None
    ) -> None:
        self._table = Table(client, table, clock=clock)
        self._dated_memory_seconds = dated_memory_seconds

    def begin(self, provider: str, call: PhoneCall, session_id: str) -> str:
        """Return the session of *call*: *session_id*, if this is the first that is heard of it.

        Raises:
            WebhookReplayedError: This very request was here before, or too many about the call.
            LedgerUnavailableError: DynamoDB refused or did not answer.
        """
        memory = UNDATED_MEMORY_SECONDS if call.signed_at is None else self._dated_memory_seconds
        proof = _short(call.proof)
        request = self._table.updating(
            f"{PREFIX}{_short(f'{provider} {call.call_id}')}",
            "SET #call_session = if_not_exists(#call_session, :session), #expires_at = :expires_at "
            "ADD #proofs :proofs",
            "attribute_not_exists(#proofs) OR (NOT contains(#proofs, :proof) AND size(#proofs) < :most)",
            {
                "session": {"S": session_id},
                "expires_at": {"N": str(int(self._table.now()) + memory)},
                "proofs": {"SS": [proof]},
                "proof": {"S": proof},
                "most": {"N": str(MOST_REQUESTS)},
            },
        )
        found = self._table.update(request)
        if found is None:
            raise WebhookReplayedError("This webhook was answered before; nothing was done again.")
        return str(found["call_session"]["S"])


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
