"""The speech process: hears and speaks for its parent, one request at a time, and ends with it.

It is a process because recognition holds Python's lock for tenths of a second, in which no other call's
audio would flow, and because the voices' library is under another licence than this repository.
"""

import argparse
import os
import signal
import sys
from typing import Any

from scripts.embedded.speech import messages
from scripts.embedded.speech.engines import (
    OWN_RECOGNISER,
    OWN_SYNTHESISER,
    Acquaintance,
    EngineError,
    Recogniser,
    Synthesiser,
    Voice,
    load,
)
from scripts.embedded.speech.grammars import Grammar


def main() -> int:
    """Serve standard input until it closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recogniser", default=OWN_RECOGNISER)
    parser.add_argument("--synthesiser", default=OWN_SYNTHESISER)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes our input
    # An engine that prints must not be read as an answer.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        recogniser, synthesiser = load(options.recogniser), load(options.synthesiser)
    except EngineError as fault:
        print(f"speech: {fault}", file=sys.stderr)
        return 1
    if isinstance(recogniser, Acquaintance):
        recogniser.meet(synthesiser)
    while request := messages.read(sys.stdin.buffer):
        try:
            answer = _answer(*request, recogniser, synthesiser)
        except EngineError as fault:
            answer = messages.pack({"error": str(fault)})
        answers.write(answer)
        answers.flush()
    return 0


def _answer(head: dict[str, Any], audio: bytes, recogniser: Recogniser, synthesiser: Synthesiser) -> bytes:
    rate = head["sample_rate"]
    if head["do"] == "recognise":
        return messages.pack({"text": recogniser.recognise(audio, rate, Grammar(head["grammar"]))})
    return messages.pack({}, synthesiser.synthesise(head["text"], Voice(head["voice"]), rate))


if __name__ == "__main__":
    sys.exit(main())
