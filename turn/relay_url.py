"""The addresses of relays, as RFC 7065 writes them."""

import re
from dataclasses import dataclass
from typing import Self

from turn.errors import TurnSettingsError

_URL = re.compile(
    r"(?P<scheme>turns?):(?P<host>\[[0-9a-f:.]+\]|[^:/?#\[\]\s]+)(:(?P<port>\d{1,5}))?"
    r"(\?transport=(?P<transport>udp|tcp))?",
    re.IGNORECASE,
)
_PORTS = {"turn": 3478, "turns": 5349}
"""Defaults of RFC 7065."""
_WEB_PORT = 443


@dataclass(frozen=True, slots=True)
class RelayUrl:
    """One way to a relay."""

    host: str
    port: int
    transport: str
    """`udp` or `tcp`."""
    tls: bool

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read a `turn:` or `turns:` URL.

        Raises:
            TurnSettingsError: It is neither.
        """
        parts = _URL.fullmatch(url)
        if parts is None:
            raise TurnSettingsError(
                f"{url!r} is no relay, so no audio can be sent through it.  Write it as "
                "turn:host:port?transport=udp or turns:host:port?transport=tcp."
            )
        scheme = parts["scheme"].lower()
        transport = (parts["transport"] or ("tcp" if scheme == "turns" else "udp")).lower()
        host = parts["host"].strip("[]")
        return cls(host, int(parts["port"] or _PORTS[scheme]), transport, scheme == "turns")

    @staticmethod
    def relays(url: str) -> bool:
        """Whether *url* is a relay at all, and not `stun:`."""
        return url.lower().startswith(("turn:", "turns:"))

    @property
    def is_udp(self) -> bool:
        """Whether media travels over plain UDP, which loses a packet rather than delay all behind it."""
        return self.transport == "udp" and not self.tls

    @property
    def passes_web_firewalls(self) -> bool:
        """Whether a network that lets only HTTPS out may let it out."""
        return self.transport == "tcp" and self.port == _WEB_PORT

    @property
    def is_dtls(self) -> bool:
        """Whether it is TURN over DTLS, which neither aiortc nor a browser speaks."""
        return self.tls and self.transport == "udp"
