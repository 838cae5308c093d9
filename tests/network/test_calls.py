"""Calls to the real agent, from behind a home router into a private subnet behind a NAT gateway."""

import time

import aioice.ice
import aioice.stun
import pytest
import pytest_asyncio
from aioice.stun import RETRY_RTO

from runtime.door.session import State
from runtime.transports.webrtc_line import RETURN_SECONDS
from scripts.calling.voice import spoken
from scripts.embedded.bedrock.conversation import Conversation
from scripts.embedded.bedrock.speaking import SpeakingBrain
from scripts.embedded.speech import Speech
from scripts.network.laboratory import Laboratory
from scripts.network.rules import Egress
from scripts.network.wire import Figures
from tests.network.agent import running_agent
from tests.network.calls import TLS, UDP, Ends
from tests.network.home import HomeBrowser
from tests.runtime.browser import RATE
from tests.runtime.conftest import until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # Pipecat leaves a file to the garbage collector, and a firewall leaves aiortc's sockets no way to say goodbye.
    pytest.mark.filterwarnings("ignore:.*ready.wav:pytest.PytestUnraisableExceptionWarning"),
]

DEAD = "turn:203.0.113.99:443?transport=udp"
STUN = "stun:203.0.113.20:443"
PERFECT = Figures()
HEARD_HZ = 16_000
"""What the model gets (Nova Sonic's `audioInput`)."""

LONGEST_SECONDS = (
    aioice.ice.CONSENT_FAILURES * (1.2 * aioice.ice.CONSENT_INTERVAL + RETRY_RTO) + RETURN_SECONDS
)
"""From a path's death to the end of its call: until aioice has noticed, and then until the caller may return."""
TRIES = 5
"""Of what must be quick, on a machine that may be busy."""
LATE_SECONDS = 30
"""How late timers may be on a busy machine."""

DIRECT = {"host", "srflx", "prflx"}
"""Kinds of candidate that are no relay's."""


@pytest.fixture(scope="module")
def built():
    """A laboratory whose access link can be spoilt."""
    with Laboratory(figures=PERFECT) as laboratory:
        yield laboratory


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def agent(built, relay, tmp_path_factory):
    async with running_agent(built, relay, tmp_path_factory.mktemp("agent")) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bereaved(built, relay, agent):
    """A caller whose relay was killed in mid-call and who does not come back; others call meanwhile."""
    server = await Ends(built, relay).issue()
    own, agents = [listed(server, UDP)], [listed(server, *server.urls)]
    async with HomeBrowser(built["caller"], agent, own=own, agents=agents, relay_only=True) as caller:
        await caller.call()
        await caller.hear()
        relay.vanish()
        killed_at = time.time()
        relay.start()
        yield caller.session_id, killed_at


@pytest.fixture(autouse=True)
def _trusted(relay, monkeypatch):
    """The caller's machine believes the relay's certificate, as browsers believe those of real relays."""
    monkeypatch.setenv("SSL_CERT_FILE", str(relay.certificates.ca_file))


@pytest.fixture
def _impatient(monkeypatch):
    """Let the caller's ICE give up after seconds instead of a minute; the agent is another process."""
    monkeypatch.setattr(aioice.stun, "RETRY_MAX", 2)


@pytest.fixture
def home(laboratory, relay, agent):
    """Return what makes a caller with the ways that are named, and an agent with all or some of them."""
    ends = Ends(laboratory, relay)

    async def caller(*own, agents=None, **options):
        server = await ends.issue()
        return HomeBrowser(
            laboratory["caller"],
            agent,
            own=[listed(server, *own)] if own else [],
            agents=[listed(server, *server.urls)] if agents is None else agents,
            **options,
        )

    return caller


def listed(server, *urls):
    """Return a relay as the door hands it out; STUN alone has no password."""
    if all(url.startswith("stun:") for url in urls):
        return {"urls": list(urls)}
    return {"urls": list(urls), "username": server.username, "credential": server.credential}


async def test_a_call_whose_relay_is_killed_is_not_given_up_at_once(bereaved, agent):
    """A caller whose page finds another way comes back to the same conversation; here nobody does."""
    session_id, _ = bereaved

    assert agent.ledger.get(session_id).state is State.ACTIVE


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("ways", [(), (STUN,)], ids=["host only", "STUN only"])
async def test_without_a_relay_there_is_no_call(home, agent, ways):
    """This is why there are relays: a symmetric NAT lets nobody in, whatever STUN says about it."""
    before = agent.paths()
    agents = [{"urls": [STUN]}] if ways else []
    async with await home(*ways, agents=agents) as caller:
        await caller.wake()
        await caller.answered(await caller.offer())
        await until(lambda: caller.pc.connectionState == "failed", 20)

        assert not caller.nominated
    assert agent.paths() == before


async def test_one_hop_through_the_agents_relay(home, agent):
    """A caller whom STUN sees needs no relay of their own: each packet passes coturn once."""
    async with await home(STUN) as caller:
        await caller.call()
        await caller.hear()

        assert caller.path[0] in DIRECT
        assert caller.path[1] == "relay"
        assert agent.paths()[-1][0] == "relay"
        assert agent.paths()[-1][1] in DIRECT
        await caller.ask()


async def test_the_callers_relay_is_enough_for_both(home, agent):
    """As `caller_policy` has it in production; which of its own addresses the agent answers from is a race."""
    async with await home(UDP, relay_only=True) as caller:
        await caller.call()
        await caller.hear()

        assert caller.path[0] == "relay"
        assert agent.paths()[-1][1] == "relay"
        await caller.ask()


