"""The knobs of handing callers over to people."""

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from stacks.sections.secret import SecretArn
from stacks.sections.section import SECRET_PRICE, Section, price
from stacks.sections.watch import Email


class CallbackConfig(Section):
    """People call back: a row for each caller who waits, and a mail that there is one."""

    kind: Literal["callback"]
    email: Email = Field(
        description="Who is told that a caller waits; AWS sends a confirmation link first. The mail says where "
        "the number is, not which one it is.",
    )
    keep_days: int = Field(
        7,
        ge=1,
        le=90,
        description="How long a caller's number is kept if nobody deletes it before.",
        json_schema_extra=price(
            "US$1 a month for the key that encrypts numbers and mails (aws.amazon.com/kms/pricing)"
        ),
    )


class QueueConfig(Section):
    """A queue of people that callers are handed over to, by one signed HTTPS request for each."""

    kind: Literal["webhook"]
    url: str = Field(
        max_length=1_000,
        description="Where the queue takes callers; https. docs/escalation.md says what it is sent.",
    )
    secret_arn: SecretArn = Field(
        description="Complete ARN of the secret whose text requests are signed with; create it before deploying.",
        json_schema_extra=price(SECRET_PRICE),
    )

    @field_validator("url")
    @classmethod
    def _is_encrypted_on_its_way(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname or parts.username or parts.fragment:
            raise ValueError(
                "must be an https address without a user or a fragment: a caller's telephone number goes there"
            )
        return url


type EscalationConfig = Annotated[CallbackConfig | QueueConfig, Field(discriminator="kind")]
