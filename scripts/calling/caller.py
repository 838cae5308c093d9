"""Place one call, from asking the door to the ledger's last word."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from runtime.door.bodies import WEBRTC, WEBSOCKET
from runtime.door.errors import LedgerUnavailableError
from runtime.door.session import Session
from scripts.calling import websocket_line
from scripts.calling.closing import check_end, closed_row
from scripts.calling.deployment import Deployment
from scripts.calling.door import Door, Invitation
from scripts.calling.errors import LostError, NoPathError, RefusedError
from scripts.calling.figures import CallFigures
from scripts.calling.frames import Audio
from scripts.calling.line import Line, OpenLine
from scripts.calling.path import Path, report
from scripts.calling.utterance import Utterance


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a caller waits before giving up, in seconds."""

    greeting: float = 20
    """For the first word: covers a cold start."""
    answer: float = 20
    """For the first word of the answer, tools included."""
    talking: float = 60
    """For an utterance to end."""
    greeting_pause: float = 0.8
    answer_pause: float = 1.5
    """Silence after which an utterance is over; an answer may come in two parts around a tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What a finished call leaves: the agent's voice and the figures."""

    greeting: Audio
    answer: Audio
    figures: CallFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """What was measured while the line was up; moments in monotonic seconds."""

    first_word_at: float
    speech_ended_at: float
    answer_at: float
    greeting: Audio
    answer: Audio
    tool_calls: int
    interruptions: int
    path: Path | None
    lost: str
    """Why the line ended before the caller hung up; empty if it did not."""


class Caller:
    """Calls one deployment.  Whatever happens, the session it opened is ended."""

    def __init__(
        self, deployment: Deployment, *, transport: str = WEBSOCKET, patience: Patience | None = None
    ) -> None:
        """Create a caller.

        Args:
            deployment: Whom to call.
            transport: Which of the door's.
            patience: How long to wait for what.
        """
        self._deployment = deployment
        self._transport = transport
        self._open_line = _way_in(transport)
        self._patience = patience or Patience()

    async def call(self, speech: Utterance, *, said: str) -> Conversation:
        """Wait for the greeting, say *speech*, hear the answer, hang up.

        Raises:
            CallError: A step failed; the message says which and what to do.
        """
        began = time.monotonic()
        async with self._session() as (door, invitation):
            heard = await self._talk(door, invitation, speech)
            ended = time.monotonic()
            try:
                row = await self._settle(door, invitation.session_id, heard, began=began)
            except (RefusedError, LedgerUnavailableError) as fault:
                if not heard.lost:
                    raise
                raise LostError(
                    f"The call ended early: {heard.lost}."
                ) from fault  # the rest follows from that
        figures = self._figures(row, heard, said=said, began=began, ended=ended)
        return Conversation(greeting=heard.greeting, answer=heard.answer, figures=figures)

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[tuple[Door, Invitation]]:
        """Have a session for the block, and none after it."""
        door = self._deployment.door()
        try:
            # Shielded: an interrupt must not lose the id of a session that the door is opening.
            opening = asyncio.ensure_future(asyncio.to_thread(door.open, self._transport))
            try:
                invitation = await asyncio.shield(opening)
            except asyncio.CancelledError:
                await asyncio.to_thread(door.end, (await opening).session_id)
                raise
            try:
                yield door, invitation
            except BaseException:
                with contextlib.suppress(RefusedError):  # what went wrong is the first of the two
                    await asyncio.to_thread(door.end, invitation.session_id)
                raise
            await asyncio.to_thread(door.end, invitation.session_id)
        finally:
            door.close()

    async def _talk(self, door: Door, invitation: Invitation, speech: Utterance) -> _Heard:
        """Have a line for the conversation, and tell the door when there is none to be had."""
        try:
            async with self._open_line(door, invitation) as line:
                heard = await self._converse(line, speech)
                await line.hang_up()
        except NoPathError:
            with contextlib.suppress(RefusedError):  # what went wrong is the first of the two
                await asyncio.to_thread(door.report, invitation.session_id, report(None))
            raise
        return heard

    async def _converse(self, line: Line, speech: Utterance) -> _Heard:
        wait = self._patience
        first_word = await line.ear.utterance(
            after=line.opened_at,
            start_seconds=wait.greeting,
            end_seconds=wait.talking,
            quiet_seconds=wait.greeting_pause,
        )
        greeted = time.monotonic()
        spoke = await line.microphone.say(speech)
        answer = await line.ear.utterance(
            after=spoke,
            start_seconds=wait.answer,
            end_seconds=wait.talking,
            quiet_seconds=wait.answer_pause,
        )
        return _Heard(
            first_word_at=first_word,
            speech_ended_at=spoke,
            answer_at=answer,
            greeting=line.ear.audio_between(line.opened_at, greeted),
            answer=line.ear.audio_between(spoke, time.monotonic()),
            tool_calls=line.ear.tool_calls_after(spoke),
            interruptions=line.ear.interruptions,
            path=await line.path(),
            lost=line.ear.lost,
        )

    async def _settle(self, door: Door, session_id: str, heard: _Heard, *, began: float) -> Session:
        """Report what was measured, and return how the ledger closed the call.

        Raises:
            LostError: Something else than its two ends ended it.
            RefusedError: The door does not answer as it should.
        """
        if heard.path:
            measured = report(heard.path, join_seconds=heard.first_word_at - began)
            await asyncio.to_thread(door.report, session_id, measured)
        row = await closed_row(self._deployment, session_id)
        check_end(row)
        await asyncio.to_thread(door.get, session_id)
        return row

    def _figures(self, row: Session, heard: _Heard, *, said: str, began: float, ended: float) -> CallFigures:
        return CallFigures(
            stage=self._deployment.stage,
            transport=self._transport,
            session_id=row.session_id,
            said=said,
            join_seconds=round(heard.first_word_at - began, 4),
            voice_to_voice_seconds=round(heard.answer_at - heard.speech_ended_at, 4),
            call_seconds=round(ended - began, 3),
            ledger_seconds=round(row.seconds, 3),
            reason=row.reason,
            tool_calls=heard.tool_calls,
            interruptions=heard.interruptions,
            speech_input_tokens=row.speech_input_tokens,
            speech_output_tokens=row.speech_output_tokens,
            text_input_tokens=row.text_input_tokens,
            text_output_tokens=row.text_output_tokens,
            cost_usd=row.cost_usd,
            path=heard.path,
            emulated_relays=self._deployment.emulated_relays if heard.path else "",
        )


def _way_in(transport: str) -> OpenLine:
    """Import aiortc for those who use it: 0.3 s, which are not the call's."""
    if transport == WEBRTC:
        from scripts.calling import webrtc_line  # noqa: PLC0415

        return webrtc_line.open_line
    return websocket_line.open_line
