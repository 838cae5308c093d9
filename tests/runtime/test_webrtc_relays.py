"""The agent's way to its caller through a real relay, and what happens where there is none."""

import contextlib
import json
import os
import ssl
import time
from pathlib import Path

import pytest
from aioice import stun

from runtime.errors import InvocationError
from runtime.transports import webrtc_line
from runtime.transports.relays import find_way, read_ice_servers
from tests.embedded.turn.conftest import RunningRelay, free_port, running
from tests.runtime.browser import Browser
from tests.runtime.conftest import until
from turn.errors import NoWayError


@pytest.fixture(scope="module")
def relay(tmp_path_factory):
    """coturn, in a process of its own."""
    with running(tmp_path_factory.mktemp("relay")) as made:
        yield made


def trust(relay: RunningRelay) -> None:
    """Add the relay's authority to those that this process believes, Bedrock's among them."""
    (authority,) = relay.trust.get_ca_certs(binary_form=True)
    with Path(os.environ["SSL_CERT_FILE"]).open("a") as believed:
        believed.write(ssl.DER_cert_to_PEM_cert(authority))


@pytest.fixture
def _unreachable(monkeypatch):
    """Give both ends no address of their own, as in a private subnet behind a NAT that lets nothing in."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda **_: [])


@pytest.fixture
def _no_relay_of_the_agents(monkeypatch):
    """Keep the agent's relay from the browser, which may otherwise find the longer way first."""
    stock = Browser.take

    async def take(browser, answer):
        lines = answer.splitlines(keepends=True)
        await stock(browser, "".join(line for line in lines if " typ relay " not in line))

    monkeypatch.setattr(Browser, "take", take)


def given(relay: RunningRelay, caller: str, *urls: str) -> list[dict[str, object]]:
    """Return what the door hands to one end of a call."""
    server = relay.server(caller)
    return [{"urls": list(urls or relay.urls), "username": server.username, "credential": server.credential}]


def nowhere(scheme: str = "turn", transport: str = "udp") -> str:
    return f"{scheme}:127.0.0.1:{free_port()}?transport={transport}"


@pytest.mark.usefixtures("_unreachable")
async def test_both_ends_meet_on_the_relay(start_agent, relay):
    """In AWS this is the only way there is: the agent has no address that the internet can reach."""
    async with start_agent() as world:
        servers = given(relay, "both-ends")
        async with Browser(
            world, world.open_session("webrtc"), ice_servers=servers, relay_only=True
        ) as browser:
            await browser.call()
            await browser.hear()
            assert browser.path == ("relay", "relay")
            assert " typ relay " in browser.answer
            await browser.ask()


@pytest.mark.usefixtures("_no_relay_of_the_agents")
async def test_one_relay_on_the_way_is_enough(start_agent, relay):
    """Two carry each packet twice: the agent's own address leaves the caller's relay alone."""
    async with (
        start_agent() as world,
        Browser(
            world, world.open_session("webrtc"), ice_servers=given(relay, "one-hop"), relay_only=True
        ) as browser,
    ):
        await browser.wake()
        await browser.connect()
        assert browser.path[0] == "relay"
        assert browser.path[1] in {"host", "srflx", "prflx"}


async def test_a_join_through_a_relay_does_not_wait_for_a_timer(start_agent, relay, monkeypatch):
    """The relay drops the agent's first check, and aioice repeats it after half a second: a fifth of a join."""
    monkeypatch.setattr(stun, "RETRY_RTO", 60.0)
    async with start_agent() as world:
        servers = given(relay, "no-timer")
        async with Browser(
            world, world.open_session("webrtc"), ice_servers=servers, relay_only=True
        ) as browser:
            await browser.wake()
            await browser.answered(await browser.offer())
            await browser.connected(seconds=30)


@pytest.mark.usefixtures("_unreachable")
async def test_a_relay_that_is_gone_for_good_ends_the_call_cleanly(start_agent, tmp_path, monkeypatch):
    """Who cannot come back is not paid for: the row says why, the model's stream ends, and nothing is held."""
    for name in ("CONNECT_SECONDS", "RETURN_SECONDS", "FAREWELL_SECONDS"):
        monkeypatch.setattr(webrtc_line, name, getattr(webrtc_line, name) / 10)
    monkeypatch.setattr("aioice.ice.CONSENT_FAILURES", 2)
    monkeypatch.setattr("aioice.ice.CONSENT_INTERVAL", 0.2)
    monkeypatch.setattr(stun, "RETRY_MAX", 1)
    async with start_agent() as world:
        session_id = world.open_session("webrtc")
        with contextlib.ExitStack() as kept:
            relay = kept.enter_context(running(tmp_path))
            servers = given(relay, "gone-for-good")
            browser = Browser(world, session_id, ice_servers=servers, relay_only=True)
            await browser.call()
            await browser.hear()
            kept.close()  # the relay, in the middle of the call

            assert (await world.closed(session_id, seconds=20)).reason == "caller_gone"
            await until(lambda: not world.agent._webrtc_calls)
            status = (await world.get("/ping"))[1]["status"]
            refused, _ = await world.invoke(session_id, action="offer", sdp=await browser.offer())
            await browser.leave()

    assert status == "Healthy"
    assert refused == 409
    assert [one.closed.is_set() for one in world.bedrock.sessions] == [True]


