"""Offers of real browsers pass, and what no call needs stays outside."""

from ipaddress import collapse_addresses, ip_address, summarize_address_range
from pathlib import Path

import pytest
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis.strategies import lists, sampled_from, text

from runtime.door.addresses import INSIDE, Addresses
from runtime.door.errors import InvalidRequestError
from runtime.door.sdp import MAX_CANDIDATES, check_candidates, taken
from runtime.errors import SettingsError
from tests.door.offers import CHROMIUM, FIREFOX, candidate, with_candidate, with_line

ANYWHERE = Addresses()
RELAYS_CONFIGURATION = Path(__file__).parents[2] / "turn/coturn/turnserver.conf"
HIDDEN = "6c1f8a1e-9d1b-4c0b-8a77-1f3d2c5b7e90.local"
INSIDE_ADDRESSES = [
    *("10.0.11.10", "172.16.0.1", "192.168.1.10", "127.0.0.1", "100.64.0.1", "169.254.169.254"),
    *("0.0.0.1", "169.254.170.2", "192.0.0.192", "198.18.0.1", "224.0.0.251", "255.255.255.255"),
    *("::1", "::", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
    *("::ffff:10.0.11.10", "::ffff:a00:b0a", "::10.0.11.10", "64:ff9b::10.0.11.10", "2002:a00:b0a::1"),
    *("2001:0:a00:b0a::1",),
]
OUTSIDE_ADDRESSES = ["203.0.113.7", "54.240.197.233", "2600:1f18::1", "2a00:1450:4001:82a::200e"]


@pytest.mark.parametrize("offer", [CHROMIUM, FIREFOX])
@pytest.mark.parametrize("address", ["", HIDDEN, *OUTSIDE_ADDRESSES])
def test_a_browsers_offer_is_taken(offer, address):
    """With the addresses that it writes when it has none, and the names that it hides its own behind."""
    sent = with_candidate(offer, address) if address else offer

    assert parsed(taken(sent, ANYWHERE)) == parsed(sent)


def parsed(offer: str) -> str:
    """What the agent's WebRTC understands of the offer."""
    return str(SessionDescription.parse(offer))


@pytest.mark.parametrize("address", INSIDE_ADDRESSES)
def test_no_candidate_leads_inside(address):
    """The agent would send to it, and whoever asked would learn from the time that it takes who lives there."""
    with pytest.raises(InvalidRequestError, match="not on the Internet"):
        taken(with_candidate(CHROMIUM, address), ANYWHERE)
    with pytest.raises(InvalidRequestError, match=r"candidates\.1\.candidate: has an address"):
        check_candidates([candidate("203.0.113.7"), candidate(address), ""], ANYWHERE)


@pytest.mark.parametrize("address", ["10.0.0.5", "169.254.169.254", "fd00::2"])
@pytest.mark.parametrize("line", ["c=IN IP4 {}", "a=rtcp:50000 IN IP4 {}"])
def test_no_default_address_leads_inside(address, line):
    """ICE uses it no more, but the next library might."""
    with pytest.raises(InvalidRequestError, match="line that has an address"):
        taken(with_line(CHROMIUM, line.format(address)), ANYWHERE)


@pytest.mark.parametrize(
    "name", ["metadata.internal", "relay.example", "0x7f.1", "127.1", "2130706433", "a.b.local"]
)
def test_a_candidate_names_no_host(name):
    """Whoever resolves it asks the caller's name server, and sends wherever that one says."""
    with pytest.raises(InvalidRequestError, match="names a host"):
        check_candidates([candidate(name)], ANYWHERE)


def test_a_relay_may_be_where_the_deployment_says():
    """An embedded cloud's is on loopback, a company's own perhaps in its network; nothing else there is meant."""
    addresses = Addresses.parse("127.0.0.1/32,10.20.0.0/24")

    check_candidates([candidate("127.0.0.1", kind="relay"), candidate("10.20.0.9", kind="relay")], addresses)
    for other in ("127.0.0.2", "10.20.1.9"):
        with pytest.raises(InvalidRequestError):
            check_candidates([candidate(other, kind="relay")], addresses)


def test_networks_that_are_none_are_the_operators_to_mend():
    """Nothing is let in because a setting cannot be read."""
    with pytest.raises(SettingsError, match="Deploy the door again"):
        Addresses.parse("10.20.0.0/24,everywhere")


def test_what_the_relays_deny_is_inside():
    """Two lists of the same thing, in two languages: what one knows the other must."""
    denied = [
        tuple(map(ip_address, line.partition("=")[2].split("-")))
        for line in RELAYS_CONFIGURATION.read_text().splitlines()
        if line.startswith("denied-peer-ip=")
    ]
    networks = [one for first, last in denied for one in summarize_address_range(first, last)]
    assert networks
    for version in (4, 6):
        inside = list(collapse_addresses(one for one in INSIDE if one.version == version))
        for network in (one for one in networks if one.version == version):
            assert any(network.subnet_of(one) for one in inside), network


@pytest.mark.parametrize(
    "section",
    [
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "m=text 9 UDP/TLS/RTP/SAVPF 96",
        "m=message 9 TCP/MSRP *",
    ],
)
def test_a_call_has_no_further_section(section):
    """Each is parsed, answered and kept by an agent that holds a conversation at the same time."""
    with pytest.raises(InvalidRequestError, match="no other section"):
        taken(f"{CHROMIUM}{section}\r\nc=IN IP4 0.0.0.0\r\na=mid:2\r\n", ANYWHERE)


@pytest.mark.parametrize(
    "section",
    [
        "m=audio 9 RTP/AVP 0",
        "m=audio 9 RTP/SAVP 111",
        "m=video 9 UDP/TLS/RTP/SAVPF 96",
        "m=audio 9 UDP/TLS/RTP/SAVPF",
    ],
)
def test_a_call_has_a_voice(section):
    """And an encrypted one."""
    voice = CHROMIUM[CHROMIUM.index("m=audio") :].partition("\r\n")[0]

    with pytest.raises(InvalidRequestError, match="one audio section"):
        taken(CHROMIUM.replace(voice, section), ANYWHERE)


def test_a_call_needs_no_data_channel():
    """A program may do without; the agent then says nothing of itself."""
    assert "m=application" not in taken(CHROMIUM[: CHROMIUM.index("m=application")], ANYWHERE)


@pytest.mark.parametrize(
    "line", ["u=http://192.0.2.1/", "e=a@example.com", "k=clear:key", "z=0 0", "x", "", "a"]
)
def test_lines_of_other_kinds_are_refused(line):
    """No browser writes them."""
    with pytest.raises(InvalidRequestError, match="type that no browser sends"):
        taken(with_line(CHROMIUM, line), ANYWHERE)


@pytest.mark.parametrize(
    "line", ["a=x-payload:QUJDRA==", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:key", "b=AS:1"]
)
def test_what_the_agent_does_not_read_stays_behind(line):
    """Next year's browser may send an attribute that is new; somebody else's data goes no further."""
    assert taken(with_line(CHROMIUM, line), ANYWHERE) == taken(CHROMIUM, ANYWHERE)


@pytest.mark.parametrize(
    "line", ["candidate:1", "candidate:1 1 udp 1 192.0.2.7 5", "candidate:1 1 udp 1 192.0.2.7 x typ host"]
)
def test_a_candidate_is_written_as_one(line):
    """What the door reads as one address, the agent must not read as another."""
    with pytest.raises(InvalidRequestError, match="RFC 8839"):
        check_candidates([line], ANYWHERE)


def test_an_offer_is_bounded():
    """Sections may repeat the same candidates; different ones make the agent send, and lines make it read."""
    offer = CHROMIUM
    for number in range(MAX_CANDIDATES):
        offer = with_candidate(offer, "203.0.113.7", port=50_000 + number)
    taken(with_candidate(offer, "203.0.113.7", port=50_000), ANYWHERE)

    with pytest.raises(InvalidRequestError, match="more than 32 candidates"):
        taken(with_candidate(offer, "203.0.113.7", port=1), ANYWHERE)
    with pytest.raises(InvalidRequestError, match="more than 256 lines"):
        taken(CHROMIUM + "a=ice-options:trickle\r\n" * 256, ANYWHERE)
    with pytest.raises(InvalidRequestError, match="more than 1024 characters"):
        taken(with_line(CHROMIUM, "a=fmtp:111 " + "x" * 1_024), ANYWHERE)


LINES = sampled_from(
    [*CHROMIUM.splitlines(), "a=candidate:", "c=IN IP4", "m=", f"a={candidate('203.0.113.7')}"]
)


@settings(deadline=None, max_examples=300, database=None, derandomize=True)
@given(offered=lists(LINES | text(max_size=40), max_size=60))
def test_whatever_is_offered_is_taken_or_refused(offered):
    """Anything else would answer 500 and page somebody."""
    try:
        given_on = taken("\r\n".join(offered), ANYWHERE)
    except InvalidRequestError:
        return
    assert {line.partition(":")[0] for line in given_on.splitlines()} <= {
        line.partition(":")[0] for line in offered
    }
