"""Credentials for relays of our own, which derive the same passwords from the same secret."""

import hashlib
import time
from collections.abc import Sequence

from turn.credentials import password_for, username_for
from turn.ice_server import IceServer
from turn.secret import SecretText

TURN_PORT = 3478
"""Where relays listen by custom (RFC 8656)."""
WEB_PORT = 443
"""Where networks that let only the web out still let a caller through, and the agent's does too."""


class SharedSecretIceServers:
    """Issues credentials for coturn without asking anybody but Secrets Manager, once.

    Calls spread over the relays by their names, so that it needs no state and both ends of a call,
    wherever their credentials come from, prefer the same relay.

    Args:
        hosts: Names or IPv4 addresses of the relays.
        secret: What the relays share with us.
        tls_hosts: Those whose certificate is valid for the name; none offers plain TCP on 443, which
            passes firewalls that look at ports but not those that look for TLS.
    """

    def __init__(self, *, hosts: Sequence[str], secret: SecretText, tls_hosts: Sequence[str] = ()) -> None:
        self._hosts = tuple(hosts)
        self._tls_hosts = tuple(tls_hosts)
        self._secret = secret

    async def issue(self, caller: str, lifetime_seconds: int) -> tuple[IceServer, ...]:
        """Return every relay, the one that *caller* shall use first; see `IceServers.issue`."""
        secret = await self._secret.read()
        username = username_for(caller, expires_at=int(time.time()) + lifetime_seconds)
        password = password_for(username, secret=secret)
        hosts = sorted(self._hosts, key=lambda host: _weight(caller, host))
        relays = (
            IceServer(
                urls=self._urls(host),
                username=username,
                credential=password,
                lifetime_seconds=lifetime_seconds,
            )
            for host in hosts
        )
        return (IceServer(urls=(f"stun:{hosts[0]}:{WEB_PORT}",)), *relays)

    async def release(self, caller: str) -> None:
        """Hold nothing: coturn counts allocations itself."""

    def _urls(self, host: str) -> tuple[str, ...]:
        udp = (f"turn:{host}:{port}?transport=udp" for port in (TURN_PORT, WEB_PORT))
        scheme = "turns" if host in self._tls_hosts else "turn"
        return *udp, f"{scheme}:{host}:{WEB_PORT}?transport=tcp"


def _weight(caller: str, host: str) -> bytes:
    """Order hosts for a caller: another order for another caller, and a lost host moves only its own."""
    return hashlib.sha256(f"{caller}\0{host}".encode()).digest()
