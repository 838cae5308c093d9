"""The caller's microphone: one frame every 20 ms for the whole call, speech or silence."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from scripts.calling.errors import LostError
from scripts.calling.utterance import FRAME_SECONDS, MICROPHONE_HZ, SAMPLE_BYTES, Utterance

SILENCE = bytes(int(MICROPHONE_HZ * FRAME_SECONDS) * SAMPLE_BYTES)


class Microphone:
    """Sends audio in real time, as a microphone does; silence whenever nobody speaks.

    A model ends a stream without audio (Nova Sonic after 55 s), so silence is sent, not skipped.

    Args:
        send: Takes each frame: 16 bits, mono, at `MICROPHONE_HZ`.
    """

    def __init__(self, send: Callable[[bytes], Awaitable[None]]) -> None:
        self._send = send
        self._waiting: deque[tuple[bytes, asyncio.Future[float] | None]] = deque()

    async def say(self, speech: Utterance) -> float:
        """Speak, and return the moment (monotonic seconds) when the last audible sound was sent."""
        ended: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        last = speech.last_audible_frame
        for number, frame in enumerate(speech.frames, start=1):
            self._waiting.append((frame, ended if number == last else None))
        return await ended

    async def run(self) -> None:
        """Send until cancelled; a frame that is late is followed at once, so the clock never drifts."""
        due = time.monotonic()
        try:
            while True:
                await self._send_next()
                due += FRAME_SECONDS
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        finally:
            self._give_up()

    async def _send_next(self) -> None:
        speaking = bool(self._waiting)  # what is said while this frame is on its way comes after it
        frame, ended = self._waiting[0] if speaking else (SILENCE, None)
        await self._send(frame)
        if speaking:
            self._waiting.popleft()
        if ended and not ended.done():
            ended.set_result(time.monotonic())

    def _give_up(self) -> None:
        """Tell whoever waits for the end of a sentence that it will not be said."""
        for _, ended in self._waiting:
            if ended and not ended.done():
                ended.set_exception(LostError("The call ended while the caller was speaking."))
