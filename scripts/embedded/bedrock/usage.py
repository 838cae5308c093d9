"""The token counts that Nova Sonic reports, and that its price is made of."""

from collections.abc import Mapping
from typing import Any

# Source: a bill reconciled against its calls, published 18 September 2026: 25 tokens for each second
# of speech either way, none for the caller's silence.
AUDIO_TOKENS_PER_SECOND = 25
# An estimate for English text; the service's tokenizer is not public.
CHARACTERS_PER_TEXT_TOKEN = 4

type Tokens = Mapping[tuple[str, str], float]


class Usage:
    """Counts one stream's tokens by direction and kind."""

    def __init__(self) -> None:
        # Fractions are kept, because audio arrives in pieces of less than a token.
        self._total = {(way, kind): 0.0 for way in ("input", "output") for kind in ("speech", "text")}
        self._reported = dict(self._total)

    def add_speech(self, way: str, seconds: float) -> None:
        """Count *seconds* of speech, *way* being `input` or `output`."""
        self._total[way, "speech"] += seconds * AUDIO_TOKENS_PER_SECOND

    def add_text(self, way: str, text: str) -> None:
        """Count *text*."""
        self._total[way, "text"] += -(-len(text) // CHARACTERS_PER_TEXT_TOKEN)

    def report(self) -> dict[str, Any]:
        """Return the body of a `usageEvent`: what is new since the last one, and everything.

        Source: Nova 2 user guide, sonic-output-events: the top-level totals are cumulative.
        """
        total, reported = self.total(), _whole(self._reported)
        self._reported = dict(self._total)
        delta = {
            way: {kind: count - reported[way][kind] for kind, count in kinds.items()}
            for way, kinds in total.items()
        }
        incoming, outgoing = sum(total["input"].values()), sum(total["output"].values())
        return {
            "details": {"delta": delta, "total": total},
            "totalInputTokens": incoming,
            "totalOutputTokens": outgoing,
            "totalTokens": incoming + outgoing,
        }

    def total(self) -> dict[str, dict[str, int]]:
        """Return all tokens so far, as `details.total` has them."""
        return _whole(self._total)


def _whole(tokens: Tokens) -> dict[str, dict[str, int]]:
    """Count whole tokens only and nest as on the wire; sums of fractions come out a hair short."""
    return {
        way: {f"{kind}Tokens": int(round(tokens[way, kind], 6)) for kind in ("speech", "text")}
        for way in ("input", "output")
    }
