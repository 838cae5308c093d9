"""The knobs of what is watched: calls, and money."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from stacks.sections.section import Section, price


def _is_an_address(text: str) -> str:
    """Refuse what is plainly no e-mail address; the mail to confirm, from SNS, is the real check."""
    if not re.fullmatch(r"[^@\s,;]+@[^@\s,;]+\.[A-Za-z]{2,}", text):
        raise ValueError("is no e-mail address, so alarms would reach nobody; write one like name@domain")
    return text


type Email = Annotated[str, AfterValidator(_is_an_address)]


class MonitoringConfig(Section):
    """What is watched, and who is woken."""

    alarm_email: Email = Field(
        description="Who hears of every alarm; SNS sends a confirmation to answer first."
    )
    # A caller talks over an agent that takes longer than two seconds (sample-voice-agent alarms at 2,000).
    voice_to_voice_p95_milliseconds: int = Field(
        2_000, ge=300, le=10_000, description="Slowest 95th percentile of answers that wakes nobody."
    )
    runbooks_url: str | None = Field(
        None,
        pattern=r"^https://[^\s?#]+/$",
        max_length=300,
        description="Where whoever is woken reads the pages of docs/runbooks, such as your fork's folder on the web; ends "
        "with a slash. Without it alarms name a page by its path.",
    )
    log_key: Literal["aws", "own"] = Field(
        "aws",
        description="Whose key encrypts every log: AWS's, or one of the stage's own, which you can disable and whose every "
        "use CloudTrail shows. Changing it replaces no log; after `own` the key stays in a stack of its own until what it "
        "encrypted has expired and you delete it ([log-key](decisions/log-key.md)).",
        json_schema_extra=price(
            "`own`: US$1 a month for the key, US$0.03 per 10,000 uses of it by CloudWatch Logs (aws.amazon.com/kms/pricing)"
        ),
    )
    # AgentCore counts the sessions of an account and Region, not of a runtime.
    other_agents_sessions: int = Field(
        0,
        ge=0,
        le=5_000,
        description="Sessions that other agents and stages may have in this account and Region before those that "
        "AgentCore counts and the ledger does not know wake somebody.",
        json_schema_extra=price(
            "US$0.30 a month for an alarm on three metrics (aws.amazon.com/cloudwatch/pricing)"
        ),
    )


class BillingConfig(Section):
    """What the account may cost before somebody is told."""

    alarm_email: Email = Field(description="Who hears when money runs away.")
    monthly_budget_usd: int = Field(
        100,
        ge=1,
        le=1_000_000,
        description="Monthly budget; told at 50, 80 and 100 %, and when it is forecast.",
    )
    anomaly_usd: int = Field(
        20, ge=1, le=1_000_000, description="Unusual spend of one day, in one service, worth a mail."
    )
    # One monitor of services per account; CloudFormation answers a second one with `AlreadyExists: null`
    # (aws-cloudformation/cloudformation-coverage-roadmap#2515).
    anomaly_monitor_arn: str | None = Field(
        None,
        pattern=r"^arn:aws[a-z-]*:ce::\d{12}:anomalymonitor/[0-9a-f-]{36}$",
        description="Existing monitor of AWS services to subscribe to; an account can have only one, so only "
        "its first stage may leave this out. Accounts with Cost Explorer have one from the start.",
    )
