"""What a relay can say about itself without anybody's account or address."""

import json
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMESPACE = "Hotline/Relays"
DIMENSION = "Stage"

ALLOCATIONS = "Allocations"
"""Relayed ports in use: one for each allocation."""
STRAYS = "StrayPackets"
"""Packets that somebody tried to relay to the host's own services or the metadata service; dropped."""
EXCESS = "ExcessFlows"
"""First packets of flows beyond what one address may begin; dropped."""
CERTIFICATE_DAYS = "CertificateDays"
"""Days that the certificate is still valid."""

_COUNTERS = {STRAYS: "strays", EXCESS: "excess"}
UNITS = {ALLOCATIONS: "Count", STRAYS: "Count", EXCESS: "Count", CERTIFICATE_DAYS: "None"}
_LOCAL_ADDRESS = 1
_SECONDS_PER_DAY = 86_400

_BINDING_REQUEST = bytes.fromhex("0001 0000 2112a442") + bytes(12)
_BINDING_SUCCESS = bytes.fromhex("0101")
_PATIENCE_SECONDS = 2.0


def allocations(first: int, last: int, table: Path = Path("/proc/thread-self/net/udp")) -> int:
    """Count the UDP sockets that are bound in the relay range."""
    rows = table.read_text().splitlines()[1:]
    ports = (int(row.split()[_LOCAL_ADDRESS].partition(":")[2], 16) for row in rows)
    return sum(first <= port <= last for port in ports)


def answers(address: str, port: int = 3478) -> bool:
    """Whether coturn answers a STUN request, as the first packet of every call is one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(_PATIENCE_SECONDS)
        probe.connect((address, port))
        try:
            probe.send(_BINDING_REQUEST)
            return probe.recv(1500).startswith(_BINDING_SUCCESS)
        except OSError:
            return False


def certificate_days(file: Path) -> float:
    """Return for how many more days the certificate in *file* is valid."""
    told = subprocess.run(
        ["openssl", "x509", "-noout", "-enddate", "-in", file], capture_output=True, text=True, check=True
    )
    end = ssl.cert_time_to_seconds(told.stdout.strip().removeprefix("notAfter="))
    return (end - time.time()) / _SECONDS_PER_DAY


def dropped() -> dict[str, int]:
    """Return the counters of host.nft since it was loaded."""
    told = subprocess.run(
        ["nft", "--json", "list", "counters", "table", "inet", "hotline"],
        capture_output=True,
        text=True,
        check=True,
    )
    found = [one["counter"] for one in json.loads(told.stdout)["nftables"] if "counter" in one]
    packets = {one["name"]: one["packets"] for one in found}
    return {metric: packets[counter] for metric, counter in _COUNTERS.items()}


@dataclass(slots=True)
class Increase:
    """Turns counters that only grow into what was added since the last look."""

    seen: Mapping[str, int]

    def since(self, counters: Mapping[str, int]) -> dict[str, int]:
        """Return the increase; after a reload of the rules, which begins at zero again, all of it."""
        added = {name: value - self.seen[name] for name, value in counters.items()}
        self.seen = counters
        return {name: counters[name] if one < 0 else one for name, one in added.items()}


def publish(cloudwatch: Any, stage: str, values: Mapping[str, float]) -> None:
    """Send *values* by the names above."""
    cloudwatch.put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": DIMENSION, "Value": stage}],
                "Value": value,
                "Unit": UNITS[name],
            }
            for name, value in values.items()
        ],
    )
