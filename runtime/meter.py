"""What a call costs: list prices of all that is billed by use, and the sum so far."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from runtime.settings.agent import RuntimeSettings
from runtime.settings.brains import CASCADE

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """US$ per million tokens, characters and seconds.

    Speech costs nine (in) and four (out) times as much as text, so a sum of both kinds of tokens, which
    is all that Pipecat's metrics hold, has no price.
    """

    speech_input: float = 0.0
    speech_output: float = 0.0
    text_input: float
    text_output: float
    heard_seconds: float = 0.0
    """Of audio that Transcribe listens to, silence included."""
    spoken_characters: float = 0.0
    """That Polly speaks."""


# Source: https://aws.amazon.com/bedrock/pricing/ as quoted by litellm 1.109.1; US Regions.  Tokyo costs
# 21 % more, so a cap there bites that much later than it says.
_NOVA_SONIC = Prices(speech_input=3.00, speech_output=12.00, text_input=0.33, text_output=2.75)

PRICES: Mapping[str, Prices] = {
    "amazon.nova-2-5-sonic": _NOVA_SONIC,
    "amazon.nova-2-sonic-v1:0": _NOVA_SONIC,
}
"""By id of the speech-to-speech model."""

TEXT_PRICES: Mapping[str, tuple[float, float]] = {
    "amazon.nova-lite-v1:0": (0.06, 0.24),
    "amazon.nova-micro-v1:0": (0.035, 0.14),
}
"""In and out, by id of the cascade's text model.  Source: as above."""

# Source: https://aws.amazon.com/transcribe/pricing/, streaming, first tier, US Regions: US$0.024 a minute.  Price
# lists of October 2026 have 0.010 for some Regions; the dearer of the two lets a cap bite too early, not too late.
TRANSCRIBE_USD_PER_MINUTE = 0.024

TRANSCRIBE_LEAST_SECONDS = 15.0
"""What a stream costs at least.  Source: as above."""

POLLY_PRICES: Mapping[str, float] = {"neural": 16.0, "generative": 30.0}
"""By engine.  Source: https://aws.amazon.com/polly/pricing/."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was billed: tokens, seconds that were listened to, characters that were spoken."""

    speech_input_tokens: int = 0
    speech_output_tokens: int = 0
    text_input_tokens: int = 0
    text_output_tokens: int = 0
    heard_seconds: float = 0.0
    spoken_characters: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Add what was billed later."""
        return Usage(
            **{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(Usage)}
        )

    @classmethod
    def from_event(cls, event: Mapping[str, Any]) -> "Usage":
        """Read what one `usageEvent` of Nova Sonic's adds.

        Its `total`s are cumulative: summed over events they overcharge a call a hundredfold.

        Source: https://docs.aws.amazon.com/nova/latest/nova2-userguide/sonic-output-events.html
        """
        delta = event.get("details", {}).get("delta", {})
        heard, said = delta.get("input", {}), delta.get("output", {})
        return cls(
            speech_input_tokens=heard.get("speechTokens", 0),
            speech_output_tokens=said.get("speechTokens", 0),
            text_input_tokens=heard.get("textTokens", 0),
            text_output_tokens=said.get("textTokens", 0),
        )


class Meter:
    """Adds up one call."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._prices = prices_of(settings)
        self.used = Usage()

    def add(self, usage: Usage) -> None:
        """Count what was billed just now."""
        self.used += usage

    @property
    def cost_usd(self) -> float:
        """US$ so far, at list price."""
        return self.cost_of(self.used)

    def cost_of(self, used: Usage) -> float:
        """Return the list price of *used* in US$."""
        prices = self._prices
        return (
            used.speech_input_tokens * prices.speech_input
            + used.speech_output_tokens * prices.speech_output
            + used.text_input_tokens * prices.text_input
            + used.text_output_tokens * prices.text_output
            + used.heard_seconds * prices.heard_seconds
            + used.spoken_characters * prices.spoken_characters
        ) / _MILLION


def prices_of(settings: RuntimeSettings) -> Prices:
    """Return the prices of all that the brain of *settings* uses.

    What has no known price is taken at the dearest known one, so that a cap still holds.
    """
    if settings.brain_kind != CASCADE:
        dearest = max(PRICES.values(), key=lambda prices: prices.speech_output)
        return PRICES.get(settings.model_id, dearest)
    named = (price for model_id, price in TEXT_PRICES.items() if settings.model_id.endswith(model_id))
    text_input, text_output = next(named, max(TEXT_PRICES.values()))
    return Prices(
        text_input=text_input,
        text_output=text_output,
        heard_seconds=TRANSCRIBE_USD_PER_MINUTE / 60 * _MILLION,
        spoken_characters=POLLY_PRICES.get(settings.speech_engine, max(POLLY_PRICES.values())),
    )
