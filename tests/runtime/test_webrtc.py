"""A call over WebRTC as its caller, AgentCore and the ledger see it; every connection is real."""

import asyncio
import time

import pytest
from aioice import stun

from runtime.door.session import State
from runtime.transports import webrtc_line
from runtime.transports.peer import Peer
from tests.runtime.browser import Browser
from tests.runtime.conftest import until


@pytest.fixture
def _impatient(monkeypatch):
    """Give callers who are gone a tenth of the time."""
    for name in ("CONNECT_SECONDS", "RETURN_SECONDS", "FAREWELL_SECONDS"):
        monkeypatch.setattr(webrtc_line, name, getattr(webrtc_line, name) / 10)


def first_section_only(offer: str) -> str:
    """Return *offer* as browsers write it: candidates in the first of the bundled sections."""
    head, first, *others = offer.split("m=")
    kept = ["\r\n".join(line for line in one.split("\r\n") if "candidate" not in line) for one in others]
    assert len(kept) == 1
    return "m=".join([head, first, *kept])


async def test_greets_and_answers(start_agent):
    """The transport that the product exists for does what the other one does."""
    async with start_agent() as world:
        session_id = world.open_session("webrtc")
        async with Browser(world, session_id) as browser:
            await browser.call()
            await browser.hear()
            await browser.ask()
            assert world.ledger.get(session_id).state is State.ACTIVE
        row = await world.closed(session_id)

    assert row.reason == "hang_up"
    assert row.cost_usd > 0
    assert row.speech_input_tokens > 0
    assert world.metrics("VoiceToVoiceLatency")
    assert world.metrics("SessionDuration")
    assert not world.metrics("JoinTime")  # the browser's to measure


@pytest.mark.usefixtures("_impatient")
async def test_the_session_is_busy_exactly_as_long_as_the_call(start_agent):
    """AgentCore ends an idle session in the middle of a call, and bills a busy one for hours after it."""
    async with start_agent() as world:
        session_id = world.open_session("webrtc")

        async def status() -> str:
            return (await world.get("/ping"))[1]["status"]

        async with Browser(world, session_id) as browser:
            await browser.wake()
            assert await status() == "Healthy"
            await browser.connect()
            assert await status() == "HealthyBusy"
        await world.closed(session_id)
        await until(lambda: not world.agent._webrtc_calls)
        assert await status() == "Healthy"


async def test_an_offer_with_its_candidates_in_the_first_section_connects(start_agent):
    """A browser that does not trickle writes them there; Pipecat's agent never hears from it."""
    async with start_agent() as world, Browser(world, world.open_session("webrtc")) as browser:
        await browser.wake()
        await browser.answered(first_section_only(await browser.offer()))
        await browser.connected()
        await browser.hear()


async def test_candidates_may_come_later(start_agent):
    """Waiting for the last of them costs 40 s when a relay is dead."""
    async with start_agent() as world, Browser(world, world.open_session("webrtc")) as browser:
        await browser.wake()
        offer = await browser.offer()
        lines = [line for line in offer.split("\r\n") if "candidate" in line]
        await browser.answered("\r\n".join(line for line in offer.split("\r\n") if line not in lines))
        found = [line[2:] for line in dict.fromkeys(lines) if "a=candidate" in line]
        found = [{"candidate": one, "sdpMid": "0", "sdpMLineIndex": 0} for one in [*found, ""]]
        for _ in range(2):  # the door repeats what is not answered in time
            answer = await world.invoke(browser.session_id, action="candidates", candidates=found)
            assert answer == (200, {"status": "ok"})
        await browser.connected()


async def test_an_offer_that_arrives_twice_gets_one_answer(start_agent):
    """The door repeats a request that is late; two connections for one browser serve neither."""
    async with start_agent() as world, Browser(world, world.open_session("webrtc")) as browser:
        await browser.wake()
        await browser.wake()
        offer = await browser.offer()
        request = {"action": "offer", "sdp": offer}
        first, second = await asyncio.gather(*(world.invoke(browser.session_id, **request) for _ in range(2)))
        assert first == second
        await browser.answered(offer)
        await browser.connected()
        assert len(world.agent._calls) == 1


async def test_held_media_speaks_at_the_click(start_agent):
    """Media is up before the caller presses Call; the greeting is ready, and nobody hears it yet."""
    async with start_agent() as world, Browser(world, world.open_session("webrtc"), hold=True) as browser:
        await browser.call()
        await until(lambda: world.metrics("ModelFirstAudio"))
        await asyncio.sleep(0.5)
        assert not browser.loud_at

        await until(lambda: browser.channel.readyState == "open")
        clicked = time.monotonic()
        await browser.send(type="client-ready", data={"version": "1.0.0"})
        assert await browser.hear() - clicked < 1.0
        assert any(message["type"] == "bot-ready" for message in browser.messages)


async def test_held_media_that_nobody_claims_ends(start_agent):
    """A page left open must not hold a model stream, a relay and a place under the cap."""
    async with start_agent(idle_seconds=1) as world:
        session_id = world.open_session("webrtc")
        async with Browser(world, session_id, hold=True) as browser:
            await browser.call()
            assert (await world.closed(session_id)).reason == "never_joined"


@pytest.mark.usefixtures("_impatient")
async def test_an_offer_that_never_connects_ends(start_agent):
    """A caller whose network lets nothing through must not hold a session for its longest duration."""
    async with start_agent() as world:
        session_id = world.open_session("webrtc")
        async with Browser(world, session_id) as browser:
            await browser.wake()
            offer = await browser.offer()
            await browser.pc.close()
            await world.invoke(session_id, action="offer", sdp=offer)
            assert (await world.closed(session_id)).reason == "never_joined"


