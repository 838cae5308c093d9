"""One request from its first byte to its last: admitted, listened to, answered, ended."""

import asyncio
import contextlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from scripts.embedded.bedrock import eventstream
from scripts.embedded.bedrock.admission import Admission, admit
from scripts.embedded.bedrock.brain import Brain
from scripts.embedded.bedrock.conversation import Conversation
from scripts.embedded.bedrock.credentials import CredentialsLookup
from scripts.embedded.bedrock.eventstream import EventStreamError
from scripts.embedded.bedrock.exchange import Exchange
from scripts.embedded.bedrock.faults import Faults
from scripts.embedded.bedrock.fields import InvalidEventError
from scripts.embedded.bedrock.incoming import events
from scripts.embedded.bedrock.limits import Limits
from scripts.embedded.bedrock.output import Output
from scripts.embedded.bedrock.refusal import Refusal, throttled, unavailable
from scripts.embedded.bedrock.session import Session


@dataclass(slots=True, kw_only=True)
class Streams:
    """Handles the requests of one server."""

    brain: Brain
    faults: Faults
    limits: Limits
    lookup: CredentialsLookup | None
    endpointing_seconds: float | None
    """Silence that ends a turn, instead of the model's own."""
    sessions: list[Session] = field(default_factory=list)

    async def handle(self, exchange: Exchange) -> None:
        """Answer one request."""
        try:
            if self.faults.befall_connect(exchange):
                return
            # In a thread, because whoever knows the credentials may be another process.
            admission = await asyncio.to_thread(admit, exchange.headers, self.lookup)
            if sum(not one.closed.is_set() for one in self.sessions) >= self.limits.concurrent_streams:
                raise throttled()
        except Refusal as refusal:
            refusal.answer(exchange)
            return
        except OSError as fault:
            unavailable(f"Whose key this is cannot be asked: {fault}.").answer(exchange)
            return
        await self._serve(exchange, admission)

    async def _serve(self, exchange: Exchange, admission: Admission) -> None:
        output = Output(exchange.write)
        session = Session(admission.model, Conversation(self.brain, output), self.limits, output, exchange)
        session.endpointing_seconds = self.endpointing_seconds
        self.sessions.append(session)
        headers = {"content-type": eventstream.CONTENT_TYPE, "x-amzn-requestid": str(uuid.uuid4())}
        exchange.respond(200, headers)
        if self.faults.takes_stall():
            session.stall()
        try:
            with self._dropped_in_time(exchange):
                await self._listen(exchange, admission, session)
        finally:
            await session.close()

    async def _listen(self, exchange: Exchange, admission: Admission, session: Session) -> None:
        """Take the client's events until it ends, errs, or outstays its time."""
        try:
            async with (
                asyncio.timeout(self.limits.stream_seconds) as life,
                asyncio.timeout(self.limits.audio_wait_seconds) as patience,
            ):
                async for event in events(exchange.body(), admission.chain):
                    await session.passable.wait()
                    if session.receive(event):
                        patience.reschedule(_in(self.limits.audio_wait_seconds))
                    if session.ended:
                        return
        except TimeoutError:
            await session.passable.wait()  # a stalled server does not even give up
            session.fail(*(_OUTLIVED if life.expired() else _UNHEARD))
        except (InvalidEventError, EventStreamError) as fault:
            session.fail("validationException", str(fault))
        except Refusal as refusal:
            session.fail("validationException", refusal.message)

    @contextlib.contextmanager
    def _dropped_in_time(self, exchange: Exchange) -> Iterator[None]:
        """Cut the connection at the age that the faults say."""
        with contextlib.ExitStack() as timers:
            if (age := self.faults.drop_after_seconds) is not None:
                timers.callback(asyncio.get_running_loop().call_later(age, exchange.drop).cancel)
            yield


_OUTLIVED = (
    "modelTimeoutException",
    "Model has timed out in processing the request. Try your request again.",
)
_UNHEARD = ("validationException", "Timed out waiting for audio bytes or interactive content.")


def _in(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds
