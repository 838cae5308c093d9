"""One conversation: from the accepted socket to the row in the ledger that says how it ended."""

import asyncio
import logging
import random
from collections.abc import Awaitable
from pathlib import Path

from pipecat.frames.frames import LLMRunFrame
from pipecat.services.llm_service import FunctionCallParams
from pipecat.workers.runner import WorkerRunner

from runtime.brains.brain import make_brain
from runtime.caps import Caps
from runtime.clock import LedgerClock
from runtime.cloud import Cloud
from runtime.door.session import Reason
from runtime.farewell import FAREWELLS, Farewell
from runtime.health import Health
from runtime.meter import Meter, Usage
from runtime.metrics import MetricWriter
from runtime.pipeline import build_pipeline
from runtime.pulse import Pulse
from runtime.record import SessionRecord
from runtime.settings.agent import RuntimeSettings
from runtime.tally import Tally
from runtime.tools.catalogue import tools_of_a_call
from runtime.tools.tool import LastAnswer
from runtime.tools.toolbox import Toolbox
from runtime.transports.caller_socket import NORMAL_CLOSURE, POLICY_VIOLATION
from runtime.transports.line import Line, MakeTransport
from runtime.turns import Turns

WATCH_SECONDS = 0.25
"""How often the caps are looked at."""

_log = logging.getLogger(__name__)


