"""What a caller of the demo wants, from the words that were recognised or typed."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from scripts.embedded.speech.words import digits_in


class Wish(Enum):
    """What a caller may want."""

    STATUS = auto()
    GREET = auto()
    THANK = auto()
    LEAVE = auto()
    AGREE = auto()
    DECLINE = auto()
    HUMAN = auto()
    REPEAT = auto()
    UNKNOWN = auto()


@dataclass(frozen=True, slots=True)
class Intent:
    """A wish and the order that it is about."""

    wish: Wish
    order_number: str = ""


# First match wins: "thank you goodbye" is a farewell, "no thank you" declines.
_SIGNS = (
    (Wish.HUMAN, r"\b(human|person|agent|someone)\b"),
    (Wish.REPEAT, r"\b(repeat|again)\b"),
    (Wish.STATUS, r"\b(order|status)\b"),
    (Wish.LEAVE, r"\b(goodbye|bye|that is all|hanging up)\b"),
    (Wish.DECLINE, r"^no\b"),
    (Wish.AGREE, r"^yes\b"),
    (Wish.THANK, r"\b(thanks|thank)\b"),
    (Wish.GREET, r"\b(hello|hi|greet|welcome|good (morning|afternoon))\b"),
)


def understand(words: str) -> Intent:
    """Return what *words* ask for; digits may be spelled out or written."""
    said = words.lower()
    number = digits_in(re.sub(r"[^a-z ]", " ", said)) or "".join(re.findall(r"\d", said))
    # "Say in one short sentence …", as the agent prompts the model, names no order.
    if len(number) > 1 or (number and re.search(r"\b(order|number)\b", said)):
        return Intent(Wish.STATUS, number)
    for wish, sign in _SIGNS:
        if re.search(sign, said):
            return Intent(wish)
    return Intent(Wish.UNKNOWN)
