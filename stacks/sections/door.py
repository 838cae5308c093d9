"""The knobs of the door."""

from typing import Annotated

from pydantic import Field

from stacks.sections.section import COUNTED_SESSIONS, LOG_PRICE, RetentionDays, Section, price


class DoorConfig(Section):
    """The HTTP API that opens sessions, and the caps it holds."""

    # Bedrock: 20 concurrent Nova Sonic streams per account and Region by default; a session hand-over
    # holds two for a moment, so the default stays below.  AgentCore: 5,000 sessions.
    concurrency: int = Field(15, ge=1, le=5_000, description="Sessions that may be open at once.")
    # One caller with two open pages, and one whose last call is not settled yet.
    sessions_per_caller: int = Field(
        3,
        ge=1,
        le=COUNTED_SESSIONS,
        description="Of those, sessions that one caller may have open at once. A machine that calls for many "
        "people is one caller.",
    )
    # The AgentCore SDK's MAX_PRESIGNED_URL_TIMEOUT is 300.
    join_seconds: int = Field(
        60, ge=10, le=300, description="Life of the way into a session, from request to join."
    )
    # The agent beats every 10 s; three lost ones are the least that is no accident.
    heartbeat_lost_seconds: int = Field(
        60, ge=30, le=600, description="Silence of an agent after which the reaper ends its session."
    )
    # One page load each; a caller who opens and hangs up in a loop starts a microVM every time.
    sessions_per_caller_and_minute: int = Field(
        20,
        ge=1,
        le=6_000,
        description="Sessions that one caller may open in a minute. A machine that calls for many people is one "
        "caller.",
    )
    # API Gateway: 10,000 requests per second per account and Region by default ("Quotas for HTTP APIs", API Gateway
    # developer guide).
    requests_per_second: int = Field(
        10, ge=1, le=1_000, description="Requests per second that each route of the API accepts."
    )
    request_burst: int = Field(
        20, ge=1, le=2_000, description="Requests at once that each route of the API accepts."
    )
    # AgentCore starts 25 sessions per second and account ("Quotas", AgentCore developer guide).
    new_sessions_per_second: int = Field(
        5,
        ge=1,
        le=25,
        description="Requests per second that `POST /sessions` accepts, of all callers together.",
    )
    new_session_burst: int = Field(
        10,
        ge=1,
        le=2_000,
        description="Requests at once that `POST /sessions` accepts, of all callers together.",
    )
    # Lambda keeps 100 of an account's quota unreserved (PutFunctionConcurrency, Lambda API reference).  "New AWS accounts
    # have reduced concurrency" ("Lambda quotas"): AWS does not say how much, people report 10.
    reserved_concurrency: int = Field(
        0,
        ge=0,
        le=500,
        description="Requests at once that the door's function can always serve, and never more; "
        "0 shares the account's quota, which is all that a new account allows.",
    )
    # Without TLS whoever is between could put a script of theirs into the page; on this machine nobody is.
    allowed_origins: tuple[
        Annotated[str, Field(pattern=r"^(https://[^/*\s]+|http://(localhost|127\.0\.0\.1)(:\d+)?)$")], ...
    ] = Field(
        (), strict=False, description="Origins of web pages that may call the API; none is no browser at all."
    )
    log_retention_days: RetentionDays = Field(
        30, description="How long access and function logs are kept.", json_schema_extra=price(LOG_PRICE)
    )