class Call:
    """One caller, one model, one session.

    The call is what its parts report to: the transport what was heard, the model what it did.
    """

    def __init__(
        self,
        session_id: str,
        line: Line,
        make_transport: MakeTransport,
        *,
        settings: RuntimeSettings,
        cloud: Cloud,
        health: Health,
        clock: LedgerClock,
        caller_number: str = "",
    ) -> None:
        self._session_id = session_id
        self._line = line
        metrics = MetricWriter(settings.stage)
        self._tally = Tally(session_id, metrics)
        self._meter = Meter(settings)
        self._pulse = Pulse(health, metrics, measures_join=not line.reports_join)
        self._record = SessionRecord(
            session_id, cloud, settings, meter=self._meter, silence=lambda: self.silent, clock=clock
        )
        self._caps = Caps(
            settings,
            call_seconds=lambda: self._record.call_seconds,
            has_joined=line.joined.is_set,
            pulse=self._pulse,
            meter=self._meter,
        )
        self._turns = Turns(session_id, self._pulse, self._meter)
        tools = tools_of_a_call(cloud, settings, session_id, caller_number=caller_number)
        self._toolbox = Toolbox(tools, metrics, told=self._turns.tool_ends)
        self._joining: asyncio.Task[bool] | None = None
        self._admitted = asyncio.Event()
        self._hand_over = Farewell(self._pulse)
        self._reason: Reason | None = None
        self._ended = asyncio.Event()
        self._gone = asyncio.Event()
        self._brain = make_brain(settings, cloud, self, prompt=_prompt())
        transport = make_transport(self, admitted=self._admitted)
        self._worker = build_pipeline(transport, self._brain, self._toolbox, self._call_tool)

    async def hold(self) -> None:
        """Hold the conversation until somebody ends it, and leave nothing of it behind."""
        random.seed()  # every session starts from one snapshot, whose seed all of them share
        self._joining = asyncio.create_task(self._record.join())
        watches = (self._admit(self._joining), self._watch_caps(), self._hang_up_when_ended())
        tasks = [asyncio.create_task(self._guard(watch)) for watch in watches]
        try:
            await self._guard(self._converse())
        finally:
            self.end(Reason.AGENT_ERROR)  # whatever else ends a call has said so by now
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._close()

    def end(self, reason: Reason) -> None:
        """End the call; the first reason counts."""
        if self._reason is None:
            self._reason = reason
            self._ended.set()

    async def _converse(self) -> None:
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(self._worker)
        await self._worker.queue_frames([LLMRunFrame()])
        self.asked()
        await runner.run()

    async def _guard(self, work: Awaitable[None]) -> None:
        """Run a part of the call: a fault of any part ends the call, and only the call."""
        try:
            await work
        except Exception:  # noqa: BLE001  # the outermost loop of a call
            _log.exception("A part of a call failed.", extra={"session_id": self._session_id})
            self.end(Reason.AGENT_ERROR)

    # What the transport and the model ask and report

    @property
    def silent(self) -> float:
        """Seconds since either end made a sound."""
        return self._pulse.silent

    def heard(self, audio: bytes) -> None:
        """Audio arrived from the caller."""
        self._pulse.heard(audio)

    def spoke(self) -> None:
        """A piece of the agent's speech left for the caller."""
        self._pulse.spoke()
        self._turns.spoke()

    def caller_hung_up(self) -> None:
        """The caller asked for the end of the call."""
        self.end(Reason.HANG_UP)

    def caller_left(self) -> None:
        """The connection is gone."""
        self._gone.set()
        gone = Reason.CALLER_GONE if self._line.joined.is_set() else Reason.NEVER_JOINED
        self.end(Reason.HANG_UP if self._line.hung_up else gone)

    def used(self, usage: Usage) -> None:
        """The model billed tokens."""
        self._meter.add(usage)
        self._turns.used(usage)

    def asked(self) -> None:
        """The model was given something to answer."""
        self._pulse.asked()
        self._turns.asked()

    def caller_finished(self) -> None:
        """The model understood something that the caller said."""
        self._pulse.caller_finished()
        self._turns.caller_finished()

    def model_spoke(self) -> None:
        """Audio came from the model."""
        self._pulse.model_spoke()
        self._turns.model_spoke()

    def interrupted(self) -> None:
        """The caller talked over the model."""
        self._tally.interruptions += 1
        self._turns.interrupted()
        self._hand_over.interrupted()

    def reconnected(self) -> None:
        """A further stream carries the conversation."""
        self._tally.reconnects += 1

    def model_unavailable(self) -> None:
        """No stream to the model can be had."""
        self.end(Reason.MODEL_UNAVAILABLE)

    # The parts of a call

    async def _call_tool(self, params: FunctionCallParams) -> None:
        self._turns.tool_begins()
        answer = await self._toolbox.call(params.function_name, params.arguments)
        if isinstance(answer, LastAnswer):
            self._tally.hand_over()
            self._hand_over.ask()
        await params.result_callback(answer)

    async def _admit(self, joining: asyncio.Task[bool]) -> None:
        if not await asyncio.shield(joining):
            _log.warning("A session was refused: the ledger is not waiting for it.")
            await self._line.close(POLICY_VIOLATION, "this session is not waiting to be joined")
            self.end(Reason.CALLER_GONE)
            return
        self._admitted.set()
        await self._record.keep_alive()
        self.end(Reason.STOPPED)

    async def _watch_caps(self) -> None:
        while self._reason is None:
            await asyncio.sleep(WATCH_SECONDS)
            self._turns.look()
            if cap := self._reached_cap():
                self.end(cap)

    def _reached_cap(self) -> Reason | None:
        if self._hand_over.is_over:
            return Reason.ESCALATED
        return self._caps.reached()

    async def _hang_up_when_ended(self) -> None:
        await self._ended.wait()
        words = FAREWELLS.get(self._reason or Reason.HANG_UP)
        try:
            if words and self._admitted.is_set() and self._line.joined.is_set():
                await self._say_goodbye(words)
        finally:  # nothing else would end the call any more
            await self._worker.cancel()

    async def _say_goodbye(self, words: str) -> None:
        farewell = Farewell(self._pulse)
        farewell.ask()
        await self._brain.ask(words)
        while not (self._gone.is_set() or farewell.is_over):  # noqa: ASYNC110 - silence has no event
            await asyncio.sleep(WATCH_SECONDS)

    async def _close(self) -> None:
        await self._line.close(NORMAL_CLOSURE)
        reason = self._reason or Reason.AGENT_ERROR
        self._turns.close()
        if await self._has_joined():
            await self._record.close(reason)
            self._tally.close(reason, seconds=self._pulse.elapsed, cost_usd=self._meter.cost_usd)

    async def _has_joined(self) -> bool:
        """Say whether there is a row to close: a caller may be gone before the ledger has answered."""
        if self._joining is None:
            return False
        await asyncio.wait({self._joining})
        return self._joining.exception() is None and self._joining.result()


def _prompt() -> str:
    return Path(__file__).with_name("prompt.md").read_text(encoding="utf-8")
