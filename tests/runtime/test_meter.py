"""What a call costs."""

from dataclasses import replace

import pytest

from runtime.meter import PRICES, Meter, Usage
from tests.runtime.agent_settings import AGENT

EVENT = {
    "details": {
        "delta": {
            "input": {"speechTokens": 100, "textTokens": 1000},
            "output": {"speechTokens": 200, "textTokens": 400},
        },
        "total": {
            "input": {"speechTokens": 90_000, "textTokens": 90_000},
            "output": {"speechTokens": 90_000, "textTokens": 90_000},
        },
    },
    "totalInputTokens": 180_000,
}


def test_what_is_new_is_counted_and_totals_are_not():
    """Summed totals were seen to price a US$0.03 call at US$1.29."""
    assert Usage.from_event(EVENT) == Usage(
        speech_input_tokens=100, speech_output_tokens=200, text_input_tokens=1000, text_output_tokens=400
    )


@pytest.mark.parametrize("model_id", PRICES)
def test_each_kind_of_token_has_its_own_price(model_id):
    """US list, per million: speech 3.00 in and 12.00 out, text 0.33 in and 2.75 out."""
    meter = Meter(replace(AGENT, model_id=model_id))
    meter.add(Usage.from_event(EVENT))
    meter.add(Usage.from_event(EVENT))

    assert meter.cost_usd == pytest.approx(2 * (100 * 3.00 + 200 * 12.00 + 1000 * 0.33 + 400 * 2.75) / 1e6)


def test_a_model_without_a_known_price_is_taken_for_dear():
    """A cap on cost that counts an unknown model as free caps nothing."""
    known, unknown = Meter(AGENT), Meter(replace(AGENT, model_id="amazon.nova-9-sonic"))
    for meter in (known, unknown):
        meter.add(Usage.from_event(EVENT))

    assert unknown.cost_usd >= known.cost_usd


def test_an_event_that_says_nothing_costs_nothing():
    """Some of them come without details."""
    assert Usage.from_event({"totalInputTokens": 5}) == Usage()
