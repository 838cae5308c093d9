import pytest

from runtime.transports.sdp import SPEECH_BITS_PER_SECOND
from scripts.costs.media import CALL_ALLOCATIONS, OURS, PAGE, STOCK, render, usd_of_waiting, usd_per_minute


def test_the_page_says_what_the_model_computes():
    """Figures in a document that nobody computes are wrong one day; run `python -m scripts.costs.media`."""
    assert PAGE.read_text() == render()


def test_the_model_is_about_the_encoder_that_runs():
    """A saving that is counted for another bit rate is none."""
    assert OURS.bits_per_second == SPEECH_BITS_PER_SECOND


def test_headers_are_counted():
    """They are 40 % of what leaves: a minute at 32 kbit/s and 50 packets of 54 bytes a second is 0.4 MB."""
    assert STOCK.gigabytes_per_minute == pytest.approx(0.000882)
    assert OURS.gigabytes_per_minute == pytest.approx(0.000402 * 0.625)


def test_our_encoder_costs_less_than_a_third_on_the_way():
    """Less would not be worth an encoder of our own."""
    ours, stock = usd_per_minute(OURS, allocations=0), usd_per_minute(STOCK, allocations=0)

    assert ours["egress"] < stock["egress"] / 3
    assert sum(ours.values()) < sum(stock.values()) / 2


def test_allocations_are_most_of_what_a_managed_call_costs():
    """Whoever wants to save there takes fewer URLs, not fewer bytes."""
    costs = usd_per_minute(OURS, allocations=CALL_ALLOCATIONS)

    assert costs["TURN minutes"] == pytest.approx(0.00036)
    assert costs["TURN minutes"] > 0.75 * sum(costs.values())


def test_each_readiness_costs_more_than_the_next():
    """The knob names them in that order."""
    path, agent, nothing = (usd_of_waiting(one, 60) for one in ("path", "agent", "nothing"))

    assert path > agent > nothing == 0
    assert path < 0.0005
