"""The floor as a brain sees it: blocks of text and audio, tool calls, and being interrupted."""

import asyncio
import json
import uuid
from collections.abc import Mapping
from typing import Any

from scripts.embedded.bedrock.output import Output
from scripts.embedded.bedrock.turns import BYTES_PER_SAMPLE
from scripts.embedded.bedrock.usage import Usage

# A choice of ours: the service's own chunk length is not documented.
CHUNK_SECONDS = 0.032
# A choice of ours: AWS says only that audio is generated faster than it plays.
GENERATION_SPEED = 8.0


class Answering:
    """Gives one answer to one turn; a `Floor`."""

    def __init__(self, output: Output, usage: Usage, sample_rate: int, voice_id: str) -> None:
        self.sample_rate = sample_rate
        self.voice_id = voice_id
        self.said: list[str] = []
        self.heard = ""
        self.spoke = False
        self.asked: set[str] = set()
        """Ids under which tools were used."""
        self._output = output
        self._usage = usage
        self._playing_until = 0.0
        self._calls: dict[str, asyncio.Future[str]] = {}

    def hear(self, text: str) -> None:
        """Report what the caller said."""
        self.heard = text
        self._output.text("USER", "FINAL", text)

    async def call_tool(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Have the client run a tool and return its result, a JSON text."""
        tool_use_id = str(uuid.uuid4())
        result: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._calls[tool_use_id] = result
        self.asked.add(tool_use_id)
        self._usage.add_text("output", json.dumps(arguments))
        self._output.tool_use(name, tool_use_id, arguments)
        text = await result
        self._usage.add_text("input", text)
        return text

    def take_result(self, tool_use_id: str, text: str) -> bool:
        """Give a tool's result to whoever waits for it; False if this answer asked for no such thing."""
        waiting = self._calls.pop(tool_use_id, None)
        if waiting and not waiting.done():
            waiting.set_result(text)
        return waiting is not None

    async def say(self, text: str, audio: bytes) -> None:
        """Speak, faster than it plays; return when it has been heard."""
        loop = asyncio.get_running_loop()
        self._output.text("ASSISTANT", "SPECULATIVE", text)
        content = self._output.audio_start(self.sample_rate)
        self._playing_until = max(self._playing_until, loop.time())
        self.spoke = True
        try:
            await self._send(content, audio)
        finally:
            self._output.end(content, "AUDIO", "END_TURN")
            self._usage.add_text("output", text)
            self._output.usage(self._usage)
        await asyncio.sleep(self._playing_until - loop.time())
        self.said.append(text)
        self._output.text("ASSISTANT", "FINAL", text, stop="END_TURN")

    async def _send(self, content: Mapping[str, str], audio: bytes) -> None:
        step = round(self.sample_rate * CHUNK_SECONDS) * BYTES_PER_SAMPLE
        for start in range(0, len(audio), step):
            piece = audio[start : start + step]
            seconds = len(piece) / BYTES_PER_SAMPLE / self.sample_rate
            self._output.audio(content, piece)
            self._usage.add_speech("output", seconds)
            self._playing_until += seconds
            await asyncio.sleep(seconds / GENERATION_SPEED)
