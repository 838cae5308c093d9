"""The knobs of the bridge that phone providers stream over who cannot connect to AgentCore themselves."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from stacks.sections.section import LOG_PRICE, RetentionDays, Section, price

_BY_DIGEST = re.compile(r"[a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)+@sha256:[a-f0-9]{64}")


def _names_its_content(image: str) -> str:
    if not _BY_DIGEST.fullmatch(image):
        raise ValueError(
            "does not name an image by its digest (HOST/NAME@sha256:...), so what runs could change under it; "
            "scripts/bridge-image prints the one of today"
        )
    return image


class FargateBridgeConfig(Section):
    """A load balancer and tasks on Fargate: Twilio drops the query of a URL, and with it the way in's signature."""

    kind: Literal["fargate"]
    host_name: str = Field(
        max_length=253,
        pattern=r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$",
        description="Name that providers connect to. Point it (CNAME) to the output `BridgeAddress` once it is there.",
    )
    certificate_arn: str = Field(
        pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[a-f0-9-]{36}$",
        description="Certificate for `host_name` in AWS Certificate Manager, in the stage's Region.",
        json_schema_extra=price(
            "US$0.0225 an hour and US$0.008 per LCU-hour for the load balancer "
            "(aws.amazon.com/elasticloadbalancing/pricing), US$0.005 an hour for each of its addresses, one in each "
            "zone (aws.amazon.com/vpc/pricing)"
        ),
    )
    # By digest, so that what runs cannot change under a tag.  No digest is shipped: the one of the day has the
    # fixes of the day.
    image: Annotated[str, AfterValidator(_names_its_content)] = Field(
        description="Public image with Python 3.13 on glibc for arm64, by digest: `scripts/bridge-image` prints that of "
        "the official slim one. Nothing of Hotline is in it: a task fetches the agent's bundle.",
    )
    # Measured with 20 ms frames both ways: docs/bridge.md.
    streams_per_task: int = Field(
        50, ge=1, le=200, description="Phone calls that one task carries; tasks are added from 60 % of it on."
    )
    least_tasks: int = Field(
        2,
        ge=1,
        le=50,
        description="Tasks at night, in as many zones; one alone is an interruption when it fails.",
        json_schema_extra=price(
            "about US$0.02 an hour for each (0.5 vCPU, 1 GB on Graviton; aws.amazon.com/fargate/pricing)"
        ),
    )
    most_tasks: int = Field(4, ge=1, le=100, description="Tasks at the busiest.")
    log_retention_days: RetentionDays = Field(
        30, description="How long the bridge's log is kept.", json_schema_extra=price(LOG_PRICE)
    )

    @property
    def url(self) -> str:
        """Where providers stream to."""
        return f"wss://{self.host_name}/stream"

    @field_validator("certificate_arn")
    @classmethod
    def _is_in_the_region(cls, arn: str, info: ValidationInfo) -> str:
        region = (info.context or {}).get("region")
        if region and arn.split(":")[3] != region:
            raise ValueError(f"is in another Region than the stage ({region}); request the certificate there")
        return arn

    @model_validator(mode="after")
    def _has_at_most_no_less_than_at_least(self) -> Self:
        if self.most_tasks < self.least_tasks:
            raise ValueError(f"has most_tasks ({self.most_tasks}) below least_tasks ({self.least_tasks})")
        return self


class LocalBridgeConfig(Section):
    """The same program as a process beside an embedded cloud."""

    kind: Literal["process"]
    url: str = Field(pattern=r"^ws://localhost:\d{1,5}/stream$", description="Where it answers.")


type BridgeConfig = Annotated[FargateBridgeConfig | LocalBridgeConfig, Field(discriminator="kind")]
