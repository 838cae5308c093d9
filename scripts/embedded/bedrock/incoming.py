"""From the bytes of a request's body to the model's input events.

The SDK wraps three times: a signed frame holds a frame, its payload is JSON with one base64 field,
and that field is the event, JSON again.
"""

import base64
import json
from collections.abc import AsyncIterator, Iterator

from scripts.embedded.bedrock.eventstream import Decoder, EventStreamError, Message
from scripts.embedded.bedrock.signature import EventChain


async def events(body: AsyncIterator[bytes], chain: EventChain | None) -> AsyncIterator[object]:
    """Yield the events of *body*; with *chain*, only those whose signatures hold.

    Raises:
        EventStreamError: A frame is damaged, unfinished, or holds no event.
        Refusal: A signature does not match.
    """
    decoder = Decoder()
    async for data in body:
        for outer in decoder.feed(data):
            if chain:
                chain.verify(outer)
            if not outer.payload:  # the signed empty frame: the client sends no more
                return
            for inner in _unwrap(outer):
                yield _event(inner)
    decoder.finish()


def _unwrap(outer: Message) -> Iterator[Message]:
    if ":chunk-signature" not in outer.headers:
        yield outer
        return
    decoder = Decoder()
    yield from decoder.feed(outer.payload)
    decoder.finish()


def _event(message: Message) -> object:
    try:
        return json.loads(base64.b64decode(json.loads(message.payload)["bytes"], validate=True))
    # JSON, base64 and UTF-8 all complain with a ValueError; the others mean another shape.
    except (ValueError, TypeError, KeyError, RecursionError) as fault:
        raise EventStreamError(f"A chunk holds no event: {type(fault).__name__}.") from fault
