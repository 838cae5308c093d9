"""A line as a phone provider opens it: a media stream in the provider's own words, in real time."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from typing import Self

import numpy as np
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from scripts.calling.frames import Audio, Interruption
from scripts.calling.line import CLOSE_SECONDS
from scripts.calling.listener import Listener
from scripts.calling.microphone import Microphone
from scripts.calling.path import Path
from scripts.calling.phone_words import PHONE_HZ, SAMPLE_BYTES, Mark, Words, words_of
from scripts.calling.utterance import MICROPHONE_HZ
from scripts.calling.websocket_line import reach, why_closed

FILTER_TAPS = 33
"""Of the filter before every second sample is dropped: 60 dB down from 4.4 kHz, 1 ms late."""


class PhoneLine:
    """A call in progress; use `PhoneLine.open`."""

    def __init__(self, socket: ClientConnection, words: Words) -> None:
        self.opened_at = time.monotonic()
        self.ear = Listener()
        self.microphone = Microphone(self._speak)
        self._socket = socket
        self._words = words
        self._telephone = Telephone(words.sample_rate)
        self._played_until = 0.0
        self._marks: list[tuple[asyncio.TimerHandle, str]] = []
        self._echoes: set[asyncio.Task[None]] = set()
        self.marks_echoed = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        url: str,
        provider: str,
        *,
        headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Self]:
        """Connect and begin the stream; *parameters* are what the answer document gave it.

        Raises:
            RefusedError: The way in was refused.
        """
        socket = await reach(url, headers or {})
        line = cls(socket, words_of(provider, parameters))
        tasks = (asyncio.create_task(line._receive()), asyncio.create_task(line._transmit()))
        try:
            yield line
        finally:
            line._forget_marks()
            for task in (*tasks, *line._echoes):
                task.cancel()
            await asyncio.gather(*tasks, *line._echoes, return_exceptions=True)
            await socket.close()

    async def press(self, keys: str) -> None:
        """Press keys on the keypad."""
        for key in keys:
            await self._socket.send(self._words.key(key))

    async def hang_up(self) -> None:
        """Put the receiver down, as the provider reports it."""
        with contextlib.suppress(ConnectionClosed):
            if last := self._words.ending():
                await self._socket.send(last)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._socket.close(), CLOSE_SECONDS)

    async def path(self) -> Path | None:
        """Return none: a WebSocket's loss and jitter are TCP's to hide."""
        return None

    async def _speak(self, pcm: bytes) -> None:
        await self._socket.send(self._words.speech(self._telephone.carry(pcm)))

    async def _transmit(self) -> None:
        with contextlib.suppress(ConnectionClosed):  # the ear reports it
            for event in self._words.beginning():
                await self._socket.send(event)
            await self.microphone.run()

    async def _receive(self) -> None:
        try:
            while True:
                self._take(self._words.read(await self._socket.recv()))
        except ConnectionClosed as closed:
            self.ear.end(why_closed(closed))
        except (KeyError, TypeError, ValueError) as fault:
            self.ear.end(f"the agent does not speak the provider's protocol ({fault})")

    def _take(self, said: Audio | Interruption | Mark | object) -> None:
        now = time.monotonic()
        if isinstance(said, Mark):
            self._await_playing(said, now)
            return
        if isinstance(said, Audio):
            length = len(said.pcm) / (said.sample_rate * SAMPLE_BYTES)
            self._played_until = max(self._played_until, now) + length
            self.ear.hear(said)
        elif isinstance(said, Interruption):
            self._played_until = now
            self._echo_all()
            self.ear.hear(said)

    def _await_playing(self, mark: Mark, now: float) -> None:
        timer = asyncio.get_running_loop().call_later(self._played_until - now, self._echo, mark.echo)
        self._marks.append((timer, mark.echo))

    def _echo_all(self) -> None:
        """Answer every mark at once: what was before it was dropped."""
        marks = list(self._marks)
        self._forget_marks()
        for _, echo in marks:
            self._echo(echo)

    def _forget_marks(self) -> None:
        for timer, _ in self._marks:
            timer.cancel()
        self._marks.clear()

    def _echo(self, echo: str) -> None:
        sending = asyncio.create_task(self._send_echo(echo))
        self._echoes.add(sending)
        sending.add_done_callback(self._echoes.discard)

    async def _send_echo(self, echo: str) -> None:
        self.marks_echoed += 1
        with contextlib.suppress(ConnectionClosed):
            await self._socket.send(echo)


class Telephone:
    """What a telephone network does to a voice: nothing above 4 kHz is left of it.

    Args:
        sample_rate: Hz, of the stream: 8000, or what is said is carried as it is.
    """

    def __init__(self, sample_rate: int) -> None:
        self._narrow = sample_rate == PHONE_HZ
        at = np.arange(FILTER_TAPS) - FILTER_TAPS // 2
        taps = np.sinc(at * 0.45) * np.hamming(FILTER_TAPS)
        self._taps = taps / taps.sum()
        self._past = np.zeros(FILTER_TAPS - 1)

    def carry(self, pcm: bytes) -> bytes:
        """Take a microphone's frame, and return the stream's."""
        if not self._narrow:
            return pcm
        block = np.concatenate([self._past, np.frombuffer(pcm, np.int16)])
        self._past = block[-len(self._past) :]
        heard = np.convolve(block, self._taps, "valid")[:: MICROPHONE_HZ // PHONE_HZ]
        return np.clip(np.rint(heard), -32768, 32767).astype(np.int16).tobytes()
