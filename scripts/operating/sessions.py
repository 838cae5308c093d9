"""The sessions of a stage, as its operator sees and stops them."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from rich.table import Table

from runtime.door.errors import LedgerUnavailableError, SessionEndedError
from runtime.door.session import Reason, Session, State
from scripts.operating.errors import NotStoppedError, UnknownSessionError
from scripts.operating.stage import Stage

# What AgentCore takes: "RuntimeSessionId", InvokeAgentRuntime, AgentCore API reference.
_SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{32,255}")


class SessionDesk:
    """Lists, shows and stops the sessions of one stage, whatever this machine's clock says.

    Every method raises `LedgerUnavailableError` when DynamoDB refuses or does not answer.
    """

    def __init__(self, stage: Stage) -> None:
        self._outputs = stage.deployment.outputs
        self._ledger = stage.ledger()
        self._agentcore = stage.agentcore()

    def held(self) -> list[Session]:
        """Return every session that has a place, oldest first.

        A closed one among them waits for its microVM to be stopped.
        """
        return sorted(
            (one for _, one in self._ledger.held() if isinstance(one, Session)),
            key=lambda one: one.started_at,
        )

    def show(self, session_id: str) -> Session:
        """Return one session, open or not.

        Raises:
            UnknownSessionError: The ledger has none by this id.
        """
        session = self._ledger.get(session_id)
        if session is None:
            raise UnknownSessionError(
                f"The ledger has no session {session_id!r}; rows go 30 days after their session began.  "
                "`list` shows those that are open."
            )
        return session

    def stop(self, session_id: str) -> bool:
        """Stop a session as the door would, and say whether it was the ledger's.

        One that the ledger does not know can be stopped too: AgentCore lists none, but its id may be in a log.

        Raises:
            UnknownSessionError: It is no session id at all.
            NotStoppedError: AgentCore did not stop it; its row is closed, and the reaper tries again.
        """
        if not _SESSION_ID.fullmatch(session_id):
            raise UnknownSessionError(
                f"{session_id!r} is no session id, so nothing was stopped: one has 33 to 256 letters, digits, "
                "hyphens and underscores."
            )
        try:
            self._ledger.close(session_id, Reason.STOPPED, may_run=True)
            known = True
        except SessionEndedError:
            known = False
        self._stop_microvm(session_id)
        self._ledger.release(session_id)
        return known

    def stop_all(self) -> tuple[list[str], list[str]]:
        """Stop every session that has a place; return the ids of those that were, and why others were not."""
        stopped, faults = [], []
        for session in self.held():
            try:
                self.stop(session.session_id)
            except (NotStoppedError, LedgerUnavailableError) as fault:
                faults.append(str(fault))
            else:
                stopped.append(session.session_id)
        return stopped, faults

    def _stop_microvm(self, session_id: str) -> None:
        try:
            self._agentcore.stop_runtime_session(
                runtimeSessionId=session_id,
                agentRuntimeArn=self._outputs["RuntimeArn"],
                qualifier=self._outputs["EndpointName"],
            )
        except self._agentcore.exceptions.ResourceNotFoundException:
            return  # it runs no more
        except (ClientError, BotoCoreError) as fault:
            raise NotStoppedError(
                f"AgentCore did not stop session {session_id}: {fault}.  You need bedrock-agentcore:StopRuntimeSession; "
                "if the ledger knows it, it is closed, its agent hangs up within 10 s and the reaper tries again."
            ) from fault

    def table(self, sessions: Sequence[Session]) -> Table:
        """Return one line per session."""
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("Session", "State", "Transport"):
            table.add_column(name, no_wrap=True)
        for name in ("Open for", "Last heartbeat", "Silent for", "Cost US$"):
            table.add_column(name, justify="right", no_wrap=True)
        for one in sessions:
            table.add_row(*self._line(one))
        return table

    def _line(self, session: Session) -> tuple[str, ...]:
        now = self._ledger.now()
        talking = session.state is State.ACTIVE
        return (
            session.session_id,
            session.state
            if session.state is not State.CLOSED
            else f"closed ({session.reason}), not stopped yet",
            session.transport,
            _seconds(now - session.started_at),
            f"{_seconds(now - session.heartbeat_at)} ago" if talking else "",
            _seconds(session.silent_seconds) if talking else "",
            f"{session.cost_usd:.4f}" if talking else "",
        )


def as_json(session: Session) -> dict[str, Any]:
    """Return a session as `--json` writes it: the row, moments as Unix seconds, null for not yet.

    Who calls is left out: what a program stores is read by more people than an operator's screen.
    """
    row = {name: value for name, value in asdict(session).items() if name != "owner"}
    for name in ("joined_at", "heartbeat_at", "ended_at", "reason"):
        row[name] = row[name] or None
    return row


def _seconds(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
