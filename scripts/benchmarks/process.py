"""A process that is measured from outside, the way a platform sees it."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.benchmarks.errors import BenchmarkError

START_SECONDS = 60
POLL_SECONDS = 0.002
"""While nobody listens, asking costs the contender nothing."""
HEALTH_POLL_SECONDS = 0.02
"""Once it answers, each question takes its time from the imports that it is waiting for."""
LOG_TAIL_CHARACTERS = 2000
KIBIBYTES_PER_MEBIBYTE = 1024
USER_AND_SYSTEM_TIME = (11, 12)
"""Places in /proc/PID/stat after the name.  Source: proc_pid_stat(5), fields 14 and 15."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server under test that listens on loopback."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    started_at: float
    """Monotonic seconds, just before the process was created."""

    def await_ping(self) -> float:
        """Return when `/ping` was first answered at all, in seconds since the start.

        Raises:
            BenchmarkError: It ended or never answered.
        """
        return self._await_ping(lambda status: status > 0, POLL_SECONDS)

    def await_health(self) -> float:
        """Return when `/ping` first answered 200, in seconds since the start.

        Raises:
            BenchmarkError: It ended or never did.
        """
        return self._await_ping(lambda status: status == http.client.OK, HEALTH_POLL_SECONDS)

    def _await_ping(self, good: Callable[[int], bool], poll_seconds: float) -> float:
        while (passed := time.monotonic() - self.started_at) < START_SECONDS:
            if self.process.poll() is not None:
                raise BenchmarkError(f"{self._name} ended before it answered /ping:\n{self.said()}")
            if good(self._ping()):
                return time.monotonic() - self.started_at
            time.sleep(poll_seconds)
        raise BenchmarkError(f"{self._name} did not answer /ping within {passed:.0f} s:\n{self.said()}")

    def resident_mebibytes(self) -> float:
        """Return the memory that the process occupies now."""
        return self._status("VmRSS")

    def peak_mebibytes(self) -> float:
        """Return the most memory that it ever occupied."""
        return self._status("VmHWM")

    def processor_seconds(self) -> float:
        """Return the processor time that it has used, which others on the machine hardly change."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        user, system = (int(fields[number]) for number in USER_AND_SYSTEM_TIME)
        return (user + system) / os.sysconf("SC_CLK_TCK")

    def _status(self, name: str) -> float:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) / KIBIBYTES_PER_MEBIBYTE
        raise BenchmarkError(f"{self._name} has ended:\n{self.said()}")

    def _ping(self) -> int:
        """Return the status of one answer; 0 for none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/ping")
            return connection.getresponse().status
        return 0

    @property
    def _name(self) -> str:
        return " ".join(str(word) for word in list(self.process.args)[-2:])  # type: ignore[arg-type]

    def said(self) -> str:
        """Return the end of its log."""
        return self.log.read_text(errors="replace")[-LOG_TAIL_CHARACTERS:]


def free_port() -> int:
    """Return a port on which nobody listens now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def own_environment() -> dict[str, str]:
    """Return this environment without what would help or hinder one of the contenders."""
    left_out = ("AWS_", "HOTLINE_", "PYTHON", "SSL_CERT_FILE", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


@contextlib.contextmanager
def served(
    command: Sequence[str | Path], *, port: int, environment: Mapping[str, str], folder: Path, log: Path
) -> Iterator[Server]:
    """Run a server for the block, in *folder* and with nothing but *environment* in its environment."""
    if not Path("/proc/self/status").exists():
        raise BenchmarkError("This benchmark reads /proc, which only Linux has; run it there.")
    with log.open("wb") as out:
        started_at = time.monotonic()
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield Server(process=process, port=port, log=log, started_at=started_at)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
