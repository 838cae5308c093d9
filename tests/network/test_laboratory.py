"""The laboratory is what it says: AWS's NATs and firewalls, and nothing of it stays."""

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from scripts.network import laboratory as module
from scripts.network import plan
from scripts.network.errors import LaboratoryError
from scripts.network.laboratory import Laboratory, check_machine, sweep
from scripts.network.namespace import Namespace, existing
from scripts.network.wire import Figures

ROOT = Path(__file__).resolve().parents[2]
WEB_PORT = 443
"""The only one that the agent's security group lets out."""


@contextmanager
def sockets(*wanted):
    """UDP sockets at (machine, address, port); closed after the block."""
    opened = []
    try:
        for machine, address, port in wanted:
            opened.append(machine.make_socket(socket.AF_INET, socket.SOCK_DGRAM))
            opened[-1].setblocking(False)
            opened[-1].bind((address, port))
        yield opened
    finally:
        for one in opened:
            one.close()


async def seen_from_two_places(machine, hosts):
    """Send from one port to two destinations; return who each saw."""
    seen = []
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(30):
        for host in hosts:
            machine.sendto(b"where am I", host.getsockname())
            seen.append((await loop.sock_recvfrom(host, 100))[1])
    return seen


@contextmanager
def two_hosts(laboratory, machine, address):
    wanted = [(laboratory["host"], one, WEB_PORT) for one in (plan.HOST, plan.OTHER_HOST)]
    with sockets((laboratory[machine], address, 40_000), *wanted) as (sender, *hosts):
        yield sender, hosts


async def test_the_nat_gateway_gives_each_destination_another_port(laboratory):
    """So does AWS's: what STUN sees is of no use to a peer, and the agent needs a relay."""
    with two_hosts(laboratory, "agent", plan.AGENT) as (sender, hosts):
        first, second = await seen_from_two_places(sender, hosts)

    assert first[0] == second[0] == plan.NAT_GATEWAY_PUBLIC
    assert first[1] != second[1]


async def test_nothing_comes_in_through_the_nat_gateway(laboratory):
    """An answer does, from where the question went; nobody else's packet does."""
    loop = asyncio.get_running_loop()
    with two_hosts(laboratory, "agent", plan.AGENT) as (agent, (asked, stranger)):
        (seen, _) = await seen_from_two_places(agent, [asked, stranger])
        stranger.sendto(b"unasked", seen)
        asked.sendto(b"answer", seen)
        async with asyncio.timeout(30):
            assert await loop.sock_recv(agent, 100) == b"answer"
        with pytest.raises(BlockingIOError):
            agent.recv(100)


@pytest.mark.parametrize("symmetric", [False, True])
async def test_the_home_router_is_of_the_kind_that_was_asked_for(symmetric):
    """Most callers sit behind the one, some behind the other; calls must work from both."""
    with (
        Laboratory(symmetric_home=symmetric) as laboratory,
        two_hosts(laboratory, "caller", plan.CALLER) as (sender, hosts),
    ):
        first, second = await seen_from_two_places(sender, hosts)

    assert first[0] == second[0] == plan.HOME_PUBLIC
    assert (first[1] != second[1]) is symmetric


async def test_the_agent_reaches_nothing_but_port_443_and_relayed_media(laboratory):
    """Its security group is in the way here as it is on AWS: a port forgotten there fails here."""
    wanted = (laboratory["agent"], plan.AGENT, 40_000), (laboratory["host"], plan.HOST, 3478)
    with sockets(*wanted) as (agent, host), pytest.raises(PermissionError):
        agent.sendto(b"TURN on its own port", host.getsockname())


