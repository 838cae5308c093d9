"""The relays of a session: issued once, for both of its ends."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from runtime.door.answers import RelayServer
from runtime.door.errors import RelaysUnavailableError
from turn.browser import for_browser
from turn.errors import TurnError
from turn.ice_server import IceServer, IceServers


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What one issue of credentials gives to each end, as RTCIceServer objects."""

    for_agent: list[dict[str, Any]] = field(repr=False)
    for_caller: list[RelayServer] = field(repr=False)
    lifetime_seconds: int
    """How long both can make allocations with it."""


class Relays:
    """Whoever runs the relays, asked from outside an event loop.

    Args:
        source: Where credentials come from; it lives on one event loop, which is this object's own.
        lifetime_seconds: How long a caller and a re-join may wait before they use them.
    """

    def __init__(self, source: IceServers, *, lifetime_seconds: int) -> None:
        self._source = source
        self._lifetime_seconds = lifetime_seconds
        self._runner = asyncio.Runner()

    def issue(self, session_id: str) -> Issue:
        """Return relays for both ends of *session_id*, whose name for relays is the id.

        Raises:
            RelaysUnavailableError: There are none now.
        """
        try:
            servers = self._runner.run(self._source.issue(session_id, self._lifetime_seconds))
        except TurnError as fault:
            raise RelaysUnavailableError(f"{type(fault).__name__}: {fault}") from fault
        lifetimes = (one.lifetime_seconds for one in servers if one.lifetime_seconds)
        usable = for_browser(servers)
        if not usable:
            raise RelaysUnavailableError(
                f"None of {len(servers)} relays is reached over UDP, or over TCP or TLS on port 443, so browsers "
                "behind firewalls would not get through.  Offer such a URL."
            )
        return Issue(
            for_agent=_listed(servers),
            for_caller=[RelayServer(**one) for one in _listed(usable)],
            lifetime_seconds=min(lifetimes, default=self._lifetime_seconds),
        )

    def close(self) -> None:
        """Give the event loop back."""
        self._runner.close()


def _listed(servers: Iterable[IceServer]) -> list[dict[str, Any]]:
    return [_rtc_ice_server(one) for one in servers]


def _rtc_ice_server(server: IceServer) -> dict[str, Any]:
    password = {"username": server.username, "credential": server.credential} if server.credential else {}
    return {"urls": list(server.urls), **password}
