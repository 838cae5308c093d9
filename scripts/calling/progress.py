"""Tell a person what a long command is doing: a live line on a terminal, plain lines elsewhere."""

import contextlib
import re
import time
from collections.abc import Iterator

from rich.console import Console
from rich.status import Status

# "Hotline-dev-Network |  3/31 | 3:03:08 AM | CREATE_COMPLETE | AWS::IAM::Role | ..."
_EVENT = re.compile(r"^\S+-(?P<stack>\w+) *\| *(?P<done>\d+)/(?P<of>\d+) \|")
_DEPLOYED = re.compile(r"^ *✅ +\S+-(?P<stack>\w+)( \(no changes\))?$")
_READY = re.compile(r"^(?P<server>\w+) is ready$")
_SYNTHESISED = re.compile(r"Synthesis time: (?P<seconds>[\d.]+)s")


class Progress:
    """Shows steps and, within a step, what the cloud reports line by line."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status: Status | None = None
        self._began = time.monotonic()
        self.step_name = "start"
        """The step under way, or the last one: what a failure is called by."""

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Show *name* while the block runs, and how long it took once it is over."""
        self.step_name = name
        began = time.monotonic()
        self._status = self._console.status(f"{name} …")
        try:
            with self._status:
                yield
        finally:
            self._status = None
        self.note(f"{name} ({time.monotonic() - began:.1f} s)")

    def note(self, text: str) -> None:
        """Print a line that stays."""
        stamp = f"[dim]{time.monotonic() - self._began:5.1f} s[/dim]"
        self._console.print(f"{stamp}  {text}", highlight=False, soft_wrap=True)

    def report(self, line: str) -> None:
        """Take a line of the embedded cloud's output: most of it is only worth a glance."""
        if event := _EVENT.match(line):
            self._glance(f"{self.step_name}: {event['stack']} {event['done']} of {event['of']} …")
        elif deployed := _DEPLOYED.match(line):
            self.note(f"  stack {deployed['stack']}")
        elif ready := _READY.match(line):
            self.note(f"  server {ready['server']}")
        elif synthesised := _SYNTHESISED.search(line):
            self.note(f"  synthesised in {synthesised['seconds']} s")

    def _glance(self, text: str) -> None:
        if self._status:
            self._status.update(text)
