"""Calls that a person makes with the page, on an embedded cloud with everything deployed."""

import asyncio
import contextlib
from urllib.parse import urlsplit

import httpx
import pytest

from runtime.door.session import Reason, State
from scripts.browsing.chromium import MICROPHONE_ALLOWED, MICROPHONE_REFUSED, open_tab
from scripts.browsing.sign_in import open_signed_in
from scripts.operating.sessions import SessionDesk
from scripts.operating.stage import Stage
from tests.browser.page import hang_up, said, session_of, state_is
from tests.local.conftest import QUICK_REAPER, wait_for

COTURN = {"kind": "coturn", "realm": "turn.hotline.test", "relays": 1, "instance_type": "t4g.small"}
QUESTION = "What is the status of order four two seven"
LEVEL = "Number(document.querySelector('#{}-level').ariaValueNow)"
ANSWER = "Order four two seven has shipped."
SILENT_SECONDS = 25
"""A caller who says nothing for a minute is hung up on, and a busy machine deploys for longer."""


class Called:
    """What is deployed, with the page before it."""

    def __init__(self, deployed):
        self.cloud, self.deployment, self.closed_row = (
            deployed.cloud,
            deployed.deployment,
            deployed.closed_row,
        )
        self.url = deployed.cloud.serve_page()
        agentcore = deployed.cloud.ports.endpoints()["agentcore"]
        self.desk = SessionDesk(Stage(deployment=deployed.deployment, agentcore_url=agentcore))

    def newest(self, *, seconds, when):
        """Wait until *when* holds for the newest session that has a place, and return its row."""

        def look():
            held = self.desk.held()
            return held[-1] if held and when(held[-1]) else None

        return wait_for(look, seconds=seconds)


@pytest.fixture(scope="module")
def called(deployed):
    opened = Called(deployed)
    yield opened
    for left in opened.desk.held():  # a browser that is ended gives nothing back
        opened.desk.stop(left.session_id)


async def test_a_spoken_call_is_answered_measured_and_written_down(called, voice):
    """The main job of the page, by a real browser with a real voice; over WebRTC in `tests/network`."""
    async with open_tab(MICROPHONE_ALLOWED, await voice(QUESTION)) as tab:
        await open_signed_in(tab, f"{called.url}/?transport=websocket")
        await tab.until(state_is("Ready to call"), 30)
        await tab.press("#call")
        await tab.until(state_is("On the line"), 60)
        await tab.until(said("caller", QUESTION), 30)
        await tab.until(said("agent", ANSWER), 30)
        await tab.until("document.querySelector('#last').innerText.endsWith('s')", 30)

        await hang_up(tab)

        assert await tab.text("#path") == "WebSocket"
        joined, answered = await tab.text("#join"), await tab.text("#last")
        transcript = await tab.run("document.querySelectorAll('#transcript p').length")
        requests, complaints = tab.requests, tab.complaints
    row = called.closed_row(session_of(requests), seconds=20)
    assert row.reason == Reason.HANG_UP
    assert row.speech_output_tokens
    assert joined.endswith("s")
    assert answered.endswith("s")
    assert transcript == 3  # greeting, question, answer: announced and spoken words are one line
    assert {urlsplit(one).netloc for one in requests} <= own_places(called)
    assert not complaints


@pytest.mark.parametrize(("transport", "path"), [("websocket", "WebSocket"), ("webrtc", "Relay over UDP")])
async def test_a_caller_who_interrupts_is_listened_to(called, voice, transport, path):
    """Nobody waits for a machine to finish its sentence: the greeting takes five seconds, the caller one and a half."""
    async with open_tab(MICROPHONE_ALLOWED, await voice(QUESTION, after_seconds=3)) as tab:
        await open_signed_in(tab, f"{called.url}/?transport={transport}")
        await tab.until(state_is("Ready to call"), 30)
        await tab.press("#call")
        await tab.until(f"{LEVEL.format('agent')} > 40 && {LEVEL.format('caller')} > 40", 30, "both speak")

        await tab.until(f"{LEVEL.format('agent')} === 0", 2, "the agent gives way")

        # Between two words the level falls; a caller who had finished would not be heard again.
        await tab.until(f"{LEVEL.format('caller')} > 40", 1, "the caller goes on")
        await tab.until(said("agent", ANSWER), 30)
        await tab.until(f"document.querySelector('#path').innerText === '{path}'", 10)
        await hang_up(tab)
        assert {urlsplit(one).netloc for one in tab.requests} <= own_places(called)


