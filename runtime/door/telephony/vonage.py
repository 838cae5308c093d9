"""Vonage: requests with a token signed over the body's hash, answers as call control objects (NCCO).

Sources: "Webhooks: decoding signed webhooks" (developer.vonage.com/en/getting-started/concepts/webhooks);
"Voice API webhook reference"; "NCCO reference"; "WebSockets in the Vonage Voice API".
"""

import hmac
import json
from hashlib import sha256
from http import HTTPStatus
from typing import Any

import jwt

from runtime.door.errors import InvalidRequestError, WebhookForgedError
from runtime.door.telephony.documents import Document, Way, ncco
from runtime.door.telephony.webhook import PhoneCall, Webhook

_ISSUER = "Vonage"


class Vonage:
    """Calls that Vonage brings to a voice application."""

    bridged = False

    def read(self, webhook: Webhook, secret: str) -> PhoneCall:
        """Return what *webhook* says; *secret* is the account's signature secret."""
        claims = _claims(webhook.header("authorization"), secret)
        made = sha256(webhook.body).hexdigest()
        if not hmac.compare_digest(made.encode(), str(claims["payload_hash"]).lower().encode()):
            raise WebhookForgedError("The body is not the one whose hash Vonage has signed.")
        fields = _fields(webhook.body)
        proof, signed_at = str(claims["jti"]), float(claims["iat"])
        # An event of the application's has a status; the question what to do with a call has none.
        waits = "status" not in fields
        return PhoneCall.from_fields(
            fields, ("uuid", "from", "to"), proof=proof, signed_at=signed_at, waits=waits
        )

    def connect(self, way: Way, *, longest_seconds: int) -> Document:  # noqa: ARG002 - the agent ends it
        """Stream the call to *way*, in the sample rate that the model hears."""
        endpoint = {"type": "websocket", "uri": way.url, "content-type": "audio/l16;rate=16000"}
        return ncco({"action": "connect", "endpoint": [endpoint]})

    def say(self, words: str) -> Document:
        """Say *words*; with no further action the call ends."""
        return ncco({"action": "talk", "text": words})

    def reject(self) -> Document:
        """Hang up without answering: no action does that, a refused request does.

        Source: "What happens if the NCCO download request fails?" (api.support.vonage.com).
        """
        return Document(content_type="application/json", body="[]", status=HTTPStatus.FORBIDDEN)


def _claims(authorization: str, secret: str) -> dict[str, Any]:
    scheme, _, token = authorization.partition(" ")
    try:
        claims: dict[str, Any] = jwt.decode(
            token if scheme.lower() == "bearer" else "",
            secret,
            algorithms=["HS256"],
            issuer=_ISSUER,
            # The time is looked at for all providers in the same place, with the same patience.
            options={"require": ["iat", "jti", "payload_hash"], "verify_iat": False},
        )
    except jwt.InvalidTokenError:
        raise WebhookForgedError("The Authorization header holds no token that Vonage signed.") from None
    if type(claims["iat"]) not in {int, float}:
        raise WebhookForgedError("Vonage's token does not say when it was signed.")
    return claims


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise InvalidRequestError(
            "The body must be a JSON object; set the application's answer method to POST."
        )
    return fields
