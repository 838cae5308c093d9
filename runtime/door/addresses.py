"""Which addresses a caller may have the agent send to: those of the Internet, and of the deployment's relays.

ICE makes the agent send packets to every address that it is told.  One inside would let a caller look around
the VPC, the machine that it runs on, and the services that hand out credentials there.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Self

from runtime.errors import SettingsError

type Network = IPv4Network | IPv6Network

# Source: the IANA special-purpose address registries (RFC 6890), except the documentation ranges, which lead
# nowhere; turn/coturn/turnserver.conf denies the same ones.  169.254.169.254 and fd00:ec2::254, where AWS keeps
# credentials, are among them.
INSIDE = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/3",  # multicast, reserved, broadcast
        "::/96",  # unspecified, loopback, and IPv4 in an old form
        "::ffff:0:0/96",  # IPv4
        "64:ff9b::/96",  # IPv4 behind NAT64
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",  # Teredo, which holds IPv4, and others
        "2002::/16",  # 6to4, which holds IPv4
        "fc00::/7",
        "fe80::/10",
        "fec0::/10",
        "ff00::/8",
    )
)

# A browser's name for an address that it does not want to show (draft-ietf-mmusic-mdns-ice-candidates).  The agent
# is on another network, asks nobody for it, and learns where the caller is from the packets that arrive.
_HIDDEN = re.compile(r"[0-9A-Za-z-]{1,63}\.local")


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """The addresses that candidates may have.

    Args:
        relay_networks: Networks inside that the deployment's own relays are in.
    """

    relay_networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, relay_networks: str) -> Self:
        """Read networks in CIDR notation, divided by commas.

        Raises:
            SettingsError: One is no network.
        """
        try:
            networks = tuple(ip_network(one) for one in relay_networks.split(",") if one)
        except ValueError as fault:
            raise SettingsError(
                f"HOTLINE_RELAY_NETWORKS: {fault}, so candidates cannot be judged.  Deploy the door again."
            ) from fault
        return cls(relay_networks=networks)

    def fault(self, text: str) -> str:
        """Say what is wrong with a candidate's address *text*; empty when nothing is."""
        if _HIDDEN.fullmatch(text):
            return ""
        try:
            address = ip_address(text)
        except ValueError:
            return "names a host; only addresses, and names under .local, are taken"
        if any(address in network for network in self.relay_networks):
            return ""
        if any(address in network for network in INSIDE):
            return "has an address that is not on the Internet; leave such candidates out"
        return ""
