"""The nftables rules that make a namespace into a NAT gateway, a router, an internet gateway, a firewall."""

from enum import StrEnum

from scripts.network.plan import (
    AGENT_SUBNET,
    HOME_SUBNET,
    NAT_GATEWAY,
    NAT_GATEWAY_PUBLIC,
    RELAY,
    RELAY_PORTS,
    RELAY_PUBLIC,
    VPC,
)

_RELAYED = f"{RELAY_PORTS[0]}-{RELAY_PORTS[1]}"

_SYMMETRIC = "masquerade to :1024-65535 random,fully-random"
"""Another random port for each destination, as a NAT gateway has (AWS: no port forwarding, per destination)."""

_CONE = "masquerade"
"""Keeps the port where it can: one mapping for all destinations, as most home routers have."""


class Egress(StrEnum):
    """What a network lets out."""

    EVERYTHING = ""
    NO_UDP = "meta l4proto udp drop"
    WEB_ONLY = "meta l4proto udp drop\n    tcp dport != 443 drop"
    NO_RELAY = f"ip daddr {RELAY_PUBLIC} reject"
    """All but the relay; refused rather than dropped, so that who tries it knows at once."""


def nat_gateway() -> str:
    """Return the rules of the NAT gateway, whose packets inside the VPC keep their address."""
    return _router(AGENT_SUBNET, _SYMMETRIC, f"ip saddr {AGENT_SUBNET} ip daddr {VPC} accept", f"""\
    ip saddr {VPC} accept""")  # fmt: skip


def home_router(*, symmetric: bool) -> str:
    """Return the rules of the router at the caller's."""
    return _router(HOME_SUBNET, _SYMMETRIC if symmetric else _CONE, "", "")


def egress(policy: Egress) -> str:
    """Return the rules that change what a router lets out, for flows that run already, too."""
    return f"""
flush chain ip filter egress
table ip filter {{
  chain egress {{
    {policy.value}
    accept
  }}
}}
"""


def internet_gateway() -> str:
    """Return the one-to-one translation, with packets that turn round, and the relay's security group."""
    return f"""
table ip nat {{
  map inward {{
    type ipv4_addr : ipv4_addr
    elements = {{ {NAT_GATEWAY_PUBLIC} : {NAT_GATEWAY}, {RELAY_PUBLIC} : {RELAY} }}
  }}
  map outward {{
    type ipv4_addr : ipv4_addr
    elements = {{ {NAT_GATEWAY} : {NAT_GATEWAY_PUBLIC}, {RELAY} : {RELAY_PUBLIC} }}
  }}
  chain prerouting {{
    type nat hook prerouting priority dstnat
    dnat to ip daddr map @inward
  }}
  chain postrouting {{
    type nat hook postrouting priority srcnat
    ip saddr {VPC} ip daddr {VPC} ct status dnat snat to ip saddr map @outward
    ip saddr {VPC} oifname "wan" snat to ip saddr map @outward
  }}
}}
table ip filter {{
  chain forward {{
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip daddr {RELAY} udp dport {{ 443, 3478, {_RELAYED} }} accept
    ip daddr {RELAY} tcp dport {{ 443, 3478 }} accept
    ip daddr {RELAY} drop
    ip saddr {VPC} accept
  }}
}}
"""


def agent_security_group() -> str:
    """Return what `NetworkStack` and `CoturnRelays` let the agent's interfaces do: port 443 and relayed media."""
    return f"""
table ip filter {{
  chain output {{
    type filter hook output priority filter; policy drop;
    oifname "lo" accept
    meta l4proto {{ tcp, udp }} th dport 443 accept
    ip daddr {RELAY_PUBLIC} udp dport {_RELAYED} accept
    ct state established,related accept
  }}
  chain input {{
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
  }}
}}
"""


def _router(subnet: str, masquerade: str, first: str, inward: str) -> str:
    return f"""
table ip nat {{
  chain postrouting {{
    type nat hook postrouting priority srcnat
    {first}
    ip saddr {subnet} meta l4proto {{ tcp, udp }} oifname "wan" {masquerade}
    ip saddr {subnet} oifname "wan" masquerade
  }}
}}
table ip filter {{
  chain egress {{
    accept
  }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    iifname "lan" jump egress
    ct state established,related accept
{inward}
  }}
}}
"""
