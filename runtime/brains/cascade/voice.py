"""Amazon Polly: Pipecat's service with the faults mended that a caller would suffer from.

Written against pipecat-ai 1.14.0, whose handling of sentences and interruptions it keeps.
"""

import logging
from collections.abc import AsyncGenerator

from aiohttp import ClientError as ConnectionFault
from botocore.exceptions import BotoCoreError, ClientError
from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterruptionFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessorSetup
from pipecat.services.aws.tts import AWSPollyTTSService, AWSPollyTTSSettings

from runtime.brains.cascade.clients import POLLY, Clients
from runtime.brains.listener import Listener
from runtime.meter import Usage
from runtime.settings.agent import RuntimeSettings

SAMPLE_RATE = 16_000
"""Hz; the most that Polly gives as PCM.  Source: SynthesizeSpeech, Amazon Polly API reference."""

PIECE_BYTES = 3_200
"""A tenth of a second, passed on as soon as it is there."""

_log = logging.getLogger(__name__)


class Voice(AWSPollyTTSService):
    """Speaks in one call."""

    def __init__(self, settings: RuntimeSettings, clients: Clients, listener: Listener) -> None:
        super().__init__(
            region=settings.region,
            settings=AWSPollyTTSSettings(
                voice=settings.voice_id, engine=settings.speech_engine, language=settings.language
            ),
        )
        self._deployment = settings
        self._clients = clients
        self._listener = listener
        self._speaking = False

    async def setup(self, setup: FrameProcessorSetup) -> None:  # type: ignore[override]  # as Pipecat's own
        """Make the client before the first sentence needs it."""
        await super().setup(setup)
        await self._clients.client(POLLY)

    async def cleanup(self) -> None:
        """Close the connections of all three: the voice is the last of them to stop."""
        await super().cleanup()
        await self._clients.close()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Notice when the caller talks over the agent."""
        if isinstance(frame, BotStartedSpeakingFrame):
            self._speaking = True
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._speaking = False
        elif isinstance(frame, InterruptionFrame) and self._speaking:
            self._speaking = False
            self._listener.interrupted()
        await super().process_frame(frame, direction)

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame, None]:
        """Speak a sentence while it is being made: Pipecat waits for the last of it."""
        polly = await self._clients.client(POLLY)
        try:
            response = await polly.synthesize_speech(
                Text=text,
                OutputFormat="pcm",
                SampleRate=str(SAMPLE_RATE),
                VoiceId=self._deployment.voice_id,
                Engine=self._deployment.speech_engine,
            )
            self._listener.used(Usage(spoken_characters=response["RequestCharacters"]))
            async with response["AudioStream"] as audio:
                pieces = audio.iter_chunks(PIECE_BYTES)
                async for frame in self._stream_audio_frames_from_iterator(
                    pieces, in_sample_rate=SAMPLE_RATE, context_id=context_id
                ):
                    self._listener.model_spoke()
                    yield frame
        except (BotoCoreError, ClientError, ConnectionFault, TimeoutError) as fault:
            # Each sentence has been asked for three times by now: an agent without a voice is none.
            _log.warning("A sentence was not spoken.", extra={"fault": type(fault).__name__})
            self._listener.model_unavailable()
