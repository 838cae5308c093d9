"""Where the embedded cloud is: its Region, and its seven loopback ports."""

import socket
from dataclasses import dataclass

REGION = "us-east-1"
"""The Region of stage `embedded` in cdk.json."""
DEFAULT_PORT = 4566
HOST = "127.0.0.1"
"""Nothing outside this machine may reach a cloud whose keys are made up on the spot."""


BASE_PORTS = range(1, 2**16 - 6)
"""What the first of the seven may be."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Seven ports, one after the other from *base*."""

    base: int = DEFAULT_PORT

    @property
    def services(self) -> int:
        """MiniStack."""
        return self.base

    @property
    def bedrock(self) -> int:
        """The Bedrock server."""
        return self.base + 1

    @property
    def agentcore(self) -> int:
        """AgentCore's data plane."""
        return self.base + 2

    @property
    def page(self) -> int:
        """The call page."""
        return self.base + 3

    @property
    def relay(self) -> int:
        """The relay that stands for those of Kinesis Video: UDP, TCP and TLS."""
        return self.base + 4

    @property
    def issuer(self) -> int:
        """The OpenID Connect issuer."""
        return self.base + 5

    @property
    def bridge(self) -> int:
        """The bridge for phone providers."""
        return self.base + 6

    @property
    def bridge_url(self) -> str:
        """What `telephony.bridge.url` of a stage must be that is deployed here."""
        return f"ws://localhost:{self.bridge}/stream"

    @property
    def issuer_url(self) -> str:
        """What `auth.issuer` of a stage must be that is deployed here."""
        return f"http://localhost:{self.issuer}"

    def endpoints(self) -> dict[str, str]:
        """Return the section `endpoints` of a stage that is deployed here."""
        return {
            "services": f"http://localhost:{self.services}",
            "bedrock": f"https://localhost:{self.bedrock}",
            "agentcore": f"http://localhost:{self.agentcore}",
        }

    def taken(self) -> list[int]:
        """Return those that something listens on."""
        return [port for port in range(self.base, self.bridge + 1) if _is_taken(port)]


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False
