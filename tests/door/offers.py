"""Offers as browsers make them."""

from pathlib import Path

CHROMIUM = Path(__file__).with_name("chromium.sdp").read_text().replace("\n", "\r\n")
"""Of Chromium 156, with one audio transceiver and one data channel, before it has found any address."""

# As Firefox writes it: its own name in o=, the fingerprint before the sections, telephone events for Opus's clock.
FIREFOX = "\r\n".join(
    (
        *("v=0", "o=mozilla...THIS_IS_SDPARTA-99.0 4611731400430051336 0 IN IP4 0.0.0.0", "s=-", "t=0 0"),
        *("a=sendrecv", "a=fingerprint:sha-256 " + ":".join(["AB"] * 32), "a=group:BUNDLE 0 1"),
        *("a=ice-options:trickle", "a=msid-semantic:WMS *"),
        *("m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101", "c=IN IP4 0.0.0.0", "a=sendrecv"),
        *("a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level", "a=extmap-allow-mixed"),
        *("a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1", "a=fmtp:101 0-15"),
        *("a=ice-pwd:e2b1f1c9a4b5d6e7f8091a2b3c4d5e6f", "a=ice-ufrag:6f1a2b3c", "a=mid:0", "a=msid:- {b6a9}"),
        *("a=rtcp-mux", "a=rtpmap:109 opus/48000/2", "a=rtpmap:9 G722/8000/1", "a=rtpmap:0 PCMU/8000"),
        *("a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000/1", "a=setup:actpass"),
        *("a=ssrc:2655508255 cname:{735484ea}", "m=application 9 UDP/DTLS/SCTP webrtc-datachannel"),
        *("c=IN IP4 0.0.0.0", "a=sendrecv", "a=ice-pwd:e2b1f1c9a4b5d6e7f8091a2b3c4d5e6f"),
        *("a=ice-ufrag:6f1a2b3c", "a=mid:1", "a=setup:actpass", "a=sctp-port:5000"),
        *("a=max-message-size:1073741823", ""),
    )
)


def with_candidate(offer: str, address: str, *, kind: str = "host", port: int = 50_000) -> str:
    """Return *offer* after the browser has found *address*: a candidate in the first section."""
    return with_line(offer, f"a={candidate(address, kind=kind, port=port)}")


def with_line(offer: str, line: str) -> str:
    """Return *offer* with *line* in its audio section."""
    return offer.replace("a=mid:0\r\n", f"a=mid:0\r\n{line}\r\n", 1)


def candidate(address: str, *, kind: str = "host", port: int = 50_000) -> str:
    """Return what RTCIceCandidate.candidate would be."""
    about = "" if kind == "host" else " raddr 192.168.1.10 rport 51000"
    return f"candidate:842163049 1 udp 1677729535 {address} {port} typ {kind}{about} generation 0 ufrag NXv1"