@pytest.mark.parametrize("way", [UDP, TLS])
async def test_relay_to_relay_where_the_agent_has_no_udp(home, agent, laboratory, way):
    """An agent that reaches its relay over TLS has no other address, and both ends meet on the relay."""
    laboratory.let_out("agent", Egress.WEB_ONLY)
    async with await home(way, relay_only=True) as caller:
        await caller.call()
        await caller.hear()

        assert caller.path == ("relay", "relay")
        assert agent.paths()[-1] == ("relay", "relay")
        await caller.ask()


async def test_tls_where_the_caller_has_no_udp(home, agent, laboratory):
    """Offices let the web out and nothing else."""
    laboratory.let_out("caller", Egress.WEB_ONLY)
    async with await home(TLS, relay_only=True) as caller:
        await caller.call()
        await caller.hear()

        assert caller.path[0] == "relay"
        assert agent.paths()[-1][1] == "relay"
        await caller.ask()


async def test_tls_where_nobody_has_udp(home, agent, laboratory):
    """Two firewalls, and the call notices nothing but a slower join."""
    for side in ("agent", "caller"):
        laboratory.let_out(side, Egress.WEB_ONLY)
    async with await home(TLS, relay_only=True) as caller:
        await caller.call()
        await caller.hear()

        assert caller.path == ("relay", "relay")
        assert agent.paths()[-1] == ("relay", "relay")


@pytest.mark.usefixtures("_impatient")
async def test_udp_alone_does_not_pass_a_firewall(home, agent, laboratory):
    """The proof that the firewall of the tests above is one."""
    laboratory.let_out("caller", Egress.WEB_ONLY)
    before = agent.paths()
    async with await home(UDP) as caller:
        await caller.wake()
        offer = await caller.offer()
        assert " typ relay " not in offer
        await caller.answered(offer)
        await until(lambda: caller.pc.connectionState == "failed", 20)
        assert not caller.nominated
    assert agent.paths() == before


async def test_a_dead_relay_in_front_delays_the_join_by_less_than_a_second(home, laboratory, relay):
    """aiortc alone waits five seconds for it, and then has no call.  A busy machine may be slow, but not every time."""
    server = await Ends(laboratory, relay).issue()

    async def join(*first):
        async with await home(UDP, agents=[*first, listed(server, *server.urls)], relay_only=True) as caller:
            began = time.monotonic()
            await caller.call()
            assert caller.path[0] == "relay"
            return time.monotonic() - began

    later = []
    for _ in range(TRIES):
        without = await join()
        later.append(await join(listed(server, DEAD)) - without)
        if later[-1] < 1.0:
            return
    pytest.fail(f"it took {later} seconds longer")


async def test_a_relay_that_is_killed_and_restarted_does_not_end_the_conversation(
    home, agent, relay, laboratory
):
    """Fresh relays and a new connection, and the same call goes on: one row, one greeting, one stream."""
    async with await home(UDP, relay_only=True) as caller:
        await caller.call()
        await caller.hear()
        streams = len(agent.bedrock.sessions)
        relay.vanish()
        relay.start()

        server = await Ends(laboratory, relay).issue()
        caller.ice_servers = [listed(server, UDP)]
        dead = caller.pc
        await caller.give([listed(server, *server.urls)])
        await caller.connect()

        await caller.ask()
        assert caller.path[0] == "relay"
        assert agent.paths()[-1][1] == "relay"
        assert agent.ledger.get(caller.session_id).state is State.ACTIVE
        assert len(agent.bedrock.sessions) == streams
        await dead.close()
    assert (await agent.closed(caller.session_id)).reason == "hang_up"


async def test_a_call_whose_relay_is_gone_for_good_ends_within_a_minute(bereaved, agent):
    """With nothing shortened: the model, the relay and a place of the cap are held no longer for nobody."""
    session_id, killed_at = bereaved

    row = await agent.closed(session_id, seconds=LONGEST_SECONDS + LATE_SECONDS)

    assert row.reason == "caller_gone"
    assert RETURN_SECONDS < row.ended_at - killed_at < LONGEST_SECONDS + LATE_SECONDS


async def test_a_bad_network_neither_hides_the_question_nor_the_answer(home, agent, laboratory, monkeypatch):
    """5 % lost, 100 ms ± 30 ms each way: the agent hears what arrived, and says what is in the table."""
    heard = []
    take = Conversation.hear
    monkeypatch.setattr(Conversation, "hear", lambda self, pcm: (heard.append(len(pcm)), take(self, pcm)))
    question = await spoken("What is the status of my order number four two seven?")
    bad = Figures(delay_ms=100, jitter_ms=30, loss_percent=5)
    before = laboratory.link.set(bad)
    try:
        async with SpeakingBrain(Speech()) as speaking, await home(UDP, relay_only=True) as caller:
            agent.brains.now = speaking
            await caller.call()
            await caller.hear()
            sent_before, heard_before = caller.voice._sent, sum(heard)

            def wire_percent():
                now = laboratory.link.set(bad)
                lost, carried = now.lost[0] - before.lost[0], now.carried[0] - before.carried[0]
                return 100 * lost / (lost + carried)

            def missing_percent():
                sent = (caller.voice._sent - sent_before) / RATE
                return 100 * (1 - (sum(heard) - heard_before) / 2 / HEARD_HZ / sent)

            await caller.hear(after=await caller.say(question))
            results = agent.bedrock.sessions[-1].tool_results
            assert caller.path[0] == "relay"
            assert wire_percent() > 2
            # What is on its way counts as missing, and less of the whole the longer the call.
            await until(lambda: missing_percent() - wire_percent() <= 5, 20)
    finally:
        agent.brains.now = agent.brains.tones
        laboratory.link.set(PERFECT)

    assert [one for one in results if "shipped" in one]
