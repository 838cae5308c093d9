"""What the offline brain says, in sentences of the grammar of answers.

So a caller's recogniser can check each of them.
"""

import json
from typing import Any

from scripts.embedded.speech.grammars import STATUS_PHRASES
from scripts.embedded.speech.words import spell

GREETING = "Hello. I can tell you the status of an order. Please tell me your order number."
ASK_NUMBER = "Please tell me your order number."
PARDON = "Sorry, I did not catch that. Please say your order number one digit at a time."
ANYTHING_ELSE = "You are welcome. Is there anything else?"
FAREWELL = "Thank you for calling. Goodbye."
NO_HUMAN = "I cannot connect you to a person here. Please tell me your order number."
PERSON = "A person will call you back. Thank you for calling. Goodbye."
TROUBLE = "I cannot look that up right now. Please try again in a moment."


def answer_from(result: str, asked: str) -> str:
    """Put a tool's JSON result into words; *asked* is the number that the caller gave.

    Nothing but the result says how the order stands.
    """
    facts = _facts(result)
    if not facts:
        return TROUBLE
    number = spell(str(facts.get("order_number") or asked))
    status = facts.get("status")
    if isinstance(status, str) and status:
        phrase = STATUS_PHRASES.get(status.lower().replace("_", " "), f"has the status {status}")
        return f"Order {number} {phrase}."
    if facts.get("found") is False and "problem" not in facts:
        return f"I could not find order {number}."
    return TROUBLE


def person_from(result: str) -> str:
    """Promise what a tool's JSON result says that people have taken on, and nothing else."""
    return PERSON if _facts(result).get("handed_over") is True else TROUBLE


def _facts(result: str) -> dict[str, Any]:
    try:
        facts: Any = json.loads(result)
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}
