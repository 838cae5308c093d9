"""Starts a userspace wire, and changes it while it carries."""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass

from scripts.network import wire
from scripts.network.errors import LaboratoryError
from scripts.network.wire import Figures


@dataclass(frozen=True, slots=True)
class Carried:
    """What a wire has done, from its first end and from its second."""

    carried: tuple[int, int]
    lost: tuple[int, int]


class Link:
    """The process that is a wire; it is cut by `close` or with this process.

    Args:
        first: `namespace:device` of one end.
        second: Of the other.
        figures: How bad it is at first.
        seed: What losses and jitter are drawn from.

    Raises:
        LaboratoryError: The kernel gives no tap devices.
    """

    def __init__(self, first: str, second: str, figures: Figures, *, seed: int) -> None:
        # -I -S: no site-packages, so that it starts in milliseconds.
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", wire.__file__, str(seed), first, second],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self._answer()
            self.set(figures)
        except BaseException:
            self.close()
            raise

    def set(self, figures: Figures) -> Carried:
        """Change the wire, and return what it has done so far."""
        if self._process.stdin is None:
            raise LaboratoryError("The wire has no standard input; build the laboratory again.")
        self._process.stdin.write(json.dumps(asdict(figures)) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """Cut the wire and wait until its devices are gone."""
        # Not communicate(): it would leave the pipe open until the process ended.
        if self._process.stdin:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def _answer(self) -> Carried:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise LaboratoryError(
                "The wire did not start: it needs /dev/net/tun, which this machine or container does not give.  "
                "Load the module (`modprobe tun`) or give the container the device."
            )
        answer = json.loads(line)
        return Carried(tuple(answer["carried"]), tuple(answer["lost"]))
