"""Hearing and speaking for asyncio programs, in a process of its own."""

import asyncio
import contextlib
import json
import sys
from types import TracebackType
from typing import Any, Self

from scripts.embedded.speech import messages
from scripts.embedded.speech.engines import OWN_RECOGNISER, OWN_SYNTHESISER, EngineError, Voice
from scripts.embedded.speech.grammars import Grammar

# A process that has lost its input ends by itself; this is for one that hangs in an engine.
PATIENCE_SECONDS = 5.0


class Speech:
    """Recognises and synthesises while it is entered; any number of tasks may ask.

    async with Speech() as speech:
        pcm = await speech.synthesise("where is my order four two seven", Voice.CALLER, 16_000)
        text = await speech.recognise(pcm, 16_000, Grammar.QUESTIONS)
    """

    def __init__(self, *, recogniser: str = OWN_RECOGNISER, synthesiser: str = OWN_SYNTHESISER) -> None:
        self._engines = ("--recogniser", recogniser, "--synthesiser", synthesiser)
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "scripts.embedded.speech.worker",
            *self._engines,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    async def warm(self) -> None:
        """Load the engines, so that the first turn does not wait for it."""
        for grammar, voice in zip(Grammar, Voice, strict=True):
            await self.recognise(await self.synthesise("hello", voice, 16_000), 16_000, grammar)

    async def recognise(self, pcm: bytes, sample_rate: int, grammar: Grammar) -> str:
        """Return what is said in *pcm* (16-bit mono), or nothing if it is not understood.

        Raises:
            EngineError: The engine failed.
        """
        head = {"do": "recognise", "sample_rate": sample_rate, "grammar": grammar}
        text: str = (await self._ask(head, pcm))[0]["text"]
        return text

    async def synthesise(self, text: str, voice: Voice, sample_rate: int) -> bytes:
        """Return *text* spoken, 16-bit mono.

        Raises:
            EngineError: The engine failed.
        """
        head = {"do": "synthesise", "sample_rate": sample_rate, "text": text, "voice": voice}
        return (await self._ask(head))[1]

    async def _ask(self, head: dict[str, Any], audio: bytes = b"") -> tuple[dict[str, Any], bytes]:
        # Shielded: a caller who interrupts cancels us, and the answer must still be read.
        answer, sound = await asyncio.shield(asyncio.ensure_future(self._exchange(head, audio)))
        if "error" in answer:
            raise EngineError(answer["error"])
        return answer, sound

    async def _exchange(self, head: dict[str, Any], audio: bytes) -> tuple[dict[str, Any], bytes]:
        async with self._turn:
            process = self._process
            if process is None or process.stdin is None or process.stdout is None:
                raise EngineError("The speech process is not running; use Speech in `async with`.")
            with contextlib.suppress(ConnectionError):  # the read below says what happened
                process.stdin.write(messages.pack(head, audio))
                await process.stdin.drain()
            try:
                answer = json.loads(await process.stdout.readuntil(b"\n"))
                return answer, await process.stdout.readexactly(answer[messages.AUDIO_BYTES])
            except asyncio.IncompleteReadError as fault:
                code = await process.wait()
                raise EngineError(f"The speech process ended ({code}); its stderr says why.") from fault
