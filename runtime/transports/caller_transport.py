"""What every transport is made of: Pipecat's two ends of a caller's line, and how reading begins and ends."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from pipecat.frames.frames import CancelFrame, EndFrame, InputTransportMessageFrame, StartFrame
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams

from runtime.transports.line import CALLERS_MESSAGES, HANG_UP, INPUT_SAMPLE_RATE, OUTPUT_SAMPLE_RATE, Ear


def speech_params() -> TransportParams:
    """Return what Nova Sonic hears and speaks, in Pipecat's words."""
    return TransportParams(
        audio_in_enabled=True,
        audio_in_sample_rate=INPUT_SAMPLE_RATE,
        audio_out_enabled=True,
        audio_out_sample_rate=OUTPUT_SAMPLE_RATE,
        audio_out_end_silence_secs=0,
    )


class CallerTransport(BaseTransport):
    """Both directions of one call."""

    def __init__(self, heard: BaseInputTransport, said: BaseOutputTransport) -> None:
        super().__init__()
        self._heard = heard
        self._said = said

    def input(self) -> BaseInputTransport:
        """Return what belongs at the head of the pipeline."""
        return self._heard

    def output(self) -> BaseOutputTransport:
        """Return what belongs behind the model."""
        return self._said


class CallerInput(BaseInputTransport):
    """Runs *watches* while the pipeline runs, and not a moment longer."""

    def __init__(self, ear: Ear, *watches: Callable[[], Coroutine[Any, Any, None]]) -> None:
        super().__init__(speech_params())
        self._ear = ear
        self._watches = watches
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, frame: StartFrame) -> None:
        """Begin to read."""
        await super().start(frame)
        await self.set_transport_ready(frame)
        self._tasks = [self.create_task(watch()) for watch in self._watches]

    async def stop(self, frame: EndFrame) -> None:
        """Stop reading at the end of the conversation."""
        await super().stop(frame)
        await self._stop_reading()

    async def cancel(self, frame: CancelFrame) -> None:
        """Stop reading at once."""
        await super().cancel(frame)
        await self._stop_reading()

    async def cleanup(self) -> None:
        """Stop reading, however the pipeline ended."""
        await super().cleanup()
        await self._stop_reading()

    async def _pass_on(self, message: dict[str, Any]) -> None:
        """Let through what is the caller's to say."""
        kind = message.get("type")
        if kind == HANG_UP:
            self._ear.caller_hung_up()
        elif kind in CALLERS_MESSAGES:
            await self.broadcast_frame(InputTransportMessageFrame, message=message)

    async def _stop_reading(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            await self.cancel_task(task)


class CallerOutput(BaseOutputTransport):
    """Speaks to the caller."""

    def __init__(self) -> None:
        super().__init__(speech_params())

    async def start(self, frame: StartFrame) -> None:
        """Be ready to speak."""
        await super().start(frame)
        await self.set_transport_ready(frame)
