"""One row of the session ledger: who called, in which state the call is, what it cost."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self


class State(StrEnum):
    """How far a session has come; it only ever moves forward."""

    OPEN = "open"
    """The caller has a way in and has not used it."""
    ACTIVE = "active"
    """The agent is on the line."""
    CLOSED = "closed"


class Reason(StrEnum):
    """Why a session ended."""

    HANG_UP = "hang_up"
    """The conversation was over, and one side said so."""
    CALLER_GONE = "caller_gone"
    IDLE = "idle"
    DURATION = "duration"
    COST = "cost"
    ESCALATED = "escalated"
    """The caller was handed over to a person."""
    MODEL_UNAVAILABLE = "model_unavailable"
    AGENT_LOST = "agent_lost"
    NEVER_JOINED = "never_joined"
    NEVER_OPENED = "never_opened"
    """The door died while it opened the session, before any microVM started."""
    STOPPED = "stopped"
    """Somebody asked the door to end it."""
    AGENT_ERROR = "agent_error"
    NO_RELAY = "no_relay"
    """There was no way for audio."""

    @property
    def is_failure(self) -> bool:
        """Whether the agent or its model let the caller down."""
        return self in {Reason.AGENT_ERROR, Reason.MODEL_UNAVAILABLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a call has used since it began, as the agent meters it."""

    cost_usd: float
    speech_input_tokens: int = 0
    speech_output_tokens: int = 0
    text_input_tokens: int = 0
    text_output_tokens: int = 0

    def to_item(self) -> dict[str, dict[str, str]]:
        """Return the figures as DynamoDB attributes."""
        return {name: {"N": str(value)} for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as the ledger holds it; moments are Unix seconds, and 0 means not yet."""

    session_id: str
    owner: str
    transport: str
    state: State
    started_at: float
    """When the door opened it."""
    call_seconds: int = 0
    """Longest call, where it is not the stage's own; 0 where it is."""
    joined_at: float = 0.0
    heartbeat_at: float = 0.0
    """When the agent last said that the call is alive."""
    silent_seconds: float = 0.0
    """How long nobody had spoken by then."""
    ended_at: float = 0.0
    seconds: float = 0.0
    """Length of the call, from joining to its end; 0 until it has ended."""
    reason: str = ""
    """A `Reason` once closed."""
    cost_usd: float = 0.0
    speech_input_tokens: int = 0
    speech_output_tokens: int = 0
    text_input_tokens: int = 0
    text_output_tokens: int = 0

    @classmethod
    def from_item(cls, item: Mapping[str, Mapping[str, str]]) -> Self:
        """Read the row that DynamoDB returned."""
        known: dict[str, Any] = {}
        for one in fields(cls):
            if one.name in item:
                (value,) = item[one.name].values()
                known[one.name] = one.type(value) if callable(one.type) else value
        return cls(**known)
