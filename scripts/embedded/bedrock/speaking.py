"""The brain of the embedded cloud: hears, understands its one domain, uses the tool, speaks."""

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from scripts.embedded.bedrock import phrases
from scripts.embedded.bedrock.brain import CallerTurn, Floor, Tools
from scripts.embedded.bedrock.intents import Intent, Wish, understand
from scripts.embedded.speech import Grammar, Speech, Voice

TOOL = "order_status"
ARGUMENT = "order_number"

TRANSFER = "transfer_to_human"
THIS_PHONE = "this phone"
"""What the agent's tool takes for the number that a caller calls from, where its description says so."""

_REPLIES = {
    Wish.GREET: phrases.GREETING,
    Wish.STATUS: phrases.ASK_NUMBER,
    Wish.AGREE: phrases.ASK_NUMBER,
    Wish.THANK: phrases.ANYTHING_ELSE,
    Wish.DECLINE: phrases.FAREWELL,
    Wish.LEAVE: phrases.FAREWELL,
    Wish.UNKNOWN: phrases.PARDON,
}


class SpeakingBrain:
    """Answers questions about orders; usable while it is entered.

    It knows no order: what it says about one, it was told by the client's tool a moment before.
    """

    def __init__(self, speech: Speech) -> None:
        self._speech = speech

    async def __aenter__(self) -> Self:
        await self._speech.__aenter__()
        await self._speech.warm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._speech.__aexit__(kind, value, trace)

    async def answer(self, turn: CallerTurn, floor: Floor) -> None:
        """Hear the turn and answer it."""
        words = turn.text
        if words is None:
            words = await self.hear(turn.audio, turn.sample_rate)
            if words:
                floor.hear(words)
        reply = await self._reply(understand(words), turn, floor)
        await floor.say(reply, await self.speak(reply, floor.sample_rate))

    async def hear(self, audio: bytes, sample_rate: int) -> str:
        """Recognise a question about orders."""
        return await self._speech.recognise(audio, sample_rate, Grammar.QUESTIONS)

    async def reply(self, turn: CallerTurn, tools: Tools) -> str:
        """Answer the words of a turn."""
        return await self._reply(understand(turn.text or ""), turn, tools)

    async def speak(self, words: str, sample_rate: int) -> bytes:
        """Say *words* in the agent's voice."""
        return await self._speech.synthesise(words, Voice.AGENT, sample_rate)

    async def _reply(self, intent: Intent, turn: CallerTurn, floor: Tools) -> str:
        if intent.order_number:
            return await self._look_up(intent.order_number, turn.tools, floor)
        if turn.text is not None and not turn.number and not turn.history:
            return phrases.GREETING  # the agent's own opening prompt, not a caller's words
        if intent.wish is Wish.REPEAT:
            said = (text for role, text in reversed(turn.history) if role == "ASSISTANT")
            return next(said, phrases.ASK_NUMBER)
        if intent.wish is Wish.HUMAN:
            return await self._hand_over(turn.tools, floor)
        return _REPLIES[intent.wish]

    async def _hand_over(self, tools: Mapping[str, Any], floor: Tools) -> str:
        """Hand over whoever need not say a number: numbers of telephones are not in this brain's grammar."""
        if THIS_PHONE not in json.dumps(tools.get(TRANSFER)):
            return phrases.NO_HUMAN
        arguments = {"callback_number": THIS_PHONE, "topic": "an order"}
        return phrases.person_from(await floor.call_tool(TRANSFER, arguments))

    async def _look_up(self, number: str, tools: Mapping[str, Any], floor: Tools) -> str:
        if TOOL not in tools:
            return phrases.TROUBLE
        return phrases.answer_from(await floor.call_tool(TOOL, {ARGUMENT: number}), number)
