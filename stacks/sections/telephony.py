"""The knobs of calls from phones."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from stacks.sections.bridge import BridgeConfig
from stacks.sections.secret import SecretArn
from stacks.sections.section import COUNTED_SESSIONS, SECRET_PRICE, Section, price

# Lambda's whole environment holds 4 KB ("Lambda quotas"); a number takes 20 bytes of it.
MOST_NUMBERS = 80


def _is_a_country(text: str) -> str:
    """Refuse what no numbering plan belongs to, such as UK in place of GB."""
    import phonenumbers  # noqa: PLC0415 - no stage without phones waits for it

    if text not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(
            "is no country with telephone numbers; write two capital letters as ISO 3166 has them"
        )
    return text


# ITU-T E.164: a country code, which never begins with 0, and at most 15 digits in all.
type Number = Annotated[str, Field(pattern=r"^\+[1-9]\d{6,14}$")]
type Country = Annotated[str, AfterValidator(_is_a_country)]


class PhoneLineConfig(Section):
    """Numbers at one provider; what its webhooks are verified with stays in the deployer's own secret."""

    secret_arn: SecretArn = Field(
        description="Complete ARN of the secret whose text its webhooks are verified with (docs/telephony.md); create "
        "it before deploying.",
        json_schema_extra=price(SECRET_PRICE),
    )
    numbers: tuple[Number, ...] = Field(
        min_length=1, strict=False, description="Its numbers that lead here, such as `+14155550123`."
    )


class TelephonyConfig(Section):
    """Calls from phones, through providers that stream audio; absent takes none and deploys nothing for them."""

    twilio: PhoneLineConfig | None = Field(None, description="Numbers at Twilio; they need `bridge`.")
    vonage: PhoneLineConfig | None = Field(None, description="Numbers at Vonage.")
    telnyx: PhoneLineConfig | None = Field(None, description="Numbers at Telnyx.")
    plivo: PhoneLineConfig | None = Field(None, description="Numbers at Plivo.")
    # No default: whoever opens a number to the world should have thought of which part of it.
    caller_countries: tuple[Country, ...] = Field(
        min_length=1,
        strict=False,
        description="Countries that calls are taken from (ISO 3166, such as `US`), against toll fraud. A caller who "
        "withholds the number is from none.",
    )
    caller_numbers: tuple[Number, ...] = Field(
        (), strict=False, description="Numbers that calls are taken from; none is all of those countries."
    )
    concurrency: int = Field(
        5,
        ge=1,
        le=COUNTED_SESSIONS,
        description="Phone calls at once, within `door.concurrency`.",
        json_schema_extra=price(
            "US$1 a month for the key that hides callers' numbers, US$0.03 per 10,000 calls (aws.amazon.com/kms/pricing)"
        ),
    )
    # A family, or somebody whose last call is not settled yet; a company's exchange needs more.
    concurrency_per_number: int = Field(
        2,
        ge=1,
        le=COUNTED_SESSIONS,
        description="Of those, calls from one number. An exchange is one number.",
    )
    # The tolerance of Telnyx's own library is 300.
    replay_seconds: int = Field(
        300,
        ge=30,
        le=900,
        description="Age from which on a webhook that says when it was signed is refused; also how much clocks may "
        "differ.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https://[^/?#\s]+$",
        description="Scheme and host that providers are told, if it is a name of yours before the API; none is the API's "
        "own address. Twilio and Plivo sign it.",
    )
    requests_per_second: int = Field(
        5, ge=1, le=1_000, description="Webhooks per second that are looked at, genuine or not."
    )
    request_burst: int = Field(10, ge=1, le=2_000, description="Webhooks at once that are looked at.")
    # As `door.reserved_concurrency`.
    reserved_concurrency: int = Field(
        0,
        ge=0,
        le=500,
        description="Webhooks at once that the function can always serve, and never more; 0 shares the account's "
        "quota, which is all that a new account allows.",
    )
    bridge: BridgeConfig | None = Field(
        None, description="What Twilio streams over, chosen by `kind`; absent deploys none."
    )

    @property
    def lines(self) -> Mapping[str, PhoneLineConfig]:
        """The lines that there are, by provider."""
        known = {"twilio": self.twilio, "vonage": self.vonage, "telnyx": self.telnyx, "plivo": self.plivo}
        return {name: line for name, line in known.items() if line}

    @field_validator("concurrency_per_number")
    @classmethod
    def _is_no_more_than_all(cls, of_one: int, info: ValidationInfo) -> int:
        of_all = info.data.get("concurrency", of_one)
        if of_one > of_all:
            raise ValueError(
                f"exceeds concurrency ({of_all}), so it could never act; lower this or raise that"
            )
        return of_one

    @model_validator(mode="after")
    def _has_numbers_that_fit(self) -> Self:
        if not self.lines:
            raise ValueError("names no provider, so nobody could call; add one, or leave telephony out")
        if self.twilio and not self.bridge:
            raise ValueError(
                "has numbers at twilio, which drops the query of a stream's address and with it the way in's signature; "
                "add bridge (docs/bridge.md), or take them to another provider"
            )
        if self.bridge and not self.twilio:
            raise ValueError(
                "has a bridge that nobody streams over: twilio alone needs it; leave it out, or add numbers at twilio"
            )
        numbers = sum(len(line.numbers) for line in self.lines.values()) + len(self.caller_numbers)
        if numbers > MOST_NUMBERS:
            raise ValueError(
                f"has {numbers} numbers, and {MOST_NUMBERS} fit into the function's environment; name fewer"
            )
        return self
