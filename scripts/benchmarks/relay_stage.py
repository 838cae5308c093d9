"""A relay and those who load it, on two machines with a cable between them: no router, no NAT."""

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Self

from scripts.benchmarks.errors import BenchmarkError
from scripts.embedded.children import tethered
from scripts.network import plan
from scripts.network.laboratory import check_machine, sweep
from scripts.network.namespace import Namespace
from scripts.network.relay import Relay
from turn.allocation import Allocation

URL = f"turn:{plan.RELAY}:443?transport=udp"
ECHO_PORT = 3480

CALLERS = 100
"""Addresses that callers come from: the relay slows down an address that is in too great a hurry."""

AT_ONCE = 32
"""Allocations that are on their way at a time."""

_GATEWAY = "10.0.0.1"
_NANOSECONDS = 1e9
_BEFORE_OTHERS = -15
"""Nice value: what else runs on this machine shall not be measured."""
_COMMAND_CHARACTERS = 15
"""Of a program's name are known to the kernel."""


class RelayStage:
    """coturn on one core, as it is configured on EC2; generator and peers on the other."""

    def __init__(self) -> None:
        self._relay_machine = Namespace(f"hotline-{os.getpid()}-bench-relay")
        self._load_machine = Namespace(f"hotline-{os.getpid()}-bench-load")
        self._sockets: list[socket.socket] = []
        self._kept = ExitStack()
        self._relay: Relay

    def __enter__(self) -> Self:
        check_machine()
        sweep()
        with ExitStack() as kept:
            for machine in (self._relay_machine, self._load_machine):
                machine.create()
                kept.callback(machine.delete)
            self._connect()
            self._relay = kept.enter_context(Relay(self._relay_machine))
            kept.enter_context(_echo(self._load_machine))
            first, last = _cores()
            kept.enter_context(_given_core(os.getpid(), last))
            _give_core(_process_in(self._relay_machine, "turnserver"), first)
            _give_core(_process_in(self._load_machine, "turnutils_peer"), last)
            self._kept = kept.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    @property
    def peer(self) -> tuple[str, int]:
        """Who sends back whatever comes."""
        return plan.HOST, ECHO_PORT

    def relay_seconds(self) -> float:
        """Return the processor time that coturn has used."""
        return _processor_seconds(_process_in(self._relay_machine, "turnserver"))

    def echo_seconds(self) -> float:
        """Return the processor time that the plain echo has used."""
        return _processor_seconds(_process_in(self._load_machine, "turnutils_peer"))

    def dropped_by_relay(self) -> int:
        """Return how many packets the relay's machine has thrown away because coturn did not take them."""
        with self._relay_machine.entered():
            lines = Path("/proc/thread-self/net/snmp").read_text().splitlines()
        names, values = (line.split() for line in lines if line.startswith("Udp: "))
        return int(values[names.index("RcvbufErrors")])

    @contextmanager
    def plain_sockets(self, number: int) -> Iterator[list[socket.socket]]:
        """Open sockets on the relay's machine that send to the echo past the relay."""
        with ExitStack() as opened:
            sockets = []
            for _ in range(number):
                one = opened.enter_context(self._relay_machine.make_socket(socket.AF_INET, socket.SOCK_DGRAM))
                one.setblocking(False)
                one.connect(self.peer)
                sockets.append(one)
            yield sockets

    @asynccontextmanager
    async def allocations(self, number: int) -> AsyncIterator[list[tuple[Allocation, socket.socket]]]:
        """Allocate *number* times, each under a name and from a socket of its own."""
        turn = asyncio.Semaphore(AT_ONCE)
        async with AsyncExitStack() as kept:

            async def allocate(place: int) -> tuple[Allocation, socket.socket]:
                async with turn:
                    return await self._allocate(place, kept)

            yield await asyncio.gather(*(allocate(place) for place in range(number)))

    async def _allocate(self, place: int, kept: AsyncExitStack) -> tuple[Allocation, socket.socket]:
        made: list[socket.socket] = []

        def make_socket(family: int, kind: int) -> socket.socket:
            one = self._load_machine.make_socket(family, kind)
            one.bind((_caller(place % CALLERS), 0))
            made.append(one)
            return one

        _, server = await self._relay.ice_servers.issue(f"caller-{place}", 600)
        allocation = await Allocation.open(URL, server, make_socket=make_socket)
        kept.push_async_callback(allocation.leave)
        return allocation, made[0]

    def _connect(self) -> None:
        relay, load = self._relay_machine, self._load_machine
        relay.ip(
            f"link add eth0 type veth peer name eth0 netns {load.name}",
            f"address add {plan.RELAY}/24 dev eth0",
            "link set eth0 up",
        )
        callers = (f"address add {_caller(place)}/32 dev eth0" for place in range(CALLERS))
        load.ip(
            f"address add {_GATEWAY}/24 dev eth0",
            f"address add {plan.HOST}/32 dev eth0",
            *callers,
            "link set eth0 up",
        )
        relay.ip(f"route add default via {_GATEWAY}")


def _caller(place: int) -> str:
    """Return an address of TEST-NET-2 (RFC 5737), which belongs to nobody."""
    return f"198.51.100.{place + 1}"


@contextmanager
def _echo(machine: Namespace) -> Iterator[None]:
    """Run coturn's own UDP echo: the least that anything does which receives and sends."""
    command = ["turnutils_peer", "-L", plan.HOST, "-p", str(ECHO_PORT)]
    with subprocess.Popen(
        tethered(machine.command(command)),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            _await_echo(machine)
            yield
        finally:
            if process.stdin:
                process.stdin.close()


def _await_echo(machine: Namespace) -> None:
    with machine.make_socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.settimeout(0.05)
        deadline = time.monotonic() + 5.0
        while time.monotonic() < deadline:
            probe.sendto(b"hello", (plan.HOST, ECHO_PORT))
            try:
                probe.recv(100)
            except OSError:  # not yet
                continue
            return
    raise BenchmarkError("turnutils_peer does not answer; it is part of the package coturn.")


def _process_in(machine: Namespace, program: str) -> int:
    command = ["ip", "netns", "pids", machine.name]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    for process in listed:
        if Path("/proc", process, "comm").read_text().strip() == program[:_COMMAND_CHARACTERS]:
            return int(process)
    raise BenchmarkError(f"{program} has ended, so nothing can be measured.  Run the benchmark again.")


def _cores() -> tuple[int, int]:
    """Return the relay's core and the callers'; the same one where there is no other."""
    cores = os.sched_getaffinity(0)
    return min(cores), max(cores)


def _give_core(process: int, core: int) -> None:
    for task in Path(f"/proc/{process}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})
        os.setpriority(os.PRIO_PROCESS, int(task.name), _BEFORE_OTHERS)


@contextmanager
def _given_core(process: int, core: int) -> Iterator[None]:
    cores, priority = os.sched_getaffinity(process), os.getpriority(os.PRIO_PROCESS, process)
    _give_core(process, core)
    try:
        yield
    finally:
        os.sched_setaffinity(process, cores)
        os.setpriority(os.PRIO_PROCESS, process, priority)


def _processor_seconds(process: int) -> float:
    """Return what the scheduler counted, which is exact to the nanosecond; ticks would not do."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / _NANOSECONDS
