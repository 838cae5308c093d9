"""Who has the floor, when both want it."""

import asyncio

from scripts.embedded.bedrock.conversation import Conversation


class Tape:
    """Notes the order of what goes out."""

    def __init__(self):
        self.noted = []

    def interrupted(self):
        self.noted.append("interrupted")

    def audio_start(self, _rate):
        self.noted.append("audio")
        return {}

    def __getattr__(self, _other):
        return lambda *_args, **_more: None


class SlowToStop:
    """Speaks for long; when it is interrupted it has something to tidy up first."""

    def __init__(self):
        self.speaking = asyncio.Event()

    async def answer(self, turn, floor):
        try:
            self.speaking.set()
            await floor.say("So.", bytes(0 if turn.number else 48_000))
        finally:
            for _ in range(5):
                await asyncio.sleep(0)


async def test_the_old_answer_is_over_before_the_new_one_begins():
    """Otherwise the client flushes the beginning of the new answer."""
    tape, brain = Tape(), SlowToStop()
    conversation = Conversation(brain, tape)
    conversation.output_rate = 24_000
    conversation.read("one")
    await brain.speaking.wait()
    brain.speaking.clear()

    conversation.read("two")
    await brain.speaking.wait()
    await asyncio.sleep(0)
    await conversation.close()

    assert tape.noted == ["audio", "interrupted", "audio"]