@pytest.mark.usefixtures("_unreachable")
async def test_a_dead_relay_in_front_delays_nobody(start_agent, relay):
    """aiortc takes the first URL of its list: a dead one costs five seconds, and then the call."""
    dead = {"urls": [nowhere()], "username": "u", "credential": "c"}
    async with (
        start_agent() as world,
        Browser(world, world.open_session("webrtc"), relay_only=True) as browser,
    ):
        browser.ice_servers = [dead, *given(relay, "one-dead")]
        began = time.monotonic()
        await browser.wake()
        browser.ice_servers = given(relay, "one-dead")
        await browser.connect()
        assert time.monotonic() - began < 5
        assert browser.path == ("relay", "relay")


@pytest.mark.usefixtures("_unreachable")
async def test_tls_carries_the_call_where_udp_does_not(start_agent, relay):
    """A network that lets only the web out is a network that callers are on."""
    tls = relay.urls[-1]
    async with start_agent() as world:
        trust(relay)
        async with Browser(world, world.open_session("webrtc"), relay_only=True) as browser:
            browser.ice_servers = given(relay, "tls", nowhere(), tls)
            await browser.wake()
            browser.ice_servers = given(relay, "tls", tls)
            await browser.connect()
            assert browser.path == ("relay", "relay")
            await browser.hear()


async def test_udp_wins_and_brings_stun_along(relay):
    """Speech prefers a lost packet to a late one; STUN leaves one relay on the way instead of two."""
    servers = read_ice_servers(given(relay, "preference", *reversed(relay.urls)))
    way = await find_way(servers)

    assert way.relay.urls == (relay.urls[0],)
    assert way.stun_url == f"stun:127.0.0.1:{relay.port}"


async def test_without_udp_there_is_no_stun(relay):
    """aiortc waits five seconds for a STUN server that a firewall hides."""
    way = await find_way(read_ice_servers(given(relay, "tcp", nowhere(), relay.urls[1])))

    assert way.relay.urls == (relay.urls[1],)
    assert not way.stun_url


async def test_no_relay_that_answers_refuses_the_offer_with_the_reason(start_agent, relay, caplog):
    """Silence for 15 s and then nothing is what callers get where nobody asks the relay."""
    wrong = {"urls": [relay.urls[0]], "username": "1:nobody", "credential": "a-secret-thing"}
    unheard = {"urls": [nowhere("turns", "tcp")], "username": "u", "credential": "c"}
    async with start_agent() as world:
        session_id = world.open_session("webrtc")
        await world.invoke(session_id, action="wake", ice_servers=[wrong, unheard])
        async with Browser(world, session_id) as browser:
            status, answer = await world.invoke(session_id, action="offer", sdp=await browser.offer())

    assert (status, answer["error"]["code"]) == (503, "no_relay")
    assert "401" in answer["error"]["message"]
    assert "cannot be reached" in answer["error"]["message"]
    assert "a-secret-thing" not in json.dumps(answer)
    (told,) = [record for record in caplog.records if record.name == "runtime.standby"]
    assert "401" in told.fault
    assert "a-secret-thing" not in told.fault


async def test_a_relay_is_given_back_when_nobody_calls(start_agent, relay):
    """A pool has 50 allocations a channel; a page that was only looked at must not keep one."""
    async with start_agent() as world:
        session_id = world.open_session("webrtc")
        await world.invoke(session_id, action="wake", ice_servers=given(relay, "only-looking"))
        standby = world.agent._signaling._sessions[session_id]._standby
        await until(lambda: standby._ready and standby._ready.done())
        peer = standby._ready.result()
    assert peer._pc.connectionState == "closed"


@pytest.mark.parametrize(
    "listed",
    [
        None,
        {},
        [7],
        [{"urls": []}],
        [{"urls": ["turn:r.example"], "credential": 7}],
        [{"urls": ["turn:r.example"]}] * 9,
        [{"urls": ["turn:" + "r" * 2000]}],
    ],
)
def test_a_list_that_is_none_of_relays_is_refused(listed):
    """What crosses the network is checked before anything is sent to an address in it."""
    with pytest.raises(InvocationError):
        read_ice_servers(listed)


async def test_addresses_that_aiortc_does_not_know_are_left_out():
    """It raises ValueError at brackets, in the middle of an offer."""
    servers = read_ice_servers(
        [{"urls": ["turn:[::1]:3478?transport=udp"], "username": "u", "credential": "c"}]
    )
    with pytest.raises(NoWayError):
        await find_way(servers)
