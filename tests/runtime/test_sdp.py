"""Session descriptions, read and written so that browsers and aiortc mean the same."""

import pytest
from aiortc import RTCPeerConnection
from aiortc.sdp import SessionDescription

from runtime.transports.sdp import ask_for_speech, fingerprints, is_usable, spread_candidates

HOST = "a=candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host"
RELAY = "a=candidate:2 1 udp 41885439 203.0.113.20 50001 typ relay raddr 0.0.0.0 rport 0"
OFFER = "\r\n".join(
    [
        *("v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0 1"),
        *("m=audio 9 UDP/TLS/RTP/SAVPF 111", "a=mid:0", HOST, RELAY, "a=end-of-candidates"),
        *("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=mid:1", ""),
    ]
)


def test_every_section_gets_the_candidates_of_all():
    """aiortc keeps those of the last section only, and browsers write them into the first."""
    _, audio, data = spread_candidates(OFFER).split("m=")

    for section in (audio, data):
        assert [line for line in section.split("\r\n") if "candidate" in line] == [
            HOST,
            RELAY,
            "a=end-of-candidates",
        ]


def test_an_offer_without_candidates_stays_as_it_is():
    """Trickle begins with none, and the end is not told before it is there."""
    bare = "\r\n".join(line for line in OFFER.split("\r\n") if "candidate" not in line)

    assert spread_candidates(bare) == bare


@pytest.mark.parametrize(
    "address",
    [
        "a1b2c3d4-0000-4000-8000-0123456789ab.local",  # a browser's own network; aiortc would wait for it
        "169.254.169.254",  # where AWS keeps credentials
        "::ffff:169.254.169.254",
        "fe80::1",
        "224.0.0.251",
        "0.0.0.0",  # noqa: S104  # nobody listens on it here
    ],
)
def test_the_agent_sends_nothing_to_addresses_that_are_no_callers(address):
    """A caller chooses these, and the agent would send a packet to each from inside the VPC."""
    assert not is_usable(f"candidate:1 1 udp 2122260223 {address} 53 typ host")


@pytest.mark.parametrize(
    "line", ["", "candidate:1", "candidate:1 1 tcp 1 192.0.2.7 9 typ host tcptype active"]
)
def test_what_cannot_be_sent_to_is_left_out(line):
    """aioice speaks UDP to peers, and nothing to nonsense."""
    assert not is_usable(line)


async def test_the_browser_is_asked_for_speech_that_survives_loss():
    """Left alone it sends no FEC to aiortc, whose answers do not mention it."""
    pc = RTCPeerConnection()
    pc.addTransceiver("audio")
    plain = (await pc.createOffer()).sdp
    await pc.close()

    (audio,) = SessionDescription.parse(ask_for_speech(plain)).media
    (opus,) = [codec for codec in audio.rtp.codecs if codec.name == "opus"]

    assert "useinbandfec" not in plain
    assert opus.parameters["useinbandfec"] == 1
    assert int(opus.parameters["maxaveragebitrate"]) == 32_000
    assert int(opus.parameters["stereo"]) == 0


def test_connections_of_one_browser_are_told_apart_by_certificate():
    """An offer from the same connection is renegotiated, one from a new connection is a re-join."""
    first, second = ("v=0\r\na=fingerprint:sha-256 AB:CD\r\n", "v=0\r\na=fingerprint:sha-256 EF:01\r\n")

    assert fingerprints(first) == fingerprints(first * 2) != fingerprints(second)
