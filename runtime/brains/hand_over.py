"""Moves a conversation to a fresh stream before Bedrock ends the old one at eight minutes."""

from collections.abc import Awaitable, Callable
from typing import Any

from pipecat.services.aws.nova_sonic.session_continuation import (
    SessionContinuationHelper,
    SessionContinuationParams,
)


class HandOver(SessionContinuationHelper):
    """Pipecat's helper, with its two leaks closed.

    When nobody speaks for long enough, its monitor forces the change by calling `execute_handoff` itself
    and drops what that returns: the fresh stream.  The service stays on the old one, and every further
    timeout leaves another stream open.  Here the monitor's call goes through the service.
    """

    def __init__(
        self,
        params: SessionContinuationParams,
        *,
        change_streams: Callable[[], Awaitable[None]],
        **service: Any,
    ) -> None:
        """Create the helper.

        Args:
            params: When to change.
            change_streams: Makes the service call `promote` and take over what it returns.
            service: How Pipecat's helper reaches the service.
        """
        super().__init__(params, **service)
        self._change_streams = change_streams

    async def execute_handoff(self) -> None:
        """Change streams now: what the monitor calls when it has waited long enough."""
        await self._change_streams()

    async def promote(self) -> Any:
        """Bring the fresh stream up to date and return it, or nothing if there is none."""
        return await super().execute_handoff()

    async def _prepare_next_session(self) -> None:
        try:
            await super()._prepare_next_session()
        except BaseException:
            await self.cleanup_next_session()  # half prepared, it would be taken for ready
            raise
