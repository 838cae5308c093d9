"""The environment contracts of the agent and of the door, defined once.

`stacks` calls `to_environment`, the program that runs calls `from_environment`; nothing else reads
or writes these variables.  Values are checked where they are read: while a stack is synthesised an
ARN is a token such as `${Token[...]}`, and a check there would reject it.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from typing import Any, Self

from runtime.errors import SettingsError

PREFIX = "HOTLINE_"


def _optional() -> Any:
    return field(default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Settings:
    """A frozen set of values that travels as `HOTLINE_<FIELD>` variables.

    A field with a default may be absent; every other must be set and not empty.
    """

    def to_environment(self) -> dict[str, str]:
        """Return the variables that `from_environment` reads back; empty optional ones stay out."""
        named = {_variable(one): getattr(self, one.name) for one in fields(self)}
        return {name: str(value) for name, value in named.items() if value}

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings that the deployment wrote.

        Raises:
            SettingsError: Variables are missing or hold no number where one belongs; the message
                names every one of them.
        """
        values: dict[str, Any] = {}
        faults = []
        for one in fields(cls):
            try:
                values[one.name] = _parse(one, environ.get(_variable(one), ""))
            except ValueError as fault:
                faults.append(f"  {_variable(one)}: {fault}")
        if faults:
            raise SettingsError(
                f"{cls.__name__} cannot be read, so nothing was started:\n"
                + "\n".join(faults)
                + "\nThe stack sets these; deploy it again, or export them for a run by hand."
            )
        return cls(**values)


def _variable(one: Field[Any]) -> str:
    return PREFIX + one.name.upper()


def _parse(one: Field[Any], text: str) -> Any:
    if not text:
        if one.default is MISSING:
            raise ValueError("is not set")
        return one.default
    if one.type is str:
        return text
    if one.type is bool:
        return _flag(text)
    if one.type is int:
        number: float = int(text)
    else:
        number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(f"must be a finite number above 0, got {text!r}")
    return number


def _flag(text: str) -> bool:
    if text != str(True):  # `to_environment` leaves out what is false
        raise ValueError(f"must be {True} or absent, got {text!r}")
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeSettings(_Settings):
    """Everything that the agent may know about where it runs.

    The `*_url` fields are empty on AWS.  The embedded cloud sets them, and nothing else in the agent
    differs there: the Bedrock SDK reads neither `AWS_ENDPOINT_URL` nor `AWS_CA_BUNDLE`.
    """

    stage: str
    region: str
    model_id: str
    voice_id: str
    endpointing_sensitivity: str
    """`HIGH`, `MEDIUM` or `LOW`: how short a pause ends the caller's turn."""
    idle_seconds: int
    """Silence from both ends after which the call ends."""
    call_seconds: int
    """Longest call."""
    call_cost_usd: float
    """What one call may cost in model tokens before it ends."""
    orders_table: str
    """DynamoDB table that the tool `order_status` reads."""
    ledger_table: str
    """DynamoDB table with one row per session: the door opens it, the agent reports to it."""
    callbacks_table: str = _optional()
    """DynamoDB table with those who wait to be called back; nothing where nobody calls back."""
    callbacks_topic: str = _optional()
    """SNS topic that tells people that somebody waits."""
    callback_days: int = 0
    """How long a request to be called back is kept."""
    queue_url: str = _optional()
    """Where a caller is handed over to a queue of people; nothing where there is none."""
    queue_secret_arn: str = _optional()
    """Secret that what is sent there is signed with."""
    bedrock_url: str = _optional()
    services_url: str = _optional()


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorSettings(_Settings):
    """Everything that the door's Lambda functions may know about where they run, but for its relays.

    Those are described by the variables of `turn.settings`, which the function that serves callers has.
    """

    stage: str
    region: str
    runtime_arn: str
    endpoint_name: str
    """AgentCore endpoint (its `qualifier`) that sessions are bound to."""
    ledger_table: str
    concurrency: int
    """Sessions that may be open at once."""
    sessions_per_caller: int
    """Of those, sessions of one caller."""
    sessions_per_caller_and_minute: int
    """Sessions that one caller may open in a minute."""
    call_seconds: int
    idle_seconds: int
    """Silence from both ends after which the agent ends a call."""
    call_cost_usd: float
    """What one call may cost in model tokens before the agent ends it."""
    lifetime_seconds: int
    """Life of a microVM, which AgentCore ends."""
    join_seconds: int
    """Life of a pre-signed way in: it bounds the connect, not the call."""
    heartbeat_lost_seconds: int
    """Silence of the agent after which the reaper takes its session for dead."""
    caller_policy: str
    """`relay` or `all`: what WebRTC calls the browser's ICE transport policy."""
    relay_networks: str = _optional()
    """Networks that are not on the Internet and that relays' addresses are in nevertheless, divided by commas."""
    allocations_per_call: int = 0
    """Relay allocations that one call holds; 0 where nobody counts them."""
    allowed_origins: str = _optional()
    """Origins of web pages, besides the door's own, that may send requests, apart by spaces."""
    agentcore_url: str = _optional()


