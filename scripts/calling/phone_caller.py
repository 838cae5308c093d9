"""Place one call from a phone: the provider's webhook, its media stream, and the ledger's last word."""

import asyncio
import time
from dataclasses import replace

import httpx

from runtime.phones import LINES
from scripts.calling.caller import Caller, Conversation
from scripts.calling.closing import closed_row
from scripts.calling.deployment import Deployment
from scripts.calling.errors import NotDeployedError, RefusedError
from scripts.calling.phone_line import PhoneLine
from scripts.calling.phone_webhooks import Stream, ring, stream_of
from scripts.calling.utterance import Utterance
from scripts.embedded.phones import PhoneAccount

WEBHOOK_SECONDS = 15
"""What Twilio waits for an answer; the others wait longer, or ask again."""


def caller_on(deployment: Deployment, transport: str) -> Caller:
    """Return a caller over one of the door's transports, or over one of its phone lines.

    Raises:
        NotDeployedError: The stage has no such line.
    """
    if transport not in LINES:
        return Caller(deployment, transport=transport)
    account = deployment.phones.get(transport)
    if account is None or "TelephonyUrl" not in deployment.outputs:
        raise NotDeployedError(
            f"Stage {deployment.stage} has no line at {transport} that this program could pretend to be.  On AWS, call its "
            "number with a phone; the embedded cloud has lines when it is started with `scripts/local --phones`."
        )
    return PhoneCaller(deployment, account)


class PhoneCaller(Caller):
    """Calls a number of one deployment, as the number's provider brings the call."""

    def __init__(self, deployment: Deployment, account: PhoneAccount) -> None:
        super().__init__(deployment, transport=account.provider)
        self._account = account

    async def call(self, speech: Utterance, *, said: str) -> Conversation:
        """Ring, wait for the greeting, say *speech*, hear the answer, put the receiver down.

        Raises:
            CallError: A step failed; the message says which and what to do.
        """
        began = time.monotonic()
        stream = await asyncio.to_thread(self._ring)
        provider, parameters = self._account.provider, stream.parameters
        async with PhoneLine.open(stream.url, provider, parameters=parameters) as line:
            heard = await self._converse(line, speech)
            await line.hang_up()
        ended = time.monotonic()
        row = await closed_row(self._deployment, stream.session_id)
        figures = self._figures(row, heard, said=said, began=began, ended=ended)
        figures = replace(figures, tool_calls=None)  # a phone is told nothing but audio
        return Conversation(greeting=heard.greeting, answer=heard.answer, figures=figures)

    def _ring(self) -> Stream:
        url = f"{self._deployment.outputs['TelephonyUrl']}{self._account.provider}"
        webhook = ring(self._account, url)
        try:
            answer = httpx.post(
                url, content=webhook.body, headers=dict(webhook.headers), timeout=WEBHOOK_SECONDS
            )
        except httpx.HTTPError as fault:
            raise RefusedError(
                f"The telephony entry does not answer ({type(fault).__name__}).  Is the stage still deployed?"
            ) from None
        if not answer.is_success:
            raise RefusedError(
                f"The telephony entry answered {answer.status_code}: its log says why it did not believe the webhook."
            )
        return stream_of(answer.text, self._account.provider)
