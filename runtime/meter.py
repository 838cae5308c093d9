"""What a call costs: the model's list prices, and the sum so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """US$ per million tokens.

    Speech costs nine (in) and four (out) times as much as text, so a sum of both kinds of tokens, which
    is all that Pipecat's metrics hold, has no price.
    """

    speech_input: float
    speech_output: float
    text_input: float
    text_output: float


# Source: https://aws.amazon.com/bedrock/pricing/ as quoted by litellm 1.109.1; US Regions.  Tokyo costs
# 21 % more, so a cap there bites that much later than it says.
_NOVA_SONIC = Prices(speech_input=3.00, speech_output=12.00, text_input=0.33, text_output=2.75)

PRICES: Mapping[str, Prices] = {
    "amazon.nova-2-5-sonic": _NOVA_SONIC,
    "amazon.nova-2-sonic-v1:0": _NOVA_SONIC,
}
"""By model id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that the model billed."""

    speech_input_tokens: int = 0
    speech_output_tokens: int = 0
    text_input_tokens: int = 0
    text_output_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        """Add what was billed later."""
        return Usage(
            speech_input_tokens=self.speech_input_tokens + other.speech_input_tokens,
            speech_output_tokens=self.speech_output_tokens + other.speech_output_tokens,
            text_input_tokens=self.text_input_tokens + other.text_input_tokens,
            text_output_tokens=self.text_output_tokens + other.text_output_tokens,
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
    """Adds up one call.

    A model without a known price is taken at the dearest known one, so that a cap still holds.
    """

    def __init__(self, model_id: str) -> None:
        dearest = max(PRICES.values(), key=lambda prices: prices.speech_output)
        self._prices = PRICES.get(model_id, dearest)
        self.used = Usage()

    def add(self, usage: Usage) -> None:
        """Count what the model billed just now."""
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
        ) / _MILLION