INVITE_KEY = PREFIX + "INVITE_KEY"
"""The variable without which a door lets no guests in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestGateSettings(_Settings):
    """Everything that the function which judges guests' tokens may know."""

    stage: str
    region: str
    invite_key: str
    """ARN of the KMS key that seals invites and guests' tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSettings(_Settings):
    """What the door must know to let guests in; it has these variables only where a stage lets them in."""

    stage: str
    region: str
    invite_key: str
    """ARN of the KMS key that seals invites and guests' tokens."""
    invite_seconds: int
    """Life of an invite that nobody redeems."""
    invites_per_minute: int
    """Invites that one caller may make in a minute."""
    guest_call_seconds: int
    """Longest call of a guest."""
    guest_concurrency: int
    """Guests who may have a session at once."""
    guests_per_inviter: int
    """Of those, guests of one inviter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings(_Settings):
    """Everything that the call page may know about where it runs; it tells every browser all of it."""

    stage: str
    agent_origin: str
    """Origin of the agent's WebSockets."""
    before_call: str
    """`path`, `agent` or `nothing`: what is ready before a caller presses Call."""
    auth_kind: str
    """`cognito`, `oidc` or `iam`: how callers say who they are."""
    issuer: str = _optional()
    """Who signs callers in; empty where none signs in with a browser."""
    client_id: str = _optional()
    scopes: str = _optional()
    """What the page asks the issuer for, apart by spaces."""
    sign_in_origins: str = _optional()
    """Origins that a browser asks while somebody signs in, apart by spaces."""
    guests: bool = False
    """Whether an invite link lets in who has it."""
    embedded: bool = False
    """Whether this is the embedded cloud, whose brain is offline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneLine:
    """What is known of one provider of phone numbers."""

    secret_arn: str
    """Secret with what its webhooks are verified with."""
    numbers: tuple[str, ...]
    """Its numbers that lead here, as E.164 writes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephonySettings(_Settings):
    """What the function that phone providers call must know besides `DoorSettings`."""

    caller_key: str
    """ARN of the KMS key that hides callers' numbers."""
    public_url: str
    """Scheme and host under which providers know the door; some of them sign it."""
    phone_lines: str
    """See `lines_to_text`."""
    phone_concurrency: int
    """Phone calls at once."""
    calls_per_number: int
    """Of those, from one number."""
    replay_seconds: int
    """Age from which on a webhook that says when it was signed is not believed any more."""
    caller_countries: str
    """Countries that calls are taken from (ISO 3166), apart by spaces."""
    caller_numbers: str = _optional()
    """Numbers that calls are taken from, apart by spaces; all when it is empty."""
    bridge_url: str = _optional()
    """Where the streams of providers go that cannot connect to AgentCore themselves."""
    tells_numbers: bool = False
    """Whether agents learn what their callers call from: those that hand callers over to people do."""

    @property
    def lines(self) -> dict[str, PhoneLine]:
        """The stage's lines, by provider."""
        said = json.loads(self.phone_lines)
        return {
            name: PhoneLine(secret_arn=line["secret_arn"], numbers=tuple(line["numbers"]))
            for name, line in said.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeSettings(_Settings):
    """What a task of the bridge may know about where it runs."""

    stage: str
    region: str
    runtime_arn: str
    endpoint_name: str
    """AgentCore endpoint (its `qualifier`) that sessions are bound to."""
    ledger_table: str
    call_seconds: int
    """Longest call: the agent says goodbye before the bridge cuts."""
    join_seconds: int
    """Life of the way in that the bridge signs for itself."""
    streams_per_task: int
    """Phone calls that one task carries at once."""
    agentcore_url: str = _optional()


def lines_to_text(lines: Mapping[str, PhoneLine]) -> str:
    """Write lines as `TelephonySettings.lines` reads them."""
    return json.dumps({name: asdict(line) for name, line in lines.items()}, separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetSettings(_Settings):
    """Everything that the function may know which closes the door when the budget is spent."""

    region: str
    ledger_table: str
    budget: str
    """Name of the budget."""
    topic_arn: str
    """What only Budgets may publish to."""
