"""What keeps a call from happening is said in words, with something to do about it."""

import pytest

from runtime.door.stats import Stats
from runtime.metrics import ICE_OUTCOME
from scripts.browsing.sign_in import open_signed_in
from tests.browser.connections import hurry
from tests.embedded.waiting import until

PROBLEM = "!document.querySelector('#problem').hidden"
CLOSED_PORT = 9
"""Discard: nobody listens there."""


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (403, "You may not call here"),
        (429, "All lines are busy"),
        (503, "The service is not available"),
    ],
)
async def test_the_doors_own_words_are_shown(stage, tab, status, title):
    """The door knows best what is wrong; the operators can find the request by its id."""
    stage.door.refusal = (status, "The door's own words.")

    await open_signed_in(tab, f"{stage.url}/")
    await tab.until(PROBLEM, 20)

    assert await tab.text("#problem h3") == title
    assert await tab.text("#problem .advice") == "The door's own words."
    assert await tab.text("#problem .reference") == "Request r-1"


async def test_trying_again_helps_once_the_door_lets_calls_through(stage, tab):
    """Nobody should have to know that reloading a page is a remedy."""
    stage.door.refusal = (429, "Every place is taken.")
    await open_signed_in(tab, f"{stage.url}/?transport=websocket")
    await tab.until(PROBLEM, 20)

    stage.door.refusal = None
    await tab.press("[data-remedy=retry]")

    await tab.until("document.querySelector('#state').innerText === 'On the line'", 20)


async def test_a_door_without_webrtc_is_called_over_websocket(stage, tab):
    """A door without relays still takes calls, and nobody needs to know which transport that is."""
    stage.door.refuses_webrtc = True

    await open_signed_in(tab, f"{stage.url}/")
    await tab.until("document.querySelector('#state')?.innerText === 'Ready to call'", 20)

    assert await tab.text("#path") == "WebSocket"


async def test_no_relay_within_reach_is_said_and_websocket_offered(stage, tab):
    """The commonest fault of WebRTC in offices: a firewall that lets no relay through."""
    urls = [f"{scheme}:127.0.0.1:{CLOSED_PORT}?transport=tcp" for scheme in ("turn", "turns")]
    relay = {"urls": urls, "username": "u", "credential": "p"}
    stage.door.invitation |= {"ice_servers": [relay], "ice_transport_policy": "relay"}
    await open_signed_in(tab, f"{stage.url}/")
    await tab.until("document.querySelector('#state')?.innerText === 'Ready to call'", 20)
    await tab.press("#call")
    await tab.until(PROBLEM, 40)
    assert await tab.text("#problem h3") == "No relay can be reached"
    assert await tab.text("#problem .reference") == "; ".join(f"{url} did not answer" for url in urls)
    assert await tab.text("#path") == "None"
    assert await no_path_is_told(stage)

    stage.door.invitation.pop("ice_servers")
    await tab.press("[data-remedy=websocket]")

    await tab.until("document.querySelector('#state').innerText === 'On the line'", 20)


async def test_a_path_that_cannot_be_found_is_said_with_what_there_was(stage, tab):
    """Addresses at both ends and nothing between them: whoever runs the network needs to know which there were."""
    stage.door.invitation |= {"ice_servers": [], "ice_transport_policy": "all"}
    await hurry(tab)
    await open_signed_in(tab, f"{stage.url}/")
    await tab.until("document.querySelector('#state')?.innerText === 'Ready to call'", 20)
    await tab.press("#call")
    await tab.until(PROBLEM, 20)

    assert await tab.text("#problem h3") == "Audio finds no way through"
    assert (await tab.text("#problem .advice")).startswith(
        "No relay was reached, and no path to the agent worked."
    )
    assert await tab.text("#problem .reference") == "Found here: this device's own address"
    assert await tab.run(
        "[...document.querySelectorAll('[data-remedy]')].map(b => b.dataset.remedy).join()"
    ) == ("retry,websocket")
    assert await no_path_is_told(stage)


async def no_path_is_told(stage):
    """Whether the door was told once, in what it makes the metric of that alarm *PathsNotFound* watches."""
    await until(lambda: stage.door.reports)
    (report,) = stage.door.reports
    return Stats.read(report).metrics() == {ICE_OUTCOME: 0}
