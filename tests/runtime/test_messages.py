"""What a caller's program may say to the agent besides speech: little, and nothing that makes it fetch or believe."""

import time

from scripts.calling.listener import Listener
from tests.runtime.conftest import PATIENCE_SECONDS, greeted

ANSWERED = {"start_seconds": PATIENCE_SECONDS, "end_seconds": PATIENCE_SECONDS, "quiet_seconds": 0.3}

# What Pipecat 1.14 takes from a client besides: files by URL, which its model's service downloads; results of tools;
# audio and keys of its own; and whatever a type is called that it does not know.
NOT_THE_CALLERS_TO_SAY = (
    *("send-file", "llm-function-call-result", "client-message"),
    *("raw-audio", "dtmf", "ui-event", "made-up"),
)


async def test_what_is_not_the_callers_to_say_reaches_nobody(start_agent, monkeypatch):
    """Pipecat's own answer to each of these, had it got there, would be an error or worse: a made-up tool result."""
    heard = []
    hear = Listener.hear
    monkeypatch.setattr(Listener, "hear", lambda ear, what: (heard.append(str(what)), hear(ear, what)))
    async with start_agent() as world, world.call() as line:
        await greeted(line)
        for kind in NOT_THE_CALLERS_TO_SAY:
            await line._tell(kind, {})
        typed = time.monotonic()
        await line._tell("send-text", {"content": "Where is my order?"})
        await line.ear.utterance(after=typed, **ANSWERED)

    assert any("bot-" in one for one in heard)  # so messages are heard at all
    assert not [one for one in heard if "error" in one]
