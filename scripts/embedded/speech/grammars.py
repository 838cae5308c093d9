"""What may be said in the demo, in JSGF: the recogniser hears nothing else.

A grammar is what makes recognition on a laptop reliable; the price is that it knows only this domain.
Questions are what a caller says, answers what the agent says.

Source of the format: https://www.w3.org/TR/jsgf/
"""

from enum import StrEnum

from scripts.embedded.speech.words import DIGITS

LONGEST_NUMBER = 6

STATUS_PHRASES = {
    "shipped": "has shipped",
    "delayed": "is delayed",
    "delivered": "was delivered",
    "waiting for payment": "is waiting for payment",
    "cancelled": "was cancelled",
}
"""How the agent says each status of the demo's orders."""


class Grammar(StrEnum):
    """Who is listened to."""

    QUESTIONS = "questions"
    ANSWERS = "answers"


_NUMBER = "".join(("<digit>", " [<digit>" * (LONGEST_NUMBER - 1), "]" * (LONGEST_NUMBER - 1)))
_DIGITS = f"<digit> = {' | '.join(DIGITS)};\n<number> = {_NUMBER};"

_QUESTIONS = f"""#JSGF V1.0;
grammar questions;
{_DIGITS}
<ask> = what is the status of | what's the status of | where is | what about | can you check | check
      | tell me about | can you tell me the status of | i would like to know the status of;
<question> = [hello | hi] <ask> [my | the] order [number] <number> [please];
<number_alone> = [it is | it's | [my] order number | number] <number> [please];
<status_only> = [hello | hi] (<ask> | i have a question about) my order;
<greeting> = hello | hi | good morning | good afternoon | hello can you hear me;
<thanks> = thanks | thank you [very much];
<farewell> = goodbye | thank you goodbye | that is all [thank you] | that's all [thank you];
<yes> = yes [please];
<no> = no [thank you | thanks];
<human> = [can i | i want to | i would like to] speak (to | with) (a human | a person | an agent | someone) [please];
<again> = (can you repeat that | repeat that | say that again) [please];
public <said> = <question> | <number_alone> | <status_only> | <greeting> | <thanks> | <farewell>
              | <yes> | <no> | <human> | <again>;
"""

_ANSWERS = f"""#JSGF V1.0;
grammar answers;
{_DIGITS}
<status> = {" | ".join(STATUS_PHRASES.values())};
<answer> = order <number> <status>;
<unknown> = i could not find order <number>;
<ask> = please tell me your order number | please say your order number one digit at a time;
<greeting> = hello | welcome | i can tell you the status of an order;
<pardon> = sorry i did not catch that;
<closing> = is there anything else | you are welcome | thank you for calling goodbye;
<trouble> = i cannot look that up right now | please try again in a moment;
<human> = i cannot connect you to a person here | a person will call you back;
public <said> = (<answer> | <unknown> | <ask> | <greeting> | <pardon> | <closing> | <trouble> | <human>)+;
"""

JSGF = {Grammar.QUESTIONS: _QUESTIONS, Grammar.ANSWERS: _ANSWERS}
