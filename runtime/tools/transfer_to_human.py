"""The tool `transfer_to_human`: hands the caller over to a person, who calls them back."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.tools.tool import Answer, LastAnswer, Tool

DEADLINE_SECONDS = 6.0
"""Two services may each need a second attempt; the caller has been told to wait."""

TOPIC_CHARACTERS = 200
"""What a person needs to know before they call; more is a transcript, which nobody asked for."""

SAME_NUMBER = "this phone"

DONE = "A person will call back. Tell the caller so in one short sentence, and say goodbye."

ALREADY = "This caller is handed over already, with the number that they gave first. Say so, and say goodbye."

# ITU-T E.164: at most 15 digits, and a subscriber's number has at least 7.
_NUMBER = re.compile(r"\+?\d{7,15}", re.ASCII)
_SEPARATORS = re.compile(r"[\s()./-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """One caller who wants to speak to a person."""

    session_id: str
    number: str = field(repr=False)
    topic: str = field(repr=False)
    asked_at: int
    """Unix seconds."""


type Deliver = Callable[[HandOver], Awaitable[None]]
"""Brings a hand-over to people; it may be brought twice, and is one all the same."""


def transfer_to_human_tool(session_id: str, deliver: Deliver, *, caller_number: str = "") -> Tool:
    """Return the tool for one call.

    Args:
        session_id: Of the call; a caller is handed over once, however often the model tries.
        deliver: How.
        caller_number: What they call from; empty if nobody knows.
    """
    once = _Once(deliver)

    async def run(arguments: Mapping[str, Any]) -> Answer:
        if once.is_done:
            return LastAnswer(handed_over=True, what_now=ALREADY)
        number = _number(arguments.get("callback_number"), caller_number)
        if not number:
            return {
                "handed_over": False,
                "problem": "That is no telephone number. Ask for it, digit by digit.",
            }
        topic = " ".join(str(arguments.get("topic", "")).split())[:TOPIC_CHARACTERS]
        asked_at = int(time.time())
        await once.bring(HandOver(session_id=session_id, number=number, topic=topic, asked_at=asked_at))
        return LastAnswer(handed_over=True, what_now=DONE)

    known = f"; '{SAME_NUMBER}' for the phone that they call from" if caller_number else ""
    return Tool(
        name="transfer_to_human",
        description="Hands the caller over to a person, who calls back. Call it when the caller asks for a person, "
        "or when you cannot help. Before, ask for their telephone number and read it back.",
        parameters={
            "callback_number": {
                "type": "string",
                "description": f"Where to call, with country code if they said one, such as +442079460000{known}.",
            },
            "topic": {"type": "string", "description": "What it is about, in a few words."},
        },
        deadline_seconds=DEADLINE_SECONDS,
        owner="agent team",
        run=run,
    )


class _Once:
    """Brings a caller to people once: a further try joins the one under way, which a tool's deadline does not end."""

    def __init__(self, deliver: Deliver) -> None:
        self.is_done = False
        self._deliver = deliver
        self._under_way: asyncio.Task[None] | None = None

    async def bring(self, hand_over: HandOver) -> None:
        if self._under_way is None or self._under_way.done():  # it has failed
            self._under_way = asyncio.create_task(self._bring(hand_over))
            self._under_way.add_done_callback(_look_at)
        await asyncio.shield(self._under_way)

    async def _bring(self, hand_over: HandOver) -> None:
        await self._deliver(hand_over)
        self.is_done = True


def _look_at(brought: asyncio.Task[None]) -> None:
    """Take note of a failure that nobody waits for any more; the tool has answered that it may have failed."""
    if not brought.cancelled():
        brought.exception()


def _number(said: object, caller_number: str) -> str:
    text = str(said or "")
    if caller_number and text.strip().casefold() == SAME_NUMBER:
        return caller_number
    number = _SEPARATORS.sub("", text)
    return number if _NUMBER.fullmatch(number) else ""