def carry(laboratory: Laboratory, packets: int, figures: Figures) -> tuple[list[int], float]:
    """Send numbers from the caller to a host; return those that arrive, and when the first one did."""
    wanted = (plan.HOST, 5000)
    with sockets((laboratory["caller"], plan.CALLER, 4000), (laboratory["host"], *wanted)) as (caller, host):
        for one in (caller, host):
            one.settimeout(30)
        caller.sendto(b"neighbours have found each other", wanted)
        host.recv(100)
        before = laboratory.link.set(figures)
        began = time.monotonic()
        for number in range(packets):
            caller.sendto(number.to_bytes(2, "big"), wanted)
        arrived = [int.from_bytes(host.recv(100), "big")]
        first_after = time.monotonic() - began
        while (now := laboratory.link.set(figures)).carried[0] + now.lost[0] < before.carried[0] + packets:
            time.sleep(0.01)
        host.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                arrived.append(int.from_bytes(host.recv(100), "big"))
    return arrived, first_after


def test_a_bad_link_is_late_and_loses_the_same_packets_every_time():
    """A test that fails on a bad network must fail again when somebody looks at it."""
    bad, runs = Figures(delay_ms=40, jitter_ms=10, loss_percent=10), []
    for seed in (1, 1, 2):
        with Laboratory(figures=Figures(), seed=seed) as laboratory:
            arrived, first_after = carry(laboratory, 200, bad)
        assert first_after >= 0.030
        assert arrived == sorted(arrived)
        assert 160 <= len(arrived) <= 195
        runs.append(arrived)

    assert runs[0] == runs[1] != runs[2]


def test_nothing_is_left_after_a_failure(monkeypatch):
    """A laboratory that could not be finished must not be in the way of the next one."""
    monkeypatch.setattr(module.rules, "agent_security_group", lambda: "no rules at all")
    ours = f"hotline-{os.getpid()}-"
    before = [name for name in existing() if name.startswith(ours)]

    with pytest.raises(LaboratoryError, match="syntax error"):
        Laboratory().__enter__()

    assert [name for name in existing() if name.startswith(ours)] == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_it_is_ended_from_outside(number):
    """Also not after `kill -9`: the relay ends with its owner, and the next laboratory sweeps the rest."""
    command = [sys.executable, "-m", "scripts.commands", "netlab", "--bare", "--delay", "10"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as netlab:
        prefix = f"hotline-{netlab.pid}-"
        for line in netlab.stdout:
            if line.startswith("Ctrl-C takes it down"):
                break
        assert [name for name in existing() if name.startswith(prefix)]
        assert list(Path("/run").glob(prefix + "*"))
        inside = Namespace(prefix + "1-relay").processes()
        netlab.send_signal(number)
        netlab.wait(timeout=60)
    sweep()

    assert len(inside) >= 1
    assert not [name for name in existing() if name.startswith(prefix)]
    assert not list(Path("/run").glob(prefix + "*"))
    for process in inside:
        wait_until_gone(process)


def wait_until_gone(process: int) -> None:
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(process)
        try:
            ended, _, _ = select.select([descriptor], [], [], 30)
            assert ended, f"process {process} is left"
        finally:
            os.close(descriptor)


def test_refuses_without_root(monkeypatch):
    """A traceback full of `Operation not permitted` helps nobody."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)

    with pytest.raises(LaboratoryError, match=r"only root may do.*Run it with sudo"):
        check_machine()


def test_says_which_program_is_missing(monkeypatch, tmp_path):
    """One command installs all of them."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(LaboratoryError, match=r"ip and nft and turnserver is not installed.*--system"):
        check_machine()


def test_a_command_runs_in_a_machine_and_its_exit_code_comes_back():
    """So that a script can try a call under bad conditions, and judge it."""
    command = [sys.executable, "-m", "scripts.commands", "netlab", "--at", "agent", "--"]
    shown = subprocess.run(
        [*command, "ip", "-brief", "address", "show", "eth0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    failed = subprocess.run([*command, "false"], cwd=ROOT, capture_output=True, check=False)

    assert f"{plan.AGENT}/24" in shown.stdout
    assert (shown.returncode, failed.returncode) == (0, 1)
