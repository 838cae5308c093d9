"""A real coturn in the laboratory, with the configuration that runs on EC2."""

import os
import re
import secrets
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Self

from scripts.embedded.certificates import Certificates, make_certificates
from scripts.embedded.children import tethered
from scripts.network.errors import LaboratoryError
from scripts.network.namespace import Namespace
from scripts.network.plan import RELAY, RELAY_PORTS, RELAY_PUBLIC
from turn.coturn.render import render
from turn.shared_secret import SharedSecretIceServers

REALM = "turn.hotline.test"
_TEMPLATES = Path(__file__).parents[2] / "turn" / "coturn"
_USER_QUOTA = re.compile(r"^user-quota=\d+$", re.MULTILINE)
_START_SECONDS = 10.0
_POLL_SECONDS = 0.02


class Relay:
    """coturn behind the internet gateway; runs from `start` to `stop`, and can be started again.

    Args:
        namespace: Where it runs.
        total_quota: Allocations of all callers together; by default as many as there are ports.
        user_quota: Allocations of one user name; by default as on EC2, where each call has a name of its own.
    """

    certificates: Certificates
    log_file: Path

    def __init__(
        self, namespace: Namespace, *, total_quota: int | None = None, user_quota: int | None = None
    ) -> None:
        self._namespace = namespace
        self._user_quota = user_quota
        self._total_quota = total_quota or RELAY_PORTS[1] - RELAY_PORTS[0] + 1
        self._secret = secrets.token_urlsafe(36)
        self._kept = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes]

    def __enter__(self) -> Self:
        with ExitStack() as kept:
            folder = Path(
                kept.enter_context(tempfile.TemporaryDirectory(prefix=f"hotline-{os.getpid()}-", dir="/run"))
            )
            self.certificates = make_certificates(folder, dns_names=(REALM,), addresses=(RELAY_PUBLIC,))
            self.log_file = folder / "coturn.log"
            self._log = kept.enter_context(self.log_file.open("wb"))
            self._configure(folder)
            kept.callback(self.stop)
            self.start()
            self._kept = kept.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    @property
    def ice_servers(self) -> SharedSecretIceServers:
        """What issues credentials for it, as the door does."""
        return SharedSecretIceServers(
            hosts=(RELAY_PUBLIC,), tls_hosts=(RELAY_PUBLIC,), secret=_Known(self._secret)
        )

    @property
    def ssl_context(self) -> ssl.SSLContext:
        """What trusts its certificate, and no other."""
        return ssl.create_default_context(cafile=self.certificates.ca_file)

    def start(self) -> None:
        """Start it and wait until it listens.

        Raises:
            LaboratoryError: It ended instead.
        """
        conf = self.certificates.ca_file.with_name("turnserver.conf")
        command = ["turnserver", "-c", str(conf), "--pidfile="]
        self._process = subprocess.Popen(
            tethered(self._namespace.command(command), grace_seconds=2.0),
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + _START_SECONDS
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self.log_file.read_text(errors="replace")[-2000:]
                raise LaboratoryError(f"coturn does not listen.  It said last:\n{said}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """End it, and every call that it relays; harmless when it has ended."""
        if self._process and self._process.stdin:
            self._process.stdin.close()
            self._process.wait()
        self._process = None

    def vanish(self) -> None:
        """Lose it in the middle of everything: killed, without a word to anybody."""
        for process in self._namespace.processes():
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self.stop()

    def _configure(self, folder: Path) -> None:
        values = {
            "PRIVATE_IP": RELAY,
            "PUBLIC_IP": RELAY_PUBLIC,
            "RELAY_PORTS_FIRST": str(RELAY_PORTS[0]),
            "RELAY_PORTS_LAST": str(RELAY_PORTS[1]),
            "REALM": REALM,
            "SECRET": self._secret,
            "TOTAL_QUOTA": str(self._total_quota),
            "CERTIFICATE": str(self.certificates.certificate_file),
            "PRIVATE_KEY": str(self.certificates.key_file),
        }
        conf = folder / "turnserver.conf"
        conf.touch(mode=0o600)
        text = render((_TEMPLATES / "turnserver.conf").read_text(), values)
        if self._user_quota is not None:
            text = _USER_QUOTA.sub(f"user-quota={self._user_quota}", text)
        conf.write_text(text)
        self._namespace.nft(render((_TEMPLATES / "host.nft").read_text(), values))

    def _listens(self) -> bool:
        with self._namespace.make_socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            return probe.connect_ex((RELAY, 443)) == 0


class _Known:
    """A secret that never was in Secrets Manager."""

    def __init__(self, text: str) -> None:
        self._text = text

    async def read(self) -> str:
        return self._text
