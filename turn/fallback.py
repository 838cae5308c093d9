"""Several sources of relays, in the order in which they are asked."""

import logging
from collections.abc import Sequence

from turn.errors import TurnError
from turn.ice_server import IceServer, IceServers


class FallbackIceServers:
    """Asks one source after another until one answers.

    Args:
        sources: At least one, the preferred first.
    """

    def __init__(self, sources: Sequence[IceServers]) -> None:
        self._sources = tuple(sources)

    async def issue(self, caller: str, lifetime_seconds: int) -> tuple[IceServer, ...]:
        """Return what the first source issues that can; see `IceServers.issue`.

        Raises:
            TurnError: None could: the last one's error, with what those before it said as notes.
        """
        said: list[str] = []
        for source in self._sources[:-1]:
            try:
                return await source.issue(caller, lifetime_seconds)
            except TurnError as failed:
                # Once per call at most, and it costs join time: somebody should look.
                logging.getLogger(__name__).warning(
                    "relay_source_failed",
                    extra={"source": type(source).__name__, "why": type(failed).__name__},
                )
                said.append(f"Before that, {type(source).__name__}: {failed}")
        try:
            return await self._sources[-1].issue(caller, lifetime_seconds)
        except TurnError as failed:
            for note in said:
                failed.add_note(note)
            raise

    async def release(self, caller: str) -> None:
        """Give back what any source holds: only the one that issued does."""
        for source in self._sources:
            await source.release(caller)
