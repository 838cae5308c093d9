"""What a caller does in one call, whatever answers it."""

import time
from typing import Any

from scripts.embedded.bedrock.scripted import Scripted
from tests.runtime.conftest import World, ask, until

TYPED = "Where is my order?"
LONG = Scripted(says="Let me explain at length.", tone_seconds=8)
"""An answer that is still going on when the caller speaks."""


async def type_and_hear(line: Any) -> None:
    """Type instead of speaking, and hear the answer out."""
    typed = time.monotonic()
    await line._tell("send-text", {"content": TYPED})
    await line.ear.utterance(after=typed, start_seconds=20, end_seconds=20, quiet_seconds=0.3)


async def talk_over(world: World) -> None:
    """Speak while the agent, whose first words are `LONG`, does; hear it stop, and hang up."""
    session_id = world.open_session()
    async with world.call(session_id) as line:
        await until(lambda: line.ear.sounds)
        await ask(line)
        assert line.ear.interruptions
        await line.hang_up()
    await world.closed(session_id)
    await until(lambda: world.metrics("Interruptions"))
