"""The agent's line to the session ledger: joined once, kept alive, closed once, never in the way.

The ledger decides whether a call may begin and learns how it went.  It does not decide whether a call
goes on: when DynamoDB is away, the caller keeps talking and the outage is logged.
"""

import asyncio
import logging
from collections.abc import Callable

from runtime.clock import LedgerClock
from runtime.cloud import Cloud
from runtime.door.errors import LedgerUnavailableError, SessionEndedError, SessionNotOpenError
from runtime.door.ledger import Ledger
from runtime.door.session import Figures, Reason
from runtime.meter import Meter
from runtime.settings.agent import RuntimeSettings

HEARTBEAT_SECONDS = 10
"""The door's `heartbeat_lost_seconds` must be a multiple of it."""

_log = logging.getLogger(__name__)


class SessionRecord:
    """One session's row.

    Args:
        session_id: Whose.
        cloud: Where DynamoDB is had from.
        settings: Name the table.
        meter: What the call has used.
        silence: For how many seconds nobody has spoken.
        clock: The ledger's time, as far as it is known.
    """

    def __init__(
        self,
        session_id: str,
        cloud: Cloud,
        settings: RuntimeSettings,
        *,
        meter: Meter,
        silence: Callable[[], float],
        clock: LedgerClock,
    ) -> None:
        self._session_id = session_id
        self._cloud = cloud
        self._table = settings.ledger_table
        self._meter = meter
        self._silence = silence
        self._clock = clock
        self._has_joined = False
        self.call_seconds = settings.call_seconds
        """Longest call; the door may have promised this caller less than the stage allows."""

    async def join(self) -> bool:
        """Take the session; return whether the call may go on.

        AgentCore has verified the caller's signature by now, so an outage of the ledger alone is no
        reason to hang up on them.
        """
        try:
            await self._ask(self._join)
        except SessionNotOpenError:
            return False
        return True

    async def keep_alive(self) -> None:
        """Report every few seconds that the call is on, until the ledger says that it is over."""
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            try:
                await self._ask(self._beat)
            except (SessionEndedError, SessionNotOpenError):
                return

    async def close(self, reason: Reason) -> None:
        """Write why the call ended and what it used."""
        try:
            await self._ask(lambda ledger: ledger.close(self._session_id, reason, self._figures()))
        except SessionEndedError:
            _log.warning("The ledger does not know the session that ended.")

    def _join(self, ledger: Ledger) -> None:
        promised = ledger.join(self._session_id).call_seconds
        if promised:
            self.call_seconds = min(self.call_seconds, promised)
        self._has_joined = True

    def _beat(self, ledger: Ledger) -> None:
        if (
            not self._has_joined
        ):  # the ledger was away when the call began, and takes no heartbeat of such a session
            self._join(ledger)
        ledger.heartbeat(self._session_id, self._figures(), silent_seconds=self._silence())

    async def _ask(self, question: Callable[[Ledger], object]) -> None:
        def ask() -> None:
            dynamodb = self._cloud.dynamodb()
            self._clock.follow(dynamodb)
            question(Ledger(dynamodb, self._table, clock=self._clock))

        try:
            await asyncio.to_thread(ask)
        except LedgerUnavailableError:
            _log.exception("The ledger does not answer; the call goes on.")

    def _figures(self) -> Figures:
        used = self._meter.used
        return Figures(
            cost_usd=round(self._meter.cost_usd, 6),
            speech_input_tokens=used.speech_input_tokens,
            speech_output_tokens=used.speech_output_tokens,
            text_input_tokens=used.text_input_tokens,
            text_output_tokens=used.text_output_tokens,
        )
