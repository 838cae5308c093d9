"""Nova Sonic's output events: content blocks inside one completion.

Source: Nova 2 user guide, sonic-output-events.
"""

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from scripts.embedded.bedrock import eventstream
from scripts.embedded.bedrock.usage import Usage

JSON = "application/json"


class Output:
    """Writes the events of one stream."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._session_id = str(uuid.uuid4())
        self._completion_id = str(uuid.uuid4())
        self._mute = False
        self.prompt_name = ""

    def completion_start(self) -> None:
        """Open the completion that all content belongs to."""
        self._emit("completionStart", {})

    def completion_end(self) -> None:
        """Close the completion."""
        self._emit("completionEnd", {"stopReason": "END_TURN"})

    def text(self, role: str, stage: str, text: str, stop: str = "PARTIAL_TURN") -> None:
        """Write a text block; *stage* is `SPECULATIVE` before it is heard and `FINAL` after."""
        content = self._start(
            "TEXT",
            role,
            additionalModelFields=json.dumps({"generationStage": stage}),
            textOutputConfiguration={"mediaType": "text/plain"},
        )
        self._emit("textOutput", {**content, "role": role, "content": text})
        self.end(content, "TEXT", stop)

    def interrupted(self) -> None:
        """Tell the client that the caller took the floor: whatever still plays is to be flushed."""
        self.text("ASSISTANT", "FINAL", '{ "interrupted" : true }', stop="INTERRUPTED")

    def tool_use(self, name: str, tool_use_id: str, arguments: Mapping[str, Any]) -> None:
        """Ask the client to run a tool."""
        content = self._start("TOOL", "TOOL", toolUseOutputConfiguration={"mediaType": JSON})
        use = {"toolName": name, "toolUseId": tool_use_id, "content": json.dumps(arguments)}
        self._emit("toolUse", {**content, **use})
        self.end(content, "TOOL", "TOOL_USE")

    def audio_start(self, sample_rate: int) -> dict[str, str]:
        """Open an audio block and return the ids that its events carry."""
        form = {
            "mediaType": "audio/lpcm",
            "sampleRateHertz": sample_rate,
            "sampleSizeBits": 16,
            "encoding": "base64",
            "channelCount": 1,
        }
        return self._start("AUDIO", "ASSISTANT", audioOutputConfiguration=form)

    def audio(self, content: Mapping[str, str], pcm: bytes) -> None:
        """Write a piece of audio."""
        self._emit("audioOutput", {**content, "content": base64.b64encode(pcm).decode()})

    def end(self, content: Mapping[str, str], kind: str, stop: str) -> None:
        """Close a block."""
        self._emit("contentEnd", {**content, "type": kind, "stopReason": stop})

    def usage(self, usage: Usage) -> None:
        """Report the tokens used since the last report."""
        self._emit("usageEvent", usage.report())

    def mute(self) -> None:
        """Write nothing more."""
        self._mute = True

    def exception(self, name: str, message: str) -> None:
        """Write the error that ends a stream; *name* is a member of the operation's output union."""
        headers = {":message-type": "exception", ":exception-type": name, ":content-type": JSON}
        self._write(eventstream.encode(headers, json.dumps({"message": message}).encode()))
        self.mute()  # nothing follows an exception

    def _start(self, kind: str, role: str, **form: object) -> dict[str, str]:
        content = {"contentId": str(uuid.uuid4())}
        self._emit("contentStart", {**content, "type": kind, "role": role, **form})
        return content

    def _emit(self, name: str, body: Mapping[str, Any]) -> None:
        if self._mute:
            return
        ids = {
            "sessionId": self._session_id,
            "promptName": self.prompt_name,
            "completionId": self._completion_id,
        }
        event = json.dumps({"event": {name: {**ids, **body}}})
        chunk = json.dumps({"bytes": base64.b64encode(event.encode()).decode()})
        headers = {":message-type": "event", ":event-type": "chunk", ":content-type": JSON}
        self._write(eventstream.encode(headers, chunk.encode()))
