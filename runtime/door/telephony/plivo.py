"""Plivo: requests signed with HMAC over address, form and a nonce, answers in Plivo's XML.

Sources: "Signature validation" (docs.plivo.com/docs/voice/xml/request/validation) and `signature_v3.py` of
Plivo's own library, 4.63; "The AudioStream element"; "The Hangup element".
"""

import base64
import hmac
from collections.abc import Iterable

from runtime.door.errors import WebhookForgedError
from runtime.door.telephony.documents import Document, Way, element, xml
from runtime.door.telephony.provider import STREAM_GRACE_SECONDS
from runtime.door.telephony.webhook import PhoneCall, Webhook, waits


class Plivo:
    """Calls that Plivo brings."""

    bridged = False

    def read(self, webhook: Webhook, secret: str) -> PhoneCall:
        """Return what *webhook* says; *secret* is the Auth Token of the account that has the number."""
        fields = webhook.form()
        nonce = webhook.header("x-plivo-signature-v3-nonce")
        made = signature(secret, webhook.url, fields, nonce=nonce).encode()
        # While an Auth Token is replaced there is a signature with each.
        sent = webhook.header("x-plivo-signature-v3").encode().split(b",")
        matches = [hmac.compare_digest(made, one.strip()) for one in sent]
        if not nonce or not any(matches):
            raise WebhookForgedError("X-Plivo-Signature-V3 is not that of this request to this address.")
        said = dict(fields)
        return PhoneCall.from_fields(said, ("CallUUID", "From", "To"), proof=nonce, waits=waits(said))

    def connect(self, way: Way, *, longest_seconds: int) -> Document:
        """Stream the call to *way*."""
        return xml(
            element(
                "Stream",
                text=way.url,
                bidirectional="true",
                keepCallAlive="true",
                contentType="audio/x-mulaw;rate=8000",
                streamTimeout=str(longest_seconds + STREAM_GRACE_SECONDS),
            )
        )

    def say(self, words: str) -> Document:
        """Say *words* and hang up."""
        return xml(element("Speak", text=words), element("Hangup"))

    def reject(self) -> Document:
        """Hang up without answering."""
        return xml(element("Hangup", reason="rejected"))


def signature(secret: str, url: str, fields: Iterable[tuple[str, str]], *, nonce: str) -> str:
    """Return what Plivo signs a form that is posted to *url*, which has no query, with."""
    form = "".join(name + value for name, value in sorted(fields))
    signed = f"{url}?{form}.{nonce}" if form else f"{url}.{nonce}"
    return base64.b64encode(hmac.digest(secret.encode(), signed.encode(), "sha256")).decode()
