"""What a relay of this machine is told, whichever program it is."""

from dataclasses import dataclass, field

from scripts.embedded.certificates import Certificates

PORTS = range(61_000, 65_536)
"""Where relayed addresses are: above the ports that Linux gives to clients (ip_local_port_range), whose
connections would be in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """One relay.

    Attributes:
        address: The loopback address where it listens and relays.
        port: Where it takes UDP, TCP and TLS.
        web_port: A second one like it, for what is said to pass web firewalls; none where it may not be taken.
        realm: Domain of its passwords.
        secret: What passwords are derived from.
        certificates: What it shows over TLS.
        user_quota: Allocations that one name may hold; by default what turn/coturn/turnserver.conf says.
        bytes_per_second: What one allocation may carry; by default the same.
    """

    address: str
    port: int
    web_port: int | None = None
    realm: str
    secret: str = field(repr=False)
    certificates: Certificates
    user_quota: int | None = None
    bytes_per_second: int | None = None

    @property
    def listening_ports(self) -> tuple[int, ...]:
        """Where it listens."""
        return (self.port,) if self.web_port is None else (self.port, self.web_port)


class RelayError(Exception):
    """The relay did not start, or ended."""
