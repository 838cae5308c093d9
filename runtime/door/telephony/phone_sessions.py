"""Sessions of callers from phones: the same places, rows and agents as everybody's, and a way in for a machine."""

import logging
from contextlib import suppress
from typing import Final

from runtime.door.agentcore import AgentCore
from runtime.door.errors import (
    DoorError,
    LedgerUnavailableError,
    WebhookReplayedError,
)
from runtime.door.ledger import Ledger
from runtime.door.opening import Opening
from runtime.door.pace import Pace
from runtime.door.session import State
from runtime.door.share import Share
from runtime.door.telephony.callers import Callers
from runtime.door.telephony.documents import Way
from runtime.door.telephony.stream_tokens import SESSION, TOKEN, StreamTokens
from runtime.metrics import MetricWriter
from runtime.settings.door import DoorSettings
from runtime.settings.telephony import TelephonySettings

logger = logging.getLogger(__name__)

ALL_PHONES: Final = "phone-sessions"
"""Key of the share of places that phones have; no session id looks like it."""


class PhoneSessions:
    """Opens sessions for phone calls.

    Args:
        door: The limits of every session.
        phone: The limits of calls from phones.
        ledger: Where sessions are written down.
        share: The places that phones have of the stage's.
        pace: How fast one number may call.
        callers: Names those who call.
        tokens: Makes the tickets of streams that are bridged.
        agentcore: Wakes agents.
        metrics: Counts who was refused.
    """

    def __init__(
        self,
        door: DoorSettings,
        phone: TelephonySettings,
        *,
        ledger: Ledger,
        share: Share,
        pace: Pace,
        callers: Callers,
        tokens: StreamTokens,
        agentcore: AgentCore,
        metrics: MetricWriter,
    ) -> None:
        self._door = door
        self._phone = phone
        self._ledger = ledger
        self._share = share
        self._pace = pace
        self._callers = callers
        self._tokens = tokens
        self._agentcore = agentcore
        self._opening = Opening(ledger, agentcore, metrics)

    @property
    def longest_seconds(self) -> int:
        """Longest call."""
        return self._door.call_seconds

    def open(self, session_id: str, number: str, *, line: str, bridged: bool) -> Way:
        """Open a session for whoever calls from *number*, wake its agent for *line* and return the way in.

        A provider that asks again, because our answer was late, gets the way into the session that is open.

        Raises:
            WebhookReplayedError: The session has been joined, or is over.
            BudgetSpentError: The month's budget is spent.
            ConcurrencyReachedError: Every place of the stage's is taken.
            ShareTakenError: Every place of the phones' is.
            CallerLimitError: Every place of this number's is.
            TooManyBegunError: The number calls too often.
            DoorError: Something that it needs does not answer; the session is closed again.
        """
        # Signing comes first: when it fails, no row was made.
        url = self._phone.bridge_url if bridged else self._agentcore.way_in(session_id)
        session = self._ledger.get(session_id)
        if session is None:
            self._take_place(session_id, number, line)
        elif session.state is not State.OPEN:
            raise WebhookReplayedError("The call that this webhook is about has begun, or is over.")
        with self._opening.abandoned_on_failure(session_id):
            told = {"number": number} if self._phone.tells_numbers else {}
            self._opening.wake(session_id, line=line, **told)
            return self._bridged(session_id, url) if bridged else Way(url=url)

    def _bridged(self, session_id: str, url: str) -> Way:
        token = self._tokens.issue(session_id, life_seconds=self._door.join_seconds)
        return Way(url=url, parameters={SESSION: session_id, TOKEN: token})

    def _take_place(self, session_id: str, number: str, line: str) -> None:
        owner = self._callers.owner(number)
        self._pace.keep(owner)
        with self._opening.refusals_counted():
            self._share.take(session_id)
            self._write(session_id, owner, line)

    def _write(self, session_id: str, owner: str, line: str) -> None:
        try:
            self._ledger.open(
                session_id,
                owner=owner,
                transport=line,
                concurrency=self._door.concurrency,
                per_caller=self._phone.calls_per_number,
                call_seconds=self._door.call_seconds,
            )
        except DoorError:
            with suppress(LedgerUnavailableError):
                self._share.give_back(session_id)
            raise
