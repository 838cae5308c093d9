"""Pipecat's transport over a phone provider's media stream, in the frames of Pipecat's own serializers."""

import asyncio
import logging

from pipecat.frames.frames import Frame, InputAudioRawFrame, InputDTMFFrame
from pipecat.processors.frame_processor import FrameProcessorSetup

from runtime.transports.caller_socket import INVALID_PAYLOAD
from runtime.transports.caller_transport import CallerInput, CallerTransport
from runtime.transports.line import Ear
from runtime.transports.phone_dialects import DIALECTS
from runtime.transports.phone_line import PhoneLine
from runtime.transports.socket_output import SocketOutput

AHEAD_SECONDS = 0.2
"""How far speech is sent before it is due, so that a late packet is not heard; providers can be told to forget it."""

KEYS_PAUSE_SECONDS = 2.0
"""Silence on the keypad after which an entry is complete, as in Pipecat's own aggregator; # ends it at once."""

ENTER = "#"

LONGEST_ENTRY = 32
"""Keys of one entry that are kept: a card number has 19, and nobody types longer ones into a phone."""

__all__ = ["DIALECTS", "PhoneLine", "TelephonyTransport"]

_log = logging.getLogger(__name__)


class TelephonyTransport(CallerTransport):
    """Both directions of one phone call."""

    def __init__(self, line: PhoneLine, ear: Ear, *, admitted: asyncio.Event) -> None:
        """Create the transport.

        Args:
            line: Its stream has begun; it is closed by whoever began it.
            ear: Told what goes by.
            admitted: No audio leaves before it is set.
        """
        said = SocketOutput(line, line.serializer, ear, admitted=admitted, ahead_seconds=AHEAD_SECONDS)
        super().__init__(_Input(line, ear), said)


class _Input(CallerInput):
    def __init__(self, line: PhoneLine, ear: Ear) -> None:
        super().__init__(ear, self._read, self._collect_keys)
        self._line = line
        self._keys: asyncio.Queue[str] = asyncio.Queue(LONGEST_ENTRY)

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as Pipecat's own
        await super().setup(setup)
        await self._line.serializer.setup(setup)

    async def _read(self) -> None:
        try:
            async for message in self._line.messages():
                await self._take(await self._line.serializer.deserialize(message))
        except (AttributeError, TypeError, ValueError):  # what the serializers raise at nonsense
            _log.warning("The phone provider sent something that is no frame of its stream.")
            await self._line.close(INVALID_PAYLOAD, "not a frame of the stream")
        self._ear.caller_left()

    async def _take(self, frame: Frame | None) -> None:
        if isinstance(frame, InputAudioRawFrame):
            self._ear.heard(frame.audio)
            await self.push_audio_frame(frame)
        elif isinstance(frame, InputDTMFFrame) and not self._keys.full():
            self._keys.put_nowait(frame.button.value)

    async def _collect_keys(self) -> None:
        while True:
            entry = await self._keys.get()
            while entry[-1] != ENTER and (key := await self._next_key()):
                entry = (entry + key)[:LONGEST_ENTRY]
            await self._tell(entry)

    async def _next_key(self) -> str:
        try:
            async with asyncio.timeout(KEYS_PAUSE_SECONDS):
                return await self._keys.get()
        except TimeoutError:
            return ""

    async def _tell(self, entry: str) -> None:
        """Say what was typed, as a page says what its user typed: the agent answers it aloud."""
        keys = entry.removesuffix(ENTER) or ENTER
        content = f"I typed this on the keypad of my phone: {' '.join(keys)}"
        await self._pass_on(
            {"label": "rtvi-ai", "id": "keypad", "type": "send-text", "data": {"content": content}}
        )
