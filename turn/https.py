"""Ask a relay provider's API: one POST with a time limit, JSON in the answer."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from functools import cache
from typing import Any

from turn.errors import RelaysBusyError, RelaysRefusedError, RelaysUnreachableError, TurnError

TIMEOUT_SECONDS = 3.0
"""A caller waits; a third party that needs longer is one to turn away from (`turn.fallback`)."""
_LARGEST_ANSWER_BYTES = 64 * 1024
"""Many times what a list of relays takes; more is something else."""
_TOO_MANY = 429
_CLIENT_ERRORS = range(400, 500)


async def post(provider: str, url: str, *, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """Return the JSON object that *url* answers with.

    Args:
        provider: Whose API it is, for messages.
        url: Where to ask; not named in messages, because some hold an account.
        headers: Sent as they are; they hold the key, so they are never named either.
        body: What is asked.

    Raises:
        RelaysBusyError: The provider limits the rate.
        RelaysRefusedError: The provider rejects the key or the question.
        RelaysUnreachableError: There is no answer, or one that is no JSON object.
    """
    request = urllib.request.Request(url, data=body, headers=dict(headers), method="POST")  # noqa: S310 - callers name https
    return await asyncio.to_thread(_send, provider, request)


def _send(provider: str, request: urllib.request.Request) -> dict[str, Any]:
    try:
        with _opener().open(request, timeout=TIMEOUT_SECONDS) as answer:
            parsed = json.loads(answer.read(_LARGEST_ANSWER_BYTES))
    except urllib.error.HTTPError as refused:
        refused.close()
        raise _error_for(provider, refused.code) from None  # its text may repeat what was sent
    except (OSError, ValueError) as silent:
        raise RelaysUnreachableError(
            f"{provider} gave no answer that could be read within {TIMEOUT_SECONDS:g} s "
            f"({type(silent).__name__}), so it issued no relay credentials.  Check the way out (TCP 443) and "
            "the provider's status page, or name a fallback."
        ) from None
    if not isinstance(parsed, dict):
        raise RelaysUnreachableError(f"{provider} answered with something that is no JSON object; try again.")
    return parsed


def _error_for(provider: str, status: int) -> TurnError:
    if status == _TOO_MANY:
        return RelaysBusyError(
            f"{provider} answers 429: it is asked for relay credentials too often.  Ask the provider for a "
            "higher rate, or name a fallback."
        )
    if status in _CLIENT_ERRORS:
        return RelaysRefusedError(
            f"{provider} answers {status}, so the key in Secrets Manager is wrong, revoked or for something "
            "else.  Put a valid one into the secret that turn.secret_arn of the stage names."
        )
    return RelaysUnreachableError(
        f"{provider} answers {status}, which is a fault of its own.  Try again, look at its status page, or "
        "name a fallback."
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The key is for one host: it does not travel on."""

    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        return None


@cache
def _opener() -> urllib.request.OpenerDirector:
    """Make it when it is needed: it reads the machine's certificates, which takes longer than all imports."""
    return urllib.request.build_opener(_NoRedirect)
