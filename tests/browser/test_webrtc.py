"""The page's WebRTC: connected before the click, measured, and mended when the path dies.

What crosses real relays is proven by the tests of the network laboratory; here both ends are on loopback.
"""

import asyncio

from runtime.door.stats import Stats
from scripts.browsing.chromium import MICROPHONE_REFUSED, open_tab
from scripts.browsing.sign_in import open_signed_in
from tests.browser.connections import keep_connections
from tests.embedded.waiting import until

ON_THE_LINE = "document.querySelector('#state').innerText === 'On the line'"
READY = "document.querySelector('#state').innerText === 'Ready to call'"
LOUD = "Number(document.querySelector('#agent-level').ariaValueNow) > 40"
LOST_SECONDS = 25
"""Chromium calls a path disconnected after some seconds without an answer."""


async def call(tab, stage):
    await open_signed_in(tab, f"{stage.url}/")
    await tab.until(READY, 20)
    await tab.press("#call")
    await tab.until(ON_THE_LINE, 20)


async def test_both_hear_each_other(relayed, tab):
    """The microphone is added to a connection that stood before it was asked for."""
    await call(tab, relayed)

    await tab.until(LOUD, 10, "the agent is heard")
    await asyncio.wait_for(relayed.relayed_agent.heard.wait(), 10)
    assert (await tab.text("#join")).endswith("ms")
    assert not tab.complaints


async def test_the_path_stands_before_the_click(relayed, tab):
    """Half of a join is finding a path; there is time for that while the caller reads the page."""
    await open_signed_in(tab, f"{relayed.url}/")

    agent = relayed.relayed_agent
    await until(lambda: any(one.connectionState == "connected" for one in agent.connections))

    assert relayed.door.holds == [True]
    assert not relayed.relayed_agent.ready.is_set()
    assert not relayed.relayed_agent.heard.is_set()
    await tab.until("document.querySelector('#path').innerText.startsWith('Direct')", 10)
    assert "relays on this machine stand in" in await tab.text("footer .embedded")


async def test_what_the_agent_says_before_the_click_is_not_lost(relayed, tab):
    """The greeting's words are there before anybody hears them."""
    await call(tab, relayed)

    await tab.until(
        "document.querySelector('#transcript .agent span')?.innerText === 'Said before the click.'", 5
    )
    assert not tab.complaints


async def test_what_the_browser_measured_is_shown_and_reported(relayed, tab):
    """The door takes nothing but what its own reader accepts."""
    await call(tab, relayed)
    await tab.until("document.querySelector('#path').innerText.startsWith('Direct')", 20)
    await tab.until("document.querySelector('#loss').innerText.endsWith('%')", 20)
    await until(lambda: relayed.door.reports)

    stats = Stats.read(relayed.door.reports[0])

    assert stats.join_milliseconds
    assert stats.packets_received
    assert stats.candidate_type == "host"
    assert stats.relay_protocol is None


async def test_a_call_outlives_its_path(relayed, tab):
    """People go from the office's network to the telephone's in mid-sentence, and are on neither for a moment."""
    await call(tab, relayed)
    await tab.until(LOUD, 10)

    await tab.go_offline()
    await relayed.relayed_agent.cut()
    await tab.until("document.querySelector('#state').innerText === 'Finding another way…'", LOST_SECONDS)
    await until(lambda: any("INTERNET_DISCONNECTED" in one and "/relays" in one for one in tab.complaints))
    await tab.go_online()

    await tab.until(ON_THE_LINE, 20)
    await tab.until(LOUD, 10, "the agent is heard again")
    assert relayed.door.holds == [True, False]
    assert [one["type"] for one in relayed.relayed_agent.messages].count("client-ready") == 1


async def test_a_call_without_a_way_back_ends_in_words(relayed, tab):
    """Silence that only the agent's patience ends is paid for, and looks like a fault of the caller's machine."""
    await call(tab, relayed)
    await tab.until(LOUD, 10)

    relayed.door.refusal = (409, "This session has ended.")
    await relayed.relayed_agent.cut()
    await tab.until("!document.querySelector('#problem').hidden", LOST_SECONDS)

    assert await tab.text("#problem h3") == "The connection broke"
    assert await tab.text("#problem .advice") == "It could not be made again. This session has ended."
    await until(lambda: any(method == "DELETE" for method, _, _ in relayed.door.tokens))


async def test_a_path_that_dies_before_the_click_is_made_again(relayed, tab):
    """A laptop that was closed for a minute still shows Call, and pressing it must not lead into silence."""
    await keep_connections(tab)
    await open_signed_in(tab, f"{relayed.url}/")
    await tab.until("document.querySelector('#path').innerText.startsWith('Direct')", 20, "the path stands")
    await relayed.relayed_agent.cut()
    await tab.until(
        "['disconnected', 'failed'].includes(window.connections[0].connectionState)", LOST_SECONDS
    )

    await tab.press("#call")

    await tab.until(ON_THE_LINE, 20)
    await tab.until(LOUD, 10, "the agent is heard")
    assert relayed.door.holds == [True, True]


async def test_an_agent_that_hangs_up_ends_the_call(relayed, tab):
    """The page asks the ledger why, and says it."""
    await call(tab, relayed)

    relayed.door.reason = "duration"
    await relayed.relayed_agent.close()

    await tab.until("document.querySelector('#state').innerText === 'The agent hung up'", 20)
    assert await tab.text("#hint") == "The call had reached its longest duration."


async def test_one_can_write_without_a_microphone(relayed):
    """A connection without a microphone is still a call."""
    async with open_tab(MICROPHONE_REFUSED) as tab:
        await open_signed_in(tab, f"{relayed.url}/")
        await tab.until(READY, 20)
        await tab.press("#call")
        await tab.until("!document.querySelector('#problem').hidden", 20)
        await tab.press("[data-remedy=without-microphone]")
        await tab.until(ON_THE_LINE, 20)
        await tab.press("#text")
        await tab.write("hello")
        await tab.key("Enter", "\r")

        await until(lambda: any(one["type"] == "send-text" for one in relayed.relayed_agent.messages))