async def test_without_a_microphone_one_can_write(called):
    """A refused microphone is said in words, and does not end the matter."""
    async with open_tab(MICROPHONE_REFUSED) as tab:
        await open_signed_in(tab, f"{called.url}/?transport=websocket")
        await tab.until(state_is("Ready to call"), 30)
        await tab.press("#call")
        await tab.until("document.activeElement?.id === 'problem'", 30, "the alert has the focus")
        assert await tab.text("#problem h3") == "The microphone is blocked"

        await tab.press("[data-remedy=without-microphone]")
        await tab.until(state_is("On the line"), 60)
        await write(tab, QUESTION)

        await tab.until(said("agent", ANSWER), 30)
        assert await tab.run(said("caller", QUESTION))
        await hang_up(tab)


async def test_a_page_that_is_left_gives_its_session_back(called, tab):
    """A session that waits for a click holds a place; nobody else should miss it."""
    await open_signed_in(tab, f"{called.url}/?transport=websocket")
    await tab.until(state_is("Ready to call"), 30)
    waiting = called.newest(seconds=5, when=lambda row: row.state is State.OPEN)

    await tab.go("about:blank")

    assert called.closed_row(waiting.session_id, seconds=10).reason == Reason.STOPPED


async def test_a_call_that_the_other_side_ends_is_explained(called, tab):
    """Silence without a reason makes people think that their machine is broken."""
    await open_signed_in(tab, f"{called.url}/?transport=websocket")
    await tab.until(state_is("Ready to call"), 30)
    await tab.press("#call")
    await tab.until(state_is("On the line"), 60)
    row = called.newest(seconds=10, when=lambda row: row.state is State.ACTIVE)
    called.desk.stop(row.session_id)

    await tab.until(state_is("The call was ended"), 20)
    assert await tab.text("#hint") == "Somebody ended this session from outside."


async def test_every_deployed_answer_is_guarded(called):
    """The page by its own function's headers, the API's answers by the distribution's."""
    async with httpx.AsyncClient(base_url=called.url, trust_env=False) as http:
        page, refused = await http.get("/"), await http.post("/sessions", json={"transport": "websocket"})

    own = f"connect-src 'self' ws://localhost:{called.cloud.ports.agentcore} {called.cloud.ports.issuer_url};"
    assert own in page.headers["content-security-policy"]
    assert refused.status_code == 401
    assert refused.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    for answer in (page, refused):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["strict-transport-security"]
        assert "x-powered-by" not in answer.headers


async def test_another_name_for_this_machine_gets_nothing(called):
    """A page of another site may bend its own name to loopback."""
    async with httpx.AsyncClient(base_url=called.url, trust_env=False) as http:
        answer = await http.get("/", headers={"host": "evil.example"})

    assert answer.status_code == 421


async def test_a_call_outlives_the_pool_that_its_relays_came_from(called, tab):
    """The last of these tests, because it changes the stage: `cdk deploy` puts coturn in the pool's place."""
    await open_signed_in(tab, f"{called.url}/?transport=webrtc")
    await tab.until(state_is("Ready to call"), 30)
    await tab.press("#call")
    await tab.until("document.querySelector('#transcript .agent span')", 60, "the agent says something")
    await tab.press("#mute")  # the browser's own microphone beeps

    deploying = asyncio.create_task(
        asyncio.to_thread(called.cloud.deploy, "embedded", {**QUICK_REAPER, "turn": COTURN})
    )
    while not (await asyncio.wait([deploying], timeout=SILENT_SECONDS))[0]:
        await write(tab, "hello")
    await deploying

    await write(tab, QUESTION)
    await tab.until(said("agent", ANSWER), 30)
    assert await tab.text("#path") == "Relay over UDP"
    await hang_up(tab)
    assert not pooled(called)


async def write(tab, text):
    await tab.press("#text")
    await tab.write(text)
    await tab.key("Enter", "\r")


def pooled(called):
    """Whether the relays of a session that is opened now are those that stand in for Kinesis Video's."""
    with contextlib.closing(called.deployment.door()) as door:
        session = door.open("webrtc")
        door.end(session.session_id)
    return any(f":{called.cloud.ports.relay}?" in url for one in session.ice_servers for url in one["urls"])


def own_places(called):
    ports = called.cloud.ports
    return {f"localhost:{port}" for port in (ports.page, ports.issuer, ports.agentcore)}
