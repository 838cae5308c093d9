"""Pipecat's transport over the caller's WebSocket, in the protobuf frames of its own client SDKs.

Pipecat's FastAPI transport would do, at 0.25 s of imports for FastAPI's schema machinery; and it hands
every frame that a client cares to send to the pipeline, tool results and transcripts included.
"""

import asyncio
import logging

from google.protobuf.message import DecodeError
from pipecat.frames.frames import Frame, InputAudioRawFrame, InputTransportMessageFrame
from pipecat.serializers.protobuf import ProtobufFrameSerializer

from runtime.transports.caller_socket import INVALID_PAYLOAD, CallerSocket
from runtime.transports.caller_transport import CallerInput, CallerTransport
from runtime.transports.line import INPUT_SAMPLE_RATE, Ear
from runtime.transports.socket_output import SocketOutput

_log = logging.getLogger(__name__)


class WebSocketTransport(CallerTransport):
    """Both directions of one call."""

    def __init__(self, socket: CallerSocket, ear: Ear, *, admitted: asyncio.Event) -> None:
        """Create the transport.

        Args:
            socket: Accepted already; it is closed by whoever accepted it.
            ear: Told what goes by.
            admitted: No audio leaves before it is set.
        """
        said = SocketOutput(socket, ProtobufFrameSerializer(), ear, admitted=admitted)
        super().__init__(_Input(socket, ear), said)


class _Input(CallerInput):
    def __init__(self, socket: CallerSocket, ear: Ear) -> None:
        super().__init__(ear, self._read)
        self._socket = socket
        self._serializer = ProtobufFrameSerializer()

    async def _read(self) -> None:
        async for payload in self._socket.payloads():
            try:
                frame = await self._serializer.deserialize(payload)
            except DecodeError:
                _log.warning("The caller sent something that is no Pipecat frame.")
                await self._socket.close(INVALID_PAYLOAD, "not a Pipecat frame")
                break
            await self._take(frame)
        self._ear.caller_left()

    async def _take(self, frame: Frame | None) -> None:
        if isinstance(frame, InputAudioRawFrame):
            if frame.sample_rate != INPUT_SAMPLE_RATE or frame.num_channels != 1:
                _log.warning("The caller's audio is not 16 kHz mono.", extra={"rate": frame.sample_rate})
                await self._socket.close(INVALID_PAYLOAD, "audio must be 16 kHz mono PCM")
                return
            self._ear.heard(frame.audio)
            await self.push_audio_frame(frame)
        elif isinstance(frame, InputTransportMessageFrame) and isinstance(frame.message, dict):
            await self._pass_on(frame.message)
