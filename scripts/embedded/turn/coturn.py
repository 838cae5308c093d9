"""coturn with the configuration that runs on EC2, on an address of this machine."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from scripts.embedded.turn.relay import PORTS, Relay, RelayError
from turn.coturn import render

PROGRAM = "turnserver"

_START_SECONDS = 10.0
_POLL_SECONDS = 0.02
_GRACE_SECONDS = 2.0


def version() -> tuple[int, ...]:
    """Return coturn's version, such as (4, 6, 1).

    Raises:
        RelayError: coturn is not there, or does not say.
    """
    try:
        done = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise RelayError("coturn is not installed.") from None
    said = re.findall(r"\d+", "".join(done.stdout.strip().splitlines()[-1:]))
    if not said:
        raise RelayError("The turnserver of this machine does not say which version it is.")
    return tuple(map(int, said))


def configuration(relay: Relay) -> str:
    """Return turnserver.conf for *relay*: the deployed template, and what differs on a single machine.

    Raises:
        RelayError: coturn is missing or of a version without options of ours, or the template has lost one
            that must differ here.
    """
    values = {
        "PRIVATE_IP": relay.address,
        "PUBLIC_IP": relay.address,
        "RELAY_PORTS_FIRST": str(PORTS[0]),
        "RELAY_PORTS_LAST": str(PORTS[-1]),
        "REALM": relay.realm,
        "SECRET": relay.secret,
        "SECRETS_DATABASE": "",
        "TOTAL_QUOTA": str(len(PORTS)),
        "CERTIFICATE": str(relay.certificates.certificate_file),
        "PRIVATE_KEY": str(relay.certificates.key_file),
    }
    try:
        lines = render.configuration(version(), values).splitlines()
    except render.RenderError as fault:
        raise RelayError(str(fault)) from fault
    for option, value in _differences(relay).items():
        at = [place for place, line in enumerate(lines) if line.partition("=")[0] == option]
        if len(at) != 1:
            raise RelayError(
                f"turnserver.conf sets {option} {len(at)} times, so coturn was not started on this machine.  "
                "Adapt scripts/embedded/turn/coturn.py to the template."
            )
        lines[at[0]] = "" if value is None else f"{option}={value}"
    # Every peer here is on loopback; which of them, allowed-peer-ip says as on EC2.
    return "\n".join([*filter(None, lines), "allow-loopback-peers"]) + "\n"


def _differences(relay: Relay) -> dict[str, str | None]:
    """Return options with another value here; None leaves them out."""
    web = None if relay.web_port is None else f"{relay.address}:{relay.web_port}"
    differences: dict[str, str | None] = {
        "listening-port": str(relay.port),
        "tls-listening-port": str(relay.port),
        "aux-server": web,
    }
    if relay.user_quota:
        differences["user-quota"] = str(relay.user_quota)
    if relay.bytes_per_second:
        differences["max-bps"] = str(relay.bytes_per_second)
    if os.geteuid():  # whoever is not root cannot become another account
        differences |= {"proc-user": None, "proc-group": None}
    return differences


@contextlib.asynccontextmanager
async def running(configured: str, relay: Relay, work: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run coturn for the block, configured for *relay*; its log goes to standard error.

    Raises:
        RelayError: It does not listen.
    """
    file = work / "turnserver.conf"
    file.touch(mode=0o600)
    file.write_text(configured)
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "-c", file, "--pidfile=", stdin=subprocess.DEVNULL, stdout=sys.stderr
    )
    try:
        await _wait_until_listening(relay, process)
        yield process
    finally:
        await _end(process)
        file.unlink()


async def _wait_until_listening(relay: Relay, process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_START_SECONDS):
            while not all(_listens(relay.address, port) for port in relay.listening_ports):
                if process.returncode is not None:
                    raise RelayError(f"coturn ended with exit code {process.returncode}; its log says why.")
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise RelayError(f"coturn does not listen after {_START_SECONDS:g} s; its log says why.") from None


def _listens(address: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((address, port)) == 0


async def _end(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, TimeoutError):
            process.send_signal(number)
            await asyncio.wait_for(process.wait(), _GRACE_SECONDS)
