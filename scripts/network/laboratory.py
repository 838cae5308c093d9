"""The network that AWS gives an agent, the Internet and a caller's home, on one machine."""

import itertools
import os
import re
import shutil
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from scripts.network import plan, rules
from scripts.network.errors import LaboratoryError
from scripts.network.link import Link
from scripts.network.namespace import Namespace, existing
from scripts.network.rules import Egress
from scripts.network.wire import Figures

_NUMBERS = itertools.count(1)
_NAME = re.compile(r"hotline-(?P<owner>\d+)-\w+(-\w+)?")
"""Of a namespace, and of a relay's folder; a process may have several, and the name says whose they are."""
_PROGRAMS = ("ip", "nft", "turnserver")


class Laboratory:
    """Eight namespaces, wired as `plan` draws them; all of it is gone after the block.

    Args:
        symmetric_home: Whether the caller's router gives each destination another port.
        figures: What the caller's access link is like; none is a perfect cable.
        seed: Another one loses other packets.

    Raises:
        LaboratoryError: This machine does not allow it, or lacks a program.
    """

    link: Link | None
    """The caller's access link, when it is not perfect."""

    def __init__(
        self, *, symmetric_home: bool = False, figures: Figures | None = None, seed: int = 1
    ) -> None:
        prefix = f"hotline-{os.getpid()}-{next(_NUMBERS)}"
        self.machines = {name: Namespace(f"{prefix}-{name}") for name in plan.MACHINES}
        self.link = None
        self._symmetric_home = symmetric_home
        self._figures = figures
        self._seed = seed
        self._built = ExitStack()

    def __getitem__(self, machine: str) -> Namespace:
        return self.machines[machine]

    def __enter__(self) -> Self:
        check_machine()
        sweep()
        with ExitStack() as built:
            for machine in self.machines.values():
                machine.create()
                built.callback(machine.delete)
            self._build_internet()
            self._build_vpc()
            self._build_home(built)
            self._built = built.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._built.close()

    def let_out(self, side: str, policy: Egress) -> None:
        """Change what the network of the `agent` or of the `caller` lets out, also for running flows."""
        router = {"agent": "natgw", "caller": "home"}[side]
        self[router].nft(rules.egress(policy))

    def _build_internet(self) -> None:
        self["internet"].ip("link add bridge type bridge", "link set bridge up")
        self._plug("internet", "igw", "wan", "203.0.113.2/24")
        self["igw"].ip(
            f"address add {plan.NAT_GATEWAY_PUBLIC}/32 dev wan", f"address add {plan.RELAY_PUBLIC}/32 dev wan"
        )
        self._plug("internet", "home", "wan", f"{plan.HOME_PUBLIC}/24")
        self._plug("internet", "host", "eth0", f"{plan.HOST}/24")
        self["host"].ip(f"address add {plan.OTHER_HOST}/24 dev eth0")

    def _build_vpc(self) -> None:
        self["igw"].ip(
            "link add bridge type bridge", "address add 10.0.0.1/24 dev bridge", "link set bridge up"
        )
        self._plug("igw", "natgw", "wan", f"{plan.NAT_GATEWAY}/24")
        self._plug("igw", "relay", "eth0", f"{plan.RELAY}/24")
        _cable(self["natgw"], "lan", self["agent"], "eth0")
        _route(self["natgw"], "lan", "10.0.11.1/24")
        _route(self["agent"], "eth0", f"{plan.AGENT}/24", via="10.0.11.1")
        for inside in ("natgw", "relay"):
            self[inside].ip("route add default via 10.0.0.1")
        # Every subnet of a VPC has a route to every other; what keeps them apart are security groups.
        self["igw"].ip(f"route add {plan.AGENT_SUBNET} via {plan.NAT_GATEWAY}")
        for router in ("igw", "natgw"):
            self[router].configure("net/ipv4/ip_forward", "1")
        self["igw"].nft(rules.internet_gateway())
        self["natgw"].nft(rules.nat_gateway())
        self["agent"].nft(rules.agent_security_group())

    def _build_home(self, built: ExitStack) -> None:
        home, caller = self["home"], self["caller"]
        if self._figures is None:
            _cable(home, "lan", caller, "eth0")
        else:
            self.link = Link(f"{caller.name}:eth0", f"{home.name}:lan", self._figures, seed=self._seed)
            built.callback(self.link.close)
        _route(home, "lan", "192.168.1.1/24")
        _route(caller, "eth0", f"{plan.CALLER}/24", via="192.168.1.1")
        home.configure("net/ipv4/ip_forward", "1")
        home.nft(rules.home_router(symmetric=self._symmetric_home))

    def _plug(self, switch: str, machine: str, device: str, address: str) -> None:
        """Connect *machine* to the bridge of *switch*."""
        _cable(self[machine], device, self[switch], f"to-{machine}")
        self[switch].ip(f"link set to-{machine} master bridge up")
        _route(self[machine], device, address)


def check_machine() -> None:
    """Refuse, in words, where the laboratory cannot be built.

    Raises:
        LaboratoryError: No root, no Linux, or a program is missing.
    """
    if not Path("/proc/self/ns/net").exists() or os.geteuid() != 0:
        raise LaboratoryError(
            "The laboratory makes network namespaces, which only root may do, and only on Linux.  Run it with "
            "sudo."
        )
    if missing := [name for name in _PROGRAMS if not shutil.which(name)]:
        raise LaboratoryError(
            f"{' and '.join(missing)} is not installed; the laboratory is made of it.  Run `sudo scripts/setup "
            "--system`."
        )


def sweep() -> None:
    """Remove what a laboratory left whose process was killed outright; another one may do so as well."""
    for name in filter(_is_orphan, existing()):
        with suppress(LaboratoryError):
            Namespace(name).delete()
    for folder in Path("/run").iterdir():
        if _is_orphan(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _is_orphan(name: str) -> bool:
    ours = _NAME.fullmatch(name)
    return ours is not None and not Path("/proc", ours["owner"]).exists()


def _cable(first: Namespace, device: str, second: Namespace, other: str) -> None:
    first.ip(f"link add {device} type veth peer name {other} netns {second.name}")


def _route(machine: Namespace, device: str, address: str, *, via: str | None = None) -> None:
    machine.ip(f"address add {address} dev {device}", f"link set {device} up")
    if via:
        machine.ip(f"route add default via {via}")
