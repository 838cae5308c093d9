"""A real browser at home calls the deployed agent in its VPC, and the page shows what happened."""

import pytest

from runtime.door.ledger import Ledger
from runtime.door.session import Reason, State
from scripts.browsing.chromium import MICROPHONE_ALLOWED, RELAYS_AUTHORITY_IS_OURS, open_tab
from scripts.network.deployed import deployed
from scripts.network.laboratory import Laboratory
from scripts.network.rules import Egress
from scripts.network.wire import Figures
from tests.browser.conftest import voice  # noqa: F401 - a fixture
from tests.browser.test_call import said, session_of, state_is
from tests.local.conftest import wait_for

QUESTION = "What is the status of order four two seven"
ANSWER = "Order four two seven has shipped."

SELECTED_PAIR = """(async () => {
  const stats = await window.connections.at(-1).getStats();
  const transport = [...stats.values()].find(one => one.type === 'transport');
  const pair = stats.get(transport.selectedCandidatePairId);
  return [stats.get(pair.localCandidateId).candidateType, stats.get(pair.remoteCandidateId).candidateType];
})()"""


@pytest.fixture(scope="module")
def built():
    with Laboratory(figures=Figures(delay_ms=20)) as laboratory:
        yield laboratory


@pytest.fixture(scope="module")
def stage(built, relay):
    with deployed(built, relay, progress=lambda _line: None) as running:
        yield running


async def test_a_browser_behind_a_home_router_holds_a_spoken_call(stage, laboratory, voice):  # noqa: F811
    """Everything that is ours is in it: page, door, relay credentials, agent, and AWS's network as rebuilt."""
    microphone = await voice(QUESTION)
    with laboratory["caller"].entered():
        async with open_tab(MICROPHONE_ALLOWED, RELAYS_AUTHORITY_IS_OURS, microphone) as tab:
            await tab.ask("Page.addScriptToEvaluateOnNewDocument", source=KEEP_CONNECTIONS)
            await stage.open_in(tab)
            await tab.until(state_is("Ready to call"), 30)
            await tab.press("#call")
            await tab.until(state_is("On the line"), 30)
            await tab.until(said("caller", QUESTION), 30)
            await tab.until(said("agent", ANSWER), 30)

            pair = await tab.run(SELECTED_PAIR)
            assert pair[0] == "relay"
            assert pair[1] != "host"
            assert await tab.text("#path") == "Relay over UDP"
            assert (await tab.text("#join")).endswith("s")
            await tab.press("#hang-up")
            await tab.until(state_is("The call is over"), 10)
            assert not tab.complaints
    ledger = Ledger(
        stage.cloud.client("dynamodb"), stage.cloud.outputs("Hotline-embedded-Runtime")["LedgerTable"]
    )
    row = wait_for(lambda: closed(ledger.get(session_of(tab.requests))), seconds=20)
    assert row.reason == Reason.HANG_UP


async def test_where_udp_is_blocked_the_page_calls_over_tls(stage, laboratory):
    """Offices and hotels block UDP: the call begins all the same, and the page says by which way."""
    laboratory.let_out("caller", Egress.NO_UDP)
    with laboratory["caller"].entered():
        async with open_tab(MICROPHONE_ALLOWED, RELAYS_AUTHORITY_IS_OURS) as tab:
            await tab.ask("Page.addScriptToEvaluateOnNewDocument", source=KEEP_CONNECTIONS)
            await stage.open_in(tab)
            await tab.until(state_is("Ready to call"), 30)
            await tab.press("#call")
            await tab.until(state_is("On the line"), 30)
            await tab.until(
                "document.querySelector('#join').innerText.endsWith('s')", 30, "the agent is heard"
            )
            await tab.until("document.querySelector('#path').innerText === 'Relay over TLS'", 10)

            assert (await tab.run(SELECTED_PAIR))[0] == "relay"
            await tab.press("#hang-up")
            await tab.until(state_is("The call is over"), 10)


def closed(row):
    return row if row.state is State.CLOSED else None
