"""A real browser at home calls the deployed agent in its VPC, and the page shows what happened."""

import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from runtime.door.ledger import Ledger
from runtime.door.session import Reason, State
from runtime.metrics import DIMENSION, ICE_OUTCOME, NAMESPACE
from scripts.browsing.chromium import MICROPHONE_ALLOWED, RELAYS_AUTHORITY_IS_OURS, open_tab
from scripts.network.deployed import deployed
from scripts.network.laboratory import Laboratory
from scripts.network.plan import RELAY_PUBLIC
from scripts.network.rules import Egress
from scripts.network.wire import Figures
from tests.browser.conftest import silence, voice  # noqa: F401 - fixtures
from tests.browser.connections import SELECTED_PAIR, hurry, keep_connections
from tests.browser.page import hang_up, said, session_of, state_is
from tests.local.conftest import wait_for

QUESTION = "What is the status of order four two seven"
ANSWER = "Order four two seven has shipped."
WAIT_SECONDS = 60
"""For what takes a few seconds on a machine that has nothing else to do."""


@pytest.fixture(scope="module")
def built():
    with Laboratory(figures=Figures(delay_ms=20)) as laboratory:
        yield laboratory


@pytest.fixture(scope="module")
def stage(built, relay):
    with deployed(built, relay, progress=lambda _line: None) as running:
        yield running


@contextlib.asynccontextmanager
async def page(stage, laboratory, *flags, prepare=keep_connections):
    """The page in a browser at the caller's."""
    with laboratory["caller"].entered():
        async with open_tab(MICROPHONE_ALLOWED, RELAYS_AUTHORITY_IS_OURS, *flags) as tab:
            await prepare(tab)
            await stage.open_in(tab)
            await tab.until(state_is("Ready to call"), WAIT_SECONDS)
            yield tab


async def test_a_browser_behind_a_home_router_holds_a_spoken_call(stage, laboratory, voice):  # noqa: F811
    """Everything that is ours is in it: page, door, relay credentials, agent, and AWS's network as rebuilt."""
    async with page(stage, laboratory, await voice(QUESTION)) as tab:
        await tab.press("#call")
        await tab.until(state_is("On the line"), WAIT_SECONDS)
        await tab.until(said("caller", QUESTION), WAIT_SECONDS)
        await tab.until(said("agent", ANSWER), WAIT_SECONDS)

        here, protocol, there = await tab.run(SELECTED_PAIR)
        assert (here, protocol) == ("relay", "udp")
        assert there != "host"
        assert await tab.text("#path") == "Relay over UDP"
        assert (await tab.text("#join")).endswith("s")
        assert (
            await tab.run("document.querySelectorAll('#transcript p').length") == 3
        )  # greeting, question, answer
        await hang_up(tab)
        assert not tab.complaints
    ledger = Ledger(
        stage.cloud.client("dynamodb"), stage.cloud.outputs("Hotline-embedded-Runtime")["LedgerTable"]
    )
    row = wait_for(lambda: closed(ledger.get(session_of(tab.requests))), seconds=WAIT_SECONDS)
    assert row.reason == Reason.HANG_UP
    assert row.speech_output_tokens


async def test_where_only_the_web_gets_out_the_page_calls_over_tls(stage, laboratory, silence):  # noqa: F811
    """Offices and hotels block UDP: the call begins all the same, and the page says by which way."""
    laboratory.let_out("caller", Egress.NO_UDP)
    async with page(stage, laboratory, silence) as tab:
        await tab.press("#call")
        await tab.until(state_is("On the line"), WAIT_SECONDS)
        await tab.until(
            "document.querySelector('#join').innerText.endsWith('s')", WAIT_SECONDS, "the agent is heard"
        )
        await tab.until("document.querySelector('#path').innerText === 'Relay over TLS'", WAIT_SECONDS)

        here, protocol, there = await tab.run(SELECTED_PAIR)
        assert (here, protocol) == ("relay", "tls")
        assert there != "host"
        assert (await tab.text("#place")).startswith(f"{RELAY_PUBLIC}:443")
        await hang_up(tab)


async def test_a_relay_that_is_killed_in_mid_call_costs_seconds_and_no_word(
    stage,
    laboratory,
    relay,
    silence,  # noqa: F811
):
    """Instances fail.  The page notices, asks the door for relays, and the same conversation goes on."""
    async with page(stage, laboratory, silence) as tab:
        await tab.press("#call")
        await tab.until(said("agent", "hello"), WAIT_SECONDS)
        relay.vanish()
        await tab.until(state_is("Finding another way…"), WAIT_SECONDS)
        relay.start()
        await tab.until(state_is("On the line"), WAIT_SECONDS)
        assert (await tab.run(SELECTED_PAIR))[0] == "relay"

        await tab.press("#text")
        await tab.write(QUESTION)
        await tab.key("Enter", "\r")
        await tab.until(said("agent", ANSWER), WAIT_SECONDS)
        assert (
            await tab.run("document.querySelectorAll('#transcript p').length") == 3
        )  # one greeting, no second
        await hang_up(tab)


async def test_a_network_that_lets_no_relay_through_is_said_and_counted(stage, laboratory):
    """The caller reads why; the operators see it in the metric that alarm *PathsNotFound* watches."""
    metrics = stage.cloud.client("cloudwatch")
    before = paths_not_found(metrics)
    laboratory.let_out("caller", Egress.NO_RELAY)
    async with page(stage, laboratory, prepare=hurry) as tab:
        await tab.press("#call")
        await tab.until("!document.querySelector('#problem').hidden", WAIT_SECONDS)

        assert await tab.text("#problem h3") == "No relay can be reached"
        tried = f"turn:{RELAY_PUBLIC}:3478?transport=udp", f"turns:{RELAY_PUBLIC}:443?transport=tcp"
        assert await tab.text("#problem .reference") == "; ".join(f"{one} did not answer" for one in tried)
    assert wait_for(lambda: paths_not_found(metrics) - before, seconds=WAIT_SECONDS) == 1


def paths_not_found(metrics):
    """How many browsers have reported that they found no path."""
    now = datetime.now(UTC)
    answer = metrics.get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName=ICE_OUTCOME.name,
        Dimensions=[{"Name": DIMENSION, "Value": "embedded"}],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(hours=1),
        Period=7200,
        Statistics=["Sum", "SampleCount"],
    )
    return sum(one["SampleCount"] - one["Sum"] for one in answer["Datapoints"])


def closed(row):
    return row if row.state is State.CLOSED else None
