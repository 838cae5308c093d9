"""One stream of Nova Sonic: the order of its input events and what each must hold.

Source: Nova 2 user guide, sonic-input-events.
"""

import asyncio
import base64
import binascii
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from scripts.embedded.bedrock.conversation import Conversation
from scripts.embedded.bedrock.exchange import Exchange
from scripts.embedded.bedrock.fields import Body, InvalidEventError, named, need, parse_json, sample_rate_of
from scripts.embedded.bedrock.limits import Limits
from scripts.embedded.bedrock.models import DEFAULT_SENSITIVITY, Model
from scripts.embedded.bedrock.output import Output
from scripts.embedded.bedrock.turns import BYTES_PER_SAMPLE, TurnDetector


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(slots=True)
class _Block:
    """An input content block between its contentStart and its contentEnd."""

    start: Body
    text: str = ""


@dataclass(slots=True)
class Session:
    """What the client has told the model so far."""

    model: Model
    conversation: Conversation
    limits: Limits
    output: Output
    exchange: Exchange
    endpointing_seconds: float | None = None
    """Silence that ends a turn, instead of the model's own."""
    received: Counter[str] = field(default_factory=Counter)
    """How many of each input event came."""
    sensitivity: str = ""
    tool_results: list[str] = field(default_factory=list)
    ended: bool = False
    """Whether the client said goodbye with `sessionEnd`."""
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the stream is over and nothing of it runs any more."""
    passable: asyncio.Event = field(default_factory=_set_event)
    """Cleared while the stream is stalled."""
    _prompt_ended: bool = False
    _blocks: dict[str, _Block] = field(default_factory=dict)
    _history_bytes: int = 0

    def drop(self) -> None:
        """Cut the connection without a word."""
        self.exchange.drop()

    def stall(self) -> None:
        """Read and write nothing more, and keep the connection."""
        self.passable.clear()
        self.output.mute()

    def fail(self, name: str, message: str) -> None:
        """End the stream with an exception; *name* is a member of the operation's output union."""
        self.output.exception(name, message)
        self.exchange.end()

    async def close(self) -> None:
        """Stop answering and wait until nothing of this session runs any more."""
        await self.conversation.close()
        self.closed.set()

    def receive(self, event: object) -> bool:
        """Take one input event; True if it is what the model waits for: audio or a typed turn.

        Raises:
            InvalidEventError: The event is unknown, out of order, or lacks something.
        """
        name, body = named(event)
        handler = self._HANDLERS.get(name)
        if handler is None:
            raise InvalidEventError(f"Unknown input event {name!r}.")
        if name != "sessionStart" and not self.received["sessionStart"]:
            raise InvalidEventError(f"{name} came before sessionStart.")
        self.received[name] += 1
        return bool(handler(self, body))

    def _session_start(self, body: Body) -> None:
        if self.received["sessionStart"] > 1:
            raise InvalidEventError("A stream holds one session, and sessionStart came twice.")
        detection = body.get("turnDetectionConfiguration") or {}
        self.sensitivity = detection.get("endpointingSensitivity", DEFAULT_SENSITIVITY)
        if self.sensitivity not in self.model.endpointing_seconds:
            raise InvalidEventError(f"endpointingSensitivity is HIGH, MEDIUM or LOW, not {self.sensitivity}.")
        # LiveKit sent it here and was rejected (livekit/agents#6200).
        if "endpointingSensitivity" in body:
            raise InvalidEventError("endpointingSensitivity belongs into turnDetectionConfiguration.")

    def _prompt_start(self, body: Body) -> None:
        if self.received["promptStart"] > 1:
            raise InvalidEventError("This prompt is open already; one stream holds one prompt.")
        audio = need(body, "audioOutputConfiguration", dict)
        self.output.prompt_name = need(body, "promptName", str)
        self.conversation.output_rate = sample_rate_of(audio)
        self.conversation.voice_id = need(audio, "voiceId", str)
        for tool in (body.get("toolConfiguration") or {}).get("tools", ()):
            specification = need(tool, "toolSpec", dict)
            schema = need(specification, "inputSchema", dict).get("json", "{}")
            self.conversation.tools[need(specification, "name", str)] = parse_json(
                schema, "A tool's inputSchema"
            )
        self.output.completion_start()

    def _content_start(self, body: Body) -> None:
        if not self.received["promptStart"] or self._prompt_ended:
            raise InvalidEventError("contentStart came outside a prompt.")
        name, kind = need(body, "contentName", str), need(body, "type", str)
        if need(body, "promptName", str) != self.output.prompt_name:
            raise InvalidEventError(f"No prompt is named {body['promptName']!r}.")
        if name in self._blocks:
            raise InvalidEventError(f"The content block {name!r} is open already.")
        if kind == "AUDIO":
            rate = sample_rate_of(need(body, "audioInputConfiguration", dict))
            silence = self.endpointing_seconds
            if silence is None:
                silence = self.model.endpointing_seconds[self.sensitivity]
            self.conversation.listen(TurnDetector(rate, silence))
        elif kind == "TOOL":
            need(need(body, "toolResultInputConfiguration", dict), "toolUseId", str)
        elif kind != "TEXT":
            raise InvalidEventError(f"A content block is TEXT, AUDIO or TOOL, not {kind!r}.")
        self._blocks[name] = _Block(body)

    def _text_input(self, body: Body) -> None:
        block = self._open_block(body, "TEXT")
        block.text += need(body, "content", str)
        if len(block.text.encode()) > self.limits.message_bytes:
            raise InvalidEventError(f"A message exceeds {self.limits.message_bytes} bytes.")

    def _tool_result(self, body: Body) -> None:
        block = self._open_block(body, "TOOL")
        block.text = need(body, "content", str)
        parse_json(block.text, "The content of a toolResult")

    def _audio_input(self, body: Body) -> bool:
        self._open_block(body, "AUDIO")
        try:
            pcm = base64.b64decode(need(body, "content", str), validate=True)
        except binascii.Error as fault:
            raise InvalidEventError(f"The content of an audioInput is no base64: {fault}.") from fault
        if len(pcm) % BYTES_PER_SAMPLE:
            raise InvalidEventError(f"Audio is 16 bits a sample, and {len(pcm)} bytes came.")
        self.conversation.hear(pcm)
        return True

    def _content_end(self, body: Body) -> bool:
        block = self._blocks.pop(need(body, "contentName", str), None)
        if block is None:
            raise InvalidEventError(f"No content block {body['contentName']!r} is open.")
        match block.start["type"]:
            case "TEXT":
                return self._take_text(block)
            case "TOOL":
                self._take_result(block)
        return False

    def _prompt_end(self, _body: Body) -> None:
        self._prompt_ended = True
        self.output.completion_end()

    def _session_end(self, _body: Body) -> None:
        self.ended = True

    def _open_block(self, body: Body, kind: str) -> _Block:
        name = need(body, "contentName", str)
        block = self._blocks.get(name)
        if block is None or block.start["type"] != kind:
            raise InvalidEventError(f"No {kind} content block {name!r} is open.")
        return block

    def _take_text(self, block: _Block) -> bool:
        role = need(block.start, "role", str)
        if role == "SYSTEM":
            self.conversation.instruct(block.text)
        elif role == "USER" and block.start.get("interactive"):
            self.conversation.read(block.text)
            return True
        else:
            self._history_bytes += len(block.text.encode())
            if self._history_bytes > self.limits.history_bytes:
                raise InvalidEventError(f"The history exceeds {self.limits.history_bytes} bytes.")
            self.conversation.recall(role, block.text)
        return False

    def _take_result(self, block: _Block) -> None:
        tool_use_id = block.start["toolResultInputConfiguration"]["toolUseId"]
        self.tool_results.append(block.text)
        if not self.conversation.take_result(tool_use_id, block.text):
            raise InvalidEventError(f"No tool was used under the id {tool_use_id!r}.")

    _HANDLERS: ClassVar[Mapping[str, Callable[["Session", Body], object]]] = {
        "sessionStart": _session_start,
        "promptStart": _prompt_start,
        "contentStart": _content_start,
        "textInput": _text_input,
        "toolResult": _tool_result,
        "audioInput": _audio_input,
        "contentEnd": _content_end,
        "promptEnd": _prompt_end,
        "sessionEnd": _session_end,
    }
    """By the name of the input event."""
