"""The caller's side of a WebRTC call, against a real peer connection."""

import asyncio
import threading

import pytest

from scripts.calling import webrtc_line
from scripts.calling.door import Invitation
from scripts.calling.errors import LostError, NoPathError, RefusedError
from scripts.calling.utterance import Utterance
from scripts.calling.webrtc_line import open_line
from tests.embedded.conftest import free_base_port
from tests.scripts.calling.agent import tone
from tests.scripts.calling.webrtc_agent import WebRtcAgent

WAITS = {"start_seconds": 30.0, "end_seconds": 30.0, "quiet_seconds": 0.3}
HELLO = Utterance(tone(0.2, 16_000) + bytes(16_000))
DIRECT = Invitation(session_id="a", ice_transport_policy="all")


def dead_relay(policy):
    server = {
        "urls": [f"turn:127.0.0.1:{free_base_port()}?transport=tcp"],
        "username": "u",
        "credential": "secret",
    }
    return Invitation(session_id="a", ice_servers=(server,), ice_transport_policy=policy)


async def test_a_call_is_heard_answered_measured_and_hung_up():
    """Everything that a call over a WebSocket has, and what only this line knows: its path."""
    async with WebRtcAgent().running() as agent, open_line(agent, DIRECT) as line:
        await line.ear.utterance(after=line.opened_at, **WAITS)
        spoke = await line.microphone.say(HELLO)
        answered = await line.ear.utterance(after=spoke, **WAITS)
        path = await line.path()
        answer = line.ear.audio_between(spoke, asyncio.get_running_loop().time())
        await line.hang_up()

    assert 0 < answered - spoke < 3
    assert len(answer.pcm) >= 0.6 * answer.sample_rate * 2
    assert (path.policy, path.local_type, path.relayed, path.relay_url) == ("all", "host", False, None)
    assert path.packets_received > 50
    assert path.loss_percent == 0
    assert 0 <= path.jitter_milliseconds < 200
    assert line.ear.interruptions == 1
    assert agent.messages == ["client-ready", "disconnect-bot"]
    assert line.ear.lost == "the agent closed it"


async def test_an_agent_that_leaves_in_mid_sentence_ends_the_wait():
    """Nobody sits in front of a dead line until a deadline."""
    async with WebRtcAgent(leaves_on_speech=True).running() as agent, open_line(agent, DIRECT) as line:
        await line.ear.utterance(after=line.opened_at, **WAITS)
        spoke = await line.microphone.say(HELLO)

        with pytest.raises(LostError, match="the agent closed it"):
            await line.ear.utterance(after=spoke, **WAITS)


@pytest.mark.parametrize("policy", ["relay", "all"])
async def test_relays_that_do_not_answer_are_named(policy):
    """aiortc would wait, and then call without one or not at all; and a password is no part of an address."""
    async with WebRtcAgent().running() as agent:
        with pytest.raises(NoPathError, match=r"turn:127\.0\.0\.1:\d+\?transport=tcp") as refused:
            async with open_line(agent, dead_relay(policy)):
                pytest.fail("the line must not open")

    assert "secret" not in str(refused.value)


async def test_a_door_that_wants_relays_and_has_none_is_told():
    """Not by the silence of a connection without addresses."""
    async with WebRtcAgent().running() as agent:
        with pytest.raises(NoPathError, match="relays only, and handed out none"):
            async with open_line(agent, Invitation(session_id="a", ice_transport_policy="relay")):
                pytest.fail("the line must not open")


async def test_an_agent_that_cannot_be_reached_is_given_up_on(monkeypatch):
    """It answers through the door, so only the media tells."""
    monkeypatch.setattr(webrtc_line, "CONNECT_SECONDS", 0.5)
    async with WebRtcAgent(connects=False).running() as agent:
        with pytest.raises(NoPathError, match="no audio flows"):
            async with open_line(agent, DIRECT):
                pytest.fail("the line must not open")


async def test_an_answer_that_is_none_is_refused():
    """A door of another version must not end in a traceback."""

    class Nonsense:
        def offer(self, _session_id, _sdp):
            return ""

    with pytest.raises(RefusedError, match="cannot be used"):
        async with open_line(Nonsense(), DIRECT):
            pytest.fail("the line must not open")


async def test_nothing_stays_behind_after_a_call():
    """aiortc's decoder is a thread that would keep the command from ending."""
    tasks, threads = asyncio.all_tasks(), {one.name for one in threading.enumerate()}
    async with WebRtcAgent().running() as agent:
        with pytest.raises(KeyError):
            async with open_line(agent, DIRECT):
                raise KeyError
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == tasks
    assert not [one for one in threading.enumerate() if one.name not in threads and "decoder" in one.name]
