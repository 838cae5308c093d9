"""The knobs of the door."""

from typing import Annotated

from pydantic import Field

from stacks.sections.section import LOG_PRICE, RetentionDays, Section, price


class DoorConfig(Section):
    """The HTTP API that opens sessions, and the caps it holds."""

    # Bedrock: 20 concurrent Nova Sonic streams per account and Region by default; a session hand-over
    # holds two for a moment, so the default stays below.  AgentCore: 5,000 sessions.
    concurrency: int = Field(15, ge=1, le=5_000, description="Sessions that may be open at once.")
    # The AgentCore SDK's MAX_PRESIGNED_URL_TIMEOUT is 300.
    join_seconds: int = Field(
        60, ge=10, le=300, description="Life of the way into a session, from request to join."
    )
    # The agent beats every 10 s; three lost ones are the least that is no accident.
    heartbeat_lost_seconds: int = Field(
        60, ge=30, le=600, description="Silence of an agent after which the reaper ends its session."
    )
    # API Gateway: 10,000 requests per second per account and Region by default.
    requests_per_second: int = Field(
        10, ge=1, le=1_000, description="Requests per second that the API accepts."
    )
    request_burst: int = Field(20, ge=1, le=2_000, description="Requests at once that the API accepts.")
    # Lambda keeps 100 of an account's quota unreserved; new accounts have a quota of 10 to begin with
    # ("Configuring reserved concurrency" and "Lambda quotas", Lambda developer guide).
    reserved_concurrency: int = Field(
        0,
        ge=0,
        le=500,
        description="Requests at once that the door's function can always serve, and never more; "
        "0 shares the account's quota, which is all that a new account allows.",
    )
    allowed_origins: tuple[Annotated[str, Field(pattern=r"^https?://[^/*\s]+$")], ...] = Field(
        (), strict=False, description="Origins of web pages that may call the API; none is no browser at all."
    )
    log_retention_days: RetentionDays = Field(
        30, description="How long access and function logs are kept.", json_schema_extra=price(LOG_PRICE)
    )
