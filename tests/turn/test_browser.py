import pytest

from turn.browser import for_browser
from turn.errors import TurnSettingsError
from turn.ice_server import IceServer
from turn.relay_url import RelayUrl


def server(name: str, *urls: str) -> IceServer:
    return IceServer(urls=urls, username=name, credential="p", lifetime_seconds=60)


def ways(*servers: IceServer) -> list[tuple[str, str]]:
    return [(one.username, url) for one in for_browser(servers) for url in one.urls]


def kinesis_video(name: str) -> IceServer:
    return server(
        name,
        f"turn:{name}.example:443?transport=udp",
        f"turns:{name}.example:443?transport=udp",
        f"turns:{name}.example:443?transport=tcp",
    )


def test_a_browser_gets_two_of_six_ways_through_two_relays():
    """Six URLs are six allocations for the whole call, of the fifty that a channel has."""
    assert ways(IceServer(urls=("stun:s.example",)), kinesis_video("a"), kinesis_video("b")) == [
        ("a", "turn:a.example:443?transport=udp"),
        ("b", "turns:b.example:443?transport=tcp"),
    ]


def test_one_relay_gives_both_ways():
    """UDP for speech and TLS for networks that block it."""
    assert ways(kinesis_video("a")) == [
        ("a", "turn:a.example:443?transport=udp"),
        ("a", "turns:a.example:443?transport=tcp"),
    ]


def test_plain_tcp_on_443_stands_in_for_tls():
    """A relay without a certificate still helps where only ports are looked at."""
    relay = server("a", "turn:a.example:3478?transport=udp", "turn:a.example:443?transport=tcp")

    assert [url for _, url in ways(relay)] == list(relay.urls)


def test_tls_is_preferred_to_plain_tcp_even_on_the_same_relay():
    """A firewall that looks for TLS lets nothing else through."""
    relay = server("a", "turn:a.example:443?transport=tcp", "turns:a.example:443?transport=tcp")

    assert [url for _, url in ways(relay)] == ["turns:a.example:443?transport=tcp"]


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("turn:a.example", RelayUrl("a.example", 3478, "udp", tls=False)),
        ("turns:a.example", RelayUrl("a.example", 5349, "tcp", tls=True)),
        ("TURNS:a.example:443?transport=TCP", RelayUrl("a.example", 443, "tcp", tls=True)),
        ("turn:[2001:db8::1]:3478?transport=udp", RelayUrl("2001:db8::1", 3478, "udp", tls=False)),
    ],
)
def test_reads_urls_as_rfc_7065_writes_them(url, parsed):
    """What a provider may legally answer is understood."""
    assert RelayUrl.parse(url) == parsed


@pytest.mark.parametrize("url", ["stun:a.example", "turn:", "turn:a b", "turn:a?transport=tls", "http://a"])
def test_refuses_what_is_no_relay(url):
    """A wrong URL is an error here and not a call without sound."""
    with pytest.raises(TurnSettingsError, match="is no relay"):
        RelayUrl.parse(url)
