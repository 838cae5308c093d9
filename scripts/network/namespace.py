"""One machine of the laboratory: a network namespace of this kernel."""

import os
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from scripts.network.errors import LaboratoryError

_RUN = Path("/run/netns")


class Namespace:
    """A network of its own, with a name that `ip netns exec` knows.

    Args:
        name: Unique on this machine.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def create(self) -> None:
        """Make it; it knows only itself."""
        run(["ip", "netns", "add", self.name])
        # The laboratory rebuilds an IPv4 network; addresses that appear by themselves would be other ways.
        self.configure("net/ipv6/conf/all/disable_ipv6", "1")
        self.ip("link set lo up")

    def delete(self) -> None:
        """Remove it and every interface in it."""
        run(["ip", "netns", "delete", self.name])

    def ip(self, *commands: str) -> None:
        """Run `ip` in it, a command per argument."""
        run(["ip", "-n", self.name, "-batch", "-"], text="\n".join(commands))

    def nft(self, rules: str) -> None:
        """Load nftables rules in it."""
        run(self.command(["nft", "-f", "-"]), text=rules)

    def command(self, words: Sequence[str | Path]) -> list[str]:
        """Return the command line that runs *words* in it."""
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def processes(self) -> list[int]:
        """Return the ids of the processes that run in it."""
        return [int(one) for one in run(["ip", "netns", "pids", self.name]).split()]

    def configure(self, key: str, value: str) -> None:
        """Set a kernel parameter of it, named by its path under /proc/sys."""
        with self.entered():
            Path("/proc/sys", key).write_text(value)

    def make_socket(self, family: int, kind: int) -> socket.socket:
        """Make a socket that lives in it, wherever it is used."""
        with self.entered():
            return socket.socket(family, kind)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have this thread in it, for the block; what is opened there stays there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        try:
            there = os.open(_RUN / self.name, os.O_RDONLY)
            try:
                os.setns(there, os.CLONE_NEWNET)
            finally:
                os.close(there)
            try:
                yield
            finally:
                os.setns(home, os.CLONE_NEWNET)
        finally:
            os.close(home)


def existing() -> list[str]:
    """Return the names of every namespace on this machine."""
    return sorted(one.name for one in _RUN.iterdir()) if _RUN.exists() else []


def run(command: Sequence[str], *, text: str = "") -> str:
    """Run a command that must succeed, and return what it printed.

    Raises:
        LaboratoryError: It did not; the message is what it said.
    """
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        raise LaboratoryError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout
