"""The agent's way to a relay: one that has just answered, because aiortc tries only one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.errors import InvocationError
from turn.ice_server import IceServer
from turn.probe import choose
from turn.relay_url import RelayUrl

PATIENCE_SECONDS = 2.0
"""How long a relay may take to answer the agent, which is as near to it as the internet allows."""

MAX_SERVERS = 8
MAX_URLS = 8
"""As many as a stage may have relays (`turn.relays`); each has two or three URLs."""
MAX_TEXT_CHARACTERS = 1024
"""Of a URL, user name or password; those of Kinesis Video have about 200."""

_STUN = "stun:"


@dataclass(frozen=True, slots=True)
class Way:
    """How the agent's end of a call reaches the internet."""

    relay: IceServer | None = None
    """With the one URL that works; none where no relay was given, so only addresses of the agent's own."""
    stun_url: str = ""
    """Who tells the address of the NAT gateway: it lets the caller's relay send to the agent directly."""


def read_ice_servers(listed: Any) -> tuple[IceServer, ...]:
    """Read a list of RTCIceServer objects, as the door sends them.

    Raises:
        InvocationError: It is none.
    """
    if not isinstance(listed, list) or len(listed) > MAX_SERVERS:
        raise InvocationError("invalid_request", f"ice_servers must be a list of at most {MAX_SERVERS}.")
    return tuple(_server(one) for one in listed)


async def find_way(servers: Sequence[IceServer]) -> Way:
    """Try every relay at once, with a real allocation, and return the best way that works.

    Without a relay there is no STUN either: aiortc waits five seconds for one that does not answer, and a
    network that carries no UDP to a relay carries none to it.

    Raises:
        NoWayError: None works; the message says why, for each.
    """
    if not any(RelayUrl.relays(url) for server in servers for url in server.urls):
        return Way()
    relay = await choose(_for_aiortc(servers), patience_seconds=PATIENCE_SECONDS)
    url = RelayUrl.parse(relay.urls[0])
    if not url.is_udp:
        return Way(relay)
    named = (url for server in servers for url in server.urls if url.startswith(_STUN))
    return Way(relay, next(named, f"{_STUN}{url.host}:{url.port}"))


def _for_aiortc(servers: Sequence[IceServer]) -> list[IceServer]:
    """Leave out addresses in brackets: aiortc 1.16 knows none of IPv6 and raises ValueError."""
    return [
        IceServer(
            urls=tuple(url for url in server.urls if "[" not in url),
            username=server.username,
            credential=server.credential,
        )
        for server in servers
    ]


def _server(value: Any) -> IceServer:
    if not isinstance(value, Mapping):
        raise InvocationError("invalid_request", "Each of ice_servers must be an object.")
    urls = value.get("urls")
    username, credential = value.get("username", ""), value.get("credential", "")
    if not isinstance(urls, list) or not 1 <= len(urls) <= MAX_URLS:
        raise InvocationError("invalid_request", f"urls must be a list of 1 to {MAX_URLS}.")
    if not all(
        isinstance(one, str) and len(one) <= MAX_TEXT_CHARACTERS for one in (*urls, username, credential)
    ):
        raise InvocationError(
            "invalid_request", f"urls, username and credential are texts of at most {MAX_TEXT_CHARACTERS}."
        )
    return IceServer(urls=tuple(urls), username=username, credential=credential)