async def test_a_caller_whose_path_dies_comes_back_to_the_same_conversation(start_agent):
    """A phone that leaves the Wi-Fi costs a second, not the call."""
    async with start_agent() as world:
        session_id = world.open_session("webrtc")
        async with Browser(world, session_id) as browser:
            await browser.call()
            await browser.hear()
            browser.die()
            old = browser.pc

            assert (await world.invoke(session_id, action="relays", ice_servers=[]))[0] == 200
            await browser.connect()  # within 20 s; the dead path is given up after 30

            await browser.ask()
            assert len(world.bedrock.sessions) == 1
            assert world.bedrock.sessions[0].conversation.turns == 2
            assert world.ledger.get(session_id).state is State.ACTIVE
            await old.close()


@pytest.mark.usefixtures("_impatient")
async def test_a_caller_who_is_gone_for_good_is_not_waited_for(start_agent, monkeypatch):
    """The model is paid by the second that it listens to nobody."""
    monkeypatch.setattr("aioice.ice.CONSENT_FAILURES", 1)
    monkeypatch.setattr("aioice.ice.CONSENT_INTERVAL", 0.2)
    monkeypatch.setattr(stun, "RETRY_MAX", 1)
    async with start_agent() as world:
        session_id = world.open_session("webrtc")
        async with Browser(world, session_id) as browser:
            await browser.call()
            await browser.hear()
            browser.die()
            assert (await world.closed(session_id, seconds=15)).reason == "caller_gone"


async def test_the_callers_page_can_type_and_hang_up(start_agent):
    """Who cannot speak types; and a page that says goodbye is not waited for."""
    async with start_agent() as world:
        session_id = world.open_session("webrtc")
        async with Browser(world, session_id) as browser:
            await browser.call()
            greeting = await browser.hear()
            await browser.send(type="client-ready", data={"version": "1.0.0"})
            await browser.send(type="send-text", data={"content": "Where is order 427?"})
            await browser.hear(after=greeting + 0.5)
            assert any(message["type"] == "bot-transcription" for message in browser.messages)
            browser.channel.send("ping: 1")
            await browser.send(type="disconnect-bot")
            assert (await world.closed(session_id)).reason == "hang_up"


async def test_a_session_that_is_not_open_is_refused(start_agent):
    """The ledger decides who may call, whatever brings them."""
    async with start_agent() as world, Browser(world, "a-session-that-nobody-opened") as browser:
        await browser.wake()
        await browser.answered(await browser.offer())
        await until(lambda: not world.agent._webrtc_calls)
        status, answer = await world.invoke(browser.session_id, action="offer", sdp="v=0\r\n")

    assert (status, answer["error"]["code"]) == (409, "call_over")


@pytest.mark.parametrize(
    ("status", "code", "request_"),
    [
        (400, "invalid_offer", {"action": "offer", "sdp": "v=0\r\nnonsense"}),
        (
            400,
            "invalid_offer",
            {"action": "offer", "sdp": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"},
        ),
        (400, "invalid_offer", {"action": "offer", "sdp": 7}),
        (400, "invalid_offer", {"action": "offer", "sdp": "v=0\r\n", "hold": "yes"}),
        (400, "invalid_request", {"action": "relays", "ice_servers": [{"urls": "turn:r.example"}]}),
        (400, "invalid_candidates", {"action": "candidates", "candidates": []}),
        (409, "no_offer", {"action": "candidates", "candidates": [{"candidate": ""}]}),
        (413, "too_large", {"action": "offer", "sdp": "v=0" + "\r\n" * 50_000}),
    ],
)
async def test_what_cannot_be_used_is_refused_in_words(start_agent, status, code, request_):
    """The door tells a bad offer from a broken agent by it."""
    async with start_agent() as world:
        session_id = world.open_session("webrtc")
        assert (await world.invoke(session_id, action="offer", sdp="v=0\r\n"))[1]["error"][
            "code"
        ] == "not_awake"
        await world.invoke(session_id, action="wake", ice_servers=[])
        refused = await world.invoke(session_id, **request_)

    assert (refused[0], refused[1]["error"]["code"]) == (status, code)
    assert refused[1]["error"]["message"]
    assert not world.agent._calls


async def test_an_offer_that_comes_when_the_caller_was_given_up_is_refused(start_agent, monkeypatch):
    """Answered, it would connect somebody to a call that nobody holds any more; refused, their page opens another."""
    async with start_agent() as world:
        session_id = world.open_session("webrtc")
        async with Browser(world, session_id) as browser:
            await browser.call()
            session, closing = world.agent._signaling._sessions[session_id], asyncio.Event()

            async def slowly(*_: object) -> None:
                await closing.wait()

            monkeypatch.setattr("runtime.record.SessionRecord.close", slowly)
            session._line.gone.set()
            status, answer = await world.invoke(session_id, action="offer", sdp=await browser.offer())
            closing.set()

    assert (status, answer["error"]["code"]) == (409, "call_over")


async def test_an_offer_that_breaks_the_library_leaves_no_connection(start_agent, monkeypatch):
    """An address on a relay would stay taken for as long as the microVM lives."""
    closed = []
    close = Peer.close

    async def broken(*_: object) -> str:
        raise OSError("nobody has thought of this")

    async def closing(peer: Peer) -> None:
        closed.append(peer)
        await close(peer)

    monkeypatch.setattr(Peer, "answer", broken)
    monkeypatch.setattr(Peer, "close", closing)
    async with start_agent() as world, Browser(world, world.open_session("webrtc")) as browser:
        await browser.wake()
        with pytest.raises(OSError, match="nobody has thought"):
            await world.agent._signaling.answer(
                browser.session_id, {"action": "offer", "sdp": await browser.offer()}
            )

        assert len(closed) == 1
