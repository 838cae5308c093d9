"""What the agent itself says to the model is not a caller's question."""

import pytest

from runtime.door.session import Reason
from runtime.farewell import FAREWELLS
from runtime.pipeline import GREETING
from scripts.embedded.bedrock.intents import Intent, Wish, understand


def test_the_prompt_to_greet_names_no_order():
    """“In one short sentence” has a digit in it: the agent would answer the ringing with order one."""
    assert understand(GREETING) == Intent(Wish.GREET)


@pytest.mark.parametrize("reason", FAREWELLS)
def test_a_prompt_to_say_goodbye_is_one(reason: Reason):
    """A caller who is hung up on hears goodbye, not the status of an order."""
    assert understand(FAREWELLS[reason]) == Intent(Wish.LEAVE)


@pytest.mark.parametrize("words", ["order one", "my number is 1"])
def test_one_digit_is_a_number_if_the_caller_calls_it_one(words: str):
    """The agent's prompts must not be told apart by hearing fewer orders."""
    assert understand(words) == Intent(Wish.STATUS, "1")
