"""A queue of people that callers are handed over to: one signed HTTPS request for each."""

import asyncio
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.request
from functools import cache
from typing import Any

from runtime.cloud import Cloud
from runtime.errors import QueueUnavailableError
from runtime.settings.agent import RuntimeSettings
from runtime.tools.transfer_to_human import HandOver

TIMEOUT_SECONDS = 2.0
"""For each of two attempts, within the tool's deadline."""

ATTEMPTS = 2
"""A second one for a request that got lost; a third would come after the caller has hung up."""

SIGNATURE = "Hotline-Signature"
"""Header: `t=<Unix seconds>,v1=<HMAC-SHA256 of "<t>.<body>" in hexadecimal>`."""

ONCE = "Idempotency-Key"
"""Header: the session's id, by which the queue knows a request that comes a second time."""


class Queue:
    """The stage's queue."""

    def __init__(self, cloud: Cloud, settings: RuntimeSettings) -> None:
        self._cloud = cloud
        self._settings = settings

    async def deliver(self, hand_over: HandOver) -> None:
        """Put the caller into the queue; again, it is the same request by its key.

        Raises:
            QueueUnavailableError: The queue refuses, or does not answer.
            ClientError: The secret cannot be had.
        """
        await asyncio.to_thread(self._deliver, hand_over)

    def _deliver(self, hand_over: HandOver) -> None:
        answer = self._cloud.client("secretsmanager").get_secret_value(
            SecretId=self._settings.queue_secret_arn
        )
        request = _request(self._settings, hand_over, str(answer["SecretString"]))
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with _opener().open(request, timeout=TIMEOUT_SECONDS):
                    return
            except urllib.error.HTTPError as refused:
                refused.close()
                why = str(refused.code)
            except OSError as silent:
                why = type(silent).__name__
            if attempt == ATTEMPTS:
                raise QueueUnavailableError(
                    f"The queue of people did not take a caller ({why}).  Check escalation.url of the stage, the "
                    "queue's own log, and that both ends have the same secret."
                )


def signature(secret: str, body: bytes, moment: int) -> str:
    """Return what *body* is signed with at *moment* (Unix seconds)."""
    signed = hmac.digest(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hex()
    return f"t={moment},v1={signed}"


def _request(settings: RuntimeSettings, hand_over: HandOver, secret: str) -> urllib.request.Request:
    body = json.dumps(
        {
            "stage": settings.stage,
            "session_id": hand_over.session_id,
            "number": hand_over.number,
            "topic": hand_over.topic,
            "asked_at": hand_over.asked_at,
        }
    ).encode()
    headers = {
        "Content-Type": "application/json",
        SIGNATURE: signature(secret, body, int(time.time())),
        ONCE: hand_over.session_id,
    }
    return urllib.request.Request(settings.queue_url, data=body, headers=headers, method="POST")  # noqa: S310 - the stack takes only https


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A caller's number is for one host: it does not travel on."""

    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        return None


@cache
def _opener() -> urllib.request.OpenerDirector:
    """Make it when it is needed: it reads the machine's certificates."""
    return urllib.request.build_opener(_NoRedirect)
