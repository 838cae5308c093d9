"""The relays of kind `coturn` that a stage has deployed, running on this machine."""

from collections.abc import Callable

from scripts.embedded.children import Child
from turn.settings import CoturnSettings, TurnSettings

type Start = Callable[[str, CoturnSettings, str], Child]
"""Starts the relay of an address, for these settings, with this secret, and waits until it listens."""


class DeployedRelays:
    """One relay for each address of the stage, in place of the instance that boots on AWS.

    Args:
        start: Starts one.
        read_secret: Returns the text of a secret, by its ARN.
    """

    def __init__(self, start: Start, read_secret: Callable[[str], str]) -> None:
        self._start = start
        self._read_secret = read_secret
        self._running: dict[tuple[str, str, str], Child] = {}

    def follow(self, *sources: TurnSettings) -> None:
        """Start what *sources* name and end what they do not; the others go on relaying."""
        wanted: dict[tuple[str, str, str], CoturnSettings] = {}
        for settings in sources:
            if isinstance(settings, CoturnSettings):
                secret = self._read_secret(settings.secret_arn)
                wanted |= {(address, settings.realm, secret): settings for address in settings.addresses}
        for gone in self._running.keys() - wanted.keys():
            self._running.pop(gone).stop()
        for new in wanted.keys() - self._running.keys():
            address, _, secret = new
            self._running[new] = self._start(address, wanted[new], secret)
