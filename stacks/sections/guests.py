"""The knobs of invite links."""

from pydantic import Field, ValidationInfo, field_validator

from stacks.sections.section import COUNTED_SESSIONS, Section, price


class GuestsConfig(Section):
    """People without a sign-in, each with an invite from somebody who has one; absent lets none in."""

    # A link that is mailed and opened during a meeting; whoever finds it tomorrow finds it worthless.
    invite_seconds: int = Field(
        3_600,
        ge=60,
        le=7 * 24 * 3_600,
        description="Life of an invite that nobody redeems.",
        json_schema_extra=price(
            "US$1 a month for the key of a stage that lets guests in, US$0.03 per 10,000 seals and checks "
            "(aws.amazon.com/kms/pricing)"
        ),
    )
    invites_per_minute: int = Field(
        10, ge=1, le=1_000, description="Invites that one caller may make in a minute."
    )
    call_seconds: int = Field(
        300, ge=60, le=3_600, description="Longest call of a guest; never longer than `runtime.call_seconds`."
    )
    concurrency: int = Field(
        5,
        ge=1,
        le=COUNTED_SESSIONS,
        description="Guests who may have a session at once, within `door.concurrency`.",
    )
    concurrency_per_inviter: int = Field(
        2, ge=1, le=COUNTED_SESSIONS, description="Of those, guests of one inviter."
    )
    requests_per_second: int = Field(
        5, ge=1, le=1_000, description="Requests per second that each route of guests accepts."
    )
    request_burst: int = Field(
        10, ge=1, le=2_000, description="Requests at once that each route of guests accepts."
    )

    @field_validator("concurrency_per_inviter")
    @classmethod
    def _is_no_more_than_all(cls, of_one: int, info: ValidationInfo) -> int:
        of_all = info.data.get("concurrency", of_one)
        if of_one > of_all:
            raise ValueError(
                f"exceeds concurrency ({of_all}), so it could never act; lower this or raise that"
            )
        return of_one
