"""The part of a call's relays that its browser is given."""

from collections.abc import Iterable
from dataclasses import replace

from turn.ice_server import IceServer
from turn.relay_url import RelayUrl


def for_browser(servers: Iterable[IceServer]) -> tuple[IceServer, ...]:
    """Return at most one way over UDP and one that passes where only the web does.

    A browser makes an allocation for every URL and holds all of them to the end of the call (measured
    with Chromium: six for the list of Kinesis Video as it stands), and waits up to 40 s for a dead one.
    The second way is taken from another server where there is one, so that one dead relay leaves a way.
    """
    ways = [(server, url) for server in servers for url in server.urls if RelayUrl.relays(url)]
    udp = next((way for way in ways if RelayUrl.parse(way[1]).is_udp), None)
    web = [way for way in ways if RelayUrl.parse(way[1]).passes_web_firewalls]
    web.sort(key=lambda way: (not RelayUrl.parse(way[1]).tls, udp is not None and way[0] == udp[0]))
    chosen = [way for way in (udp, *web[:1]) if way]
    return tuple(replace(server, urls=(url,)) for server, url in chosen)
